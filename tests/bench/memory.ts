/**
 * Peak memory of a training step, next to what a run is estimated to need, one case per process:
 *   <shape> <threads> <prompt> <new> <rollouts> [--limit <GiB>] [--precision 8bit|4bit] [--layers <n>]
 *     [--full] [--probe] [--whole]
 * With LoRA of rank 16, or all weights (`--full`), or without training (`--probe`), on a random checkpoint of the shape of
 * a known model (`tests/support/model-shapes.ts`), which is written into the folder for temporary files when it is not
 * there. `--layers`: another number of them than the model has. Prints one JSON line.
 *
 * `--whole` samples every token and trains on every response. Otherwise only what reaches the peak is computed: the
 * caches of as many rollouts as are sampled at a time are filled with random numbers up to the last 16 tokens, which are
 * sampled, and of the parts that a group is cut into the first is trained on, the others being the same again.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { trainableParameters, Weights } from '../../engine/model/decoder.ts';
import { initialLora } from '../../engine/model/lora.ts';
import { type QuantizedPrecision, quantizedTensors, storedReader } from '../../engine/model/quantized-weights.ts';
import { readSafetensorsIndex, readTensor } from '../../engine/model/safetensors.ts';
import { LoraConfig, LossConfig, OptimizerConfig } from '../../engine/protocol/index.ts';
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

const { positionals, values: given } = parseArgs({
  allowPositionals: true,
  options: {
    limit: { type: 'string' },
    precision: { type: 'string' },
    layers: { type: 'string' },
    full: { type: 'boolean', default: false },
    probe: { type: 'boolean', default: false },
    whole: { type: 'boolean', default: false },
  },
});
const shape = positionals[0] as ShapeName;
const [threads, prompt, length, rollouts] = positionals.slice(1).map(Number) as [number, number, number, number];
const limit = given.limit === undefined ? null : Number(given.limit) * 2 ** 30;
const config = shapeOf(shape, given.layers === undefined ? undefined : Number(given.layers));

/** Most memory that was resident so far, bytes. */
function peak(): number {
  const file = '/proc/self/status';
  const found = existsSync(file) && /^VmHWM:\s+(\d+)/m.exec(readFileSync(file, 'utf8'));
  return found ? Number(found[1]) * 1024 : process.resourceUsage().maxRSS * 1024;
}

const file = await randomCheckpoint(path.join(os.tmpdir(), 'rollscope-bench'), `${shape}-${config.layers}`, config);
const { tensors: wide } = await readSafetensorsIndex(file);
const precision = given.precision as QuantizedPrecision | undefined;
const quantizing = { cacheDir: path.dirname(file), fingerprint: 'random' };
const tensors = precision
  ? await quantizedTensors(config, storedReader(wide, file), { ...quantizing, precision })
  : wide;
const quantizedBytes = precision ? [...tensors.values()].reduce((n, { bytes }) => n + bytes, 0) : null;
const lora = given.full ? null : LoraConfig.parse({ rank: 16, alpha: 32 });
const loss = LossConfig.parse({});
const parameters = trainableParameters(config, tensors, lora);
const backend = await openDevice('cpu', { threads });
const estimate = activationMemory(
  { lora, loss, trains: !given.probe, maxTokens: length, memoryLimit: limit },
  { name: shape, config, parameters: parametersOf(config) },
  {
    longest: prompt,
    trainable: parameters.reduce((n, dims) => n + dims.shape.reduce((a, b) => a * b, 1), 0),
    controlFlow: backend.controlFlow,
    stored: 'F32',
    quantizedBytes,
  },
);
const bind = (graph: Graph) => new Weights(graph, config, tensors, lora);
const positions = Math.ceil((prompt + length) / 256) * 256;
const layers = estimate.layered ? new LayeredModel({ backend, bind, config, positions }) : null;
const shared = { backend, bind, config, positions, layers, packWeights: !layers || quantizedBytes !== null };
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
const someTokens = (count: number) => Int32Array.from({ length: count }, () => Math.floor(random() * 40_000));
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

/** Samples the last tokens of rollouts whose caches hold random numbers, as many rollouts as are sampled at a time. */
async function sampleLast(): Promise<Int32Array[]> {
  const model = new CachedModel({ ...shared, eosIds: [] });
  const batch = promptBatch(backend, [tokens]);
  const { layers: count, kvHeads, headDim } = config;
  const sizes = { layers: count, rows: kvHeads * rows, headDim, capacity: Math.ceil(length / STEPS) * STEPS };
  const generated = new GrowingCaches(backend, sizes);
  const before = length - STEPS;
  const numbers = new Float32Array(sizes.rows * before * headDim).map((_, i) => Math.sin(i));
  const filling = backend.value('float32', [sizes.rows, before, headDim], numbers);
  await generated.append(Array.from({ length: count }, () => ({ keys: filling, values: filling })));
  const seen = { prompt: await model.prefill(batch, trainer.parameters), promptBias: batch.bias, generated };
  const arrays = {
    tokens: someTokens(rows),
    position: new BigInt64Array(rows).fill(BigInt(prompt - 1 + before)),
    done: new Uint8Array(rows),
    uniform: new Float32Array(STEPS * rows).map(() => random()),
  };
  await model.decode(1, arrays, seen, sampling, trainer.parameters);
  model.free(generated);
  return Array.from({ length: rollouts }, () => someTokens(length));
}

// What was read to make a file is no part of a run.
if (existsSync('/proc/self/clear_refs')) writeFileSync('/proc/self/clear_refs', '5');
const begin = { seconds: performance.now(), cpu: cpu(), base: peak() };
const group = await (given.whole ? sampleAll() : sampleLast());
const sampled = { seconds: performance.now(), cpu: cpu(), peak: peak() };
// The peak of the update is one of its own.
if (existsSync('/proc/self/clear_refs')) writeFileSync('/proc/self/clear_refs', '5');
let trainedRows = 0;
if (!given.probe) {
  const responses = group.map((response, i) => ({
    ...{ tokens: response, logprob: new Float32Array(response.length).fill(-10), truncated: true },
    advantage: i % 2 === 0 ? -1 : 1,
  }));
  const weighted = {
    ...{ problem: 0, prompt: tokens },
    responses: responses.map((response) => ({ weight: 1, response })),
  };
  const parts = layers
    ? layeredParts(weighted, config, estimate.training)
    : microBatches([weighted], config, estimate.training).flat();
  trainedRows = given.whole ? rollouts : parts[0]!.responses.length;
  const chosen = responses.slice(0, trainedRows);
  await trainer.update([{ problem: 0, prompt: tokens, responses: chosen }], 1e-5, () => undefined);
}
console.log(
  JSON.stringify({
    layered: estimate.layered ? 1 : 0,
    neededBytes: estimate.needed,
    ...{ sampledRows: given.whole ? rollouts : rows, trainedRows },
    ...{ baseBytes: begin.base, samplingPeakBytes: sampled.peak, updatePeakBytes: given.probe ? 0 : peak() },
    peakBytes: Math.max(sampled.peak, peak()),
    samplingCpuSeconds: sampled.cpu - begin.cpu,
    updateCpuSeconds: cpu() - sampled.cpu,
    seconds: (performance.now() - begin.seconds) / 1000,
  }),
);
process.exit();
