/** A frozen base in blocks, or in 16 bits, says and learns what the float32 numbers say and learn that those stand for. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { narrowTensors } from '../../engine/model/narrow-weights.ts';
import { MEAN_UNEMBEDDING } from '../../engine/model/parameters.ts';
import { copyBlocks, storedReader } from '../../engine/model/quantized-weights.ts';
import { readSafetensorsIndex, readTensor, type StoredTensor } from '../../engine/model/safetensors.ts';
import { writeSafetensors } from '../../engine/model/safetensors-write.ts';
import { Weights } from '../../engine/model/weights.ts';
import { LossConfig, OptimizerConfig } from '../../engine/protocol/index.ts';
import { LayeredModel } from '../../engine/rollout/layered-model.ts';
import { type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { compileFunction } from '../../engine/runtime/function.ts';
import {
  BLOCK_TYPES,
  BLOCK_WIDTH,
  type BlockType,
  blockArrays,
  Graph,
  op,
  toBlocks,
  toFloat32,
  writeBlock,
} from '../../engine/tensor/index.ts';
import type { TrainedGroup } from '../../engine/training/policy/responses.ts';
import { Trainer } from '../../engine/training/policy/trainer.ts';
import { temporaryFolder } from '../support/processes.ts';
import { hasLora, TINY_MODELS, tinyModel } from '../support/tiny-model.ts';

/** Largest difference, relative to the largest number. */
function farthest(found: Float32Array, expected: Float32Array): number {
  expect(found.length).toBe(expected.length);
  const size = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-12);
  return expected.reduce((a, b, i) => Math.max(a, Math.abs(b - found[i]!)), 0) / size;
}

/** Numbers between -1 and 1, the same every time. */
function numbers(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1)) * Math.cos(i / 7));
}

/** A matrix [rows, width] in blocks, in a file. */
async function stored(type: BlockType, rows: number, width: number) {
  const bytes = new Uint8Array(rows * width * BLOCK_WIDTH[type]);
  const parts = blockArrays(type, bytes);
  if (type === 'Q4_1') {
    for (let at = 0; at < (rows * width) / 32; at++) {
      const q = Uint8Array.from({ length: 32 }, (_, i) => (at * 7 + i * 5) % 16);
      writeBlock(q, 0.01 + (at % 5) / 100, -0.1 + (at % 3) / 10, parts, at);
    }
  } else toBlocks(numbers(rows * width), type, parts, 0);
  const file = path.join(temporaryFolder(), 'blocks.safetensors');
  await writeSafetensors(file, new Map([['w', { shape: [rows, width], blocks: type, bytes: async () => bytes }]]));
  const tensor = (await readSafetensorsIndex(file)).tensors.get('w')!;
  return { tensor, values: await readTensor(tensor) };
}

describe.each(BLOCK_TYPES)('%s', (type) => {
  test.each([
    [1, true],
    [1, false],
    [5, true],
    [70, false],
  ])('a product with %i rows, packed %s, and rows by index', async (count, packWeights) => {
    const [rows, width] = [40, 96];
    const { tensor, values } = await stored(type, rows, width);
    expect(tensor.dtype).toBe(type);
    const backend = await openDevice('cpu', { threads: 1 });
    const graph = new Graph();
    const { file, offset, bytes, dtype } = tensor;
    const w = graph.external('w', [rows, width], { file, offset, bytes, stored: dtype });
    const x = graph.input('x', 'float32', ['M', width]);
    const index = graph.input('index', 'int32', ['n']);
    const outputs = {
      y: graph.output('y', op.linear(x, w)),
      found: graph.output('found', op.gather(w, index)),
    };
    const compiled = await compileFunction(backend, { graph, inputs: { x, index }, outputs }, { packWeights });
    const given = numbers(count * width);
    const { y, found } = await compiled.run({
      x: backend.value('float32', [count, width], given),
      index: backend.value('int32', [3], Int32Array.of(39, 0, 7)),
    });
    const expected = Float32Array.from({ length: count * rows }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += given[Math.floor(i / rows) * width + k]! * values[(i % rows) * width + k]!;
      return sum;
    });
    expect(farthest(y.data as Float32Array, expected)).toBeLessThan(2e-6);
    const chosen = [39, 0, 7].flatMap((row) => [...values.subarray(row * width, (row + 1) * width)]);
    expect(farthest(found.data as Float32Array, Float32Array.from(chosen))).toBeLessThan(2e-7);
    await compiled.release();
    await backend.release();
  });

  test("GGUF's own blocks keep their values", () => {
    const own = type === 'Q8_0 bytes' ? 'Q8_0' : type;
    const cases = JSON.parse(readFileSync(path.join(import.meta.dirname, 'golden', 'gguf', 'blocks.json'), 'utf8'));
    const { bytes, values } = (cases as { name: string; bytes: string; values: string }[]).find((c) => c.name === own)!;
    const expected = new Float32Array(new Uint8Array(Buffer.from(values, 'base64')).buffer);
    const target = new Uint8Array(expected.length * BLOCK_WIDTH[type]);
    const parts = blockArrays(type, target);
    const count = copyBlocks(Buffer.from(bytes, 'base64'), own, (q, scale, offset, at) =>
      writeBlock(q, scale, offset, parts, at),
    );
    expect(count * 32).toBe(expected.length);
    const found = toFloat32(target, type);
    // The offset of Q4_1 is counted from the middle of the numbers.
    expect(farthest(found, expected)).toBeLessThanOrEqual(type === 'Q4_1' ? 2e-7 : 0);
  });
});

