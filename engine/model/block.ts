/** What differs between architectures inside a block; numbers that files give are in `traits.ts`, the rest in `decoder.ts`. */
import type { LoraConfig } from '../protocol/index.ts';

/** Matrices of a layer; each can have a bias and an adapter. */
export type Projection = LoraConfig['targets'][number];

/** Norms around attention or MLP, by the names of their weights within the layer. */
export interface Norms {
  /** x + f(norm(x)). */
  readonly before: string | null;
  /** x + norm(f(x)). */
  readonly after: string | null;
}

export interface DecoderBlock {
  readonly attentionNorms: Norms;
  readonly mlpNorms: Norms;
  /** RMS norm of queries and keys before they are rotated: of each head by itself, of all heads together, or none. */
  readonly qkNorm: 'none' | 'each head' | 'all heads';
  readonly biases: readonly Projection[];
  /** RMS norms (arXiv 1910.07467), such whose weights say how far they are from 1, or layer norms with biases. */
  readonly norm: 'rms' | 'rms from 1' | 'layer';
  /** down(act(gate(x)) up(x)) (arXiv 2002.05202), or down(act(up(x))). */
  readonly mlp: 'gated' | 'plain';
  /** Queries and keys are rotated, or an embedding of the position is added to that of the token. */
  readonly positions: 'rotary' | 'learned';
}
