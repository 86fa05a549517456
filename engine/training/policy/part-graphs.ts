/**
 * The gradient of a group that is cut into parts: its prompt's keys and values are inputs of each part, which returns
 * their gradients; the gradient of the prompt follows from the sums of these.
 */
import { Decoder, type LayerCache } from '../../model/decoder.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import { Graph, type GraphFunction, type Named, op, type Port, pullback, type Tensor } from '../../tensor/index.ts';
import { accumulateGradients, type LossInputs, type PolicyLossOptions, policyLoss } from './loss-graph.ts';
import { type BatchInputs, responseStates, scored } from './score-graph.ts';

/** Keys and values of each layer, [P*kv, Lp, d]. */
type Caches<T extends Port = Port> = readonly LayerCache<T>[];

export type PartInputs = {
  readonly batch: Omit<BatchInputs, 'prompt'>;
  /** Keys and values of the prompts. */
  readonly caches: Caches;
  /** [P, 1, 1, Lp], added to the scores of the prompts. */
  readonly promptBias: Port;
  readonly loss: LossInputs;
  readonly parameters: Named<Port>;
  /** Gradients so far: of the caches, and of the parameters. */
  readonly dCaches: Caches;
  readonly gradients: Named<Port>;
};

export type PartOutputs = {
  /** Scalar. */
  readonly loss: Port;
  /** Tokens, [P*G]. */
  readonly clipped: Port;
  readonly dCaches: Caches;
  readonly gradients: Named<Port>;
};

export type PromptBackwardInputs = {
  /** Without bias: the causal mask hides the padding. */
  readonly prompt: Omit<BatchInputs['prompt'], 'bias'>;
  readonly parameters: Named<Port>;
  readonly dCaches: Caches;
  readonly gradients: Named<Port>;
};

export type PromptBackwardOutputs = { readonly gradients: Named<Port> };

/** Inputs of the form of a prompt's caches. */
function cacheInputs(graph: Graph, { weights }: Decoder, name: string): Caches<Tensor> {
  const { layers, kvHeads, headDim } = weights.config;
  const input = (part: string, layer: number) =>
    graph.input(`${name}.${part}.${layer}`, 'float32', [`${kvHeads}*P`, 'Lp', headDim]);
  return Array.from({ length: layers }, (_, layer) => ({ keys: input('keys', layer), values: input('values', layer) }));
}

/** Tensors of caches, as one list. */
const flat = (caches: Caches<Tensor>): Tensor[] => caches.flatMap(({ keys, values }) => [keys, values]);

/** The loss of some responses, its gradients in the parameters and in the prompts' keys and values. */
export function partGradientGraph(
  bind: BindWeights,
  options: PolicyLossOptions,
): GraphFunction<PartInputs, PartOutputs> {
  const graph = new Graph();
  const decoder = new Decoder(bind(graph), options.positions);
  const promptBias = graph.input('prompt.bias', 'float32', ['P', 1, 1, 'Lp']);
  const caches = cacheInputs(graph, decoder, 'prompt');
  const states = responseStates(decoder, () => caches, promptBias);
  const { parameters, scores } = scored(states);
  const { inputs, loss, clipped } = policyLoss(graph, scores, options);
  const seen = flat(caches);
  const found = pullback([[loss, graph.scalar(1)]], [...seen, ...Object.values(parameters)]);
  const { soFar, sums } = accumulateGradients(graph, parameters, found.slice(seen.length));
  const before = cacheInputs(graph, decoder, 'dprompt');
  const grown = flat(before).map((sum, i) => op.add(sum, found[i]!));
  const outputs = {
    loss: graph.output('loss', loss),
    clipped: graph.output('clipped', clipped),
    dCaches: before.map((_, layer) => ({
      keys: graph.output(`cache.keys.${layer}`, grown[2 * layer]!),
      values: graph.output(`cache.values.${layer}`, grown[2 * layer + 1]!),
    })),
    gradients: sums,
  };
  const { batch } = states;
  return {
    graph,
    inputs: { batch, caches, promptBias, loss: inputs, parameters, dCaches: before, gradients: soFar },
    outputs,
  };
}

/** Runs prompts forward again, and backward from the gradients of their keys and values. */
export function promptBackwardGraph(
  bind: BindWeights,
  positions: number,
): GraphFunction<PromptBackwardInputs, PromptBackwardOutputs> {
  const graph = new Graph();
  const decoder = new Decoder(bind(graph), positions);
  const prompt = {
    tokens: graph.input('prompt.tokens', 'int32', ['P', 'Lp']),
    position: graph.input('prompt.position', 'int64', ['P', 'Lp']),
    causal: graph.input('prompt.causal', 'float32', [1, 1, 'Lp', 'Lp']),
  };
  const caches = decoder.prompt(decoder.stream(prompt.tokens, prompt.position), prompt.causal);
  const dCaches = cacheInputs(graph, decoder, 'dprompt');
  const parameters = decoder.weights.inputs();
  const given = flat(caches).map((tensor, i) => [tensor, flat(dCaches)[i]!] as const);
  const { soFar, sums } = accumulateGradients(graph, parameters, pullback(given, Object.values(parameters)));
  return {
    graph,
    inputs: { prompt, parameters, dCaches, gradients: soFar },
    outputs: { gradients: sums },
  };
}
