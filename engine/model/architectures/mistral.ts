/** Mistral 7B and its successors (arXiv 2310.06825): Llama's block with a sliding window in every layer. */
import { type Architecture, HUGGING_FACE_KEYS, LLAMA_BLOCK } from './architecture.ts';
import { llama } from './llama.ts';
import { windowEverywhere, windowOf } from './windows.ts';

export const mistral = {
  name: 'mistral',
  models: 'Mistral 7B',
  block: LLAMA_BLOCK,
  huggingFace: {
    modelType: 'mistral',
    className: 'MistralForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: { kvHeads: 8, headDim: null, rmsEps: 1e-6 },
    off: ['attention_bias', 'mlp_bias'],
    biasOptions: {},
    read: (fields) => ({ kinds: windowEverywhere(fields, 4096) }),
    write: (config) => ({ sliding_window: windowOf(config) }),
  },
  // GGUF calls these models `llama`: a file is read as one, with the same results.
  gguf: llama.gguf,
} as const satisfies Architecture;
