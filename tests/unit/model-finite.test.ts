/** Weights that are NaN or infinite are named when a model is opened. */
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkFinite } from '../../engine/model/finite-weights.ts';
import { readGguf } from '../../engine/model/gguf.ts';
import { readPeftAdapter } from '../../engine/model/peft.ts';
import { readSafetensorsIndex } from '../../engine/model/safetensors.ts';
import { writeSafetensors } from '../../engine/model/safetensors-write.ts';
import { openModel } from '../../engine/model/source.ts';
import { changedModel } from '../support/crafted-models.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

beforeEach(() => void vi.stubEnv('ROLLSCOPE_HOME', temporaryFolder()));
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** Writes one tensor of 3 x 4 whose value at [2, 1] has these bits. */
function written(dtype: string, width: number, bits: number): string {
  const file = path.join(temporaryFolder(), 'model.safetensors');
  const data = Buffer.alloc(12 * width);
  if (width === 4) data.writeUInt32LE(bits, 9 * width);
  else data.writeUInt16LE(bits, 9 * width);
  const header = Buffer.from(JSON.stringify({ w: { dtype, shape: [3, 4], data_offsets: [0, data.length] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(file, Buffer.concat([length, header, data]));
  return file;
}

const checked = async (file: string) => checkFinite((await readSafetensorsIndex(file)).tensors);

describe('a value', () => {
  test.each([
    ['F32', 4, 0x7fc00000],
    ['F32', 4, 0x7f800001],
    ['F32', 4, 0xff800000],
    ['F16', 2, 0x7e00],
    ['F16', 2, 0xfc00],
    ['BF16', 2, 0x7fc0],
    ['BF16', 2, 0xff80],
  ])('of type %s that is NaN or infinite is reported', async (dtype, width, bits) => {
    const file = written(dtype, width, bits);
    await expectRejection(checked(file), 'model', { reason: 'non-finite-weights', file, field: 'w', place: '2, 1' });
  });

  test.each([
    ['F32', 4, 0x7f7fffff],
    ['F32', 4, 0x80000001],
    ['F16', 2, 0x7bff],
    ['F16', 2, 0x83ff],
    ['BF16', 2, 0xff7f],
  ])('of type %s that is the largest or the smallest is a number', async (dtype, width, bits) => {
    await expect(checked(written(dtype, width, bits))).resolves.toBeUndefined();
  });
});

test('a model with one is not opened, and its file and tensor are named', async () => {
  const folder = temporaryFolder();
  const field = 'model.layers.1.mlp.up_proj.weight';
  await changedModel(folder, (weights) => {
    weights.get(field)!.data[0] = Number.POSITIVE_INFINITY;
  });
  const file = path.join(folder, 'model.safetensors');
  await expectRejection(openModel(folder), 'model', { reason: 'non-finite-weights', file, field, place: '0, 0' });
});

test('in a GGUF file is reported with that file, not with the unpacked one', async () => {
  const golden = path.join(ROOT, 'tests', 'parity', 'golden', 'gguf', 'tiny-llama.gguf');
  const bytes = readFileSync(golden);
  const { offset } = (await readGguf(golden)).tensors.get('blk.1.ffn_norm.weight')!;
  bytes.writeFloatLE(Number.NaN, offset + 8);
  const file = path.join(temporaryFolder(), 'tiny.gguf');
  writeFileSync(file, bytes);
  const field = 'model.layers.1.post_attention_layernorm.weight';
  const cacheDir = temporaryFolder();
  // once when it is unpacked, once from what was unpacked
  for (let i = 0; i < 2; i++) {
    await expectRejection(openModel(file, { cacheDir }), 'model', {
      reason: 'non-finite-weights',
      file,
      field,
      place: '2',
    });
  }
});

test('an adapter with one is not read', async () => {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'adapter_config.json'), '{"r": 1, "lora_alpha": 1, "target_modules": []}');
  const data = Float32Array.of(1, Number.NaN);
  const file = path.join(folder, 'adapter_model.safetensors');
  await writeSafetensors(file, new Map([['a', { shape: [2], data }]]));
  await expectRejection(readPeftAdapter(folder), 'model', {
    reason: 'non-finite-weights',
    file,
    field: 'a',
    place: '1',
  });
});

test('the result for a large file is cached until it changes', async () => {
  const file = path.join(temporaryFolder(), 'model.safetensors');
  const data = new Float32Array(3 * 2 ** 20);
  const write = () => writeSafetensors(file, new Map([['w', { shape: [3, 2 ** 20], data }]]));
  const heard = async () => {
    const messages: string[] = [];
    await checkFinite((await readSafetensorsIndex(file)).tensors, { onProgress: (message) => messages.push(message) });
    return messages.length;
  };
  await write();
  // As if it had been written long ago.
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 5000);
  expect(await heard()).toBe(3);
  expect(await heard()).toBe(0);
  data[2 ** 20 + 5] = Number.NaN;
  await write();
  utimesSync(file, new Date(), new Date());
  await expectRejection(heard(), 'model', { reason: 'non-finite-weights', field: 'w', place: '1, 5' });
});
