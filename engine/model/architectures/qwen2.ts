/** Qwen2 and Qwen2.5 (arXiv 2407.10671): Llama's block with biases on queries, keys and values. */
import { type Architecture, GGUF_KEYS, HUGGING_FACE_KEYS, LLAMA_BLOCK, PRE_NORM_LAYER } from './architecture.ts';
import { qwenKinds, writtenQwenWindows } from './windows.ts';

export const qwen2 = {
  name: 'qwen2',
  models: 'Qwen2, Qwen2.5, DeepSeek-R1-Distill-Qwen',
  block: { ...LLAMA_BLOCK, biases: ['q_proj', 'k_proj', 'v_proj'] },
  huggingFace: {
    modelType: 'qwen2',
    className: 'Qwen2ForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: { kvHeads: 32, headDim: null, rmsEps: 1e-6 },
    off: ['attention_bias', 'mlp_bias'],
    biasOptions: {},
    read: (fields, { layers }) => ({ kinds: qwenKinds(fields, layers) }),
    write: writtenQwenWindows,
  },
  gguf: { architecture: 'qwen2', keys: GGUF_KEYS, layer: PRE_NORM_LAYER, rotated: 'apart', headsShare: true },
} as const satisfies Architecture;
