/** Dense Qwen3 (arXiv 2505.09388): Llama's block with norms of queries and keys per head, and a head dimension of 128. */
import {
  type Architecture,
  ATTENTION_BIAS,
  GGUF_KEYS,
  HUGGING_FACE_KEYS,
  LLAMA_BLOCK,
  PRE_NORM_LAYER,
} from './architecture.ts';
import { qwenKinds, writtenQwenWindows } from './windows.ts';

export const qwen3 = {
  name: 'qwen3',
  models: 'Qwen3',
  block: { ...LLAMA_BLOCK, qkNorm: 'each head' },
  huggingFace: {
    modelType: 'qwen3',
    className: 'Qwen3ForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: { kvHeads: 32, headDim: 128, rmsEps: 1e-6 },
    off: ['mlp_bias'],
    biasOptions: ATTENTION_BIAS,
    read: (fields, { layers }) => ({ kinds: qwenKinds(fields, layers) }),
    write: writtenQwenWindows,
  },
  gguf: { architecture: 'qwen3', keys: GGUF_KEYS, layer: PRE_NORM_LAYER, rotated: 'apart' },
} as const satisfies Architecture;
