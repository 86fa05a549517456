/**
 * Rollscope's side of the benchmarks, one case per process, so that each has its own peak memory:
 *   decode <model.gguf> <threads> <prompt> <new> <batch> [base precision[/8bit: of activations] [no-adapter]]
 *   gradient|group <model.gguf> <threads> <prompt> <new> <batch>
 *   grpo <model.gguf> <threads> <problems> <group> <new> <problems.jsonl>
 * Prints one JSON line. The peers in `peers/` do the same work in PyTorch.
 */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { initialLora } from '../../engine/model/lora.ts';
import { roundingFactors } from '../../engine/model/narrow-weights.ts';
import type { NarrowPrecision } from '../../engine/model/quantized-weights.ts';
import { openModel } from '../../engine/model/source.ts';
import { trainableParameters, Weights } from '../../engine/model/weights.ts';
import { LoraConfig, LossConfig, OptimizerConfig } from '../../engine/protocol/index.ts';
import { presetFor } from '../../engine/protocol/presets.ts';
import { LayeredModel } from '../../engine/rollout/layered-model.ts';
import { generator } from '../../engine/rollout/philox.ts';
import { type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import type { Value } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import type { Graph, Named } from '../../engine/tensor/index.ts';
import type { TrainedGroup } from '../../engine/training/policy/responses.ts';
import { Trainer } from '../../engine/training/policy/trainer.ts';

const [name, file, ...rest] = process.argv.slice(2) as [string, string, ...string[]];
const numbers = rest.map(Number);
const threads = numbers[0]!;
const LORA = LoraConfig.parse({ rank: 16, alpha: 32 });
/** Half of what TRL needs for the same step. */
const MEMORY = 4 * 2 ** 30;

function report(values: Record<string, number>): void {
  // Kilobytes, whatever the platform.
  console.log(JSON.stringify({ ...values, peakBytes: process.resourceUsage().maxRSS * 1024 }));
}

/** A base with a new adapter, or alone. */
interface Base {
  precision?: NarrowPrecision | undefined;
  adapter?: boolean;
  /** What is multiplied with it is rounded to 8 bits while it samples. */
  rounds?: boolean;
}

/** The model on its device. */
async function openBase(positions: number, { precision, adapter = true, rounds = false }: Base = {}) {
  const cacheDir = path.join(os.tmpdir(), 'rollscope-bench');
  const source = await openModel(file, { cacheDir, roundsFactors: rounds, ...(precision && { precision }) });
  const { config, tokenizer } = source;
  const backend = await openDevice('cpu', { threads });
  const lora = adapter ? LORA : { ...LORA, targets: [] };
  const parameters = trainableParameters(config, source.tensors, lora);
  const bind = (graph: Graph) => new Weights(graph, config, source.tensors, lora);
  const sampled = rounds ? roundingFactors(source.tensors) : source.tensors;
  const samplingBind = (graph: Graph) => new Weights(graph, config, sampled, lora);
  // As a run with such a base computes.
  const layers = precision ? new LayeredModel({ backend, bind, config, positions }) : null;
  return { backend, config, tokenizer, parameters, bind, samplingBind, layers };
}

type Opened = Awaited<ReturnType<typeof openBase>>;

function samplerOf(
  { backend, samplingBind: bind, config, layers }: Opened,
  positions: number,
  parameters: () => Named<Value>,
) {
  const sampler = new Sampler({
    ...{ backend, bind, config, layers, positions, parameters },
    packWeights: true,
    // Every response has the full length, so that both sides do the same work.
    eosIds: [],
    memory: MEMORY * 0.3,
  });
  return async (prompts: Int32Array[], rows: number, length: number, step: number, tick = (_: number) => {}) => {
    const groups: SampledRollout[][] = [];
    await sampler.sample({
      prompts: prompts.map((tokens, problem) => ({ problem, tokens })),
      rows,
      sampling: { temperature: 1, topP: 1, topK: 0, maxTokens: length },
      seed: 0,
      stream: 'rollout',
      step,
      tick,
      onGroup: (i, group) => {
        groups[i] = group;
      },
    });
    return groups;
  };
}

async function setUp(maxTokens: number, positions: number) {
  const opened = await openBase(positions);
  const { backend, bind, config, layers, parameters, tokenizer } = opened;
  const trainer = new Trainer({
    backend,
    bind,
    config,
    layers,
    parameters,
    initial: initialLora(parameters, generator(0, 'initialize')),
    // The peers have no reference policy to compare with.
    loss: LossConfig.parse({ measureKl: false }),
    optimizer: OptimizerConfig.parse({ lr: 1e-5 }),
    maxTokens,
    temperature: 1,
    positions,
    memory: MEMORY * 0.5,
  });
  const sample = samplerOf(opened, positions, () => trainer.parameters);
  return { backend, trainer, sample, tokenizer };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}

/** Seconds of the processor that this process has had. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const random = generator(1, 'initialize');
const randomTokens = (count: number) => Int32Array.from({ length: count }, () => 100 + Math.floor(random() * 39_000));

/** `decodeSeconds` and `decodeCpuSeconds` begin when the prompt has run. */
async function decode(): Promise<void> {
  const [, prompt, length, batch] = numbers as [number, number, number, number];
  const [precisions = 'float32', plain] = rest.slice(4);
  const [precision, activations] = precisions.split('/');
  const narrow = precision === 'float32' ? undefined : (precision as NarrowPrecision);
  const base = { precision: narrow, adapter: !plain, rounds: activations !== undefined };
  const opened = await openBase(prompt + length, base);
  const { backend, parameters } = opened;
  const initial = initialLora(parameters, generator(0, 'initialize'));
  const values = Object.fromEntries(
    parameters.map(({ name, shape }) => [name, backend.value('float32', shape, initial.get(name)!)]),
  );
  const sample = samplerOf(opened, prompt + length, () => values);
  const prompts = [randomTokens(prompt)];
  await sample(prompts, batch, 4, 0);
  const begun = { cpu: cpu(), at: performance.now() };
  let prefilled = begun;
  await sample(prompts, batch, length, 1, (tokens) => {
    if (tokens === 0) prefilled = { cpu: cpu(), at: performance.now() };
  });
  const since = ({ at }: typeof begun) => (performance.now() - at) / 1000;
  const seconds = since(begun);
  report({
    ...{ seconds, cpuSeconds: cpu() - begun.cpu, tokensPerSecond: (batch * length) / seconds },
    ...{ decodeSeconds: since(prefilled), decodeCpuSeconds: cpu() - prefilled.cpu },
  });
}

/** `gradient`: different prompts with one response each; `group`: one prompt with all responses. */
async function gradient(shared: boolean): Promise<void> {
  const [, prompt, length, batch] = numbers as [number, number, number, number];
  const { trainer } = await setUp(length, prompt + length);
  const response = (i: number) => ({
    tokens: randomTokens(length),
    logprob: new Float32Array(length),
    advantage: -1 + (2 * i) / (batch - 1),
    truncated: false,
  });
  const rows = Array.from({ length: batch }, (_, i) => response(i));
  const groups: TrainedGroup[] = shared
    ? [{ prompt: randomTokens(prompt), problem: 0, responses: rows }]
    : rows.map((row, problem) => ({ prompt: randomTokens(prompt), problem, responses: [row] }));
  const update = () => trainer.update(groups, 1e-5, () => undefined);
  await update();
  report({ seconds: await timed(update) });
}

async function grpo(): Promise<void> {
  const [, problems, group, length] = numbers as [number, number, number, number];
  const texts = readFileSync(rest[4]!, 'utf8').split('\n').slice(0, problems);
  const template = presetFor(file, false).dataset!.template!;
  const { trainer, sample, backend, tokenizer } = await setUp(length, 1024);
  const prompts = texts.map(
    (line) =>
      tokenizer.encodePrompt({ user: template.replace('{{problem}}', JSON.parse(line).question) }, new Date(0)).tokens,
  );
  const step = async (number: number) => {
    let sampling = 0;
    const begin = performance.now();
    const outside = backend.seconds;
    let groups: SampledRollout[][] = [];
    sampling = await timed(async () => {
      groups = await sample(prompts, group, length, number);
    });
    const trained = groups.map((rollouts, problem) => ({
      problem,
      prompt: prompts[problem]!,
      responses: rollouts.map(({ tokens, logprob }, i) => ({
        tokens,
        logprob,
        advantage: i % 2 === 0 ? -1 : 1,
        truncated: true,
      })),
    }));
    await trainer.update(trained, 1e-5, () => undefined);
    const seconds = (performance.now() - begin) / 1000;
    return { seconds, samplingSeconds: sampling, ownShare: 1 - (backend.seconds - outside) / seconds };
  };
  await step(1);
  report(await step(2));
}

await { decode, gradient: () => gradient(false), group: () => gradient(true), grpo }[name]!();
process.exit();
