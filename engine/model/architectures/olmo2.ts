/** OLMo 2 (arXiv 2501.00656): norms after attention and MLP, and of queries and keys over all heads together. */
import {
  type Architecture,
  ATTENTION_BIAS,
  GGUF_KEYS,
  GGUF_MODULES,
  HUGGING_FACE_KEYS,
  LLAMA_BLOCK,
} from './architecture.ts';

export const olmo2 = {
  name: 'olmo2',
  models: 'OLMo 2',
  block: {
    ...LLAMA_BLOCK,
    attentionNorms: { before: null, after: 'post_attention_layernorm' },
    mlpNorms: { before: null, after: 'post_feedforward_layernorm' },
    qkNorm: 'all heads',
  },
  huggingFace: {
    modelType: 'olmo2',
    className: 'Olmo2ForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: { kvHeads: null, headDim: null, rmsEps: 1e-5 },
    off: [],
    biasOptions: ATTENTION_BIAS,
  },
  gguf: {
    architecture: 'olmo2',
    keys: GGUF_KEYS,
    layer: {
      ...GGUF_MODULES,
      post_attention_layernorm: 'post_attention_norm',
      post_feedforward_layernorm: 'post_ffw_norm',
    },
    rotated: 'apart',
    headsShare: true,
    needsOutput: true,
  },
} as const satisfies Architecture;
