import { type Architecture, GGUF_KEYS, HUGGING_FACE_KEYS, PRE_NORM_LAYER, PRE_NORMS } from './architecture.ts';

/** Llama 1 to 3 (arXiv 2302.13971, 2407.21783), and the many that follow it. */
export const llama = {
  name: 'llama',
  models: 'SmolLM2, Llama 2 and 3',
  block: { ...PRE_NORMS, qkNorm: 'none', biases: [] },
  huggingFace: {
    modelType: 'llama',
    className: 'LlamaForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: { kvHeads: null, headDim: null, rmsEps: 1e-6 },
    off: ['attention_bias', 'mlp_bias'],
    window: null,
  },
  gguf: { architecture: 'llama', keys: GGUF_KEYS, layer: PRE_NORM_LAYER, rotated: 'side by side' },
} as const satisfies Architecture;
