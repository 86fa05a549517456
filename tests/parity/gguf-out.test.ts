/** GGUF files that are written: read again they are the same model. Their blocks are compared in `tests/interop`. */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ARCHITECTURES } from '../../engine/model/architectures/index.ts';
import type { DecoderConfig } from '../../engine/model/config.ts';
import { readGguf, readGgufTensor } from '../../engine/model/gguf.ts';
import { GGUF_TYPES, writeGgufModel } from '../../engine/model/gguf-out.ts';
import { sameTokenizer, tokenizerFields } from '../../engine/model/gguf-out-tokenizer.ts';
import { ggufTokenizer } from '../../engine/model/gguf-tokenizer.ts';
import { f32, type GgufField, text, u32, writeGguf } from '../../engine/model/gguf-write.ts';
import { rotaryFrequencies, rotaryScale } from '../../engine/model/rope.ts';
import { readTensor, type StoredTensor } from '../../engine/model/safetensors.ts';
import { type ModelSource, openModel } from '../../engine/model/source.ts';
import type { RopeScaling } from '../../engine/model/traits.ts';
import { temporaryFolder } from '../support/processes.ts';
import { deterministicWeights } from '../support/random-checkpoint.ts';
import { expectRejection, expectThrow } from '../support/refusals.ts';

const GOLDEN = path.join(import.meta.dirname, 'golden', 'gguf');
// Mistral's files are Llama's.
const written = ARCHITECTURES.filter(({ name }) => name !== 'mistral').flatMap(({ name }) =>
  GGUF_TYPES.map((type) => ({ name: `tiny-${name}`, type })),
);

async function rewritten(name: string, type: (typeof GGUF_TYPES)[number]) {
  const file = path.join(GOLDEN, `${name}.gguf`);
  const before = writable(await openModel(file, { cacheDir: temporaryFolder() }));
  const gguf = await readGguf(file);
  const stored = await Promise.all(
    [...before.tensors].map(async ([key, of]) => [key, { shape: of.shape, data: await readTensor(of) }] as const),
  );
  const tensors = before.config.architecture === 'olmoe' ? deterministicWeights(before.config) : new Map(stored);
  const out = path.join(temporaryFolder(), 'out.gguf');
  const model = { name, config: before.config, tensors, tokenizer: sameTokenizer(gguf.metadata) };
  await writeGgufModel(out, model, type);
  return { before, tensors, gguf, out, after: await openModel(out, { cacheDir: temporaryFolder() }) };
}

/** Gemma with the scale of scores that files can hold, OLMoE with as many key-value heads as heads. */
function writable(model: ModelSource): ModelSource {
  const { architecture, headDim, heads } = model.config;
  if (architecture === 'olmoe') return { ...model, config: { ...model.config, kvHeads: heads } };
  if (!architecture.startsWith('gemma')) return model;
  return { ...model, config: { ...model.config, attentionScale: 1 / Math.sqrt(headDim) } };
}

/** With LongRoPE's growth as a file can hold it. */
function rounded(config: DecoderConfig): DecoderConfig {
  const { ropeScaling: scaling } = config;
  if (scaling?.type !== 'longrope') return config;
  return { ...config, ropeScaling: { ...scaling, attentionFactor: Math.fround(scaling.attentionFactor) } };
}

test.each(written)('$name in $type is the same model when it is read back', async ({ name, type }) => {
  const { before, after, tensors } = await rewritten(name, type);
  expect(rounded(after.config)).toEqual(rounded(before.config));
  for (const [key, { data }] of tensors) {
    const found = await readTensor(after.tensors.get(key)!);
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const within = type === 'Q4_0' ? largest / 7 : type === 'Q8_0' ? largest / 200 : largest / 1000;
    data.forEach((value, i) => {
      if (!(Math.abs(found[i]! - value) <= within)) expect.fail(`${key}[${i}] is ${found[i]} instead of ${value}`);
    });
  }
  for (const given of ['abcab', 'abc<end>', '']) {
    expect(after.tokenizer.encode(given)).toEqual(before.tokenizer.encode(given));
  }
});

test('a BPE tokenizer is described as in its original file; one without a name is refused', async () => {
  const gguf = await readGguf(path.join(GOLDEN, 'tiny-qwen2.gguf'));
  const parts = ggufTokenizer(gguf);
  const { metadata } = gguf;
  const size = (metadata['tokenizer.ggml.tokens'] as string[]).length;
  const out = path.join(temporaryFolder(), 'out.gguf');
  await writeGguf(out, new Map(tokenizerFields(parts, size)), new Map());
  const again = ggufTokenizer(await readGguf(out));
  expect(again).toEqual({ ...parts, json: again.json });
  expect(again.json).toEqual(parts.json);
  const other = { ...parts, json: { ...parts.json, pre_tokenizer: { type: 'Whitespace' } } };
  expectThrow(() => tokenizerFields(other, size), 'model', { reason: 'not-in-gguf', field: 'tokenizer.ggml.pre' });
  expect(readFileSync(out).subarray(0, 4).toString()).toBe('GGUF');
});

