/** What differs between architectures inside a block; everything else is in `decoder.ts`. */
import type { LoraConfig } from '../protocol/index.ts';

/** Matrices of a layer; each can have a bias and an adapter. */
export type Projection = LoraConfig['targets'][number];

/** RMS norms around attention or MLP, by the names of their weights within the layer. */
export interface Norms {
  /** x + f(norm(x)). */
  readonly before: string | null;
  /** x + norm(f(x)). */
  readonly after: string | null;
}

export interface DecoderBlock {
  readonly attentionNorms: Norms;
  readonly mlpNorms: Norms;
  /** RMS norm of queries and keys before they are turned: of each head by itself, of all heads together, or none. */
  readonly qkNorm: 'none' | 'each head' | 'all heads';
  readonly biases: readonly Projection[];
}
