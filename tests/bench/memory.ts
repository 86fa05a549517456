/**
 * Peak memory of a training step, next to what a run is estimated to need, one case per process:
 *   <shape> <threads> <prompt> <new> <rollouts> [--limit <GiB>] [--precision float16|8bit|4bit] [--layers <n>]
 *     [--full] [--probe] [--one-graph] [--whole]
 * With LoRA of rank 16, or all weights (`--full`), or without training (`--probe`), on a random checkpoint of the shape of
 * a known model (`tests/support/model-shapes.ts`), which is written into the folder for temporary files when it is not
 * there. `--layers`: another number of them than the model has. Without `--limit`: the least that is not refused, which
 * the estimate should say. Prints one JSON line.
 *
 * `--whole` samples every token and trains on every response. Otherwise only what reaches the peak is computed: the
 * caches of as many rollouts as are sampled at a time are filled with random numbers up to the last 16 tokens, which are
 * sampled; of the parts that a group is cut into the first is trained on, the others being the same again; where the model
 * runs layer by layer, the way back ends after the last three layers, and an update on a few tokens shows what the optimizer
 * takes.
 */

import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { initialLora } from '../../engine/model/lora.ts';
import { narrowTensors } from '../../engine/model/narrow-weights.ts';
import { type NarrowPrecision, storedReader } from '../../engine/model/quantized-weights.ts';
import { readSafetensorsIndex, readTensor } from '../../engine/model/safetensors.ts';
import { createTokenizer } from '../../engine/model/tokenizer.ts';
import { trainableParameters, Weights } from '../../engine/model/weights.ts';
import { LoraConfig, LossConfig, OptimizerConfig, type RollscopeError } from '../../engine/protocol/index.ts';
import { promptBatch } from '../../engine/rollout/batch.ts';
import { CachedModel, STEPS } from '../../engine/rollout/cached-model.ts';
import { GrowingCaches } from '../../engine/rollout/growing-caches.ts';
import { LayeredModel } from '../../engine/rollout/layered-model.ts';
import { generator } from '../../engine/rollout/philox.ts';
import { rowBytes, Sampler } from '../../engine/rollout/sampler.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import type { Graph } from '../../engine/tensor/index.ts';
import { activationMemory } from '../../engine/training/policy/activation-memory.ts';
import { layeredParts } from '../../engine/training/policy/layered-memory.ts';
import { microBatches } from '../../engine/training/policy/micro-batch.ts';
import { Trainer } from '../../engine/training/policy/trainer.ts';
import { parametersOf, type ShapeName, shapeOf } from '../support/model-shapes.ts';
import { randomCheckpoint } from '../support/random-checkpoint.ts';
import { Enough, Peaks, watched } from './peaks.ts';

const { positionals, values: given } = parseArgs({
  allowPositionals: true,
  options: {
    limit: { type: 'string' },
    precision: { type: 'string' },
    layers: { type: 'string' },
    full: { type: 'boolean', default: false },
    probe: { type: 'boolean', default: false },
    'one-graph': { type: 'boolean', default: false },
    whole: { type: 'boolean', default: false },
  },
});
const shape = positionals[0] as ShapeName;
const [threads, prompt, length, rollouts] = positionals.slice(1).map(Number) as [number, number, number, number];
const config = shapeOf(shape, given.layers === undefined ? undefined : Number(given.layers));
/** Layers whose way back is computed. */
const LAYERS_BACK = 3;
/** Tokens of prompt and response where only the optimizer is of interest. */
const SHORT_LENGTH = 8;

const file = await randomCheckpoint(path.join(os.tmpdir(), 'rollscope-bench'), `${shape}-${config.layers}`, config);
const { tensors: wide } = await readSafetensorsIndex(file);
const precision = given.precision as NarrowPrecision | undefined;
const quantizing = { cacheDir: path.dirname(file), fingerprint: 'random' };
const tensors = precision ? await narrowTensors(config, storedReader(wide, file), { ...quantizing, precision }) : wide;
const narrowBytes = precision ? [...tensors.values()].reduce((n, { bytes }) => n + bytes, 0) : null;
const lora = given.full ? null : LoraConfig.parse({ rank: 16, alpha: 32 });
const loss = LossConfig.parse({});
const parameters = trainableParameters(config, tensors, lora);
const peaks = new Peaks();
let layersBack = given.whole || given.full ? Number.POSITIVE_INFINITY : LAYERS_BACK;
const backend = watched(await openDevice('cpu', { threads }), peaks, () => layersBack);