test("rounding to 8 bits is within half a step of the block's largest number, to 4 bits within one step", () => {
  const values = numbers(32 * 50);
  for (const [type, bound] of [
    ['Q8_0', 0.5 / 127],
    ['Q8_0 bytes', 0.5 / 127],
    ['Q4_0', 1 / 8],
  ] as const) {
    const bytes = new Uint8Array(values.length * BLOCK_WIDTH[type]);
    toBlocks(values, type, blockArrays(type, bytes), 0);
    const found = toFloat32(bytes, type);
    for (let at = 0; at < values.length; at += 32) {
      const block = values.subarray(at, at + 32);
      expect(farthest(found.subarray(at, at + 32), block), type).toBeLessThan(bound + 1e-6);
    }
  }
});

const cases = TINY_MODELS.filter((name) => hasLora(name)).flatMap((name) =>
  (
    [
      ['4bit', 'as it is'],
      ['8bit', 'as it is'],
      ['float16', 'as it is'],
      ['float16', 'in float32'],
    ] as const
  ).map(([precision, files]) => ({ name, precision, files })),
);

/** The tensors in a file of float32 numbers, by `values`. */
async function inFloat32(
  tensors: ReadonlyMap<string, StoredTensor>,
  values: (tensor: StoredTensor) => Promise<Float32Array>,
) {
  const file = path.join(temporaryFolder(), 'wide.safetensors');
  const written = await Promise.all(
    [...tensors].map(async ([key, tensor]) => [key, { shape: tensor.shape, data: await values(tensor) }] as const),
  );
  await writeSafetensors(file, new Map(written));
  return (await readSafetensorsIndex(file)).tensors;
}

