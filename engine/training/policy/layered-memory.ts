/** The memory of a model that runs layer by layer, and the division of groups into parts that fit. */
import type { DecoderConfig } from '../../model/config.ts';
import { modulesOf, projectionShape, projectionsOf } from '../../model/parameters.ts';
import { MAX_DEAD_BYTES } from '../../runtime/reclaim.ts';
import { LOGIT_BYTES, SLICE_BYTES } from './head-contract.ts';
import type { WeightedGroup } from './responses.ts';

/**
 * Memory of the head: the unembedding or slices of it, and logits. A trained unembedding is a parameter, which is
 * counted elsewhere.
 */
function headBytes({ vocabularySize, hiddenSize }: DecoderConfig): number {
  return Math.min(vocabularySize * hiddenSize * 4, 2 * SLICE_BYTES) + LOGIT_BYTES;
}

/** The prompt's hidden states, keys and values, and the gradients of the latter: they stay while its responses train. */
function promptBytes({ hiddenSize, layers, kvHeads, headDim }: DecoderConfig, promptLength: number): number {
  return promptLength * layers * (hiddenSize + 4 * kvHeads * headDim) * 4;
}

/** Weights of one layer, and arrays that are dead but not yet collected. */
function layerBytes(config: DecoderConfig): number {
  return layerParameters(config) * 4 + MAX_DEAD_BYTES;
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

/** Hidden states of one response before each layer. */
function keptBytes({ hiddenSize, layers }: DecoderConfig, length: number): number {
  return length * layers * hiddenSize * 4;
}

/** Activations of a layer for one response, and what its heads add to the gradients of the prompt's keys and values. */
function rowActivationBytes(config: DecoderConfig, promptLength: number, length: number): number {
  return length * layerTokenBytes(config) + 4 * config.heads * promptLength * config.headDim * 4;
}

/** Bytes of the scores of one head of one response, and of their gradient. */
function scoreBytes(promptLength: number, length: number): number {
  return 5 * length * (promptLength + length) * 4;
}

/**
 * Bytes of `rows` responses of the same length: of the head, or of a layer in the backward pass, whichever is more.
 */
export function layeredBytes(config: DecoderConfig, promptLength: number, length: number, rows = 1): number {
  const head = headBytes(config) + 3 * rows * length * config.hiddenSize * 4;
  const back =
    layerBytes(config) + rows * rowActivationBytes(config, promptLength, length) + scoreBytes(promptLength, length);
  return promptBytes(config, promptLength) + rows * keptBytes(config, length) + Math.max(head, back);
}

/**
 * Divides the responses of a group into parts that fit into memory (bytes), longest first, so that there is little
 * padding. A part has at least one response, however much that takes.
 */
export function layeredParts(group: WeightedGroup, config: DecoderConfig, memory: number): WeightedGroup[] {
  const promptLength = group.prompt.length;
  const order = group.responses
    .map((entry, i) => ({ entry, i }))
    .sort((a, b) => b.entry.response.tokens.length - a.entry.response.tokens.length || a.i - b.i);
  const parts: WeightedGroup[] = [];
  for (let at = 0; at < order.length; ) {
    const longest = order[at]!.entry.response.tokens.length;
    let rows = 1;
    while (at + rows < order.length && layeredBytes(config, promptLength, longest, rows + 1) <= memory) rows++;
    parts.push({ ...group, responses: order.slice(at, at + rows).map(({ entry }) => entry) });
    at += rows;
  }
  return parts;
}
