/** What scores hidden states, and what it gives. */
import type { Value } from '../../runtime/backend.ts';
import type { Named } from '../../tensor/index.ts';
import type { HeadScores } from './head-graph.ts';

/** Bytes for logits and what is made of them, and copies of the logits that this takes. */
export const LOGIT_BYTES = 128 * 2 ** 20;
export const LOGIT_COPIES = 4;

/** Bytes of the unembedding that are in memory at a time where it is frozen. */
export const SLICE_BYTES = 64 * 2 ** 20;

/** Nats, one number per token. */
export type TokenScores = Readonly<Record<keyof HeadScores, Float32Array>>;

export interface OutputHead {
  /** Scores of the targets under hidden states [targets.length, hidden] after the last layer. */
  scores(x: Value, targets: Int32Array, parameters: Named<Value>, tick: () => void): Promise<TokenScores>;
  /**
   * Gradient of the hidden states, and the sums of the parameters' gradients, of which `sums` is used up; the gradients of
   * log p and entropy are of each token.
   */
  gradients(
    x: Value,
    targets: Int32Array,
    scores: TokenScores,
    given: { dLogprob: Float32Array; dEntropy: Float32Array | null },
    parameters: Named<Value>,
    sums: Named<Value>,
    tick: () => void,
  ): Promise<{ dx: Value; sums: Named<Value> }>;
  release(): Promise<void>;
}

/** From 0 to `length` in ranges of at most `most`, of about the same size. */
export function ranges(length: number, most: number): { from: number; to: number }[] {
  const size = Math.ceil(length / Math.ceil(length / Math.max(1, most)));
  return Array.from({ length: Math.ceil(length / size) }, (_, i) => ({
    from: i * size,
    to: Math.min(length, (i + 1) * size),
  }));
}
