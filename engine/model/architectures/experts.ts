/** Architectures with mixtures of experts, and what they share. */
import type { ConfigFields } from '../fields.ts';
import type { Traits } from '../traits.ts';
import {
  type Architecture,
  ATTENTION_BIAS,
  GGUF_KEYS,
  HUGGING_FACE_KEYS,
  LLAMA_BLOCK,
  PRE_NORM_LAYER,
} from './architecture.ts';
import { qwen3 } from './qwen3.ts';
import { windowEverywhere, windowOf } from './windows.ts';

/** GGUF names of a layer; the experts' matrices are stacked by rows in separate tensors. */
const LAYER = {
  ...PRE_NORM_LAYER,
  'mlp.gate': 'ffn_gate_inp',
  'mlp.experts.gate_proj': 'ffn_gate_exps',
  'mlp.experts.up_proj': 'ffn_up_exps',
  'mlp.experts.down_proj': 'ffn_down_exps',
} as const;

function experts(fields: ConfigFields, counts: readonly string[]): Pick<Traits, 'experts'> {
  const key = counts.find((name) => fields.get(name) !== undefined) ?? counts[0]!;
  const count = fields.count(key);
  const used = fields.count('num_experts_per_tok', 8);
  if (used > count) throw fields.unsupported('num_experts_per_tok');
  return { experts: { count, used, normalized: fields.flag('norm_topk_prob', false) } };
}

function ggufExperts(fields: ConfigFields, normalized: boolean): Pick<Traits, 'experts'> {
  return {
    experts: { count: fields.count('expert_count'), used: fields.count('expert_used_count'), normalized },
  };
}

const configOf = ({ experts: given }: Traits) => ({
  num_experts: given?.count,
  num_experts_per_tok: given?.used,
  norm_topk_prob: given?.normalized,
});

/** Qwen3's block with a mixture of experts in every layer. */
export const qwen3Moe = {
  name: 'qwen3_moe',
  models: 'Qwen3 MoE',
  block: qwen3.block,
  hasExperts: true,
  huggingFace: {
    modelType: 'qwen3_moe',
    className: 'Qwen3MoeForCausalLM',
    keys: { ...HUGGING_FACE_KEYS, intermediateSize: 'moe_intermediate_size' },
    defaults: { kvHeads: 4, headDim: null, rmsEps: 1e-6 },
    off: [],
    biasOptions: ATTENTION_BIAS,
    read: (fields) => {
      const dense = fields.get('mlp_only_layers');
      if (Array.isArray(dense) && dense.length > 0) throw fields.unsupported('mlp_only_layers');
      if (fields.count('decoder_sparse_step', 1) !== 1) throw fields.unsupported('decoder_sparse_step');
      const windows = fields.flag('use_sliding_window', false);
      return {
        ...experts(fields, ['num_experts', 'num_local_experts']),
        ...(windows && { kinds: windowEverywhere(fields, 4096) }),
      };
    },
    write: (config) => ({
      ...configOf(config),
      decoder_sparse_step: 1,
      mlp_only_layers: [],
      use_sliding_window: windowOf(config) !== null,
      sliding_window: windowOf(config),
    }),
  },
  gguf: {
    architecture: 'qwen3moe',
    keys: { ...GGUF_KEYS, intermediateSize: 'expert_feed_forward_length' },
    layer: LAYER,
    rotated: 'apart',
    read: (fields) => ggufExperts(fields, true),
  },
} as const satisfies Architecture;

/** OLMoE (arXiv 2409.02060): norms of queries and keys over all heads together, a mixture of experts in every layer. */
export const olmoe = {
  name: 'olmoe',
  models: 'OLMoE',
  block: { ...LLAMA_BLOCK, qkNorm: 'all heads' },
  hasExperts: true,
  huggingFace: {
    modelType: 'olmoe',
    className: 'OlmoeForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: { kvHeads: null, headDim: null, rmsEps: 1e-5 },
    off: [],
    biasOptions: ATTENTION_BIAS,
    read: (fields) => {
      if (fields.get('clip_qkv') !== undefined) throw fields.unsupported('clip_qkv');
      return experts(fields, ['num_experts', 'num_local_experts']);
    },
    write: configOf,
  },
  gguf: {
    architecture: 'olmoe',
    keys: GGUF_KEYS,
    layer: LAYER,
    rotated: 'apart',
    headsShare: true,
    keysEach: true,
    needsOutput: true,
    read: (fields) => ggufExperts(fields, false),
  },
} as const satisfies Architecture;
