/** Phi-3 and Phi-4 (arXiv 2404.14219): Llama's block, with queries, keys and values fused into one matrix in files. */
import { type Architecture, GGUF_KEYS, HUGGING_FACE_KEYS, LLAMA_BLOCK, PRE_NORM_LAYER } from './architecture.ts';
import { ggufKinds, windowEverywhere, windowOf } from './windows.ts';

export const phi3 = {
  name: 'phi3',
  models: 'Phi-3, Phi-4',
  block: LLAMA_BLOCK,
  huggingFace: {
    modelType: 'phi3',
    className: 'Phi3ForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: { kvHeads: null, headDim: null, rmsEps: 1e-5 },
    off: ['attention_bias', 'mlp_bias'],
    biasOptions: {},
    read: (fields) => ({ kinds: windowEverywhere(fields, null) }),
    write: (config) => ({
      sliding_window: windowOf(config),
      ...(config.rotaryDim !== config.headDim && { partial_rotary_factor: config.rotaryDim / config.headDim }),
      ...(config.ropeScaling?.type === 'longrope' && {
        original_max_position_embeddings: config.ropeScaling.originalContextLength,
      }),
    }),
    layout: { fused: { qkv_proj: ['q_proj', 'k_proj', 'v_proj'], gate_up_proj: ['gate_proj', 'up_proj'] } },
  },
  gguf: {
    architecture: 'phi3',
    keys: GGUF_KEYS,
    layer: PRE_NORM_LAYER,
    fused: {
      attn_qkv: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
      ffn_up: ['mlp.gate_proj', 'mlp.up_proj'],
    },
    rotated: 'apart',
    headsShare: true,
    hasLongDivisors: true,
    read: (fields, { layers }) => ({ kinds: ggufKinds(fields, layers, layers + 1) }),
  },
} as const satisfies Architecture;
