/** GGUF files that are written are loaded by llama.cpp (`node-llama-cpp`), which draws the same tokens from them. */
import path from 'node:path';
import { describe, test } from 'vitest';
import { ARCHITECTURES } from '../../engine/model/architectures/index.ts';
import type { DecoderConfig } from '../../engine/model/config.ts';
import { readGguf } from '../../engine/model/gguf.ts';
import { GGUF_TYPES, type GgufType, writeGgufModel } from '../../engine/model/gguf-out.ts';
import { sameTokenizer } from '../../engine/model/gguf-out-tokenizer.ts';
import { readTensor } from '../../engine/model/safetensors.ts';
import type { TensorToWrite } from '../../engine/model/safetensors-write.ts';
import { type ModelSource, openModel } from '../../engine/model/source.ts';
import { greedyTokens } from '../support/greedy.ts';
import { nodeEnvironment } from '../support/interop.ts';
import { expectSameDraws, llamaDraws, somePrompts } from '../support/llama.ts';
import { temporaryFolder } from '../support/processes.ts';
import { deterministicWeights } from '../support/random-checkpoint.ts';
import { requireOrSkip } from '../support/skip.ts';

const environment = nodeEnvironment('llama');
const there = requireOrSkip(
  'node-llama-cpp',
  environment !== null,
  'node tests/interop/environments.mjs FOLDER llama makes it',
);

const GOLDEN = path.join(import.meta.dirname, '..', 'parity', 'golden', 'gguf');
/** Largest difference of a log-probability: llama.cpp rounds activations to 16 bits for F16, to 8 for blocks. */
const WITHIN: Record<GgufType, number> = { F16: 0.02, Q8_0: 0.1, Q4_0: 0.1 };
/** A rounded activation can choose other experts. */
const WITHIN_EXPERTS: Record<GgufType, number> = { F16: 0.05, Q8_0: 0.5, Q4_0: 0.5 };

/** The shapes that llama.cpp has of an architecture. */
function asLlamaHasIt(name: string, config: DecoderConfig): DecoderConfig {
  if (name === 'olmoe') return { ...config, kvHeads: config.heads };
  const { ropeScaling: scaling } = config;
  if (scaling?.type === 'longrope') {
    // A context of the least size that llama.cpp makes is to be within the original one; windows it leaves out here.
    const wide = { contextLength: 8192, ropeScaling: { ...scaling, originalContextLength: 4096 } };
    return { ...config, ...wide, kinds: config.kinds.map((kind) => ({ ...kind, window: null })) };
  }
  return name.startsWith('gemma') ? { ...config, attentionScale: 1 / Math.sqrt(config.headDim) } : config;
}

type Change = (config: DecoderConfig) => Partial<DecoderConfig>;

async function written(name: string, type: GgufType, change?: Change): Promise<{ file: string; source: ModelSource }> {
  const from = path.join(GOLDEN, `tiny-${name}.gguf`);
  const tiny = await openModel(from, { cacheDir: temporaryFolder() });
  const read = await Promise.all(
    [...tiny.tensors].map(
      async ([key, stored]) => [key, { shape: stored.shape, data: await readTensor(stored) }] as const,
    ),
  );
  const usual = asLlamaHasIt(name, tiny.config);
  const config = { ...usual, ...change?.(usual) };
  const tensors = name === 'olmoe' || change ? deterministicWeights(config) : new Map<string, TensorToWrite>(read);
  const tokenizer = sameTokenizer((await readGguf(from)).metadata);
  const file = path.join(temporaryFolder(), 'out.gguf');
  // By its name llama.cpp looks for Phi-3's own tokens.
  await writeGgufModel(file, { name: 'tiny', config, tensors, tokenizer }, type);
  return { file, source: await openModel(file, { cacheDir: temporaryFolder() }) };
}

