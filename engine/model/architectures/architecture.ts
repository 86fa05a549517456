/** An architecture: its names in files, and how its block differs. One file per architecture, next to this one. */
import type { DecoderBlock, Projection } from '../block.ts';
import type { ConfigFields } from '../fields.ts';
import type { GgufField } from '../gguf-write.ts';
import type { Rope, Traits } from '../traits.ts';

/** Field names of the sizes that every decoder has. */
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

/** Sizes that are read first. */
export interface ReadSizes {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly headDim: number;
}

/** A file's differences from Llama. */
export type ReadTraits = Partial<Traits & Rope>;

/** How `config.json` describes an architecture. */
export interface HuggingFaceNames {
  readonly modelType: string;
  /** The class that loads it, as in `architectures`. */
  readonly className: string;
  readonly keys: SizeKeys;
  /** transformers' defaults for missing fields; null: one key-value head per head, hidden size / heads. */
  readonly defaults: {
    readonly kvHeads: number | null;
    readonly headDim: number | null;
    readonly rmsEps: number;
    readonly tied?: boolean;
    /** Null: four times the hidden size. */
    readonly intermediateSize?: null;
  };
  /** Keys of the activation (the first one present counts) and the default; if omitted, `hidden_act` and SiLU. */
  readonly activation?: { readonly keys: readonly string[]; readonly default: string };
  /** Options that must be off, since they are not implemented. */
  readonly off: readonly string[];
  /** Options that add biases to projections. */
  readonly biasOptions: Readonly<Record<string, readonly Projection[]>>;
  /** Reads the remaining fields; throws for unsupported ones. */
  readonly read?: (fields: ConfigFields, sizes: ReadSizes) => ReadTraits;
  /** Writes the fields that `read` reads. */
  readonly write?: (config: Traits & Rope & { readonly layers: number; readonly headDim: number }) => object;
  readonly layout?: FolderLayout;
}

/** How a folder's tensors differ from one matrix [out, in] per projection with Llama's names. */
export interface FolderLayout {
  /** Fused modules of a layer: several projections, stacked by rows. */
  readonly fused?: Readonly<Record<string, readonly Projection[]>>;
  /** Names of modules that differ: `model.norm` is `transformer.ln_f`. Those of a layer are given without its number. */
  readonly names?: {
    readonly outer?: Readonly<Record<string, string>>;
    /** Prefix of numbered layers (default: `model.layers`). */
    readonly layers?: string;
    readonly layer: Readonly<Record<string, string>>;
  };
  /** Whether a layer's matrices are stored as [in, out]. */
  readonly transposed?: boolean;
}

/** How GGUF files describe an architecture. */
export interface GgufNames {
  /** `general.architecture`, which is also the prefix of its metadata keys. */
  readonly architecture: string;
  readonly keys: SizeKeys;
  /** GGUF names of a layer's modules, by Hugging Face's: `self_attn.q_proj` is `attn_q`. */
  readonly layer: Readonly<Record<string, string>>;
  /** Fused tensors: several modules, stacked by rows. */
  readonly fused?: Readonly<Record<string, readonly string[]>>;
  /** Set if this architecture's files have sliding windows, and others share the name. */
  readonly windowed?: true;
  /**
   * Whether the two dimensions of a head that are rotated together are half a head apart, as in Hugging Face's files,
   * or adjacent.
   */
  readonly rotated: 'apart' | 'side by side';
  /** Whether llama.cpp reads per-frequency divisors and optional biases from its files. */
  readonly hasOptions?: boolean;
  /** Whether llama.cpp assumes a head dimension of hidden size / heads. */
  readonly headsShare?: boolean;
  /** Whether llama.cpp requires a separate unembedding tensor even if it is tied to the embedding. */
  readonly needsOutput?: boolean;
  /** Whether llama.cpp assumes as many key-value heads as heads. */
  readonly keysEach?: boolean;
  /**
   * Whether LongRoPE is written as two divisors per frequency, for sequences within the original context and for longer
   * ones.
   */
  readonly hasLongDivisors?: boolean;
  /** Whether llama.cpp applies YaRN's attention factor also to layers with rotary frequencies of their own. */
  readonly growthEverywhere?: boolean;
  /** Reads the remaining fields, as for `config.json`. */
  readonly read?: (fields: ConfigFields, sizes: ReadSizes) => ReadTraits;
  /** Writes the fields that `read` reads and other architectures lack; names without the architecture's prefix. */
  readonly write?: (config: Traits & Rope & ReadSizes) => Readonly<Record<string, GgufField>>;
}

export interface Architecture {
  /** Its name in this engine: Hugging Face's `model_type`. */
  readonly name: string;
  /** Well-known models of this architecture. */
  readonly models: string;
  readonly block: DecoderBlock;
  /** Whether a mixture of experts replaces the MLP in every layer. */
  readonly hasExperts?: true;
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

/** A layer's modules other than its norms, with the GGUF names that most architectures use. */
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

/** Llama's block: norms before attention and MLP, a gated MLP, no biases. */
export const LLAMA_BLOCK = {
  attentionNorms: { before: 'input_layernorm', after: null },
  mlpNorms: { before: 'post_attention_layernorm', after: null },
  qkNorm: 'none',
  biases: [],
  norm: 'rms',
  mlp: 'gated',
  positions: 'rotary',
} as const satisfies DecoderBlock;

/** GGUF names for a layer with such norms. */
export const PRE_NORM_LAYER = {
  ...GGUF_MODULES,
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
} as const;

/** Biases on all attention projections, an option of several architectures. */
export const ATTENTION_BIAS = { attention_bias: ['q_proj', 'k_proj', 'v_proj', 'o_proj'] } as const;
export const MLP_BIAS = { mlp_bias: ['gate_proj', 'up_proj', 'down_proj'] } as const;
