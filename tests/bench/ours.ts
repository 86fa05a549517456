/**
 * Rollscope's side of the benchmarks, one case per process, so that each has its own peak memory:
 *   decode <model.gguf> <threads> <prompt> <new> <batch> [base precision]
 *   gradient|group <model.gguf> <threads> <prompt> <new> <batch>
 *   grpo <model.gguf> <threads> <problems> <group> <new> <problems.jsonl>
 * Prints one JSON line. The peers in `peers/` do the same work in PyTorch.
 */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { initialLora } from '../../engine/model/lora.ts';
import type { NarrowPrecision } from '../../engine/model/quantized-weights.ts';
import { openModel } from '../../engine/model/source.ts';
import { trainableParameters, Weights } from '../../engine/model/weights.ts';
import { LoraConfig, LossConfig, OptimizerConfig } from '../../engine/protocol/index.ts';
import { presetFor } from '../../engine/protocol/presets.ts';
import { LayeredModel } from '../../engine/rollout/layered-model.ts';
import { generator } from '../../engine/rollout/philox.ts';
import { type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import type { Graph } from '../../engine/tensor/index.ts';
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

async function setUp(maxTokens: number, positions: number, precision?: NarrowPrecision) {
  const cacheDir = path.join(os.tmpdir(), 'rollscope-bench');
  const source = await openModel(file, { cacheDir, ...(precision && { precision }) });
  const { config, tokenizer } = source;
  const backend = await openDevice('cpu', { threads });
  const parameters = trainableParameters(config, source.tensors, LORA);
  const bind = (graph: Graph) => new Weights(graph, config, source.tensors, LORA);
  // As a run with such a base computes.
  const layers = precision ? new LayeredModel({ backend, bind, config, positions }) : null;
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
  const sampler = new Sampler({
    backend,
    bind,
    config,
    layers,
    packWeights: true,
    // Every response has the full length, so that both sides do the same work.
    eosIds: [],
    positions,
    parameters: () => trainer.parameters,
    memory: MEMORY * 0.3,
  });
  const sample = async (prompts: Int32Array[], rows: number, length: number, step: number) => {
    const groups: SampledRollout[][] = [];
    await sampler.sample({
      prompts: prompts.map((tokens, problem) => ({ problem, tokens })),
      rows,
      sampling: { temperature: 1, topP: 1, topK: 0, maxTokens: length },
      seed: 0,
      stream: 'rollout',
      step,
      onGroup: (i, group) => {
        groups[i] = group;
      },
    });
    return groups;
  };
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

async function decode(): Promise<void> {
  const [, prompt, length, batch] = numbers as [number, number, number, number];
  const { sample } = await setUp(length, prompt + length, rest[4] as NarrowPrecision | undefined);
  const prompts = [randomTokens(prompt)];
  await sample(prompts, batch, 4, 0);
  const before = cpu();
  const seconds = await timed(() => sample(prompts, batch, length, 1));
  report({ seconds, cpuSeconds: cpu() - before, tokensPerSecond: (batch * length) / seconds });
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