// Mistral's files are Llama's.
const files = ARCHITECTURES.filter(({ name }) => name !== 'mistral').flatMap(({ name }) =>
  GGUF_TYPES.map((type) => ({ name, type })),
);

const YARN = { type: 'yarn', factor: 4, originalContextLength: 16, betaFast: 16, betaSlow: 2, truncate: true } as const;
const LLAMA3 = { type: 'llama3', factor: 8, lowFrequencyFactor: 1.5, highFrequencyFactor: 3 } as const;
/** Every layer's kind, with these windows instead. */
const windows =
  (...own: (number | null)[]): Change =>
  ({ kinds, layers }) => ({
    kinds: Array.from({ length: layers }, (_, i) => {
      const window = own[i % own.length]!;
      const rope = kinds.some((kind) => kind.rope === 'local') && window !== null ? 'local' : 'main';
      return { window, rope };
    }),
  });
const ALL_BIASES = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
/** What the golden files do not have. */
const OTHERS: { name: string; what: string; change: Change }[] = [
  ...['llama', 'qwen3', 'smollm3', 'granite'].map((name) => ({
    name,
    what: 'six heads of ten numbers',
    change: () => ({ heads: 6, kvHeads: 2, headDim: 10, rotaryDim: 10, hiddenSize: 32 }),
  })),
  ...['llama', 'granite'].flatMap((name) => [
    {
      name,
      what: 'biases everywhere',
      change: ({ block }: DecoderConfig) => ({ block: { ...block, biases: ALL_BIASES } }),
    },
    { name, what: 'divisors', change: () => ({ ropeScaling: { ...LLAMA3, originalContextLength: 32 } }) },
  ]),
  ...['llama', 'qwen2', 'olmo3', 'phi3'].map((name) => ({
    name,
    what: 'YaRN with a growth of its own',
    change: () => ({ ropeScaling: { ...YARN, attentionFactor: 1.4 } }),
  })),
  ...['gemma2', 'gemma3_text', 'olmo3'].flatMap((name) => [
    { name, what: 'a window in the last layer', change: windows(null, 6) },
    { name, what: 'a window in every layer', change: windows(3) },
    { name, what: 'no window', change: windows(null) },
  ]),
  {
    name: 'gemma3_text',
    what: 'another base in windowed layers',
    change: () => ({ localRope: { ropeTheta: 200, ropeScaling: null } }),
  },
  ...['qwen3_moe', 'qwen3', 'olmo2', 'olmo3', 'phi3', 'gemma2', 'llama'].map((name) => ({
    name,
    what: 'one key-value head and three layers',
    change: () => ({ kvHeads: 1, layers: 3 }),
  })),
  ...['olmo2', 'olmo3', 'olmoe', 'granite', 'qwen3_moe', 'phi3'].map((name) => ({
    name,
    what: 'a tied unembedding',
    change: () => ({ tiedEmbeddings: true }),
  })),
  {
    name: 'qwen3_moe',
    what: 'one of seven experts',
    change: () => ({ experts: { count: 7, used: 1, normalized: true } }),
  },
  {
    name: 'olmoe',
    what: 'all of three experts',
    change: () => ({ experts: { count: 3, used: 3, normalized: false } }),
  },
];

describe.runIf(there)('llama.cpp', () => {
  const unusual = OTHERS.map((other) => ({ ...other, type: 'F16' as const }));
  const all = [...files.map((file) => ({ ...file, what: 'its own shapes', change: undefined })), ...unusual];
  test.each(all)('generates the same tokens from $name with $what in $type', async ({ name, type, change }) => {
    const { file, source } = await written(name, type, change);
    const prompts = somePrompts(source.config.vocabularySize);
    const [theirs, ours] = [await llamaDraws(file, prompts), await greedyTokens(source, prompts, { tokens: 12 })];
    expectSameDraws(ours, theirs, (source.config.experts ? WITHIN_EXPERTS : WITHIN)[type]);
  });
});
