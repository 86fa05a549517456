/**
 * Differences between architectures inside a block; numbers from files are in `traits.ts`, everything else is in
 * `decoder.ts`.
 */
import type { LoraConfig } from '../protocol/index.ts';

/** Matrices of a layer; each can have a bias and an adapter. */
export type Projection = LoraConfig['targets'][number];

/** Norms before and after attention or MLP, by the names of their weights within the layer. */
export interface Norms {
  /** x + f(norm(x)). */
  readonly before: string | null;
  /** x + norm(f(x)). */
  readonly after: string | null;
}

export interface DecoderBlock {
  readonly attentionNorms: Norms;
  readonly mlpNorms: Norms;
  /** RMS norm of queries and keys before the rotation: per head, over all heads together, or none. */
  readonly qkNorm: 'none' | 'each head' | 'all heads';
  readonly biases: readonly Projection[];
  /** RMS norms (arXiv 1910.07467), RMS norms whose weights are offsets from 1, or layer norms with biases. */
  readonly norm: 'rms' | 'rms from 1' | 'layer';
  /** down(act(gate(x)) up(x)) (arXiv 2002.05202), or down(act(up(x))). */
  readonly mlp: 'gated' | 'plain';
  /** Rotary embeddings of queries and keys, or learned position embeddings added to token embeddings. */
  readonly positions: 'rotary' | 'learned';
}
