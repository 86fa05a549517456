/**
 * Peak memory of a training step, next to what a run is estimated to need, one case per process:
 *   <shape> <threads> <prompt> <new> <rollouts> [GiB, or - for the default limit] [layers]
 * Samples the rollouts of one problem and makes one update with LoRA of rank 16 on a random checkpoint of the shape of a
 * known model (`tests/support/model-shapes.ts`), which is written into the folder for temporary files when it is not
 * there. `layers`: another number of them than the model has. Prints one JSON line.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { trainableParameters, Weights } from '../../engine/model/decoder.ts';
import { initialLora } from '../../engine/model/lora.ts';
import { parameterShapes } from '../../engine/model/parameters.ts';
import { readSafetensorsIndex, writeSafetensors } from '../../engine/model/safetensors.ts';
import { LoraConfig, LossConfig, OptimizerConfig } from '../../engine/protocol/index.ts';
import { LayeredModel } from '../../engine/rollout/layered-model.ts';
import { generator } from '../../engine/rollout/philox.ts';
import { type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import type { Graph } from '../../engine/tensor/index.ts';
import { activationMemory } from '../../engine/training/policy/activation-memory.ts';
import { Trainer } from '../../engine/training/policy/trainer.ts';
import { parametersOf, type ShapeName, shapeOf } from '../support/model-shapes.ts';

const [shape, ...rest] = process.argv.slice(2) as [ShapeName, ...string[]];
const [threads, prompt, length, rollouts] = rest.map(Number) as [number, number, number, number];
const limit = rest[4] === undefined || rest[4] === '-' ? null : Number(rest[4]) * 2 ** 30;
const config = shapeOf(shape, rest[5] === undefined ? undefined : Number(rest[5]));

/** Kilobytes by /proc's name where there is such a file. */
function status(name: string): number | null {
  const file = '/proc/self/status';
  const found = existsSync(file) && new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(file, 'utf8'));
  return found ? Number(found[1]) * 1024 : null;
}

/** Most memory that was resident so far, bytes. */
function peak(): number {
  return status('VmHWM') ?? process.resourceUsage().maxRSS * 1024;
}

async function checkpoint(): Promise<string> {
  const folder = path.join(os.tmpdir(), 'rollscope-bench', `${shape}-${config.layers}`);
  const file = path.join(folder, 'model.safetensors');
  if (existsSync(file)) return file;
  await mkdir(folder, { recursive: true });
  const random = generator(1, 'initialize');
  const block = Float32Array.from({ length: 1 << 16 }, () => (random() - 0.5) * 0.05);
  const tensors = [...parameterShapes(config)].map(([name, dims], i) => {
    const size = dims.reduce((a, b) => a * b, 1);
    async function* data() {
      // No two matrices are the same, as in a model: equal ones may be held once.
      const own = block.map((x) => x * (1 + i / 1000));
      for (let at = 0; at < size; at += own.length) yield own.subarray(0, Math.min(own.length, size - at));
    }
    return [name, { shape: dims, data: dims.length === 1 ? new Float32Array(size).fill(1) : data }] as const;
  });
  await writeSafetensors(file, new Map(tensors));
  return file;
}

const { tensors } = await readSafetensorsIndex(await checkpoint());
const lora = LoraConfig.parse({ rank: 16, alpha: 32 });
const loss = LossConfig.parse({});
const parameters = trainableParameters(config, tensors, lora);
const backend = await openDevice('cpu', { threads });
const estimate = activationMemory(
  { lora, loss, trains: true, maxTokens: length, memoryLimit: limit },
  { name: shape, config, parameters: parametersOf(config) },
  {
    longest: prompt,
    trainable: parameters.reduce((n, dims) => n + dims.shape.reduce((a, b) => a * b, 1), 0),
    controlFlow: backend.controlFlow,
    stored: 'F32',
  },
);
const bind = (graph: Graph) => new Weights(graph, config, tensors, lora);
const positions = Math.ceil((prompt + length) / 256) * 256;
const layers = estimate.layered ? new LayeredModel({ backend, bind, config, positions }) : null;
const shared = { backend, bind, config, positions, layers };
const trainer = new Trainer({
  ...shared,
  parameters,
  initial: initialLora(parameters, generator(0, 'initialize')),
  loss,
  optimizer: OptimizerConfig.parse({ lr: 1e-5 }),
  maxTokens: length,
  temperature: 1,
  memory: estimate.training,
});
const sampler = new Sampler({
  ...shared,
  eosIds: [],
  parameters: () => trainer.parameters,
  memory: estimate.sampling,
});
const random = generator(1, 'initialize');
const tokens = Int32Array.from({ length: prompt }, () => Math.floor(random() * 40_000));
const cpu = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
const begin = { seconds: performance.now(), cpu: cpu(), base: peak() };
let group: SampledRollout[] = [];
await sampler.sample({
  prompts: [{ problem: 0, tokens }],
  rows: rollouts,
  sampling: { temperature: 1, topP: 1, topK: 0, maxTokens: length },
  seed: 0,
  stream: 'rollout',
  step: 1,
  onGroup: (_, rows) => {
    group = rows;
  },
});
const sampled = { seconds: performance.now(), cpu: cpu(), peak: peak() };
const responses = group.map(({ tokens: response, logprob }, i) => ({
  ...{ tokens: response, logprob, truncated: true },
  advantage: i % 2 === 0 ? -1 : 1,
}));
await trainer.update([{ problem: 0, prompt: tokens, responses }], 1e-5, () => undefined);
console.log(
  JSON.stringify({
    layered: estimate.layered ? 1 : 0,
    neededBytes: estimate.needed,
    ...{ baseBytes: begin.base, samplingPeakBytes: sampled.peak, peakBytes: peak() },
    samplingCpuSeconds: sampled.cpu - begin.cpu,
    updateCpuSeconds: cpu() - sampled.cpu,
    seconds: (performance.now() - begin.seconds) / 1000,
  }),
);
process.exit();
