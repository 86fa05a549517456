import { type Architecture, GGUF_KEYS, HUGGING_FACE_KEYS, PRE_NORM_LAYER, PRE_NORMS } from './architecture.ts';

/** Dense Qwen3 (arXiv 2505.09388): Llama's block with norms of each head's queries and keys, and heads of 128. */
export const qwen3 = {
  name: 'qwen3',
  models: 'Qwen3',
  block: { ...PRE_NORMS, qkNorm: 'each head', biases: [] },
  huggingFace: {
    modelType: 'qwen3',
    className: 'Qwen3ForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: { kvHeads: 32, headDim: 128, rmsEps: 1e-6 },
    off: ['attention_bias', 'mlp_bias'],
    window: { key: 'sliding_window', default: null, switch: 'use_sliding_window' },
  },
  gguf: { architecture: 'qwen3', keys: GGUF_KEYS, layer: PRE_NORM_LAYER, rotated: 'apart' },
} as const satisfies Architecture;
