/** Rotary positions (arXiv 2104.09864): frequencies, and how files describe them. */
import { ConfigFields, OTHER_MODEL, unsupported } from './fields.ts';

/** Llama 3's stretching of the rotary frequencies: long waves are slowed by `factor`, short ones kept. */
export interface RopeScaling {
  factor: number;
  lowFrequencyFactor: number;
  highFrequencyFactor: number;
  originalContextLength: number;
}

export interface Rope {
  ropeTheta: number;
  ropeScaling: RopeScaling | null;
}

/** Frequencies of a rotation: theta^(-2i/d), i = 0 .. d/2 - 1, stretched as Llama 3 does where configured. */
export function rotaryFrequencies({ headDim, ropeTheta, ropeScaling: scaling }: Rope & { headDim: number }): number[] {
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

/** From a `config.json`. transformers 5 keeps everything in `rope_parameters`; older files have `rope_theta` and `rope_scaling`. */
export function huggingFaceRope(fields: ConfigFields): Rope {
  const nested = fields.get('rope_parameters') ?? fields.get('rope_scaling');
  if (nested !== undefined && (typeof nested !== 'object' || Array.isArray(nested))) {
    throw unsupported(fields.file, 'rope scaling', nested, OTHER_MODEL);
  }
  const rope = new ConfigFields(fields.file, (nested ?? {}) as Record<string, unknown>);
  const ropeTheta = rope.positive('rope_theta', fields.positive('rope_theta', 10_000));
  const type = rope.get('rope_type') ?? rope.get('type') ?? 'default';
  const partial = rope.get('partial_rotary_factor') ?? fields.get('partial_rotary_factor') ?? 1;
  if (partial !== 1) throw fields.unsupported('partial_rotary_factor', partial);
  if (type === 'default') return { ropeTheta, ropeScaling: null };
  if (type !== 'llama3') throw unsupported(fields.file, 'rope scaling', type, OTHER_MODEL);
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

/** `rope_theta` and `rope_scaling` of a `config.json`, which every version of transformers reads. */
export function toHuggingFaceRope({ ropeTheta, ropeScaling: scaling }: Rope) {
  return {
    rope_theta: ropeTheta,
    rope_scaling: scaling && {
      rope_type: 'llama3',
      factor: scaling.factor,
      low_freq_factor: scaling.lowFrequencyFactor,
      high_freq_factor: scaling.highFrequencyFactor,
      original_max_position_embeddings: scaling.originalContextLength,
    },
  };
}

/** From GGUF metadata and the contents of `rope_freqs.weight`: what each frequency is divided by. */
export function ggufRope(fields: ConfigFields, headDim: number, divisors: Float32Array | null): Rope {
  const scalingType = fields.get('rope.scaling.type') ?? 'none';
  if (scalingType !== 'none') throw fields.unsupported('rope.scaling.type');
  const ropeTheta = fields.positive('rope.freq_base', 10_000);
  return { ropeTheta, ropeScaling: divisors && llama3Scaling(divisors, headDim, ropeTheta, fields) };
}

/**
 * GGUF files of Llama 3.1 and 3.2 carry the result of the scaling, not its settings. The settings that all of them were
 * made with are tried and compared; anything else is refused.
 */
function llama3Scaling(
  divisors: Float32Array,
  headDim: number,
  ropeTheta: number,
  fields: ConfigFields,
): RopeScaling | null {
  const factor = divisors.reduce((a, b) => Math.max(a, b), 1);
  if (factor === 1) return null;
  const scaling = { factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192 };
  const plain = rotaryFrequencies({ headDim, ropeTheta, ropeScaling: null });
  const scaled = rotaryFrequencies({ headDim, ropeTheta, ropeScaling: scaling });
  const same =
    divisors.length === plain.length && plain.every((f, i) => Math.abs(f / scaled[i]! / divisors[i]! - 1) < 1e-4);
  if (!same) throw unsupported(fields.file, 'tensor', 'rope_freqs.weight', OTHER_MODEL);
  return scaling;
}
