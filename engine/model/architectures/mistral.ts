import { type Architecture, HUGGING_FACE_KEYS, PRE_NORMS } from './architecture.ts';
import { llama } from './llama.ts';

/** Mistral 7B and its kin (arXiv 2310.06825): Llama's block, and a sliding window, within which nothing differs. */
export const mistral = {
  name: 'mistral',
  models: 'Mistral 7B',
  block: { ...PRE_NORMS, qkNorm: 'none', biases: [] },
  huggingFace: {
    modelType: 'mistral',
    className: 'MistralForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: { kvHeads: 8, headDim: null, rmsEps: 1e-6 },
    off: ['attention_bias', 'mlp_bias'],
    window: { key: 'sliding_window', default: 4096, switch: null },
  },
  // GGUF calls these models `llama`: a file is read as one, and computes the same.
  gguf: llama.gguf,
} as const satisfies Architecture;