test.each(['gemma2', 'gemma3_text'])('%s with its own scale is refused: llama.cpp would use another', async (name) => {
  const { config } = await openModel(path.join(GOLDEN, `tiny-${name}.gguf`), { cacheDir: temporaryFolder() });
  const model = { name, config, tensors: new Map(), tokenizer: [] };
  const written = writeGgufModel(path.join(temporaryFolder(), 'out.gguf'), model, 'F16');
  await expectRejection(written, 'model', { reason: 'not-in-gguf', field: 'query_pre_attn_scalar' });
});

const YARN = { type: 'yarn', factor: 4, originalContextLength: 16, betaFast: 16, betaSlow: 2, truncate: true } as const;
const DIVISORS = { type: 'longrope', originalContextLength: 64, attentionFactor: 1 } as const;
const grown = (attentionFactor: number): RopeScaling => ({ ...YARN, attentionFactor });
const divided = ({ rotaryDim }: DecoderConfig, more = 0): RopeScaling => {
  const divisors = Array.from({ length: rotaryDim / 2 }, (_, i) => 1 + i / 8);
  return { ...DIVISORS, divisors, longDivisors: divisors.map((divisor) => divisor + more) };
};
const GLOBAL = { window: null, rope: 'main' } as const;
const NO_POSITIONS = { window: null, rope: null } as const;
type Change = (config: DecoderConfig) => Partial<DecoderConfig>;

const unread: [name: string, field: string, change: Change][] = [
  ['qwen2', 'head_dim', ({ headDim }) => ({ headDim: headDim + 2 })],
  ['olmo2', 'head_dim', ({ headDim }) => ({ headDim: headDim + 2 })],
  [
    'qwen3',
    'attention_bias',
    ({ block }) => ({ block: { ...block, biases: ['q_proj', 'k_proj', 'v_proj', 'o_proj'] } }),
  ],
  ['smollm3', 'mlp_bias', ({ block }) => ({ block: { ...block, biases: ['gate_proj', 'up_proj', 'down_proj'] } })],
  ['qwen2', 'rope_scaling', (config) => ({ ropeScaling: divided(config) })],
  ['llama', 'rope_scaling', (config) => ({ ropeScaling: divided(config, 1) })],
  [
    'llama',
    'rope_scaling',
    () => ({ ropeScaling: { ...YARN, originalContextLength: 4096, attentionFactor: 1.3, truncate: false } }),
  ],
  ['gemma3_text', 'rope_scaling', () => ({ ropeScaling: grown(1.4) })],
  ['olmoe', 'num_key_value_heads', ({ heads }) => ({ kvHeads: heads / 2 })],
  ['olmoe', 'norm_topk_prob', ({ experts }) => ({ experts: { ...experts!, normalized: true } })],
  ['qwen3_moe', 'norm_topk_prob', ({ experts }) => ({ experts: { ...experts!, normalized: false } })],
  ['llama', 'hidden_act', () => ({ activation: 'gelu tanh' })],
  ['gemma2', 'hidden_act', () => ({ activation: 'silu' })],
  ['smollm3', 'no_rope_layers', () => ({ kinds: [NO_POSITIONS, GLOBAL] })],
  ['olmo3', 'rope_parameters', () => ({ localRope: { ropeTheta: 1000, ropeScaling: null } })],
  [
    'gemma3_text',
    'rope_parameters',
    () => ({ localRope: { ropeTheta: 1000, ropeScaling: { type: 'linear', factor: 2 } } }),
  ],
];

test.each(unread)('%s: what llama.cpp does not read there is refused (%s)', async (name, field, change) => {
  const { config } = writable(await openModel(path.join(GOLDEN, `tiny-${name}.gguf`), { cacheDir: temporaryFolder() }));
  const model = { name, config: { ...config, ...change(config) }, tensors: new Map(), tokenizer: [] };
  const written = writeGgufModel(path.join(temporaryFolder(), 'out.gguf'), model, 'F16');
  await expectRejection(written, 'model', { reason: 'not-in-gguf', field });
});

