/** Gradients of one layer as graphs: its forward pass is computed again from the hidden states before it. */
import type { LayerCache } from '../../model/decoder.ts';
import type { LayerKind } from '../../model/traits.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import {
  type PromptLayerInputs,
  promptLayer,
  type ResponseLayerInputs,
  responseLayer,
} from '../../rollout/layer-graphs.ts';
import {
  type Graph,
  type GraphFunction,
  type Named,
  op,
  type Port,
  pullback,
  type Tensor,
} from '../../tensor/index.ts';
import { accumulateGradients } from './loss-graph.ts';

export type PromptGradientInputs = PromptLayerInputs & {
  /** Gradient of the hidden states after the layer; null after the last one, where nothing uses them. */
  readonly dx: Port | null;
  /** Gradients of the layer's keys and values. */
  readonly dCache: LayerCache<Port>;
  /** Gradients of the parameters so far. */
  readonly gradients: Named<Port>;
};

export type PromptGradientOutputs = {
  /** Gradient of the hidden states before the layer. */
  readonly x: Port;
  readonly gradients: Named<Port>;
};

export type ResponseGradientInputs = ResponseLayerInputs & {
  readonly dx: Port;
  /** Gradients of the prompt's keys and values so far, since other responses attend to them too. */
  readonly dCache: LayerCache<Port>;
  readonly gradients: Named<Port>;
};

export type ResponseGradientOutputs = PromptGradientOutputs & { readonly cache: LayerCache<Port> };

/** An input in the shape of a tensor, for its gradient. */
function gradientInput(graph: Graph, name: string, { shape }: Tensor): Tensor {
  return graph.input(name, 'float32', shape);
}

/** `last`: of the last layer, whose hidden states after it nothing reads. */
export function promptGradientGraph(
  bind: BindWeights,
  positions: number,
  kind: LayerKind,
  last: boolean,
): GraphFunction<PromptGradientInputs, PromptGradientOutputs> {
  const { graph, inputs, outputs } = promptLayer(bind, positions, kind);
  const { keys, values } = outputs.cache;
  const dx = last ? null : gradientInput(graph, 'dx', outputs.x);
  const dCache = { keys: gradientInput(graph, 'dkeys', keys), values: gradientInput(graph, 'dvalues', values) };
  const given = [[keys, dCache.keys] as const, [values, dCache.values] as const];
  const wanted = [inputs.x, ...Object.values(inputs.parameters)];
  const [before, ...found] = pullback(dx ? [[outputs.x, dx], ...given] : given, wanted);
  const { soFar, sums } = accumulateGradients(graph, inputs.parameters, found);
  return {
    graph,
    inputs: { ...inputs, dx, dCache, gradients: soFar },
    outputs: { x: graph.output('before', before!), gradients: sums },
  };
}

/**
 * From the gradient of the hidden states after a layer, [G*L, hidden]: that of those before it, the parameters' added
 * to the sums so far, and what flows back into keys and values of the shared prompt, [kv, Lp, d].
 */
export function responseGradientGraph(
  bind: BindWeights,
  positions: number,
  kind: LayerKind,
): GraphFunction<ResponseGradientInputs, ResponseGradientOutputs> {
  const { graph, inputs, outputs } = responseLayer(bind, positions, kind);
  const { keys, values } = inputs.prompt;
  const dx = gradientInput(graph, 'dx', outputs.x);
  const dCache = { keys: gradientInput(graph, 'dkeys', keys), values: gradientInput(graph, 'dvalues', values) };
  const wanted = [inputs.x, keys, values, ...Object.values(inputs.parameters)];
  const [before, dKeys, dValues, ...found] = pullback([[outputs.x, dx]], wanted);
  const { soFar, sums } = accumulateGradients(graph, inputs.parameters, found);
  return {
    graph,
    inputs: { ...inputs, dx, dCache, gradients: soFar },
    outputs: {
      x: graph.output('before', before!),
      cache: {
        keys: graph.output('cache.keys', op.add(dCache.keys, dKeys!)),
        values: graph.output('cache.values', op.add(dCache.values, dValues!)),
      },
      gradients: sums,
    },
  };
}
