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
import { nameInFolder } from '../../engine/model/folder-layout.ts';
import { readGguf } from '../../engine/model/gguf.ts';
import { ggufPlace, parseGgufConfig, readGgufConfig } from '../../engine/model/gguf-config.ts';
import { ggufTensors } from '../../engine/model/gguf-weights.ts';
import { parseHuggingFaceConfig, toHuggingFaceConfig } from '../../engine/model/huggingface-config.ts';
import { parameterShapes } from '../../engine/model/parameters.ts';
import type { RopeScaling } from '../../engine/model/traits.ts';
import type { RollscopeError } from '../../engine/protocol/errors.ts';
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

function expectThrown(work: () => unknown): RollscopeError {
  try {
    work();
  } catch (error) {
    return error as RollscopeError;
  }
  throw new Error('It was not refused.');
}

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

  test('is found by its Hugging Face name, and is written with that name', () => {
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

  test('has a GGUF name for every tensor, and is read as the same model', () => {
    const names = [...parameterShapes(config).keys()].map((key) => {
      const { name: tensor, rows } = ggufPlace(config, key);
      return rows ? `${tensor} from ${rows.from}` : tensor;
    });
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((text) => text.includes('undefined'))).toEqual([]);
    expect(byGgufName(gguf.architecture, gguf.windowed)?.block).toEqual(config.block);
  });

  test.each([...huggingFace.off])('refuses %s, without a list of architectures', (option) => {
    const facts = { reason: 'unsupported', file: 'config.json', field: option, value: true };
    expectThrow(() => parse({ model_type: name, [option]: true }), 'model', facts);
    expect(() => parse({ model_type: name, [option]: true })).toThrow(
      expect.objectContaining({ hint: expect.not.stringContaining('llama') }),
    );
  });
});

/** What is known of models that are refused: what the error says that they have, and what is nearest. */
const REFUSED: readonly (readonly [name: string, has: RegExp | null, nearest: string | null])[] = [
  ['mamba', /recurrent/, null],
  ['rwkv', /recurrent/, null],
  ['t5', /encoder/, null],
  ['bert', /bidirectional/, null],
  ['jamba', /recurrent/, 'llama'],
  ['falcon', /in parallel/, 'llama'],
  ['falcon_mamba', /recurrent/, null],
  ['gpt_neox', /in parallel/, 'gpt2'],
  ['gpt_oss', /attention sinks/, 'qwen3_moe'],
  ['bloom', /ALiBi/, 'gpt2'],
  ['opt', /ReLU/, 'gpt2'],
  ['stablelm', /layer norms/, 'llama'],
  ['cohere2', /in parallel/, 'llama'],
  ['dbrx', /experts/, 'qwen3_moe'],
  ['mixtral', /experts/, 'qwen3_moe'],
  ['deepseek_v2', /latent attention/, 'qwen3_moe'],
  ['deepseek_v3', /latent attention/, 'qwen3_moe'],
  ['llama4', /experts/, 'llama'],
  ['qwen2_vl', /image /, 'qwen2'],
  ['qwen3_next', /recurrent/, 'qwen3_moe'],
  ['qwen3_5', /recurrent/, 'qwen3'],
  ['gemma', /norms/, 'gemma2'],
  ['gemma3', /image /, 'gemma3_text'],
  ['gemma3n', /embeddings for each layer/, 'gemma3_text'],
  ['gemma4', /a different kind/, 'gemma3_text'],
  ['chatglm', /interleaved/, 'llama'],
  ['glm4', /interleaved/, 'llama'],
  ['starcoder2', /layer norms/, 'llama'],
  ['minicpm', /multipliers/, 'granite'],
  ['exaone4', /norms after attention/, 'olmo2'],
  ['nemotron', /squared ReLU/, 'llama'],
  ['ernie4_5', /interleaved/, 'llama'],
  ['hunyuan_v1_dense', /after their rotation/, 'qwen3'],
  ['seed_oss', /names/, 'qwen2'],
  ['smolvlm', /image /, 'smollm3'],
  ['apertus', /xIELU/, 'llama'],
  ['phi', /in parallel/, 'phi3'],
  ['granitemoehybrid', /recurrent/, 'granite'],
  // Nothing is known of these but what they say themselves.
  ['some_moe', null, 'qwen3_moe'],
  ['something', null, 'llama'],
];

test.each(REFUSED)('the error about %s says that it has %s, and that %s is nearest', (model_type, has, nearest) => {
  const architectures = has === null ? ['SomethingForCausalLM'] : [];
  const refused = expectThrown(() => parse({ model_type, architectures }));
  expect(refused.code).toBe('model');
  if (has) expect(/^Such a model has (.+), which Rollscope does not support\./.exec(refused.hint!)?.[1]).toMatch(has);
  else expect(refused.hint).not.toContain('Such a model');
  expect(/nearest supported architecture is (\w+)/.exec(refused.hint!)?.[1] ?? null).toBe(nearest);
});

test('experts in an architecture without any, and classes with another head, are reported as such', () => {
  const experts = expectThrown(() => parse({ model_type: 'llama', num_local_experts: 8 }));
  expect(experts.hint).toMatch(/^The nearest supported architecture is qwen3_moe /);
  const head = expectThrown(() => parse({ model_type: 'qwen2', architectures: ['Qwen2ForSequenceClassification'] }));
  expect(head.hint).toMatch(/^The nearest supported architecture is qwen2 /);
});

