/** GGUF files against the PyPI package `gguf` and transformers (`tests/parity/oracle/gguf_blocks.py`), and blocks against ggml (`ggml_blocks.py`). */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ARCHITECTURES, byGgufName } from '../../engine/model/architectures/index.ts';
import { readGguf, readGgufTensor } from '../../engine/model/gguf.ts';
import { blockSize, dequantize, READABLE_TYPES, typeName } from '../../engine/model/gguf-blocks.ts';
import { parseHuggingFaceConfig } from '../../engine/model/huggingface-config.ts';
import { readTensor } from '../../engine/model/safetensors.ts';
import { openModel } from '../../engine/model/source.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

const GOLDEN = path.join(import.meta.dirname, 'golden');
const json = (...names: string[]) => JSON.parse(readFileSync(path.join(GOLDEN, ...names), 'utf8'));

const cached = () => ({ cacheDir: temporaryFolder() });

interface BlockCase {
  type: number;
  name: string;
  bytes?: string;
  values?: string;
}

/** What the package lists and does not read, ggml's own library reads. */
const fromGgml = json('gguf', 'ggml-blocks.json') as BlockCase[];
const fromPackage = (json('gguf', 'blocks.json') as BlockCase[]).filter(
  ({ type, bytes }) => bytes !== undefined || fromGgml.every((other) => other.type !== type),
);
const cases = [...fromPackage, ...fromGgml];
const readable = cases.filter((c) => c.bytes !== undefined);

describe('blocks', () => {
  test('every readable type has a case', () => {
    expect(readable.map(({ name }) => name).sort()).toEqual([...READABLE_TYPES].sort());
  });

  test.each(readable)(
    'of $name have the values that gguf or ggml gives them, bit for bit',
    ({ type, bytes, values }) => {
      const stored = Buffer.from(bytes!, 'base64');
      const found = dequantize(type, stored);
      const expected = Buffer.from(values!, 'base64');
      expect([...found]).toEqual([...new Float32Array(new Uint8Array(expected).buffer)]);
      const { weights, bytes: size } = blockSize(type)!;
      expect(found.length / weights).toBe(stored.length / size);
    },
  );
});

describe('whole files', () => {
  const models = json('gguf', 'models.json') as Record<string, Record<string, string>>;

  // The others share a file format with one of these, as Mistral does with Llama.
  const own = ARCHITECTURES.filter(({ name, gguf }) => byGgufName(gguf.architecture, gguf.windowed)!.name === name);

  test.each(own.map(({ name }) => `tiny-${name}`))(
    '%s has the configuration and the weights that transformers reads',
    async (name) => {
      const file = path.join(GOLDEN, 'gguf', `${name}.gguf`);
      const { config, tensors, tokenizer } = await openModel(file, { cacheDir: temporaryFolder() });
      expect(config).toEqual(parseHuggingFaceConfig(json(name, 'config.json'), name));
      const hashes: Record<string, string> = {};
      for (const [key, stored] of tensors) {
        hashes[key] = createHash('sha256')
          .update(new Uint8Array((await readTensor(stored)).buffer))
          .digest('hex');
      }
      expect(hashes).toEqual(models[name]);
      expect(tokenizer.vocabularySize).toBe(config.vocabularySize);
      expect(tokenizer.decode(tokenizer.encode('abcab'))).toBe('abcab');
      expect([...tokenizer.encode('abc<end>')]).toEqual([config.vocabularySize - 1, 1]);
      expect(tokenizer.eosIds).toEqual([1]);
    },
  );

  test('of version 2 are read as those of version 3', async () => {
    const given = path.join(GOLDEN, 'gguf', 'tiny-qwen3.gguf');
    const bytes = readFileSync(given);
    expect(bytes.readUInt32LE(4)).toBe(3);
    // Version 3 only added files of the other byte order.
    bytes.writeUInt32LE(2, 4);
    const file = path.join(temporaryFolder(), 'second.gguf');
    writeFileSync(file, bytes);
    const [found, expected] = [await openModel(file, cached()), await openModel(given, cached())];
    expect(found.config).toEqual(expected.config);
    for (const [key, stored] of expected.tensors)
      expect(await readTensor(found.tensors.get(key)!), key).toEqual(await readTensor(stored));
  });

  test('are read in pieces of whole rows', async () => {
    const file = path.join(GOLDEN, 'gguf', 'tiny-llama.gguf');
    const tensor = (await readGguf(file)).tensors.get('token_embd.weight')!;
    expect(tensor.shape).toEqual([40, 32]);
    const pieces: number[][] = [];
    for await (const part of readGgufTensor(tensor, 3 * 4 * 32)) pieces.push([...part]);
    expect(pieces.map((p) => p.length / 32)).toEqual([...new Array<number>(13).fill(3), 1]);
    for await (const whole of readGgufTensor(tensor)) expect(pieces.flat()).toEqual([...whole]);
  });
});

