/**
 * What a decoder is made of, read from a Hugging Face `config.json` or from GGUF metadata. Whatever this engine would
 * compute wrongly is refused here, by name.
 */
import { RollscopeError } from '../protocol/errors.ts';

export const ARCHITECTURES = ['llama', 'qwen2', 'qwen3', 'mistral'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** Llama 3's stretching of the rotary frequencies: long waves are slowed by `factor`, short ones kept. */
export interface RopeScaling {
  factor: number;
  lowFrequencyFactor: number;
  highFrequencyFactor: number;
  originalContextLength: number;
}

export interface DecoderConfig {
  architecture: Architecture;
  vocabularySize: number;
  hiddenSize: number;
  layers: number;
  heads: number;
  kvHeads: number;
  /** Numbers in a head; heads * headDim may differ from hiddenSize. */
  headDim: number;
  intermediateSize: number;
  ropeTheta: number;
  ropeScaling: RopeScaling | null;
  rmsEps: number;
  /** The embedding matrix is also the unembedding; there is no `lm_head.weight`. */
  tiedEmbeddings: boolean;
  /** Biases on the query, key and value projections. */
  attentionBias: boolean;
  /** RMS norms on each head's queries and keys. */
  qkNorm: boolean;
  /** Longest sequence in tokens; a sliding window shortens it, since within the window it changes nothing. */
  contextLength: number;
}

const SUPPORTED = `Rollscope runs dense decoders of the kinds ${ARCHITECTURES.join(', ')}.`;

function unsupported(file: string, field: string, value: unknown): RollscopeError {
  return new RollscopeError('model', `${file}: ${field} ${JSON.stringify(value)} is not supported.`, SUPPORTED);
}

/** Typed access to a JSON object or to GGUF metadata, with errors that name the file and the field. */
class Fields {
  constructor(
    readonly file: string,
    private readonly values: Readonly<Record<string, unknown>>,
    /** Put before every name in GGUF metadata: the architecture and a dot. */
    private readonly prefix = '',
  ) {}

  get(name: string): unknown {
    return this.values[this.prefix + name] ?? undefined;
  }

  private bad(name: string, wanted: string): RollscopeError {
    const value = this.get(name);
    const found = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`;
    return new RollscopeError(
      'model',
      `${this.file}: field "${this.prefix}${name}" ${found}; ${wanted} is needed.`,
      'The file is damaged or not a language model; fetch the model again.',
    );
  }

  count(name: string, fallback?: number): number {
    const value = this.get(name) ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
    throw this.bad(name, 'a whole number of at least 1');
  }

  positive(name: string, fallback?: number): number {
    const value = this.get(name) ?? fallback;
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    throw this.bad(name, 'a positive number');
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.get(name) ?? fallback;
    if (typeof value === 'boolean') return value;
    throw this.bad(name, 'true or false');
  }
}

function isArchitecture(name: unknown): name is Architecture {
  return ARCHITECTURES.includes(name as Architecture);
}

function refuseExperts(file: string, architecture: unknown, experts: unknown): void {
  if ((typeof experts === 'number' && experts > 0) || /moe|mixtral/i.test(String(architecture))) {
    throw new RollscopeError(
      'model',
      `${file}: ${String(architecture)} is a mixture of experts, which is not supported.`,
      SUPPORTED,
    );
  }
}

/** Checks what holds between fields, so that a bad file is named here and not as a wrong shape deep in a graph. */
function checked(file: string, config: DecoderConfig): DecoderConfig {
  const { heads, kvHeads, headDim } = config;
  const damaged = 'The file is damaged; fetch the model again.';
  if (heads % kvHeads !== 0) {
    throw new RollscopeError(
      'model',
      `${file}: ${heads} heads do not divide into ${kvHeads} key-value heads.`,
      damaged,
    );
  }
  if (headDim % 2 !== 0) {
    throw new RollscopeError('model', `${file}: heads of ${headDim} numbers cannot be rotated in pairs.`, damaged);
  }
  return config;
}

/** Frequencies of a rotation: theta^(-2i/d), i = 0 .. d/2 - 1, stretched as Llama 3 does where configured. */
export function rotaryFrequencies({
  headDim,
  ropeTheta,
  ropeScaling: scaling,
}: Pick<DecoderConfig, 'headDim' | 'ropeTheta' | 'ropeScaling'>): number[] {
  const half = headDim / 2;
  return Array.from({ length: half }, (_, i) => {
    const frequency = ropeTheta ** (-i / half);
    if (!scaling) return frequency;
    const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength: length } = scaling;
    const turns = (length * frequency) / (2 * Math.PI);
    if (turns < low) return frequency / factor;
    if (turns > high) return frequency;
    const smooth = (turns - low) / (high - low);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  });
}

/** Names and shapes of the tensors that a decoder of this configuration has, with Hugging Face's names and layouts. */
export function parameterShapes(config: DecoderConfig): Map<string, number[]> {
  const { vocabularySize, hiddenSize: d, intermediateSize: m, headDim } = config;
  const q = config.heads * headDim;
  const kv = config.kvHeads * headDim;
  const shapes = new Map<string, number[]>([['model.embed_tokens.weight', [vocabularySize, d]]]);
  for (let layer = 0; layer < config.layers; layer++) {
    const name = `model.layers.${layer}`;
    shapes.set(`${name}.input_layernorm.weight`, [d]);
    for (const [projection, out] of [['q_proj', q] as const, ['k_proj', kv] as const, ['v_proj', kv] as const]) {
      shapes.set(`${name}.self_attn.${projection}.weight`, [out, d]);
      if (config.attentionBias) shapes.set(`${name}.self_attn.${projection}.bias`, [out]);
    }
    shapes.set(`${name}.self_attn.o_proj.weight`, [d, q]);
    if (config.qkNorm) {
      shapes.set(`${name}.self_attn.q_norm.weight`, [headDim]);
      shapes.set(`${name}.self_attn.k_norm.weight`, [headDim]);
    }
    shapes.set(`${name}.post_attention_layernorm.weight`, [d]);
    shapes.set(`${name}.mlp.gate_proj.weight`, [m, d]);
    shapes.set(`${name}.mlp.up_proj.weight`, [m, d]);
    shapes.set(`${name}.mlp.down_proj.weight`, [d, m]);
  }
  shapes.set('model.norm.weight', [d]);
  if (!config.tiedEmbeddings) shapes.set('lm_head.weight', [vocabularySize, d]);
  return shapes;
}

function huggingFaceRope(fields: Fields): { ropeTheta: number; ropeScaling: RopeScaling | null } {
  // transformers 5 keeps everything in `rope_parameters`; older files have `rope_theta` and `rope_scaling`.
  const nested = fields.get('rope_parameters') ?? fields.get('rope_scaling');
  if (nested !== undefined && (typeof nested !== 'object' || Array.isArray(nested))) {
    throw unsupported(fields.file, 'rope scaling', nested);
  }
  const rope = new Fields(fields.file, (nested ?? {}) as Record<string, unknown>);
  const ropeTheta = rope.positive('rope_theta', fields.positive('rope_theta', 10_000));
  const type = rope.get('rope_type') ?? rope.get('type') ?? 'default';
  const partial = rope.get('partial_rotary_factor') ?? fields.get('partial_rotary_factor') ?? 1;
  if (partial !== 1) throw unsupported(fields.file, 'partial_rotary_factor', partial);
  if (type === 'default') return { ropeTheta, ropeScaling: null };
  if (type !== 'llama3') throw unsupported(fields.file, 'rope scaling', type);
  return {
    ropeTheta,
    ropeScaling: {
      factor: rope.positive('factor'),
      lowFrequencyFactor: rope.positive('low_freq_factor'),
      highFrequencyFactor: rope.positive('high_freq_factor'),
      originalContextLength: rope.count('original_max_position_embeddings'),
    },
  };
}

/** The window, in tokens, that some layer's attention is limited to; infinite when none is. */
function slidingWindow(fields: Fields, architecture: Architecture): number {
  if (architecture === 'llama' || fields.get('sliding_window') === undefined) return Number.POSITIVE_INFINITY;
  if (architecture !== 'mistral' && !fields.flag('use_sliding_window', false)) return Number.POSITIVE_INFINITY;
  return fields.count('sliding_window');
}

/**
 * Reads a Hugging Face `config.json`. `file` is named in errors. Throws RollscopeError `model` for a missing or bad field
 * and for what is not supported: other architectures, experts, quantised weights, other activations, rope scaling other
 * than Llama 3's, biases outside of the query, key and value projections.
 */
export function parseHuggingFaceConfig(json: unknown, file: string): DecoderConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new RollscopeError('model', `${file}: not a JSON object.`, 'Fetch the model again.');
  }
  const fields = new Fields(file, json as Record<string, unknown>);
  const architecture = fields.get('model_type');
  refuseExperts(file, architecture, fields.get('num_local_experts') ?? fields.get('num_experts'));
  if (!isArchitecture(architecture)) throw unsupported(file, 'model_type', architecture ?? null);
  const classes = fields.get('architectures');
  if (Array.isArray(classes) && classes.length > 0 && !classes.some((c) => String(c).endsWith('ForCausalLM'))) {
    throw unsupported(file, 'architectures', classes);
  }
  if (fields.get('quantization_config') !== undefined) {
    throw new RollscopeError(
      'model',
      `${file}: quantised weights (quantization_config) are not supported in Hugging Face folders.`,
      'Take the unquantised model, or a GGUF file of it.',
    );
  }
  const activation = fields.get('hidden_act') ?? 'silu';
  if (activation !== 'silu') throw unsupported(file, 'hidden_act', activation);
  const attentionBias = fields.flag('attention_bias', false);
  if (attentionBias) throw unsupported(file, 'attention_bias', true);
  if (fields.flag('mlp_bias', false)) throw unsupported(file, 'mlp_bias', true);

  const heads = fields.count('num_attention_heads');
  const hiddenSize = fields.count('hidden_size');
  const headDim = fields.count('head_dim', architecture === 'qwen3' ? 128 : Math.floor(hiddenSize / heads));
  return checked(file, {
    architecture,
    vocabularySize: fields.count('vocab_size'),
    hiddenSize,
    layers: fields.count('num_hidden_layers'),
    heads,
    kvHeads: fields.count('num_key_value_heads', heads),
    headDim,
    intermediateSize: fields.count('intermediate_size'),
    ...huggingFaceRope(fields),
    rmsEps: fields.positive('rms_norm_eps', 1e-6),
    tiedEmbeddings: fields.flag('tie_word_embeddings', false),
    attentionBias: architecture === 'qwen2',
    qkNorm: architecture === 'qwen3',
    contextLength: Math.min(fields.count('max_position_embeddings'), slidingWindow(fields, architecture)),
  });
}

/** What GGUF metadata alone does not say: which tensors the file has, and Llama 3's frequency divisors. */
export interface GgufContents {
  hasTensor(name: string): boolean;
  /** Contents of `rope_freqs.weight`: what each rotary frequency is divided by. */
  ropeDivisors: Float32Array | null;
}

/**
 * Reads GGUF metadata (names and values of its key-value section). Throws RollscopeError `model` as
 * parseHuggingFaceConfig does.
 */
export function parseGgufConfig(
  metadata: Readonly<Record<string, unknown>>,
  contents: GgufContents,
  file: string,
): DecoderConfig {
  const architecture = metadata['general.architecture'];
  refuseExperts(file, architecture, metadata[`${String(architecture)}.expert_count`]);
  // GGUF calls Mistral's models `llama`; they compute the same.
  if (!isArchitecture(architecture)) throw unsupported(file, 'general.architecture', architecture ?? null);
  const fields = new Fields(file, metadata, `${architecture}.`);
  const heads = fields.count('attention.head_count');
  const hiddenSize = fields.count('embedding_length');
  const headDim = fields.count('attention.key_length', Math.floor(hiddenSize / heads));
  if (fields.count('attention.value_length', headDim) !== headDim) {
    throw unsupported(file, `${architecture}.attention.value_length`, fields.get('attention.value_length'));
  }
  if (fields.count('rope.dimension_count', headDim) !== headDim) {
    throw unsupported(file, `${architecture}.rope.dimension_count`, fields.get('rope.dimension_count'));
  }
  const scalingType = fields.get('rope.scaling.type') ?? 'none';
  if (scalingType !== 'none') throw unsupported(file, `${architecture}.rope.scaling.type`, scalingType);
  if (contents.hasTensor('blk.0.attn_output.bias') || contents.hasTensor('blk.0.ffn_down.bias')) {
    throw unsupported(file, 'bias on', 'attn_output or ffn_down');
  }
  const attentionBias = contents.hasTensor('blk.0.attn_q.bias');
  const qkNorm = contents.hasTensor('blk.0.attn_q_norm.weight');
  const tokens = metadata['tokenizer.ggml.tokens'];
  const ropeTheta = fields.positive('rope.freq_base', 10_000);
  const window = fields.get('attention.sliding_window') ? fields.count('attention.sliding_window') : Infinity;
  const config: DecoderConfig = {
    architecture,
    vocabularySize: fields.count('vocab_size', Array.isArray(tokens) ? tokens.length : undefined),
    hiddenSize,
    layers: fields.count('block_count'),
    heads,
    kvHeads: fields.count('attention.head_count_kv', heads),
    headDim,
    intermediateSize: fields.count('feed_forward_length'),
    ropeTheta,
    ropeScaling: contents.ropeDivisors ? llama3Scaling(contents.ropeDivisors, headDim, ropeTheta, file) : null,
    rmsEps: float32Decimal(fields.positive('attention.layer_norm_rms_epsilon')),
    tiedEmbeddings: !contents.hasTensor('output.weight'),
    attentionBias,
    qkNorm,
    contextLength: Math.min(fields.count('context_length'), window),
  };
  return checked(file, config);
}

/** The decimal that a float32 was written as: 9.99999974e-6 back to 1e-5. */
function float32Decimal(value: number): number {
  return Number(value.toPrecision(7));
}

/**
 * GGUF files of Llama 3.1 and 3.2 carry the result of the scaling, not its settings. The settings that all of them were
 * made with are tried and compared; anything else is refused.
 */
function llama3Scaling(divisors: Float32Array, headDim: number, ropeTheta: number, file: string): RopeScaling | null {
  const factor = divisors.reduce((a, b) => Math.max(a, b), 1);
  if (factor === 1) return null;
  const scaling = { factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192 };
  const plain = rotaryFrequencies({ headDim, ropeTheta, ropeScaling: null });
  const scaled = rotaryFrequencies({ headDim, ropeTheta, ropeScaling: scaling });
  const same =
    divisors.length === plain.length && plain.every((f, i) => Math.abs(f / scaled[i]! / divisors[i]! - 1) < 1e-4);
  if (!same) throw unsupported(file, 'tensor', 'rope_freqs.weight');
  return scaling;
}