test.each(['smollm3', 'qwen3_moe', 'llama'])(
  '%s with a window, which llama.cpp does not apply: within it, the file is read as the same model',
  async (name) => {
    const model = await openModel(path.join(GOLDEN, `tiny-${name}.gguf`), { cacheDir: temporaryFolder() });
    const kinds = model.config.kinds.map((kind) => ({ ...kind, window: 9 }));
    const config = { ...model.config, kinds };
    const out = path.join(temporaryFolder(), 'out.gguf');
    const tokenizer = sameTokenizer((await readGguf(path.join(GOLDEN, `tiny-${name}.gguf`))).metadata);
    await writeGgufModel(out, { name, config, tensors: deterministicWeights(config), tokenizer }, 'F16');
    const { config: found } = await openModel(out, { cacheDir: temporaryFolder() });
    expect(found).toMatchObject({ contextLength: 9, kinds: model.config.kinds });
  },
);

const stretched: [name: string, change: Change][] = [
  ['llama', () => ({ ropeScaling: grown(1.4) })],
  ['qwen3', () => ({ ropeScaling: grown(0.9) })],
  ['llama', (config) => ({ ropeScaling: divided(config) })],
  ['granite', (config) => ({ ropeScaling: divided(config) })],
];

test.each(stretched)('%s with unusually scaled frequencies is read as it was written', async (name, change) => {
  const file = path.join(GOLDEN, `tiny-${name}.gguf`);
  const model = await openModel(file, { cacheDir: temporaryFolder() });
  const config = { ...model.config, ...change(model.config) };
  const values = async ([key, stored]: [string, StoredTensor]) =>
    [key, { shape: stored.shape, data: await readTensor(stored) }] as const;
  const tensors = new Map(await Promise.all([...model.tensors].map(values)));
  const out = path.join(temporaryFolder(), 'out.gguf');
  await writeGgufModel(
    out,
    { name, config, tensors, tokenizer: sameTokenizer((await readGguf(file)).metadata) },
    'F16',
  );
  const { config: found } = await openModel(out, { cacheDir: temporaryFolder() });
  const expected = rotaryFrequencies(config);
  rotaryFrequencies(found).forEach((frequency, i) => {
    expect(frequency / expected[i]!).toBeCloseTo(1, 6);
  });
  expect(rotaryScale(found.ropeScaling)).toBeCloseTo(rotaryScale(config.ropeScaling), 6);
});

/** A tiny model as two files, as llama-gguf-split makes them. */
async function inParts(): Promise<{ parts: string[]; whole: string }> {
  const whole = path.join(GOLDEN, 'tiny-qwen2.gguf');
  const gguf = await readGguf(whole);
  const folder = temporaryFolder();
  const parts = [1, 2].map((i) => path.join(folder, `tiny-0000${i}-of-00002.gguf`));
  const names = [...gguf.tensors.keys()];
  const { metadata } = gguf;
  const fields = Object.entries(metadata).flatMap(([key, value]): [string, GgufField][] => {
    if (key.startsWith('tokenizer.')) return [];
    if (typeof value === 'string') return [[key, text(value)]];
    return typeof value === 'number' ? [[key, Number.isInteger(value) ? u32(value) : f32(value)]] : [];
  });
  for (const [i, file] of parts.entries()) {
    const own = names.filter((_, at) => at % 2 === i);
    const split: [string, GgufField][] = [
      ['split.no', u32(i)],
      ['split.count', u32(2)],
      ['split.tensors.count', u32(names.length)],
    ];
    const tensors = own.map((name) => {
      const tensor = gguf.tensors.get(name)!;
      return [name, { type: 'F32', shape: tensor.shape, data: () => readGgufTensor(tensor) }] as const;
    });
    await writeGguf(
      file,
      new Map([...split, ...(i === 0 ? [...fields, ...sameTokenizer(metadata)] : [])]),
      new Map(tensors),
    );
  }
  return { parts, whole };
}

describe('a model in several files', () => {
  test('is read from the first file', async () => {
    const { parts, whole } = await inParts();
    const found = await openModel(parts[0]!, { cacheDir: temporaryFolder() });
    const expected = await openModel(whole, { cacheDir: temporaryFolder() });
    expect(found.config).toEqual(expected.config);
    for (const [name, stored] of expected.tensors) {
      expect(await readTensor(found.tensors.get(name)!), name).toEqual(await readTensor(stored));
    }
    const other = await openModel(whole, { cacheDir: temporaryFolder() });
    expect(other.fingerprint).not.toBe(found.fingerprint);
  });

  test('is refused if another file is chosen, or one is missing', async () => {
    const { parts } = await inParts();
    await expectRejection(readGguf(parts[1]!), 'model', { reason: 'split-file', file: parts[1] });
    rmSync(parts[1]!);
    await expectRejection(readGguf(parts[0]!), 'model', { reason: 'not-found', file: parts[1] });
  });
});
