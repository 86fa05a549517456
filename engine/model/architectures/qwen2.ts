import { type Architecture, GGUF_KEYS, HUGGING_FACE_KEYS, PRE_NORM_LAYER, PRE_NORMS } from './architecture.ts';

/** Qwen2 and Qwen2.5 (arXiv 2407.10671): Llama's block with biases on queries, keys and values. */
export const qwen2 = {
  name: 'qwen2',
  models: 'Qwen2, Qwen2.5',
  block: { ...PRE_NORMS, qkNorm: 'none', biases: ['q_proj', 'k_proj', 'v_proj'] },
  huggingFace: {
    modelType: 'qwen2',
    className: 'Qwen2ForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: { kvHeads: 32, headDim: null, rmsEps: 1e-6 },
    off: ['attention_bias', 'mlp_bias'],
    window: { key: 'sliding_window', default: null, switch: 'use_sliding_window' },
  },
  gguf: { architecture: 'qwen2', keys: GGUF_KEYS, layer: PRE_NORM_LAYER, rotated: 'apart' },
} as const satisfies Architecture;
