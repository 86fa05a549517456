/** Llama 1 to 3 (arXiv 2302.13971, 2407.21783), and the many models that share its architecture. */
import {
  type Architecture,
  ATTENTION_BIAS,
  GGUF_KEYS,
  HUGGING_FACE_KEYS,
  LLAMA_BLOCK,
  MLP_BIAS,
  PRE_NORM_LAYER,
} from './architecture.ts';

export const llama = {
  name: 'llama',
  models: 'SmolLM2, Llama 2 and 3, DeepSeek-R1-Distill-Llama',
  block: LLAMA_BLOCK,
  huggingFace: {
    modelType: 'llama',
    className: 'LlamaForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: { kvHeads: null, headDim: null, rmsEps: 1e-6 },
    off: [],
    biasOptions: { ...ATTENTION_BIAS, ...MLP_BIAS },
  },
  gguf: { architecture: 'llama', keys: GGUF_KEYS, layer: PRE_NORM_LAYER, rotated: 'side by side', hasOptions: true },
} as const satisfies Architecture;
