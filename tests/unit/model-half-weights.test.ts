/** Opening a model with its matrices in 16 bits: what is used as it is, what is rounded, what is refused. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readGguf } from '../../engine/model/gguf.ts';
import { typeName } from '../../engine/model/gguf-blocks.ts';
import { halfTensors } from '../../engine/model/half-weights.ts';
import { EMBEDDINGS, MEAN_UNEMBEDDING, parameterShapes } from '../../engine/model/parameters.ts';
import { storedReader } from '../../engine/model/quantized-weights.ts';
import { readSafetensorsIndex, readTensor } from '../../engine/model/safetensors.ts';
import { writeSafetensors } from '../../engine/model/safetensors-write.ts';
import { openModel } from '../../engine/model/source.ts';
import { toFloat16, toFloat32 } from '../../engine/tensor/index.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';
import { tinyModel } from '../support/tiny-model.ts';

beforeEach(() => void vi.stubEnv('ROLLSCOPE_HOME', temporaryFolder()));
afterEach(() => vi.unstubAllEnvs());

const GGUF = path.join(ROOT, 'tests', 'parity', 'golden', 'gguf', 'tiny-llama.gguf');

test('bfloat16 matrices of a folder are used as they are, and only the rest is written', async () => {
  const cacheDir = temporaryFolder();
  const { config, tensors } = await tinyModel('tiny-llama', false);
  const options = { cacheDir, fingerprint: 'tiny' };
  const found = await halfTensors(config, storedReader(tensors, 'tiny-llama'), options);
  const kept = 'tiny.float16.safetensors';
  expect(readdirSync(cacheDir)).toContain(kept);
  const written = (await readSafetensorsIndex(path.join(cacheDir, kept))).tensors;
  expect([...written.keys()].some((name) => name.endsWith('proj.weight'))).toBe(false);
  for (const [name, tensor] of tensors) {
    const other = found.get(name)!;
    if (tensor.shape.length === 2) expect(other, name).toEqual({ ...tensor, widenedAtUse: true });
    else expect(other, name).toMatchObject({ dtype: 'F32', file: path.join(cacheDir, kept) });
    expect(await readTensor(other), name).toEqual(await readTensor(tensor));
  }
});

test('16-bit matrices of a GGUF file in the same order are read from it', async () => {
  const file = GGUF;
  const gguf = await readGguf(file);
  const found = await openModel(file, { cacheDir: temporaryFolder(), precision: 'float16' });
  const inPlace = [...found.tensors.values()].filter((tensor) => tensor.file === file);
  const halves = [...gguf.tensors.values()].filter(
    // Llama's queries and keys lie in another order.
    ({ name, type, shape }) => /^B?F16$/.test(typeName(type)) && shape.length === 2 && !/attn_[qk]\./.test(name),
  );
  expect(halves.length).toBeGreaterThan(0);
  expect(inPlace.map(({ offset }) => offset).sort()).toEqual(halves.map(({ offset }) => offset).sort());
  const wide = await openModel(file, { cacheDir: temporaryFolder() });
  for (const [name, tensor] of wide.tensors) {
    const values = await readTensor(tensor);
    const other = found.tensors.get(name)!;
    const expected = other.dtype === 'F16' && other.file !== file ? toFloat32(toFloat16(values), 'F16') : values;
    expect(await readTensor(other), name).toEqual(expected);
  }
});

/** The tensors of the embedded model in float32, one of them changed. */
async function changed(name: string, at: number, value: number) {
  const { config, tensors } = await openModel('embedded');
  const file = path.join(temporaryFolder(), 'model.safetensors');
  const written = await Promise.all(
    [...parameterShapes(config)].map(async ([key, shape]) => {
      const data = await readTensor(tensors.get(key)!);
      if (key === name) data[at] = value;
      return [key, { shape, data }] as const;
    }),
  );
  await writeSafetensors(file, new Map(written));
  const stored = (await readSafetensorsIndex(file)).tensors;
  return { config, file, reader: storedReader(stored, file), width: stored.get(name)!.shape[1]! };
}

test('a value beyond float16 is refused and named; the largest that rounds to a number is not', async () => {
  const name = 'model.layers.0.mlp.up_proj.weight';
  const options = () => ({ cacheDir: temporaryFolder(), fingerprint: 'changed' });
  const large = await changed(name, 5, -65_520);
  const details = { file: large.file, field: name, place: `${Math.floor(5 / large.width)}, ${5 % large.width}` };
  await expectRejection(halfTensors(large.config, large.reader, options()), 'model', {
    ...{ reason: 'beyond-float16', ...details, value: -65_520 },
  });
  const infinite = await changed(name, 5, Number.NaN);
  await expectRejection(halfTensors(infinite.config, infinite.reader, options()), 'model', {
    ...{ reason: 'non-finite-weights', ...details, file: infinite.file },
  });
  const most = await changed(name, 5, 65_519);
  const found = await halfTensors(most.config, most.reader, options());
  expect((await readTensor(found.get(name)!))[5]).toBe(65_504);
});

test('the mean of the unembedding is that of the rounded rows', async () => {
  const { config, reader } = await changed(EMBEDDINGS, 0, 0.1);
  const found = await halfTensors(config, reader, { cacheDir: temporaryFolder(), fingerprint: 'mean' });
  const rows = await readTensor(found.get(config.tiedEmbeddings ? EMBEDDINGS : 'lm_head.weight')!);
  const mean = await readTensor(found.get(MEAN_UNEMBEDDING)!);
  const width = config.hiddenSize;
  for (let i = 0; i < width; i++) {
    let sum = 0;
    for (let at = i; at < rows.length; at += width) sum += rows[at]!;
    expect(mean[i]).toBeCloseTo(sum / (rows.length / width), 7);
  }
});
