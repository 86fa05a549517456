/**
 * One layer as a graph whose weights are inputs: the same graph runs every layer of a kind, and only one layer's weights
 * and activations exist at a time. `layered-model.ts` runs them.
 */
import type { KeyValueSet } from '../model/attention.ts';
import { Decoder, type LayerCache, type Stream } from '../model/decoder.ts';
import type { LayerKind } from '../model/traits.ts';
import type { Weights } from '../model/weights.ts';
import { Graph, type GraphFunction, type Named, type Port, product, type Tensor } from '../tensor/index.ts';
import type { BindWeights } from './graphs.ts';

/** Weights of layer 0, by name; another layer's weights are passed under these names. */
export type LayerWeights<T extends Port = Port> = {
  /** The trained parameters. */
  readonly parameters: Named<T>;
  readonly frozen: Named<T>;
};

export type PromptLayerInputs<T extends Port = Port> = LayerWeights<T> & {
  /** Hidden states [P*Lp, hidden]. */
  readonly x: T;
  /** int64 [P, Lp]. */
  readonly position: T;
  /** [1, 1, Lp, Lp], added to the scores. */
  readonly causal: T;
};

export type PromptLayerOutputs<T extends Port = Port> = {
  /** Hidden states after the layer. */
  readonly x: T;
  /** [P*kv, Lp, d]. */
  readonly cache: LayerCache<T>;
};

/** Responses of one prompt. */
export type ResponseLayerInputs<T extends Port = Port> = LayerWeights<T> & {
  /** Hidden states [G*L, hidden]. */
  readonly x: T;
  /** int64 [G, L]. */
  readonly position: T;
  /** [1, 1, L, L], added to the scores. */
  readonly causal: T;
  /** Keys and values of the prompt in this layer, [kv, Lp, d]. */
  readonly prompt: LayerCache<T>;
  /** [1, 1, 1, Lp], added to the attention scores to mask padding. */
  readonly promptBias: T;
};

/** Hidden states after the layer, [G*L, hidden]. */
export type ResponseLayerOutputs<T extends Port = Port> = { readonly x: T };

/** A layer while its graph is built: what goes in and comes out as tensors. */
export interface LayerInGraph<I, O> {
  readonly graph: Graph;
  readonly weights: Weights;
  readonly inputs: I;
  readonly outputs: O;
}

function weightsRead(weights: Weights): LayerWeights<Tensor> {
  return { parameters: weights.inputs(), frozen: weights.frozen() };
}

/**
 * One layer over P prompts of Lp tokens while its graph is built, for callers that add to it.
 * @param positions how many positions the rotary tables cover
 */
export function promptLayer(
  bind: BindWeights,
  positions: number,
  kind: LayerKind,
): LayerInGraph<PromptLayerInputs<Tensor>, PromptLayerOutputs<Tensor>> {
  const graph = new Graph();
  const weights = bind(graph).withFrozenInputs();
  const decoder = new Decoder(weights, positions, 'by head');
  const position = graph.input('position', 'int64', ['P', 'Lp']);
  const causal = graph.input('causal', 'float32', [1, 1, 'Lp', 'Lp']);
  const x = graph.input('x', 'float32', [product('P', 'Lp'), weights.config.hiddenSize]);
  const stream: Stream = { x, P: 'P', G: 1, L: 'Lp', position };
  const { stream: next, cache } = decoder.promptLayer(0, stream, causal, kind);
  return {
    graph,
    weights,
    inputs: { x, position, causal, ...weightsRead(weights) },
    outputs: { x: next.x, cache },
  };
}

/**
 * One layer over G responses of L tokens to one prompt, whose keys and values are inputs.
 * @param positions how many positions the rotary tables cover
 */
export function responseLayer(
  bind: BindWeights,
  positions: number,
  kind: LayerKind,
): LayerInGraph<ResponseLayerInputs<Tensor>, ResponseLayerOutputs<Tensor>> {
  const graph = new Graph();
  const weights = bind(graph).withFrozenInputs();
  const { kvHeads, headDim, hiddenSize } = weights.config;
  const decoder = new Decoder(weights, positions, 'by head');
  const promptBias = graph.input('prompt.bias', 'float32', [1, 1, 1, 'Lp']);
  const position = graph.input('position', 'int64', ['G', 'L']);
  const causal = graph.input('causal', 'float32', [1, 1, 'L', 'L']);
  const x = graph.input('x', 'float32', [product('G', 'L'), hiddenSize]);
  const prompt = {
    keys: graph.input('prompt.keys', 'float32', [kvHeads, 'Lp', headDim]),
    values: graph.input('prompt.values', 'float32', [kvHeads, 'Lp', headDim]),
  };
  const stream: Stream = { x, P: 1, G: 'G', L: 'L', position };
  const see = (own: LayerCache): readonly KeyValueSet[] => [
    { ...prompt, length: 'Lp', shared: true, bias: promptBias, first: 'prompt' },
    { ...own, length: 'L', shared: false, bias: causal, first: 'own' },
  ];
  const next = decoder.layer(0, stream, see, kind);
  return {
    graph,
    weights,
    inputs: { x, position, causal, prompt, promptBias, ...weightsRead(weights) },
    outputs: { x: next.x },
  };
}

/**
 * `promptLayer` as a function: hidden states [P*Lp, hidden] to those after the layer, and the layer's keys and values
 * [P*kv, Lp, d].
 */
export function promptLayerGraph(
  bind: BindWeights,
  positions: number,
  kind: LayerKind,
): GraphFunction<PromptLayerInputs, PromptLayerOutputs> {
  const { graph, inputs, outputs } = promptLayer(bind, positions, kind);
  const { x, cache } = outputs;
  return {
    graph,
    inputs,
    outputs: {
      x: graph.output('x', x),
      cache: { keys: graph.output('keys', cache.keys), values: graph.output('values', cache.values) },
    },
  };
}

/** `responseLayer` as a function: hidden states [G*L, hidden] to those after the layer. */
export function responseLayerGraph(
  bind: BindWeights,
  positions: number,
  kind: LayerKind,
): GraphFunction<ResponseLayerInputs, ResponseLayerOutputs> {
  const { graph, inputs, outputs } = responseLayer(bind, positions, kind);
  return { graph, inputs, outputs: { x: graph.output('x', outputs.x) } };
}
