/** The input and the output of the scoring of hidden states. */
import type { Value } from '../../runtime/backend.ts';
import type { Named } from '../../tensor/index.ts';
import type { HeadScores } from './head-graph.ts';

/** Bytes for logits and the values computed from them, and how many arrays of the size of the logits these are. */
export const LOGIT_BYTES = 128 * 2 ** 20;
export const LOGIT_COPIES = 4;

/** Bytes of a frozen unembedding that are in memory at a time. */
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

/** Divides 0 to `length` into ranges of at most `most`, of about equal size. */
export function ranges(length: number, most: number): { from: number; to: number }[] {
  const size = Math.ceil(length / Math.ceil(length / Math.max(1, most)));
  return Array.from({ length: Math.ceil(length / size) }, (_, i) => ({
    from: i * size,
    to: Math.min(length, (i + 1) * size),
  }));
}
