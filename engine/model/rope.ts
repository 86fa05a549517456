/** Rotary position embeddings (arXiv 2104.09864): frequencies, and how files describe them. */
import { ConfigFields, OTHER_MODEL, unsupported } from './fields.ts';
import type { Rope, RopeScaling } from './traits.ts';

/** Rotary frequencies for `rotaryDim` dimensions: theta^(-2i/d), i = 0 .. d/2 - 1, scaled if configured. */
export function rotaryFrequencies({ rotaryDim, ropeTheta, ropeScaling }: Rope & { rotaryDim: number }): number[] {
  const half = rotaryDim / 2;
  const plain = Array.from({ length: half }, (_, i) => ropeTheta ** (-i / half));
  if (!ropeScaling) return plain;
  return stretched(plain, ropeTheta, ropeScaling);
}

function stretched(plain: readonly number[], ropeTheta: number, scaling: RopeScaling): number[] {
  switch (scaling.type) {
    case 'llama3':
      return plain.map((frequency) => llama3Frequency(frequency, scaling));
    case 'linear':
      return plain.map((frequency) => frequency / scaling.factor);
    case 'dynamic':
      return [...plain];
    case 'yarn': {
      const slowed = yarnRamp(plain.length, ropeTheta, scaling);
      return plain.map((frequency, i) => (frequency / scaling.factor) * slowed[i]! + frequency * (1 - slowed[i]!));
    }
    case 'longrope':
      return plain.map((frequency, i) => frequency / scaling.divisors[i]!);
  }
}

/** Multiplies cosines and sines. */
export function rotaryScale(scaling: RopeScaling | null): number {
  return scaling?.type === 'yarn' || scaling?.type === 'longrope' ? scaling.attentionFactor : 1;
}

function llama3Frequency(frequency: number, scaling: RopeScaling & { type: 'llama3' }): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength: length } = scaling;
  const turns = (length * frequency) / (2 * Math.PI);
  if (turns < low) return frequency / factor;
  if (turns > high) return frequency;
  const smooth = (turns - low) / (high - low);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}

