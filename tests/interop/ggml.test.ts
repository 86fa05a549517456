/** Blocks of every type that llama.cpp reads have the values that its own library gives them. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { blockSize, dequantize, READABLE_TYPES, typeName } from '../../engine/model/gguf-blocks.ts';
import { interpreter, nodeEnvironment, runScript } from '../support/interop.ts';
import { requireOrSkip } from '../support/skip.ts';

const python = interpreter('gguf');
const llama = nodeEnvironment('llama');
const there = requireOrSkip(
  'node-llama-cpp and Python',
  python !== null && llama !== null && `${process.platform}-${process.arch}` === 'linux-x64',
  'node tests/interop/environments.mjs FOLDER gguf llama makes them, for Linux x64',
);

interface BlockCase {
  type: number;
  name: string;
  bytes?: string;
  values?: string;
}

describe.runIf(there)('the library of llama.cpp', () => {
  test('reads the same types, and decodes their blocks to the same values, bit for bit', async () => {
    const library = path.join(llama!, 'node_modules', '@node-llama-cpp', 'linux-x64', 'bins', 'linux-x64');
    const script = path.join(import.meta.dirname, '..', 'parity', 'oracle', 'ggml_blocks.py');
    const found = await runScript(python!, script, [path.join(library, 'libggml-base.so'), '40']);
    const cases = JSON.parse(found) as BlockCase[];
    const readable = cases.filter(({ bytes }) => bytes !== undefined);
    // Numbers in float32 need no reading.
    expect([...readable.map(({ name }) => name), 'F32'].sort()).toEqual([...READABLE_TYPES].sort());
    for (const { type, name, bytes, values } of readable) {
      expect(typeName(type)).toBe(name);
      const stored = Buffer.from(bytes!, 'base64');
      const numbers = dequantize(type, stored);
      expect(numbers.length / blockSize(type)!.weights, name).toBe(stored.length / blockSize(type)!.bytes);
      expect(Buffer.from(numbers.buffer).equals(Buffer.from(values!, 'base64')), name).toBe(true);
    }
    for (const { type, name, bytes } of cases)
      if (bytes === undefined && name !== 'F32') expect([typeName(type), blockSize(type)]).toEqual([name, null]);
  });
});