test.each([
  ['gpt-oss', 'qwen3_moe'],
  ['gptneox', 'gpt2'],
  ['command-r', 'llama'],
  ['deepseek2', 'qwen3_moe'],
])('for a GGUF file of %s the nearest is %s', (name, nearest) => {
  const given = { 'general.architecture': name };
  const refused = expectThrown(() => parseGgufConfig(given, { hasTensor: () => false }, 'm.gguf'));
  expect(refused.hint).toContain(`nearest supported architecture is ${nearest} `);
});

test('a cap on attention scores, which transformers does not apply in Gemma 3, is refused', () => {
  const facts = { reason: 'unsupported', file: 'config.json', field: 'attn_logit_softcapping', value: 3 };
  const sizes = { ...{ vocab_size: 24, hidden_size: 16, intermediate_size: 24 }, max_position_embeddings: 64 };
  const given = { ...sizes, model_type: 'gemma3_text', num_hidden_layers: 2, num_attention_heads: 4 };
  expectThrow(() => parse({ ...given, attn_logit_softcapping: 3 }), 'model', facts);
  expect(parse({ ...given, attn_logit_softcapping: null }).attentionCap).toBeNull();
});

test('an unknown architecture is refused, and the supported ones are named', () => {
  const mamba = { reason: 'unsupported', file: 'config.json', field: 'model_type', value: 'mamba' };
  expectThrow(() => parse({ model_type: 'mamba' }), 'model', mamba);
  const experts = (value: string) => ({ reason: 'mixture-of-experts', file: 'config.json', value });
  expectThrow(() => parse({ model_type: 'mixtral' }), 'model', experts('mixtral'));
  expectThrow(() => parse({ model_type: 'llama', num_local_experts: 8 }), 'model', experts('llama'));
});

test('defaults for a missing field of config.json are those of transformers', () => {
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

describe('DeepSeek-R1 distills', () => {
  // As their config.json say.
  const shared = { hidden_act: 'silu', max_position_embeddings: 131_072, torch_dtype: 'bfloat16', use_cache: true };
  const qwen = {
    ...shared,
    ...{ architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2', bos_token_id: 151_643, eos_token_id: 151_643 },
    ...{ hidden_size: 1536, intermediate_size: 8960, num_hidden_layers: 28, num_attention_heads: 12 },
    ...{ num_key_value_heads: 2, rms_norm_eps: 1e-6, rope_theta: 10_000, vocab_size: 151_936 },
    ...{ max_window_layers: 21, sliding_window: 4096, use_sliding_window: false, use_mrope: false },
    tie_word_embeddings: false,
  };
  const rope = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, rope_type: 'llama3' };
  const llama = {
    ...shared,
    ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', bos_token_id: 128_000, eos_token_id: 128_001 },
    ...{ hidden_size: 4096, intermediate_size: 14_336, num_hidden_layers: 32, num_attention_heads: 32 },
    ...{ num_key_value_heads: 8, rms_norm_eps: 1e-5, rope_theta: 500_000, vocab_size: 128_256 },
    ...{ attention_bias: false, mlp_bias: false, pretraining_tp: 1, tie_word_embeddings: false },
    rope_scaling: { ...rope, original_max_position_embeddings: 8192 },
  };

  test('are Qwen2 and Llama models', () => {
    const [small, large] = [qwen, llama].map((json) => parseHuggingFaceConfig(json, 'config.json'));
    expect(small).toMatchObject({
      ...{ architecture: 'qwen2', headDim: 128, ropeScaling: null, tiedEmbeddings: false, contextLength: 131_072 },
      ...{ kinds: [{ window: null, rope: 'main' }], block: { biases: ['q_proj', 'k_proj', 'v_proj'] } },
    });
    expect(large).toMatchObject({ architecture: 'llama', headDim: 128, ropeScaling: { type: 'llama3', factor: 8 } });
    const parameters = [small, large].map((config) =>
      [...parameterShapes(config!).values()].reduce((n, dims) => n + dims.reduce((a, b) => a * b, 1), 0),
    );
    expect(parameters).toEqual([1_777_088_000, 8_030_261_248]);
  });
});

test('a layout names only what differs', () => {
  const layout = { names: { layer: { 'mlp.up_proj': 'mlp.c_fc' } } };
  const names = ['model.layers.3.mlp.up_proj.bias', 'model.layers.3.self_attn.q_proj.weight', 'lm_head.weight'];
  expect(names.map((name) => nameInFolder(layout, name))).toEqual(['model.layers.3.mlp.c_fc.bias', ...names.slice(1)]);
});

test('a tensor that the architecture does not have is an error; it is not left out silently', async () => {
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

describe('odd head sizes', () => {
  test('are supported without rotation, as in GPT-2', () => {
    const { headDim } = parse({ model_type: 'gpt2', n_embd: 15, n_head: 3, num_key_value_heads: 3 });
    expect(headDim).toBe(5);
    const sizes = { embedding_length: 15, 'attention.head_count': 3, block_count: 2, feed_forward_length: 24 };
    const rest = { context_length: 64, vocab_size: 24, 'attention.layer_norm_epsilon': 1e-5 };
    const named = Object.entries({ ...sizes, ...rest }).map(([key, value]) => [`gpt2.${key}`, value]);
    const given = { 'general.architecture': 'gpt2', ...Object.fromEntries(named) };
    expect(parseGgufConfig(given, { hasTensor: () => true }, 'm.gguf').headDim).toBe(5);
  });

  test('are refused with rotation', () => {
    const { message } = expectThrown(() => parse({ model_type: 'llama', head_dim: 5 }));
    expect(message).toContain('head dimension 5 is odd');
  });
});
