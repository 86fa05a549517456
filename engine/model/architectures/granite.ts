/** Granite 3 and dense Granite 4: Llama's block with multipliers for embeddings, scores, residuals and logits. */
import { f32 } from '../gguf-write.ts';
import {
  type Architecture,
  ATTENTION_BIAS,
  GGUF_KEYS,
  HUGGING_FACE_KEYS,
  LLAMA_BLOCK,
  MLP_BIAS,
  PRE_NORM_LAYER,
} from './architecture.ts';

export const granite = {
  name: 'granite',
  models: 'Granite 3',
  block: LLAMA_BLOCK,
  huggingFace: {
    modelType: 'granite',
    className: 'GraniteForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: { kvHeads: null, headDim: null, rmsEps: 1e-6 },
    off: [],
    biasOptions: { ...ATTENTION_BIAS, ...MLP_BIAS },
    read: (fields) => ({
      embeddingScale: fields.positive('embedding_multiplier', 1),
      residualScale: fields.positive('residual_multiplier', 1),
      attentionScale: fields.positive('attention_multiplier', 1),
      logitScale: 1 / fields.positive('logits_scaling', 1),
    }),
    write: (config) => ({
      embedding_multiplier: config.embeddingScale,
      residual_multiplier: config.residualScale,
      attention_multiplier: config.attentionScale ?? 1 / Math.sqrt(config.headDim),
      logits_scaling: 1 / config.logitScale,
    }),
  },
  gguf: {
    architecture: 'granite',
    keys: GGUF_KEYS,
    layer: PRE_NORM_LAYER,
    rotated: 'side by side',
    hasOptions: true,
    read: (fields, { headDim }) => ({
      embeddingScale: fields.positive('embedding_scale', 1),
      residualScale: fields.positive('residual_scale', 1),
      attentionScale: fields.positive('attention.scale', 1 / Math.sqrt(headDim)),
      logitScale: 1 / fields.positive('logit_scale', 1),
    }),
    write: (config) => ({
      embedding_scale: f32(config.embeddingScale),
      residual_scale: f32(config.residualScale),
      'attention.scale': f32(config.attentionScale ?? 1 / Math.sqrt(config.headDim)),
      logit_scale: f32(1 / config.logitScale),
    }),
  },
} as const satisfies Architecture;
