/** Opening a model with its matrices in blocks: what is kept, what is refused. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readGguf } from '../../engine/model/gguf.ts';
import { unpermuteRows } from '../../engine/model/gguf-weights.ts';
import { EMBEDDINGS, MEAN_UNEMBEDDING } from '../../engine/model/parameters.ts';
import { readTensor } from '../../engine/model/safetensors.ts';
import { openModel } from '../../engine/model/source.ts';
import { RunConfig } from '../../engine/protocol/index.ts';
import { checkConfig } from '../../engine/training/run/check.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

beforeEach(() => void vi.stubEnv('ROLLSCOPE_HOME', temporaryFolder()));
afterEach(() => vi.unstubAllEnvs());

const GGUF = path.join(ROOT, 'tests', 'parity', 'golden', 'gguf', 'tiny-llama.gguf');

test.each([
  ['a folder', 'embedded'],
  ['a GGUF file', GGUF],
])('%s is rounded once, into its own file', async (_, spec) => {
  const cacheDir = temporaryFolder();
  const wide = await openModel(spec, { cacheDir });
  const found = await openModel(spec, { cacheDir, precision: '4bit' });
  expect(found.fingerprint).toBe(wide.fingerprint);
  expect(found.parameters).toBe(wide.parameters);
  expect(readdirSync(cacheDir)).toContain(`${wide.fingerprint}.4bit.safetensors`);
  const embeddings = await readTensor(found.tensors.get(EMBEDDINGS)!);
  expect(found.tensors.get(EMBEDDINGS)!.dtype).toBe('Q8_0');
  const [rows, width] = found.tensors.get(EMBEDDINGS)!.shape as [number, number];
  const unembedding = found.config.tiedEmbeddings ? embeddings : await readTensor(found.tensors.get('lm_head.weight')!);
  const mean = Array.from({ length: width }, (_, i) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += unembedding[row * width + i]!;
    return sum / rows;
  });
  const kept = await readTensor(found.tensors.get(MEAN_UNEMBEDDING)!);
  mean.forEach((x, i) => {
    expect(kept[i]).toBeCloseTo(x, 6);
  });
  for (const [name, { dtype, shape }] of wide.tensors) {
    const other = found.tensors.get(name)!;
    expect(other.shape, name).toEqual(shape);
    const inBlocks = shape.length === 2 && shape[1]! % 32 === 0;
    if (!inBlocks) expect(other.dtype, name).toBe(dtype);
    const [a, b] = [await readTensor(wide.tensors.get(name)!), await readTensor(other)];
    const most = a.reduce((n, x) => Math.max(n, Math.abs(x)), 0);
    // Blocks of 4 bits in the file are used as they are; otherwise a step is the most.
    const bound = spec === GGUF && name.includes('k_proj') ? 0 : most / 8 + 1e-6;
    a.forEach((x, i) => {
      if (Math.abs(x - b[i]!) > bound) expect.fail(`${name} ${i}: ${x} became ${b[i]}`);
    });
  }
});

test('rows of blocks are reordered like rows of numbers', () => {
  const bytes = Uint8Array.from({ length: 2 * 4 * 3 }, (_, i) => i);
  expect([...unpermuteRows(bytes, 2, 3)]).toEqual([...unpermuteRows(Float32Array.from(bytes), 2, 3)]);
});

test('a matrix with a non-finite value is reported', async () => {
  const bytes = readFileSync(GGUF);
  // In 16 bits.
  const { offset } = (await readGguf(GGUF)).tensors.get('blk.1.ffn_up.weight')!;
  bytes.writeUInt16LE(0x7fc0, offset + 2 * 35);
  const file = path.join(temporaryFolder(), 'tiny.gguf');
  writeFileSync(file, bytes);
  const field = 'model.layers.1.mlp.up_proj.weight';
  const options = { cacheDir: temporaryFolder(), precision: '8bit' as const };
  await expectRejection(openModel(file, options), 'model', {
    reason: 'non-finite-weights',
    file,
    field,
    place: '1, 3',
  });
});

test('activations in 8 bits require a base that samples in blocks', async () => {
  const config = (given: object) =>
    RunConfig.parse({ dataset: { path: 'embedded' }, lora: {}, activationPrecision: '8bit', ...given });
  const refused = { reason: 'activations-without-blocks', field: 'activationPrecision', value: '8bit' };
  for (const given of [
    {},
    { basePrecision: 'float16' },
    { basePrecision: '4bit', rolloutPrecision: 'float16' },
    { lora: null },
  ])
    await expectRejection(checkConfig(config(given), false), 'config', refused);
  for (const given of [{ basePrecision: '4bit' }, { basePrecision: '8bit' }, { rolloutPrecision: '4bit' }])
    await expect(checkConfig(config(given), false)).resolves.toBeUndefined();
});

test('full training does not work in blocks', async () => {
  const config = (given: object) => RunConfig.parse({ dataset: { path: 'embedded' }, basePrecision: '4bit', ...given });
  const refused = { reason: 'precision-without-adapter', field: 'basePrecision', value: '4bit' };
  await expectRejection(checkConfig(config({ lora: null }), false), 'config', refused);
  await expect(checkConfig(config({ lora: {} }), false)).resolves.toBeUndefined();
});
