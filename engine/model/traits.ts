/**
 * What a decoder does otherwise than Llama does, as numbers and choices of its files; the parts that follow from the
 * architecture alone are in `block.ts`.
 */

/** How the layers of a kind tell positions, and how far they look. */
export interface LayerKind {
  /** A token sees this many tokens, itself among them; null: all before it. */
  readonly window: number | null;
  /** Which rotary frequencies turn its queries and keys; null: none, the layer has no positions (NoPE). */
  readonly rope: 'main' | 'local' | null;
}

/** Stretching of the rotary frequencies, named as in `rope_scaling`. Lengths are tokens. */
export type RopeScaling =
  /** Long waves are slowed by `factor`, short ones kept. */
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalContextLength: number;
    }
  /** Every wave is slowed by `factor`. */
  | { readonly type: 'linear'; readonly factor: number }
  /** Nothing is stretched up to the context length, beyond which no sequence here goes. */
  | { readonly type: 'dynamic'; readonly factor: number }
  /** YaRN (arXiv 2309.00071): long waves are slowed, short ones kept, and queries and keys grow. */
  | {
      readonly type: 'yarn';
      readonly factor: number;
      readonly originalContextLength: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      /** Factor on cosines and sines. */
      readonly attentionFactor: number;
      /** Whether the ends of the ramp are whole dimensions. */
      readonly truncate: boolean;
    }
  /** LongRoPE (arXiv 2402.13753): a divisor for each frequency; only the ones for sequences up to the original length. */
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

/** A mixture of experts in place of the MLP of every layer. */
export interface Experts {
  readonly count: number;
  /** Experts that a token uses. */
  readonly used: number;
  /** Whether the weights of those add up to 1. */
  readonly normalized: boolean;
}

export interface Traits {
  /** Layer i is of the kind `i % kinds.length`. */
  readonly kinds: readonly LayerKind[];
  /** Numbers of a head that are rotated, the first ones; the others stay. */
  readonly rotaryDim: number;
  /** Of the kinds whose `rope` is local. */
  readonly localRope: Rope | null;
  readonly activation: 'silu' | 'gelu tanh';
  /** Queries are multiplied by it; null: 1 / sqrt(headDim). */
  readonly attentionScale: number | null;
  /** Scores s become cap tanh(s / cap). */
  readonly attentionCap: number | null;
  readonly logitCap: number | null;
  readonly embeddingScale: number;
  /** What attention and MLP add is multiplied by it. */
  readonly residualScale: number;
  readonly logitScale: number;
  readonly experts: Experts | null;
}

const GLOBAL: LayerKind = { window: null, rope: 'main' };

/** Llama's, for heads of `headDim` numbers. */
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

/** Window and rotary embedding of a layer (from 0): `kinds` repeats over the layers. */
export function kindOf({ kinds }: Pick<Traits, 'kinds'>, layer: number): LayerKind {
  return kinds[layer % kinds.length]!;
}

/** Layers of each kind look the same: the shortest list that repeats to the given one. */
export function shortestCycle(kinds: readonly LayerKind[]): readonly LayerKind[] {
  const same = (a: LayerKind, b: LayerKind) => a.window === b.window && a.rope === b.rope;
  for (let length = 1; length < kinds.length; length++) {
    if (kinds.every((kind, i) => same(kind, kinds[i % length]!))) return kinds.slice(0, length);
  }
  return kinds;
}

/** A kind by its properties, to tell graphs apart. */
export function kindKey({ window, rope }: LayerKind): string {
  return `${window} ${rope}`;
}
