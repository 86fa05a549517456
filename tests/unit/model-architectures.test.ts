/** What every architecture's definition must contain, and what an error must name. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  ARCHITECTURES,
  byGgufName,
  byModelType,
  describeArchitectures,
} from '../../engine/model/architectures/index.ts';
import type { DecoderConfig } from '../../engine/model/config.ts';
import { readGguf } from '../../engine/model/gguf.ts';
import { ggufPlace, readGgufConfig } from '../../engine/model/gguf-config.ts';
import { ggufTensors } from '../../engine/model/gguf-weights.ts';
import { parseHuggingFaceConfig, toHuggingFaceConfig } from '../../engine/model/huggingface-config.ts';
import { parameterShapes } from '../../engine/model/parameters.ts';
import type { RopeScaling } from '../../engine/model/traits.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { expectRejection, expectThrow } from '../support/refusals.ts';

const SIZES = {
  vocab_size: 24,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  sliding_window: null,
  // as GPT-2 and mixtures of experts name theirs
  ...{ n_embd: 16, n_layer: 2, n_head: 4, n_positions: 64, n_inner: 24 },
  ...{ moe_intermediate_size: 24, num_experts: 4, num_experts_per_tok: 2 },
};
const withoutExperts = { num_experts: undefined };
const parse = (fields: { model_type: string; [key: string]: unknown }) => {
  const experts = /moe/.test(fields.model_type) ? {} : withoutExperts;
  return parseHuggingFaceConfig({ ...SIZES, ...experts, ...fields }, 'config.json');
};

/** The same with other rotary frequencies, heads and windows. */
function others(config: DecoderConfig): DecoderConfig[] {
  const context = { originalContextLength: 32 };
  const low = { lowFrequencyFactor: 1, highFrequencyFactor: 4 };
  const scalings: RopeScaling[] = [
    { type: 'llama3', factor: 8, ...low, ...context },
    { type: 'linear', factor: 3 },
    { type: 'dynamic', factor: 2 },
    ...(config.architecture === 'phi3'
      ? []
      : [
          {
            ...{ type: 'yarn' as const, factor: 4, ...context, betaFast: 30, betaSlow: 2 },
            ...{ attentionFactor: 1.2, truncate: false },
          },
        ]),
    {
      ...{ type: 'longrope', divisors: [1, 1.5], longDivisors: [2, 4], ...context, attentionFactor: 1.1 },
    },
  ];
  const windowed = config.kinds.map((kind) => ({ ...kind, window: kind.window === null ? null : 16 }));
  return [
    { ...config, ropeTheta: 5e5, headDim: 8, rotaryDim: 8 },
    ...scalings.map((ropeScaling) => ({ ...config, ropeScaling })),
    { ...config, kinds: windowed },
  ];
}

describe.each(ARCHITECTURES)('$name', ({ name, huggingFace, gguf }) => {
  const config = parse({ model_type: name });

  test('is found by the name that Hugging Face gives it, and is written by that name', () => {
    expect(byModelType(huggingFace.modelType)?.name).toBe(name);
    const written: DecoderConfig[] = [
      config,
      { ...config, tiedEmbeddings: !config.tiedEmbeddings, rmsEps: 3e-6 },
      ...(config.block.positions === 'learned' ? [] : others(config)),
    ];
    for (const given of written) {
      const json = toHuggingFaceConfig(given);
      expect(json).toMatchObject({ architectures: [huggingFace.className], model_type: huggingFace.modelType });
      expect(parseHuggingFaceConfig(JSON.parse(JSON.stringify(json)), 'config.json')).toEqual(given);
    }
  });

  test('has a GGUF name of its own for every tensor, and is read as what computes the same', () => {
    const names = [...parameterShapes(config).keys()].map((key) => {
      const { name: tensor, rows } = ggufPlace(config, key);
      return rows ? `${tensor} from ${rows.from}` : tensor;
    });
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((text) => text.includes('undefined'))).toEqual([]);
    expect(byGgufName(gguf.architecture, name === 'olmo3')?.block).toEqual(config.block);
  });

  test.each([...huggingFace.off])('refuses %s by name, without a list of architectures', (option) => {
    const facts = { reason: 'unsupported', file: 'config.json', field: option, value: true };
    expectThrow(() => parse({ model_type: name, [option]: true }), 'model', facts);
    expect(() => parse({ model_type: name, [option]: true })).toThrow(
      expect.objectContaining({ hint: expect.not.stringContaining('llama') }),
    );
  });
});

test.each([
  ['gemma3', 'gemma3_text'],
  ['phi', 'phi3'],
  ['granitemoehybrid', 'granite'],
  ['gpt_neox', 'gpt2'],
  ['exaone4', 'llama'],
])('for %s the nearest architecture that is supported is named', (model_type, nearest) => {
  const hint = expect.stringContaining(`nearest supported architecture is ${nearest} `);
  expect(() => parse({ model_type })).toThrow(expect.objectContaining({ hint }));
});

