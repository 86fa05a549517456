/** Logits with an optional soft cap (Gemma 2): z becomes cap tanh(z / cap). */
import { op, type Tensor } from '../tensor/index.ts';
import type { DecoderConfig } from './config.ts';

/**
 * The soft cap of a graph's logits, a scalar; null: no cap. Hidden states are divided by the temperature before they
 * become logits, so the cap is too.
 */
export function logitSoftCap({ logitCap }: Pick<DecoderConfig, 'logitCap'>, temperature: Tensor): Tensor | null {
  return logitCap === null ? null : op.div(logitCap, temperature);
}

/** Computes logits [..., V] from hidden states and an unembedding. */
export function logitsOf(hidden: Tensor, unembedding: Tensor, limit: Tensor | null): Tensor {
  const raw = op.linear(hidden, unembedding);
  return limit ? op.mul(op.tanh(op.div(raw, limit)), limit) : raw;
}

/** The gradient with respect to the logits before the cap, from that of the capped logits: g (1 - (z / limit)^2). */
export function gradientBeforeSoftCap(gradient: Tensor, logits: Tensor, limit: Tensor | null): Tensor {
  if (!limit) return gradient;
  const inner = op.div(logits, limit);
  return op.mul(gradient, op.sub(1, op.mul(inner, inner)));
}