function estimated(memoryLimit: number) {
  return activationMemory(
    { lora, loss, trains: !given.probe, maxTokens: length, memoryLimit },
    { name: shape, config, parameters: parametersOf(config) },
    {
      longest: prompt,
      trainable: parameters.reduce((n, dims) => n + dims.shape.reduce((a, b) => a * b, 1), 0),
      controlFlow: backend.controlFlow,
      stored: 'F32',
      narrowBytes,
      packed: precision !== 'float16',
      oneGraph: given['one-graph'],
    },
  );
}

/** The least memory that is not refused, bytes. */
function least(): number {
  try {
    return estimated(1).needed;
  } catch (error) {
    return (error as RollscopeError & { details: { bytes: number } }).details.bytes;
  }
}

const limit = given.limit === undefined ? least() : Number(given.limit) * 2 ** 30;
const estimate = estimated(limit);
const bind = (graph: Graph) => new Weights(graph, config, tensors, lora);
const positions = Math.ceil((prompt + length) / 256) * 256;
const layers = estimate.layered ? new LayeredModel({ backend, bind, config, positions }) : null;
const shared = { backend, bind, config, positions, layers, packWeights: !layers || narrowBytes !== null };
const initial = lora
  ? initialLora(parameters, generator(0, 'initialize'))
  : new Map(
      await Promise.all(parameters.map(async ({ name }) => [name, await readTensor(tensors.get(name)!)] as const)),
    );
const trainer = new Trainer({
  ...shared,
  ...{ parameters, initial, loss },
  optimizer: OptimizerConfig.parse({ lr: 1e-5 }),
  maxTokens: length,
  temperature: 1,
  memory: estimate.training,
});
const random = generator(1, 'initialize');
const someTokens = (count: number) =>
  Int32Array.from({ length: count }, () => Math.floor(random() * Math.min(40_000, config.vocabularySize)));
const tokens = someTokens(prompt);
const cpu = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
const sampling = { temperature: 1, topP: 1, topK: 0, maxTokens: length };
const fitting = Math.floor(estimate.sampling / rowBytes(config, length, backend));
const rows = Math.min(rollouts, Math.max(1, fitting));

/** Samples whole rollouts. */
async function sampleAll(): Promise<Int32Array[]> {
  const options = { ...shared, eosIds: [], parameters: () => trainer.parameters, memory: estimate.sampling };
  let group: Int32Array[] = [];
  await new Sampler(options).sample({
    ...{ prompts: [{ problem: 0, tokens }], rows: rollouts, sampling, seed: 0, stream: 'rollout', step: 1 },
    onGroup: (_, found) => {
      group = found.map((rollout) => rollout.tokens);
    },
  });
  return group;
}

/** It is held while a run trains, with the weights that it has mapped. */
const model = new CachedModel({ ...shared, eosIds: [] });

/** Samples the last tokens of rollouts whose caches hold random numbers, as many rollouts as are sampled at a time. */
async function sampleLast(): Promise<Int32Array[]> {
  const batch = promptBatch(backend, [tokens]);
  const { layers: count, kvHeads, headDim } = config;
  const sizes = { layers: count, rows: kvHeads * rows, headDim, capacity: Math.ceil(length / STEPS) * STEPS };
  const generated = new GrowingCaches(backend, sizes);
  // As they grow in a run: some tokens at a time.
  const numbers = new Float32Array(sizes.rows * STEPS * headDim).map((_, i) => Math.sin(i));
  const filling = backend.value('float32', [sizes.rows, STEPS, headDim], numbers);
  const before = Math.max(0, sizes.capacity - STEPS);
  for (let at = 0; at < before; at += STEPS)
    await generated.append(Array.from({ length: count }, () => ({ keys: filling, values: filling })));
  const seen = { prompt: await model.prefill(batch, trainer.parameters), promptBias: batch.bias, generated };
  const arrays = {
    tokens: someTokens(rows),
    position: new BigInt64Array(rows).fill(BigInt(prompt - 1 + before)),
    done: new Uint8Array(rows),
    uniform: new Float32Array(Math.min(STEPS, length) * rows).map(() => random()),
  };
  await model.decode(1, arrays, seen, sampling, trainer.parameters);
  model.free(generated);
  return Array.from({ length: rollouts }, () => someTokens(length));
}

