/** What differs between architectures inside a block; everything else is in `decoder.ts`. */
import type { DecoderConfig } from './config.ts';

/** RMS norms around attention or MLP, by the names of their weights within the layer. */
export interface Norms {
  /** x + f(norm(x)). */
  before: string | null;
  /** x + norm(f(x)). */
  after: string | null;
}

/** Biases are not named here: a projection has one where the model has a tensor for it. */
export interface Block {
  attentionNorms: Norms;
  mlpNorms: Norms;
  /** RMS norm of queries and keys before they are turned: of each head by itself, of all heads together, or none. */
  qkNorm: 'none' | 'each head' | 'all heads';
}

export function blockOf({ qkNorm }: DecoderConfig): Block {
  return {
    attentionNorms: { before: 'input_layernorm', after: null },
    mlpNorms: { before: 'post_attention_layernorm', after: null },
    qkNorm: qkNorm ? 'each head' : 'none',
  };
}