/** YaRN's ramp for `half` frequencies: 0 (kept) to 1 (fully scaled), linear between the dimensions of the two betas. */
function yarnRamp(half: number, theta: number, scaling: RopeScaling & { type: 'yarn' }): number[] {
  const { originalContextLength: length, betaFast, betaSlow, truncate } = scaling;
  const dimensionOf = (turns: number) => (2 * half * Math.log(length / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [from, to] = [dimensionOf(betaFast), dimensionOf(betaSlow)];
  const low = Math.max(truncate ? Math.floor(from) : from, 0);
  const high = Math.min(truncate ? Math.ceil(to) : to, 2 * half - 1);
  const width = low === high ? 0.001 : high - low;
  return Array.from({ length: half }, (_, i) => Math.min(1, Math.max(0, (i - low) / width)));
}

/** The scale of queries and keys that YaRN's paper suggests for a factor. */
export function yarnGrowth(factor: number, weight = 1): number {
  return factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
}

/** The RoPE fields: transformers 5 stores all of them in `rope_parameters`; older files use `rope_scaling`. */
function nestedFields(fields: ConfigFields, nested: unknown): ConfigFields {
  if (nested !== undefined && (typeof nested !== 'object' || nested === null || Array.isArray(nested))) {
    throw unsupported(fields.file, 'rope scaling', nested, OTHER_MODEL);
  }
  return new ConfigFields(fields.file, (nested ?? {}) as Record<string, unknown>);
}

export interface HuggingFaceRope extends Rope {
  /** The fraction of each head that is rotated. */
  partial: number;
}

/**
 * Reads RoPE settings from a `config.json`. `theta` is the default of the model class; `layers` names the part of
 * `rope_parameters` if each type of layer has its own.
 */
export function huggingFaceRope(
  fields: ConfigFields,
  theta = 10_000,
  layers: { type: string; thetaKey: string; scaled: boolean } | null = null,
): HuggingFaceRope {
  const old = nestedFields(fields, layers?.scaled === false ? undefined : fields.get('rope_scaling'));
  const all = nestedFields(fields, fields.get('rope_parameters'));
  const own = layers && all.has(layers.type) ? nestedFields(fields, all.get(layers.type)) : all;
  const rope = fields.get('rope_parameters') === undefined ? old : own;
  const ropeTheta = rope.positive('rope_theta', fields.positive(layers?.thetaKey ?? 'rope_theta', theta));
  const partial = rope.positive('partial_rotary_factor', fields.positive('partial_rotary_factor', 1));
  return { ropeTheta, partial, ropeScaling: huggingFaceScaling(fields, rope) };
}

function huggingFaceScaling(fields: ConfigFields, rope: ConfigFields): RopeScaling | null {
  const type = rope.get('rope_type') ?? rope.get('type') ?? 'default';
  const given = () => rope.count('original_max_position_embeddings', originalLength(fields));
  switch (type) {
    case 'default':
      return null;
    case 'llama3':
      return {
        type: 'llama3',
        factor: rope.positive('factor'),
        lowFrequencyFactor: rope.positive('low_freq_factor'),
        highFrequencyFactor: rope.positive('high_freq_factor'),
        originalContextLength: rope.count('original_max_position_embeddings'),
      };
    case 'linear':
      return { type: 'linear', factor: rope.positive('factor') };
    case 'dynamic':
      return { type: 'dynamic', factor: rope.positive('factor') };
    case 'yarn':
      if (fields.get('model_type') === 'phi3') return longRope(fields, rope, given());
      return yarn(fields, rope, given());
    case 'su':
    case 'longrope':
      return longRope(fields, rope, given());
    default:
      throw unsupported(fields.file, 'rope scaling', type, OTHER_MODEL);
  }
}

/** Phi-3, for example, has the original length as a field of the model; other models use the context length. */
function originalLength(fields: ConfigFields): number {
  return fields.count('original_max_position_embeddings', fields.count('max_position_embeddings'));
}

function yarn(fields: ConfigFields, rope: ConfigFields, originalContextLength: number): RopeScaling {
  const factor = rope.positive('factor', fields.count('max_position_embeddings') / originalContextLength);
  const [one, all] = [rope.get('mscale'), rope.get('mscale_all_dim')];
  const grown =
    one && all
      ? yarnGrowth(factor, rope.positive('mscale')) / yarnGrowth(factor, rope.positive('mscale_all_dim'))
      : yarnGrowth(factor);
  return {
    type: 'yarn',
    factor,
    originalContextLength,
    betaFast: rope.positive('beta_fast', 32),
    betaSlow: rope.positive('beta_slow', 1),
    attentionFactor: rope.positive('attention_factor', grown),
    truncate: rope.flag('truncate', true),
  };
}

function longRope(fields: ConfigFields, rope: ConfigFields, originalContextLength: number): RopeScaling {
  const ratio = fields.count('max_position_embeddings') / originalContextLength;
  return {
    type: 'longrope',
    divisors: rope.positives('short_factor'),
    longDivisors: rope.positives('long_factor'),
    originalContextLength,
    attentionFactor: rope.positive(
      'attention_factor',
      longRopeGrowth(rope.positive('factor', ratio), originalContextLength),
    ),
  };
}

function longRopeGrowth(factor: number, originalContextLength: number): number {
  return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalContextLength));
}

/** The `rope_scaling` in a form that every version of transformers reads; null: none. */
export function toHuggingFaceScaling(scaling: RopeScaling | null): object | null {
  if (!scaling) return null;
  switch (scaling.type) {
    case 'llama3':
      return {
        rope_type: 'llama3',
        factor: scaling.factor,
        low_freq_factor: scaling.lowFrequencyFactor,
        high_freq_factor: scaling.highFrequencyFactor,
        original_max_position_embeddings: scaling.originalContextLength,
      };
    case 'linear':
    case 'dynamic':
      return { rope_type: scaling.type, factor: scaling.factor };
    case 'yarn':
      return {
        rope_type: 'yarn',
        factor: scaling.factor,
        original_max_position_embeddings: scaling.originalContextLength,
        beta_fast: scaling.betaFast,
        beta_slow: scaling.betaSlow,
        attention_factor: scaling.attentionFactor,
        ...(scaling.truncate ? {} : { truncate: false }),
      };
    case 'longrope':
      return {
        rope_type: 'longrope',
        short_factor: scaling.divisors,
        long_factor: scaling.longDivisors,
        original_max_position_embeddings: scaling.originalContextLength,
        attention_factor: scaling.attentionFactor,
      };
  }
}

/** `rope_theta` and `rope_scaling` of a `config.json`, in a form that every version of transformers reads. */
export function toHuggingFaceRope({ ropeTheta, ropeScaling }: Rope) {
  return { rope_theta: ropeTheta, rope_scaling: toHuggingFaceScaling(ropeScaling) };
}

