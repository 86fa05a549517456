/** What an architecture is to this engine: how files name it, and what differs in its block. One file per architecture, next to this one. */
import type { DecoderBlock, Projection } from '../block.ts';
import type { ConfigFields } from '../fields.ts';
import type { GgufField } from '../gguf-write.ts';
import type { Rope, Traits } from '../traits.ts';

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

/** Sizes that were read before the rest. */
export interface ReadSizes {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly headDim: number;
}

/** What a file says otherwise than Llama's files say. */
export type ReadTraits = Partial<Traits & Rope>;

/** How `config.json` describes it. */
export interface HuggingFaceNames {
  readonly modelType: string;
  /** The class that loads it, as `architectures` names it. */
  readonly className: string;
  readonly keys: SizeKeys;
  /** What transformers takes where the file says nothing; null: one key-value head for each head, hidden size / heads. */
  readonly defaults: {
    readonly kvHeads: number | null;
    readonly headDim: number | null;
    readonly rmsEps: number;
    readonly tied?: boolean;
    /** Null: four times the hidden size. */
    readonly intermediateSize?: null;
  };
  /** Keys that name the activation, the first that is there, and what holds where none is; `hidden_act` and SiLU. */
  readonly activation?: { readonly keys: readonly string[]; readonly default: string };
  /** Options that must be off, since what they add is not computed. */
  readonly off: readonly string[];
  /** Options that give projections biases. */
  readonly biasOptions: Readonly<Record<string, readonly Projection[]>>;
  /** The rest: throws for what is not supported. */
  readonly read?: (fields: ConfigFields, sizes: ReadSizes) => ReadTraits;
  /** What `read` reads. */
  readonly write?: (config: Traits & Rope & { readonly layers: number; readonly headDim: number }) => object;
  readonly layout?: FolderLayout;
}

/** How the tensors of a folder differ from one matrix [out, in] for each projection, named as Llama's are. */
export interface FolderLayout {
  /** Modules of a layer that hold several projections, one below the other. */
  readonly fused?: Readonly<Record<string, readonly Projection[]>>;
  /** Names of modules, where they differ: `model.norm` is `transformer.ln_f`. Those of a layer are without its number. */
  readonly names?: {
    readonly outer?: Readonly<Record<string, string>>;
    /** What layers are numbered below; `model.layers` by default. */
    readonly layers?: string;
    readonly layer: Readonly<Record<string, string>>;
  };
  /** Whether matrices of a layer are [in, out]. */
  readonly transposed?: boolean;
}

/** How GGUF files describe it. */
export interface GgufNames {
  /** `general.architecture`, which also begins the names of its metadata. */
  readonly architecture: string;
  readonly keys: SizeKeys;
  /** Names of a layer's modules, by Hugging Face's: `self_attn.q_proj` is `attn_q`. */
  readonly layer: Readonly<Record<string, string>>;
  /** Tensors that hold several modules, one below the other. */
  readonly fused?: Readonly<Record<string, readonly string[]>>;
  /** Of several that share a name: this one's files have sliding windows. */
  readonly windowed?: true;
  /** Whether the two numbers of a head that are rotated together are half a head apart, as in Hugging Face's files, or side by side. */
  readonly rotated: 'apart' | 'side by side';
  /** Whether llama.cpp reads a divisor of each frequency from its files, and biases that are an option. */
  readonly hasOptions?: boolean;
  /** Whether llama.cpp takes a head to be as large as hidden size / heads. */
  readonly headsShare?: boolean;
  /** Whether llama.cpp wants the unembedding as a tensor of its own, also where it is the embedding. */
  readonly needsOutput?: boolean;
  /** Whether llama.cpp takes every head to have keys and values of its own. */
  readonly keysEach?: boolean;
  /** Whether LongRoPE is written as two divisors of each frequency, for sequences within the original context and longer ones. */
  readonly hasLongDivisors?: boolean;
  /** Whether llama.cpp gives layers with frequencies of their own YaRN's growth of the others. */
  readonly growthEverywhere?: boolean;
  /** The rest, as in `config.json`. */
  readonly read?: (fields: ConfigFields, sizes: ReadSizes) => ReadTraits;
  /** What `read` reads that the others' files do not have, for a file to be written; names without the architecture's in front. */
  readonly write?: (config: Traits & Rope & ReadSizes) => Readonly<Record<string, GgufField>>;
}

export interface Architecture {
  /** Its name in this engine: Hugging Face's `model_type`. */
  readonly name: string;
  /** Models that people know. */
  readonly models: string;
  readonly block: DecoderBlock;
  /** A mixture of experts takes the MLP's place in every layer. */
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

/** Llama's block: norms on what enters attention and MLP, a gated MLP, no biases. */
export const LLAMA_BLOCK = {
  attentionNorms: { before: 'input_layernorm', after: null },
  mlpNorms: { before: 'post_attention_layernorm', after: null },
  qkNorm: 'none',
  biases: [],
  norm: 'rms',
  mlp: 'gated',
  positions: 'rotary',
} as const satisfies DecoderBlock;

/** GGUF's names of a layer with such norms. */
export const PRE_NORM_LAYER = {
  ...GGUF_MODULES,
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
} as const;

/** Biases of all of attention, which several architectures have as an option. */
export const ATTENTION_BIAS = { attention_bias: ['q_proj', 'k_proj', 'v_proj', 'o_proj'] } as const;
export const MLP_BIAS = { mlp_bias: ['gate_proj', 'up_proj', 'down_proj'] } as const;
