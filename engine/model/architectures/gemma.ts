/** Gemma 2 and 3 (arXiv 2408.00118, 2503.19786), text only. */
import type { DecoderBlock } from '../block.ts';
import type { ConfigFields } from '../fields.ts';
import { f32, type GgufField } from '../gguf-write.ts';
import { huggingFaceRope, toHuggingFaceScaling } from '../rope.ts';
import type { Rope, Traits } from '../traits.ts';
import {
  type Architecture,
  ATTENTION_BIAS,
  GGUF_KEYS,
  GGUF_MODULES,
  HUGGING_FACE_KEYS,
  LLAMA_BLOCK,
  type ReadSizes,
} from './architecture.ts';
import { ggufKinds, ggufPattern, windowedKinds, writtenWindows } from './windows.ts';

const BLOCK = {
  ...LLAMA_BLOCK,
  attentionNorms: { before: 'input_layernorm', after: 'post_attention_layernorm' },
  mlpNorms: { before: 'pre_feedforward_layernorm', after: 'post_feedforward_layernorm' },
  norm: 'rms from 1',
} as const satisfies DecoderBlock;

const LAYER = {
  ...GGUF_MODULES,
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'post_attention_norm',
  pre_feedforward_layernorm: 'ffn_norm',
  post_feedforward_layernorm: 'post_ffw_norm',
} as const;

const ACTIVATION = { keys: ['hidden_activation', 'hidden_act'], default: 'gelu_pytorch_tanh' } as const;
const DEFAULTS = { kvHeads: 4, headDim: 256, rmsEps: 1e-6, tied: true } as const;
/** Layer counts of the largest models, by which llama.cpp recognizes them. */
const LAYERS_27B = { gemma2: 46, gemma3: 62 } as const;
const ROPES = { sliding: 'local', full: 'main' } as const;

/** A soft cap, which may be missing (then `otherwise`) or null (then none). */
function softCap(fields: ConfigFields, key: string, otherwise: number | null): number | null {
  if (!fields.has(key)) return otherwise;
  return fields.get(key) === undefined ? null : fields.positive(key);
}

function scaleTraits(fields: ConfigFields, { hiddenSize }: ReadSizes): Partial<Traits> {
  return {
    embeddingScale: Math.sqrt(hiddenSize),
    attentionScale: 1 / Math.sqrt(fields.positive('query_pre_attn_scalar', 256)),
  };
}

/** llama.cpp scales scores by the head dimension, except for the largest model of each family, by hidden size / heads. */
function ggufScales(
  fields: ConfigFields,
  { layers, hiddenSize, heads, headDim }: ReadSizes,
  largest: number,
): Partial<Traits> {
  const width = layers === largest ? hiddenSize / heads : headDim;
  return {
    embeddingScale: Math.sqrt(hiddenSize),
    attentionScale: fields.positive('attention.scale', 1 / Math.sqrt(width)),
    activation: 'gelu tanh',
  };
}

/** The attention scale is written only if llama.cpp would not use the head dimension. */
function ggufWritten(config: Traits & ReadSizes, largest: number): Readonly<Record<string, GgufField>> {
  const { layers, hiddenSize, heads, attentionCap, logitCap } = config;
  return {
    ...ggufPattern(config),
    ...(layers === largest && { 'attention.scale': f32(1 / Math.sqrt(hiddenSize / heads)) }),
    ...(attentionCap !== null && { attn_logit_softcapping: f32(attentionCap) }),
    ...(logitCap !== null && { final_logit_softcapping: f32(logitCap) }),
  };
}

function configOf({ attentionScale, attentionCap, logitCap, ...config }: Traits & { layers: number; headDim: number }) {
  return {
    query_pre_attn_scalar: attentionScale === null ? config.headDim : Math.round(attentionScale ** -2),
    attn_logit_softcapping: attentionCap,
    final_logit_softcapping: logitCap,
    hidden_activation: 'gelu_pytorch_tanh',
    ...writtenWindows(config),
  };
}