/** Divisors of the frequencies, if tensors of a GGUF file contain them. */
export interface GgufDivisors {
  /** `rope_freqs.weight`: the result of Llama 3's scaling. */
  readonly plain: readonly number[] | null;
  /** LongRoPE: `rope_factors_short.weight` and `rope_factors_long.weight`. */
  readonly short: readonly number[] | null;
  readonly long: readonly number[] | null;
}

/** Reads RoPE settings from GGUF metadata and divisor tensors. */
export function ggufRope(fields: ConfigFields, rotaryDim: number, divisors: GgufDivisors): Rope {
  const ropeTheta = fields.positive('rope.freq_base', 10_000);
  return { ropeTheta, ropeScaling: ggufScaling(fields, rotaryDim, ropeTheta, divisors) };
}

function ggufScaling(
  fields: ConfigFields,
  rotaryDim: number,
  ropeTheta: number,
  { plain, short, long }: GgufDivisors,
): RopeScaling | null {
  const context = () => fields.count('context_length');
  const original = () => fields.count('rope.scaling.original_context_length', context());
  if (short && long) {
    const attentionFactor = fields.positive(
      'rope.scaling.attn_factor',
      longRopeGrowth(context() / original(), original()),
    );
    const given = { divisors: short, longDivisors: long, attentionFactor };
    return { type: 'longrope', ...given, originalContextLength: original() };
  }
  if (plain) return llama3Scaling(plain, rotaryDim, ropeTheta, fields);
  const type = fields.get('rope.scaling.type') ?? 'none';
  switch (type) {
    case 'none':
      return null;
    case 'linear':
      return { type: 'linear', factor: fields.positive('rope.scaling.factor') };
    case 'yarn': {
      const factor = fields.positive('rope.scaling.factor');
      // llama.cpp multiplies the paper's factor by the file's.
      const attentionFactor =
        yarnGrowth(factor) *
        fields.positive('rope.scaling.yarn_attn_factor', 1) *
        fields.positive('rope.scaling.attn_factor', 1);
      const betas = {
        betaFast: fields.positive('rope.scaling.yarn_beta_fast', 32),
        betaSlow: fields.positive('rope.scaling.yarn_beta_slow', 1),
      };
      return { type: 'yarn', factor, originalContextLength: original(), ...betas, attentionFactor, truncate: true };
    }
    default:
      throw fields.unsupported('rope.scaling.type');
  }
}

/**
 * GGUF files of Llama 3 contain the result of the scaling, not its settings. In all known models, only the factor and
 * the original length vary, and both can be recovered from the divisors. If the recovered settings do not reproduce the
 * divisors, the divisors themselves are used, as for LongRoPE.
 */
function llama3Scaling(
  divisors: readonly number[],
  rotaryDim: number,
  ropeTheta: number,
  fields: ConfigFields,
): RopeScaling | null {
  const factor = divisors.reduce((a, b) => Math.max(a, b), 1);
  if (factor === 1) return null;
  const plain = rotaryFrequencies({ rotaryDim, ropeTheta, ropeScaling: null });
  const [low, high] = [1, 4];
  const lengths = plain.flatMap((frequency, i) => {
    const smooth = (1 / divisors[i]! - 1 / factor) / (1 - 1 / factor);
    if (!(smooth > 0.01 && smooth < 0.99)) return [];
    return [Math.round(((smooth * (high - low) + low) * 2 * Math.PI) / frequency)];
  });
  // If no frequency is between the two ends, several lengths give the same result.
  for (const originalContextLength of [...lengths, 8192, 4096, 2048, 16_384, 32_768]) {
    if (!(originalContextLength >= 1)) continue;
    const scaling = {
      ...{ type: 'llama3' as const, factor, originalContextLength },
      ...{ lowFrequencyFactor: low, highFrequencyFactor: high },
    };
    const scaled = rotaryFrequencies({ rotaryDim, ropeTheta, ropeScaling: scaling });
    const same =
      divisors.length === plain.length && plain.every((f, i) => Math.abs(f / scaled[i]! / divisors[i]! - 1) < 1e-4);
    if (same) return scaling;
  }
  if (divisors.length !== plain.length) throw unsupported(fields.file, 'tensor', 'rope_freqs.weight', OTHER_MODEL);
  const originalContextLength = fields.count('context_length');
  return { type: 'longrope', divisors, longDivisors: divisors, originalContextLength, attentionFactor: 1 };
}