const responsesOf = (group: readonly Int32Array[]) =>
  group.map((response, i) => ({
    ...{ tokens: response, logprob: new Float32Array(response.length).fill(-10), truncated: true },
    advantage: i % 2 === 0 ? -1 : 1,
  }));

/** Trains on a group, or on the first part of it. Returns how many responses that are. */
async function trainOn(group: readonly Int32Array[]): Promise<number> {
  const responses = responsesOf(group);
  const weighted = {
    ...{ problem: 0, prompt: tokens },
    responses: responses.map((response) => ({ weight: 1, response })),
  };
  const parts = layers
    ? layeredParts(weighted, config, estimate.training)
    : microBatches([weighted], config, estimate.training).flat();
  const count = given.whole ? rollouts : parts[0]!.responses.length;
  const update = (from: Int32Array, chosen: typeof responses) =>
    trainer.update([{ problem: 0, prompt: from, responses: chosen }], 1e-5, () => undefined);
  await update(tokens, responses.slice(0, count)).catch(async (error: unknown) => {
    if (!(error instanceof Enough)) throw error;
    layersBack = Number.POSITIVE_INFINITY;
    await update(
      tokens.subarray(0, SHORT_LENGTH),
      responsesOf(group.slice(0, 2).map((response) => response.subarray(0, SHORT_LENGTH))),
    );
  });
  return count;
}

/** A run has a tokenizer: one of pairs of bytes, with as many tokens as the model has. */
function someTokenizer() {
  const letters = Array.from({ length: 256 }, (_, i) => String.fromCodePoint(0x100 + i));
  const size = config.vocabularySize;
  const tokens = [...letters];
  const merges: string[] = [];
  for (let i = 0; tokens.length < size; i++) {
    const [a, b] = [tokens[(i * 7919) % tokens.length]!, letters[i % 256]!];
    if (a.length > 12) continue;
    tokens.push(`${a}${b}${tokens.length}`);
    merges.push(`${a} ${b}`);
  }
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const json = {
    ...{ version: '1.0', normalizer: null, post_processor: null, added_tokens: [] },
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab, merges },
  };
  const parts = { json, eosIds: [0], bosToken: null, addsBos: false, chatTemplate: null };
  return createTokenizer(parts as unknown as Parameters<typeof createTokenizer>[0], 'tokenizer.json');
}

const tokenizer = someTokenizer();
peaks.enter('rollouts');
const begin = { seconds: performance.now(), cpu: cpu() };
const group = await (given.whole ? sampleAll() : sampleLast());
const sampledCpu = cpu();
const trainedRows = given.probe ? 0 : await trainOn(group);
const found = peaks.found();
if (tokenizer.vocabularySize !== config.vocabularySize) throw new Error('the tokenizer has other tokens');
await model.release();
console.log(
  JSON.stringify({
    ...{ shape, layers: config.layers, prompt, maxTokens: length, precision: precision ?? 'float32' },
    ...{ trains: given.probe ? 'nothing' : given.full ? 'all' : 'lora', layered: estimate.layered },
    ...{ limitBytes: limit, neededBytes: estimate.needed },
    ...{ sampledRows: given.whole ? rollouts : rows, trainedRows },
    peaks: found,
    begun: peaks.begun,
    peakBytes: Math.max(...Object.entries(found).map(([phase, bytes]) => (phase === 'start' ? 0 : bytes))),
    samplingCpuSeconds: sampledCpu - begin.cpu,
    updateCpuSeconds: cpu() - sampledCpu,
    seconds: (performance.now() - begin.seconds) / 1000,
  }),
);
process.exit();
