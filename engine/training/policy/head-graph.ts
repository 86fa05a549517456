/**
 * Everything after the layers as graphs of their own: the last norm and the scores of some tokens, and their gradients.
 * The logits of all tokens of a response never exist at once; the caller passes as many tokens as fit.
 */
import { Decoder } from '../../model/decoder.ts';
import { logitSoftCap, logitsOf } from '../../model/logits.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import type { LayerWeights } from '../../rollout/layer-graphs.ts';
import { Graph, type GraphFunction, type Named, op, type Port, pullback, type Tensor } from '../../tensor/index.ts';
import { accumulateGradients } from './loss-graph.ts';
import { scoreGradient, scoreLogits } from './score-graph.ts';

export type HeadInputs<T extends Port = Port> = LayerWeights<T> & {
  /** Hidden states after the last layer, [N, hidden]. */
  readonly x: T;
  /** int32 [N]. */
  readonly targets: T;
  /** Scalar. */
  readonly temperature: T;
};

/** Nats, [N] each. */
export type HeadScores<T extends Port = Port> = {
  readonly logprob: T;
  readonly entropy: T;
  readonly logsumexp: T;
};

export type HeadGradientInputs = HeadInputs & {
  readonly scores: Omit<HeadScores, 'logprob'>;
  /** Gradients of the loss in log p and entropy, [N]. */
  readonly dLogprob: Port;
  /** null: it does not depend on the entropy. */
  readonly dEntropy: Port | null;
  /** Gradients so far. */
  readonly gradients: Named<Port>;
};

export type HeadGradientOutputs = {
  /** Gradient of the hidden states, [N, hidden]. */
  readonly x: Port;
  readonly gradients: Named<Port>;
};

/** Graph, inputs and what both graphs compute first: hidden states as the unembedding takes them. */
function head(bind: BindWeights) {
  const graph = new Graph();
  const weights = bind(graph).withFrozenInputs();
  const x = graph.input('x', 'float32', ['N', weights.config.hiddenSize]);
  const targets = graph.input('targets', 'int32', ['N']);
  const temperature = graph.input('temperature', 'float32', []);
  const warm = op.div(new Decoder(weights, 1).finalNorm(x), temperature);
  const unembedding = weights.unembedding();
  const parameters = weights.inputs();
  const inputs: HeadInputs<Tensor> = { x, targets, temperature, parameters, frozen: weights.frozen() };
  return { graph, warm, unembedding, inputs, limit: logitSoftCap(weights.config, temperature) };
}

/**
 * Scores of N tokens from hidden states [N, hidden] after the last layer: log-probability of the target, entropy and
 * logsumexp, nats, [N] each, at the temperature of sampling.
 */
export function headScoreGraph(bind: BindWeights): GraphFunction<HeadInputs, HeadScores> {
  const { graph, warm, unembedding, inputs, limit } = head(bind);
  const { logprob, entropy, logsumexp } = scoreLogits(logitsOf(warm, unembedding, limit), inputs.targets);
  return {
    graph,
    inputs,
    outputs: {
      logprob: graph.output('logprob', logprob),
      entropy: graph.output('entropy', entropy),
      logsumexp: graph.output('logsumexp', logsumexp),
    },
  };
}

/** `byEntropy`: the loss depends on the entropy. */
export function headGradientGraph(
  bind: BindWeights,
  byEntropy: boolean,
): GraphFunction<HeadGradientInputs, HeadGradientOutputs> {
  const { graph, warm, unembedding, inputs, limit } = head(bind);
  const numbers = (name: string) => graph.input(name, 'float32', ['N']);
  const column = (t: Tensor) => op.reshape(t, ['N', 1]);
  const scores = { entropy: numbers('entropy'), logsumexp: numbers('logsumexp') };
  const [dLogprob, dEntropy] = [numbers('dLogprob'), byEntropy ? numbers('dEntropy') : null];
  const { parameters } = inputs;
  const trainsUnembedding = Object.values(parameters).includes(unembedding);
  const { dHidden, dUnembedding } = scoreGradient(
    warm,
    unembedding,
    inputs.targets,
    {
      limit,
      logsumexp: column(scores.logsumexp),
      entropy: column(scores.entropy),
      dLogprob: column(dLogprob),
      dEntropy: dEntropy && column(dEntropy),
    },
    trainsUnembedding,
  );
  const trained = Object.values(parameters);
  const [dx, ...others] = pullback([[warm, dHidden]], [inputs.x, ...trained]);
  const found = others.map((gradient, i) => (trained[i] === unembedding ? dUnembedding : gradient));
  const { soFar, sums } = accumulateGradients(graph, parameters, found);
  return {
    graph,
    inputs: { ...inputs, scores, dLogprob, dEntropy, gradients: soFar },
    outputs: { x: graph.output('dx', dx!), gradients: sums },
  };
}
