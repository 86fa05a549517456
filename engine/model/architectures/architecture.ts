/** What an architecture is to this engine: how files name it, and what differs in its block. One file per architecture, next to this one. */
import type { DecoderBlock } from '../block.ts';

/** Names of the sizes and numbers that every decoder has. */
export interface SizeKeys {
  readonly contextLength: string;
  readonly headDim: string;
  readonly heads: string;
  readonly hiddenSize: string;
  readonly intermediateSize: string;
  readonly kvHeads: string;
  readonly layers: string;
  readonly rmsEps: string;
  readonly vocabularySize: string;
}

/** How `config.json` describes it. */
export interface HuggingFaceNames {
  readonly modelType: string;
  /** The class that loads it, as `architectures` names it. */
  readonly className: string;
  readonly keys: SizeKeys;
  /** What transformers takes where the file says nothing; null: one key-value head for each head, hidden size / heads. */
  readonly defaults: { readonly kvHeads: number | null; readonly headDim: number | null; readonly rmsEps: number };
  /** Options that must be off, since what they add is not computed. */
  readonly off: readonly string[];
  /**
   * The key of the window, in tokens, that attention is limited to, what holds where it is missing (null: no window), and
   * the key that must be true for the window to count.
   */
  readonly window: { readonly key: string; readonly default: number | null; readonly switch: string | null } | null;
}

/** How GGUF files describe it. */
export interface GgufNames {
  /** `general.architecture`, which also begins the names of its metadata. */
  readonly architecture: string;
  readonly keys: SizeKeys;
  /** Names of a layer's modules, by Hugging Face's: `self_attn.q_proj` is `attn_q`. */
  readonly layer: Readonly<Record<string, string>>;
  /** Whether the two numbers of a head that are rotated together lie half a head apart, as in Hugging Face's files, or side by side. */
  readonly rotated: 'apart' | 'side by side';
}

export interface Architecture {
  /** Its name in this engine: Hugging Face's `model_type`. */
  readonly name: string;
  /** Models that people know. */
  readonly models: string;
  readonly block: DecoderBlock;
  readonly huggingFace: HuggingFaceNames;
  readonly gguf: GgufNames;
}

export const HUGGING_FACE_KEYS: SizeKeys = {
  contextLength: 'max_position_embeddings',
  headDim: 'head_dim',
  heads: 'num_attention_heads',
  hiddenSize: 'hidden_size',
  intermediateSize: 'intermediate_size',
  kvHeads: 'num_key_value_heads',
  layers: 'num_hidden_layers',
  rmsEps: 'rms_norm_eps',
  vocabularySize: 'vocab_size',
};

export const GGUF_KEYS: SizeKeys = {
  contextLength: 'context_length',
  headDim: 'attention.key_length',
  heads: 'attention.head_count',
  hiddenSize: 'embedding_length',
  intermediateSize: 'feed_forward_length',
  kvHeads: 'attention.head_count_kv',
  layers: 'block_count',
  rmsEps: 'attention.layer_norm_rms_epsilon',
  vocabularySize: 'vocab_size',
};

/** A layer's modules apart from its norms, as most architectures have them in GGUF. */
export const GGUF_MODULES = {
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
} as const;

/** Norms on what enters attention and MLP: Llama's and most others'. */
export const PRE_NORMS = {
  attentionNorms: { before: 'input_layernorm', after: null },
  mlpNorms: { before: 'post_attention_layernorm', after: null },
} as const satisfies Partial<DecoderBlock>;

/** GGUF's names of a layer with such norms. */
export const PRE_NORM_LAYER = {
  ...GGUF_MODULES,
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
} as const;