test.each(cases)('$name, $files, in $precision', async ({ name, precision, files }) => {
  const backend = await openDevice('cpu', { threads: 1 });
  const { config, tensors: own, parameters, lora, values } = await tinyModel(name, true);
  // Numbers that float16 does not have.
  const moved = async (tensor: StoredTensor) => (await readTensor(tensor)).map((x) => x * 1.0001);
  const tensors = files === 'as it is' ? own : await inFloat32(own, moved);
  const options = { precision, cacheDir: temporaryFolder(), fingerprint: name };
  const quantized = await narrowTensors(config, storedReader(tensors, name), options);
  const expectBlocks = (bits: string) => {
    const types = new Set([...quantized.values()].map(({ dtype }) => dtype));
    // Rows that are not a multiple of a block stay in float32.
    const inBlocks = [...tensors].filter(([, { shape }]) => shape.length === 2 && shape[1]! % 32 === 0);
    const isEmbedding = (key: string) => /embed_tokens|lm_head/.test(key);
    const rounded = inBlocks.some(([key]) => !isEmbedding(key));
    expect(types.has('Q4_0')).toBe(rounded && bits === '4bit');
    expect(types.has('Q8_0')).toBe(bits === '8bit' ? inBlocks.length > 0 : inBlocks.some(([key]) => isEmbedding(key)));
  };
  if (precision === 'float16') {
    for (const [key, { dtype, shape, widenedAtUse = false }] of quantized) {
      const isMatrix = shape.length === 2 && key !== MEAN_UNEMBEDDING;
      const halves = tensors.get(key)?.dtype === 'BF16' ? 'BF16' : 'F16';
      expect([dtype, widenedAtUse], key).toEqual(isMatrix ? [halves, true] : ['F32', false]);
    }
  } else expectBlocks(precision);
  // The second time it comes from the cache.
  expect(await narrowTensors(config, storedReader(tensors, name), options)).toEqual(quantized);
  const originals = new Map([...quantized].filter(([key]) => tensors.has(key)));
  const wide = await inFloat32(originals, readTensor);
  const given = await values(backend);
  const initial = new Map(Object.entries(given).map(([key, value]) => [key, value.data as Float32Array]));
  const run = async (layered: boolean) => {
    const bind = (graph: Graph) => new Weights(graph, config, layered ? quantized : wide, lora);
    return trained(backend, { bind, config, parameters, initial }, layered);
  };
  const [plain, blocks] = [await run(false), await run(true)];
  expect(blocks.rollouts.flat().map((r) => [...r.tokens])).toEqual(plain.rollouts.flat().map((r) => [...r.tokens]));
  plain.rollouts.flat().forEach((rollout, i) => {
    const other = blocks.rollouts.flat()[i]!;
    for (const statistic of ['logprob', 'entropy', 'logsumexp', 'meanLogit', 'top1'] as const) {
      expect(farthest(other[statistic], rollout[statistic]), statistic).toBeLessThan(2e-5);
    }
  });
  plain.scores.forEach(({ logprob, entropy }, i) => {
    expect(farthest(blocks.scores[i]!.logprob, logprob)).toBeLessThan(2e-5);
    expect(farthest(blocks.scores[i]!.entropy, entropy)).toBeLessThan(2e-5);
  });
  for (const [key, { data }] of plain.tensors) {
    if (key.startsWith('m.')) expect(farthest(blocks.tensors.get(key)!.data, data), key).toBeLessThan(5e-5);
  }
  await backend.release();
});

type Parts = Pick<ConstructorParameters<typeof Trainer>[0], 'bind' | 'config' | 'parameters' | 'initial'>;

/** Samples, scores, and makes one update; layer by layer, or as one graph. */
async function trained(backend: Backend, parts: Parts, layered: boolean) {
  const shared = { backend, bind: parts.bind, config: parts.config, positions: 96 };
  const layers = layered ? new LayeredModel(shared) : null;
  const trainer = new Trainer({
    ...shared,
    ...parts,
    layers,
    loss: LossConfig.parse({ entropyCoefficient: 0.01 }),
    optimizer: OptimizerConfig.parse({ lr: 1e-3, beta1: 0.9, clipNorm: 1e9 }),
    maxTokens: 20,
    temperature: 0.8,
    memory: layered ? 1 : 2 ** 30,
  });
  const sampler = new Sampler({
    ...shared,
    ...{ layers, packWeights: true, eosIds: [1], parameters: () => trainer.parameters, memory: 2 ** 30 },
  });
  const prompts = [[20, 11, 13, 17, 19], [15], [3, 4, 5, 6, 7, 8, 9, 10, 11]].map((tokens, problem) => ({
    problem,
    tokens: Int32Array.from(tokens),
  }));
  const rollouts: SampledRollout[][] = [];
  await sampler.sample({
    ...{ prompts, rows: 4, seed: 3, stream: 'rollout', step: 1 },
    sampling: { temperature: 0.8, topP: 1, topK: 0, maxTokens: 20 },
    onGroup: (prompt, group) => {
      rollouts[prompt] = group;
    },
  });
  const groups: TrainedGroup[] = rollouts.map((group, problem) => ({
    problem,
    prompt: prompts[problem]!.tokens,
    responses: group.map(({ tokens, logprob }, i) => ({ tokens, logprob, advantage: i - 1.5, truncated: false })),
  }));
  const scores = (await trainer.score(groups)).flat();
  await trainer.update(groups, 1e-3, () => {});
  const { tensors } = await trainer.optimizerState();
  await sampler.release();
  await trainer.release();
  await layers?.release();
  return { rollouts, scores, tensors };
}
