/**
 * How a decoder differs from Llama, as numbers and choices read from its files; differences that follow from the
 * architecture alone are in `block.ts`.
 */

/** Positions and attention window of one kind of layer. */
export interface LayerKind {
  /** Number of tokens that a token attends to, including itself; null: all previous ones. */
  readonly window: number | null;
  /** The rotary frequencies for queries and keys; null: the layer has no positional encoding (NoPE). */
  readonly rope: 'main' | 'local' | null;
}

/** Scaling of the rotary frequencies, named as in `rope_scaling`. Lengths are in tokens. */
export type RopeScaling =
  /** Divides low frequencies by `factor` and keeps high ones. */
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalContextLength: number;
    }
  /** Divides every frequency by `factor`. */
  | { readonly type: 'linear'; readonly factor: number }
  /** Has no effect up to the context length, which sequences here never exceed. */
  | { readonly type: 'dynamic'; readonly factor: number }
  /** YaRN (arXiv 2309.00071): scales low frequencies, keeps high ones, and scales up queries and keys. */
  | {
      readonly type: 'yarn';
      readonly factor: number;
      readonly originalContextLength: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      /** Multiplies cosines and sines. */
      readonly attentionFactor: number;
      /** Whether the ends of the ramp are rounded to whole dimensions. */
      readonly truncate: boolean;
    }
  /** LongRoPE (arXiv 2402.13753): one divisor per frequency; only those for sequences up to the original length are used. */
  | {
      readonly type: 'longrope';
      readonly divisors: readonly number[];
      readonly longDivisors: readonly number[];
      readonly originalContextLength: number;
      readonly attentionFactor: number;
    };

export interface Rope {
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling | null;
}

/** A mixture of experts, which replaces the MLP of every layer. */
export interface Experts {
  readonly count: number;
  /** Experts per token. */
  readonly used: number;
  /** Whether the router weights of the used experts are normalized to sum to 1. */
  readonly normalized: boolean;
}

export interface Traits {
  /** Layer i is of kind `i % kinds.length`. */
  readonly kinds: readonly LayerKind[];
  /** Number of leading dimensions of a head that are rotated; the others are unchanged. */
  readonly rotaryDim: number;
  /** For kinds whose `rope` is local. */
  readonly localRope: Rope | null;
  readonly activation: 'silu' | 'gelu tanh';
  /** Multiplies queries; null: 1 / sqrt(headDim). */
  readonly attentionScale: number | null;
  /** Attention scores s become cap tanh(s / cap). */
  readonly attentionCap: number | null;
  readonly logitCap: number | null;
  readonly embeddingScale: number;
  /** Multiplies the outputs of attention and MLP before they are added to the residual stream. */
  readonly residualScale: number;
  readonly logitScale: number;
  readonly experts: Experts | null;
}

const GLOBAL: LayerKind = { window: null, rope: 'main' };

/** Llama's traits, for heads of dimension `headDim`. */
export function plainTraits(headDim: number): Traits {
  return {
    kinds: [GLOBAL],
    rotaryDim: headDim,
    localRope: null,
    activation: 'silu',
    attentionScale: null,
    attentionCap: null,
    logitCap: null,
    embeddingScale: 1,
    residualScale: 1,
    logitScale: 1,
    experts: null,
  };
}

/** Attention window and rotary embedding of a layer (from 0): `kinds` repeats over the layers. */
export function kindOf({ kinds }: Pick<Traits, 'kinds'>, layer: number): LayerKind {
  return kinds[layer % kinds.length]!;
}

/** The shortest cycle that repeats to the given list. */
export function shortestCycle(kinds: readonly LayerKind[]): readonly LayerKind[] {
  const same = (a: LayerKind, b: LayerKind) => a.window === b.window && a.rope === b.rope;
  for (let length = 1; length < kinds.length; length++) {
    if (kinds.every((kind, i) => same(kind, kinds[i % length]!))) return kinds.slice(0, length);
  }
  return kinds;
}

/** A key that identifies a kind, for caching graphs. */
export function kindKey({ window, rope }: LayerKind): string {
  return `${window} ${rope}`;
}
