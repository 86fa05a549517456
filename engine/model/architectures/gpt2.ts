/** GPT-2: learned position embeddings, layer norms, biases everywhere, an MLP without a gate. */
import type { DecoderBlock } from '../block.ts';
import { type Architecture, GGUF_KEYS, HUGGING_FACE_KEYS, LLAMA_BLOCK, PRE_NORM_LAYER } from './architecture.ts';

const BLOCK = {
  ...LLAMA_BLOCK,
  biases: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'up_proj', 'down_proj'],
  norm: 'layer',
  mlp: 'plain',
  positions: 'learned',
} as const satisfies DecoderBlock;

const KINDS = [{ window: null, rope: null }] as const;

export const gpt2 = {
  name: 'gpt2',
  models: 'GPT-2',
  block: BLOCK,
  huggingFace: {
    modelType: 'gpt2',
    className: 'GPT2LMHeadModel',
    keys: {
      ...HUGGING_FACE_KEYS,
      contextLength: 'n_positions',
      heads: 'n_head',
      hiddenSize: 'n_embd',
      intermediateSize: 'n_inner',
      layers: 'n_layer',
      rmsEps: 'layer_norm_epsilon',
    },
    defaults: { kvHeads: null, headDim: null, rmsEps: 1e-5, tied: true, intermediateSize: null },
    activation: { keys: ['activation_function'], default: 'gelu_new' },
    off: ['scale_attn_by_inverse_layer_idx', 'add_cross_attention'],
    biasOptions: {},
    read: (fields) => {
      if (!fields.flag('scale_attn_weights', true)) throw fields.unsupported('scale_attn_weights');
      return { kinds: KINDS };
    },
    layout: {
      fused: { c_attn: ['q_proj', 'k_proj', 'v_proj'] },
      names: {
        outer: {
          'model.embed_tokens': 'transformer.wte',
          'model.embed_positions': 'transformer.wpe',
          'model.norm': 'transformer.ln_f',
        },
        layers: 'transformer.h',
        layer: {
          input_layernorm: 'ln_1',
          post_attention_layernorm: 'ln_2',
          'self_attn.c_attn': 'attn.c_attn',
          'self_attn.o_proj': 'attn.c_proj',
          'mlp.up_proj': 'mlp.c_fc',
          'mlp.down_proj': 'mlp.c_proj',
        },
      },
      transposed: true,
    },
  },
  gguf: {
    architecture: 'gpt2',
    keys: { ...GGUF_KEYS, rmsEps: 'attention.layer_norm_epsilon' },
    layer: PRE_NORM_LAYER,
    fused: { attn_qkv: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'] },
    rotated: 'apart',
    headsShare: true,
    read: () => ({ kinds: KINDS, activation: 'gelu tanh' }),
  },
} as const satisfies Architecture;