/** Norms before and after attention and MLP, soft caps on scores and logits, a window in every other layer. */
export const gemma2 = {
  name: 'gemma2',
  models: 'Gemma 2',
  block: BLOCK,
  huggingFace: {
    modelType: 'gemma2',
    className: 'Gemma2ForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: DEFAULTS,
    activation: ACTIVATION,
    off: ['use_bidirectional_attention'],
    biasOptions: ATTENTION_BIAS,
    read: (fields, sizes) => ({
      ...scaleTraits(fields, sizes),
      attentionCap: softCap(fields, 'attn_logit_softcapping', 50),
      logitCap: softCap(fields, 'final_logit_softcapping', 30),
      kinds: windowedKinds(fields, sizes.layers, { usual: (layer) => (layer + 1) % 2 !== 0, otherwise: 4096 }),
    }),
    write: configOf,
  },
  gguf: {
    architecture: 'gemma2',
    keys: GGUF_KEYS,
    layer: LAYER,
    rotated: 'apart',
    read: (fields, sizes) => ({
      ...ggufScales(fields, sizes, LAYERS_27B.gemma2),
      attentionCap: fields.positive('attn_logit_softcapping', 50),
      logitCap: fields.positive('final_logit_softcapping', 30),
      kinds: ggufKinds(fields, sizes.layers, 2),
    }),
    write: (config) => ggufWritten(config, LAYERS_27B.gemma2),
  },
} as const satisfies Architecture;

/** The RoPE base of the windowed layers, under llama.cpp's name or Ollama's. */
function localBase(fields: ConfigFields): number {
  return fields.positive('rope.freq_base_swa', fields.positive('rope.local.freq_base', 10_000));
}

function localRope(config: Traits & Rope): object {
  return {
    rope_theta: config.ropeTheta,
    rope_scaling: toHuggingFaceScaling(config.ropeScaling),
    rope_local_base_freq: config.localRope?.ropeTheta ?? 10_000,
  };
}

/** Norms of queries and keys instead of soft caps; a window in five of six layers, with rotary frequencies of their own. */
export const gemma3 = {
  name: 'gemma3_text',
  models: 'Gemma 3 text',
  block: { ...BLOCK, qkNorm: 'each head' },
  huggingFace: {
    modelType: 'gemma3_text',
    className: 'Gemma3ForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: DEFAULTS,
    activation: ACTIVATION,
    off: ['use_bidirectional_attention'],
    biasOptions: ATTENTION_BIAS,
    read: (fields, sizes) => {
      // transformers reads a soft cap for scores but does not apply it.
      const scoreCap = softCap(fields, 'attn_logit_softcapping', null);
      if (scoreCap !== null) throw fields.unsupported('attn_logit_softcapping', scoreCap);
      const every = fields.count('sliding_window_pattern', 6);
      const main = huggingFaceRope(fields, 1_000_000, { type: 'full_attention', thetaKey: 'rope_theta', scaled: true });
      const sliding = { type: 'sliding_attention', thetaKey: 'rope_local_base_freq', scaled: false };
      const local = huggingFaceRope(fields, 10_000, sliding);
      return {
        ...scaleTraits(fields, sizes),
        logitCap: softCap(fields, 'final_logit_softcapping', null),
        kinds: windowedKinds(fields, sizes.layers, {
          usual: (layer) => (layer + 1) % every !== 0,
          otherwise: 4096,
          ropes: ROPES,
        }),
        ropeTheta: main.ropeTheta,
        ropeScaling: main.ropeScaling,
        localRope: { ropeTheta: local.ropeTheta, ropeScaling: local.ropeScaling },
      };
    },
    write: (config) => ({ ...configOf(config), ...localRope(config) }),
  },
  gguf: {
    architecture: 'gemma3',
    keys: GGUF_KEYS,
    layer: LAYER,
    rotated: 'apart',
    growthEverywhere: true,
    read: (fields, sizes) => ({
      ...ggufScales(fields, sizes, LAYERS_27B.gemma3),
      logitCap: fields.get('final_logit_softcapping') ? fields.positive('final_logit_softcapping') : null,
      kinds: ggufKinds(fields, sizes.layers, 6, ROPES),
      ropeTheta: fields.positive('rope.freq_base', 1_000_000),
      localRope: { ropeTheta: localBase(fields), ropeScaling: null },
    }),
    write: (config) => ({
      ...ggufWritten(config, LAYERS_27B.gemma3),
      ...(config.localRope && { 'rope.freq_base_swa': f32(config.localRope.ropeTheta) }),
    }),
  },
} as const satisfies Architecture;
