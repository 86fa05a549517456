/** What a model takes that runs layer by layer, and cutting groups so that they fit. */
import type { DecoderConfig } from '../../model/config.ts';
import { modulesOf, projectionShape, projectionsOf } from '../../model/parameters.ts';
import { MOST_DEAD_BYTES } from '../../runtime/reclaim.ts';
import { LOGIT_BYTES, SLICE_BYTES } from './head-contract.ts';
import type { WeightedGroup } from './responses.ts';

/**
 * Bytes that do not depend on the rows: weights of one layer and of a slice of the head, logits, arrays that are dead but not yet
 * collected, the prompt's hidden states and caches.
 */
export function layeredFixedBytes(config: DecoderConfig, promptLength: number): number {
  const { vocabularySize, hiddenSize, layers, kvHeads, headDim } = config;
  // An unembedding that trains is a parameter, which is counted elsewhere.
  const weights = layerParameters(config) * 4 + Math.min(vocabularySize * hiddenSize * 4, 2 * SLICE_BYTES);
  const prompt = promptLength * layers * (hiddenSize + 4 * kvHeads * headDim) * 4;
  return weights + LOGIT_BYTES + MOST_DEAD_BYTES + prompt + promptLength * layerTokenBytes(config);
}

/** Numbers in the matrices of a layer. */
function layerParameters(config: DecoderConfig): number {
  return projectionsOf(config)
    .map((p) => [modulesOf(config, p).length, ...projectionShape(config, p)] as const)
    .reduce((n, [count, out, into]) => n + count * out * into, 0);
}

/** Bytes of activations of a token while a layer's gradient is computed. */
function layerTokenBytes({ hiddenSize, intermediateSize, heads, kvHeads, headDim }: DecoderConfig): number {
  return (12 * hiddenSize + 6 * intermediateSize + (10 * heads + 5 * kvHeads) * headDim) * 4;
}

/** Bytes of one response: hidden states before each layer, a layer's activations, its head's share of the prompt. */
export function layeredRowBytes(config: DecoderConfig, promptLength: number, length: number): number {
  const { hiddenSize, layers, heads, headDim } = config;
  const token = layers * hiddenSize * 4 + layerTokenBytes(config);
  return length * token + 4 * heads * promptLength * headDim * 4;
}

/** Bytes of the scores of one head of one response, and of their gradient. */
export function scoreBytes(promptLength: number, length: number): number {
  return 5 * length * (promptLength + length) * 4;
}

/** Bytes of one response alone: the least that a run can do with. */
export function layeredBytes(config: DecoderConfig, promptLength: number, length: number): number {
  return (
    layeredFixedBytes(config, promptLength) +
    layeredRowBytes(config, promptLength, length) +
    scoreBytes(promptLength, length)
  );
}

/**
 * The responses of a group in parts that fit the memory (bytes), longest first, so that little is padded. At least one
 * response is a part, whatever it takes.
 */
export function layeredParts(group: WeightedGroup, config: DecoderConfig, memory: number): WeightedGroup[] {
  const promptLength = group.prompt.length;
  const order = group.responses
    .map((entry, i) => ({ entry, i }))
    .sort((a, b) => b.entry.response.tokens.length - a.entry.response.tokens.length || a.i - b.i);
  const parts: WeightedGroup[] = [];
  for (let at = 0; at < order.length; ) {
    const longest = order[at]!.entry.response.tokens.length;
    const free = memory - layeredFixedBytes(config, promptLength) - scoreBytes(promptLength, longest);
    const rows = Math.max(1, Math.floor(free / layeredRowBytes(config, promptLength, longest)));
    parts.push({ ...group, responses: order.slice(at, at + rows).map(({ entry }) => entry) });
    at += rows;
  }
  return parts;
}
