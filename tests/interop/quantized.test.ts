/**
 * Random models in the types of blocks that people download, each alone and mixed in a file, as llama.cpp's library quantizes them:
 * their values are those of the PyPI package `gguf`, and greedy tokens those of llama.cpp (`node-llama-cpp`).
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DecoderConfig } from '../../engine/model/config.ts';
import { readGguf, readGgufTensor } from '../../engine/model/gguf.ts';
import { typeName } from '../../engine/model/gguf-blocks.ts';
import { writeGgufModel } from '../../engine/model/gguf-out.ts';
import { sameTokenizer } from '../../engine/model/gguf-out-tokenizer.ts';
import { openModel } from '../../engine/model/source.ts';
import { Answering } from '../support/answering.ts';
import { greedyTokens } from '../support/greedy.ts';
import { interpreter, nodeEnvironment } from '../support/interop.ts';
import { expectSameDraws, llamaDraws, somePrompts } from '../support/llama.ts';
import { temporaryFolder } from '../support/processes.ts';
import { deterministicWeights } from '../support/random-checkpoint.ts';
import { requireOrSkip } from '../support/skip.ts';

const python = interpreter('gguf');
const llama = nodeEnvironment('llama');
const there = requireOrSkip(
  'node-llama-cpp and Python',
  python !== null && llama !== null && `${process.platform}-${process.arch}` === 'linux-x64',
  'node tests/interop/environments.mjs FOLDER gguf llama makes them, for Linux x64',
);

/** llama.cpp rounds what it multiplies with blocks to 8 bits, where a token may choose other experts. */
const [WITHIN, WITHIN_EXPERTS] = [0.1, 0.4];
/** With which a matrix of this width neither grows nor shrinks what it gets. */
const SCALE = 0.2;
const GOLDEN = path.join(import.meta.dirname, '..', 'parity', 'golden', 'gguf');
/** Rows of whole blocks of 256. */
const WIDE = { hiddenSize: 256, intermediateSize: 512, heads: 4, kvHeads: 2, headDim: 64, rotaryDim: 64 };

const TYPES = [
  'Q4_0',
  'Q4_1',
  'Q5_0',
  'Q5_1',
  'Q8_0',
  'Q2_K',
  'Q3_K',
  'Q4_K',
  'Q5_K',
  'Q6_K',
  'IQ4_NL',
  'IQ4_XS',
] as const;
const MIXED = [
  { types: ['Q4_K', 'Q6_K', 'Q4_K', 'Q5_0', 'F32'], change: {} },
  { types: ['Q8_0', 'BF16', 'Q2_K', 'F16', 'IQ4_NL', 'Q3_K'], change: { tiedEmbeddings: true } },
  {
    types: ['Q4_0', 'Q5_1', 'Q4_1', 'Q6_K', 'Q5_K'],
    change: { heads: 8, kvHeads: 1, headDim: 32, rotaryDim: 32, layers: 3 },
  },
];

interface Case {
  name: string;
  types: readonly string[];
  change: Partial<DecoderConfig>;
}

const cases: Case[] = [
  ...TYPES.map((type, i) => ({ name: i % 2 === 0 ? 'llama' : 'qwen3', types: [type], change: {} })),
  ...['llama', 'qwen2', 'qwen3', 'qwen3_moe', 'olmo2', 'gemma2', 'phi3', 'gpt2', 'smollm3'].flatMap((name) =>
    MIXED.map(({ types, change }) => ({ name, types, change })),
  ),
];

let quantizer: Answering | undefined;

/** Quantizes files, and reads them with the package. */
function startQuantizer(): Answering {
  const bins = path.join('@node-llama-cpp', 'linux-x64', 'bins', 'linux-x64');
  const library = path.join(llama!, 'node_modules', bins, 'libggml-base.so');
  return new Answering(python!, [path.join(import.meta.dirname, 'quantized_files.py'), library]);
}

/** A random model in F16, and the same in these types, with the values that the package reads. */
async function quantized({ name, types, change }: Case) {
  const from = path.join(GOLDEN, `tiny-${name}.gguf`);
  const { config: tiny } = await openModel(from, { cacheDir: temporaryFolder() });
  const plain = { ...tiny, ...WIDE, ...change };
  const kvHeads = name === 'gpt2' ? plain.heads : plain.kvHeads;
  const scale =
    name === 'gemma2'
      ? { attentionScale: 1 / Math.sqrt(plain.headDim), embeddingScale: Math.sqrt(plain.hiddenSize) }
      : {};
  // Phi-3 without its long divisors and its window, which llama.cpp leaves out.
  const unstretched = name === 'phi3' ? { ropeScaling: null, kinds: [{ window: null, rope: 'main' as const }] } : {};
  const config: DecoderConfig = { ...plain, kvHeads, ...scale, ...unstretched };
  const tokenizer = sameTokenizer((await readGguf(from)).metadata);
  const [half, file] = ['half.gguf', 'out.gguf'].map((item) => path.join(temporaryFolder(), item)) as [string, string];
  await writeGgufModel(half, { name: 'tiny', config, tensors: deterministicWeights(config, SCALE), tokenizer }, 'F16');
  quantizer ??= startQuantizer();
  const read = await quantizer.ask([half, file, ...types]);
  return { file, read: read as Record<string, [type: string, hash: string]> };
}

describe.runIf(there)('a random model', () => {
  test.each(cases)('of $name in $types has its values and generates its tokens', async (given) => {
    const { file, read } = await quantized(given);
    const gguf = await readGguf(file);
    expect([...gguf.tensors.keys()].sort()).toEqual(Object.keys(read).sort());
    for (const [key, [type, hash]] of Object.entries(read)) {
      const tensor = gguf.tensors.get(key)!;
      expect(typeName(tensor.type)).toBe(type);
      const sum = createHash('sha256');
      for await (const values of readGgufTensor(tensor))
        sum.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      expect(sum.digest('hex'), `${key} in ${type}`).toBe(hash);
    }
    const source = await openModel(file, { cacheDir: temporaryFolder() });
    const prompts = somePrompts(source.config.vocabularySize);
    const theirs = await llamaDraws(file, prompts);
    const within = source.config.experts ? WITHIN_EXPERTS : WITHIN;
    expectSameDraws(await greedyTokens(source, prompts, { tokens: 12 }), theirs, within);
    // With the blocks of the file as they are.
    if (given.types.length === 1 && ['Q4_0', 'Q4_1', 'Q8_0'].includes(given.types[0]!)) {
      const precision = given.types[0] === 'Q8_0' ? '8bit' : '4bit';
      const narrow = await openModel(file, { cacheDir: temporaryFolder(), precision });
      expectSameDraws(await greedyTokens(narrow, prompts, { tokens: 12, frozen: true }), theirs, within);
    }
  });
});