test('a cap of scores, which transformers does not apply in Gemma 3, is refused', () => {
  const facts = { reason: 'unsupported', file: 'config.json', field: 'attn_logit_softcapping', value: 3 };
  const sizes = { ...{ vocab_size: 24, hidden_size: 16, intermediate_size: 24 }, max_position_embeddings: 64 };
  const given = { ...sizes, model_type: 'gemma3_text', num_hidden_layers: 2, num_attention_heads: 4 };
  expectThrow(() => parse({ ...given, attn_logit_softcapping: 3 }), 'model', facts);
  expect(parse({ ...given, attn_logit_softcapping: null }).attentionCap).toBeNull();
});

test('an architecture that is not known is refused with those that are', () => {
  const mamba = { reason: 'unsupported', file: 'config.json', field: 'model_type', value: 'mamba' };
  expectThrow(() => parse({ model_type: 'mamba' }), 'model', mamba);
  const experts = (value: string) => ({ reason: 'mixture-of-experts', file: 'config.json', value });
  expectThrow(() => parse({ model_type: 'mixtral' }), 'model', experts('mixtral'));
  expectThrow(() => parse({ model_type: 'llama', num_local_experts: 8 }), 'model', experts('llama'));
});

test('what a config.json leaves out is what transformers takes', () => {
  const { num_key_value_heads: _, sliding_window: __, num_experts: ___, ...rest } = SIZES;
  const sparse = (fields: object) =>
    parseHuggingFaceConfig({ ...rest, num_attention_heads: 32, hidden_size: 64, ...fields }, 'config.json');
  expect(sparse({ model_type: 'llama' })).toMatchObject({ kvHeads: 32, headDim: 2, rmsEps: 1e-6 });
  expect(sparse({ model_type: 'olmo2' })).toMatchObject({ kvHeads: 32, rmsEps: 1e-5 });
  expect(sparse({ model_type: 'mistral' })).toMatchObject({ kvHeads: 8 });
  expect(sparse({ model_type: 'qwen3' })).toMatchObject({ headDim: 128 });
  const long = { max_position_embeddings: 32_768 };
  const whole = { contextLength: 32_768 };
  const sees = (window: number | null) => ({ window, rope: 'main' });
  expect(sparse({ model_type: 'mistral', ...long })).toMatchObject({ ...whole, kinds: [sees(4096)] });
  expect(sparse({ model_type: 'mistral', ...long, sliding_window: null })).toMatchObject({ kinds: [sees(null)] });
  const window = { ...long, sliding_window: 1024 };
  expect(sparse({ model_type: 'qwen2', ...window })).toMatchObject({ ...whole, kinds: [sees(null)] });
  const on = { ...window, use_sliding_window: true };
  expect(sparse({ model_type: 'qwen2', ...on })).toMatchObject({ kinds: [sees(null)] });
  expect(sparse({ model_type: 'qwen2', ...on, max_window_layers: 1 })).toMatchObject({
    kinds: [sees(null), sees(1024)],
  });
});

test('an error names a tensor that the architecture does not have; it is not left out silently', async () => {
  const gguf = await readGguf(path.join(ROOT, 'tests', 'parity', 'golden', 'gguf', 'tiny-llama.gguf'));
  const config = await readGgufConfig(gguf);
  const options = { cacheDir: temporaryFolder(), fingerprint: 'f' };
  const norm = gguf.tensors.get('blk.0.attn_norm.weight')!;
  const having = (name: string) => ({ ...gguf, tensors: new Map([...gguf.tensors, [name, { ...norm, name }]]) });
  const refused = ggufTensors(having('blk.0.attn_q.bias'), config, options);
  await expectRejection(refused, 'model', { reason: 'unknown-tensor', file: gguf.file, field: 'blk.0.attn_q.bias' });
  await expect(ggufTensors(having('rope_freqs.weight'), config, options)).resolves.toBeInstanceOf(Map);
});

test('the README lists them', () => {
  const row = readFileSync(path.join(ROOT, 'README.md'), 'utf8')
    .split('\n')
    .find((line) => line.startsWith('| models |'));
  expect(row).toBe(`| models | decoders of the architectures ${describeArchitectures()} |`);
});

test.each([
  ['layers', { num_hidden_layers: 1e9 }, { field: 'layers', value: 1e9 }],
  ['a width', { hidden_size: 2 ** 40 }, { field: 'hidden_size', value: 2 ** 40 }],
])('an impossible number of %s is refused at once', (_, fields, facts) => {
  const refusal = { reason: 'bad-field', file: 'config.json', ...facts };
  expectThrow(() => parse({ model_type: 'llama', ...fields }), 'model', refusal);
});