describe('unreadable files:', () => {
  const KEY = 'blk.0.attn_k.weight';

  /** tiny-llama's file with other numbers in the entry of one tensor: [name] rank, shape, type, offset. */
  function changed(change: (entry: DataView) => void): string {
    const bytes = readFileSync(path.join(GOLDEN, 'gguf', 'tiny-llama.gguf'));
    const name = KEY;
    const at = bytes.indexOf(name) + name.length;
    change(new DataView(bytes.buffer, bytes.byteOffset + at));
    const file = path.join(temporaryFolder(), 'changed.gguf');
    writeFileSync(file, bytes);
    return file;
  }

  test.each(cases.filter((c) => c.bytes === undefined))('$name is reported, with an alternative', async (given) => {
    expect(typeName(given.type)).toBe(given.name);
    const file = changed((entry) => entry.setUint32(20, given.type, true));
    await expectRejection(readGguf(file), 'model', { reason: 'unsupported', file, field: KEY, value: given.name });
  });

  test('a type of the future, which is named by its number', async () => {
    const file = changed((entry) => entry.setUint32(20, 99, true));
    await expectRejection(readGguf(file), 'model', { reason: 'unsupported', file, field: KEY, value: 'number 99' });
  });

  test('rows that do not fill their blocks', async () => {
    const file = changed((entry) => {
      // As many weights as before, in rows of half a block.
      entry.setBigUint64(4, 16n, true);
      entry.setBigUint64(12, 32n, true);
    });
    await expectRejection(readGguf(file), 'model', {
      reason: 'bad-row-length',
      file,
      field: KEY,
      value: 16,
      block: 32,
    });
  });

  test.each([
    [
      'of version 1',
      (bytes: Buffer) => bytes.writeUInt32LE(1, 4),
      { reason: 'unsupported', field: 'version', value: 1 },
    ],
    ['in big-endian order', (bytes: Buffer) => bytes.writeUInt32BE(3, 4), { reason: 'big-endian' }],
  ])('a file %s', async (_, change, facts) => {
    const bytes = readFileSync(path.join(GOLDEN, 'gguf', 'tiny-llama.gguf'));
    change(bytes);
    const file = path.join(temporaryFolder(), 'other.gguf');
    writeFileSync(file, bytes);
    await expectRejection(readGguf(file), 'model', { ...facts, file });
  });

  test('a file that ends early', async () => {
    const bytes = readFileSync(path.join(GOLDEN, 'gguf', 'tiny-llama.gguf'));
    const cut = path.join(temporaryFolder(), 'cut.gguf');
    for (const [length, reason] of [
      [bytes.length - 4096, 'truncated'],
      [700, 'truncated-header'],
    ] as const) {
      writeFileSync(cut, bytes.subarray(0, length));
      await expectRejection(readGguf(cut), 'model', { reason, file: cut, bytes: length });
    }
  });
});
