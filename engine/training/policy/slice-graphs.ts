/**
 * Scores and gradients from some rows of the unembedding at a time, for one that is frozen: what each slice adds to the
 * softmax over all of them. `sliced-head.ts` puts the slices together.
 */
import { Decoder } from '../../model/decoder.ts';
import { logitSoftCap, logitsOf } from '../../model/logits.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import { Graph, type GraphFunction, type Named, op, type Port, pullback, type Tensor } from '../../tensor/index.ts';
import { scoreGradient } from './score-graph.ts';

type SliceInputs<T extends Port = Port> = {
  /** Hidden states after the last layer, [N, hidden]. */
  readonly x: T;
  /** Scalar. */
  readonly temperature: T;
  /** The weights of the last norm. */
  readonly frozen: Named<T>;
  /** Rows of the unembedding, [V, hidden]. */
  readonly rows: T;
  /** The row of each target, int32 [N]; any row if the target is in another slice. */
  readonly targets: T;
  /** 1 if the target is in this slice, otherwise 0, [N]. */
  readonly inside: T;
};

type SliceScores = {
  /** The largest logit z, [N]. */
  readonly largest: Port;
  /** Sums of exp(z - largest) and of exp(z - largest) z, [N]. */
  readonly mass: Port;
  readonly weighted: Port;
  /** The target's logit, 0 if it is in another slice, [N]. */
  readonly target: Port;
};

type SliceGradientInputs = SliceInputs & {
  /** Over all slices, nats, [N]. */
  readonly logsumexp: Port;
  readonly entropy: Port;
  /** Gradients of the loss in log p and entropy, [N]. */
  readonly dLogprob: Port;
  readonly dEntropy: Port;
  /** Gradient of the logits' factor so far, [N, hidden]. */
  readonly dWarm: Port;
};

type NormGradientInputs = Pick<SliceInputs, 'x' | 'temperature' | 'frozen'> & { readonly dWarm: Port };

/** Hidden states as inputs of the unembedding: after the last norm, divided by the temperature. */
function scaledHiddenInputs(bind: BindWeights) {
  const graph = new Graph();
  const weights = bind(graph).withFrozenInputs();
  const x = graph.input('x', 'float32', ['N', weights.config.hiddenSize]);
  const temperature = graph.input('temperature', 'float32', []);
  const warm = op.div(new Decoder(weights, 1).finalNorm(x), temperature);
  const limit = logitSoftCap(weights.config, temperature);
  const inputs = { x, temperature, frozen: weights.frozen() };
  return { graph, warm, limit, inputs, hidden: weights.config.hiddenSize };
}

function slice(bind: BindWeights) {
  const { graph, warm, limit, inputs, hidden } = scaledHiddenInputs(bind);
  const rows = graph.input('rows', 'float32', ['V', hidden]);
  const targets = graph.input('targets', 'int32', ['N']);
  const inside = graph.input('inside', 'float32', ['N']);
  const all: SliceInputs<Tensor> = { ...inputs, rows, targets, inside };
  return { graph, warm, limit, hidden, inputs: all };
}

/**
 * The contribution of a slice of the vocabulary to the scores of tokens: its largest logit, sums of exponentials,
 * targets' logits.
 */
export function sliceScoreGraph(bind: BindWeights): GraphFunction<SliceInputs, SliceScores> {
  const { graph, warm, limit, inputs } = slice(bind);
  const logits = logitsOf(warm, inputs.rows, limit);
  const largest = op.reduceMax(logits, [-1]);
  const shares = op.exp(op.sub(logits, op.reshape(largest, ['N', 1])));
  return {
    graph,
    inputs,
    outputs: {
      largest: graph.output('largest', largest),
      mass: graph.output('mass', op.reduceSum(shares, [-1])),
      weighted: graph.output('weighted', op.reduceSum(op.mul(shares, logits), [-1])),
      target: graph.output('target', op.mul(op.pick(logits, inputs.targets), inputs.inside)),
    },
  };
}

/**
 * The contribution of a slice of the vocabulary to the gradient of the normalized hidden states, [N, hidden], from the
 * gradients of log-probability and entropy, [N], and the logsumexp over the whole vocabulary, [N].
 */
export function sliceGradientGraph(bind: BindWeights): GraphFunction<SliceGradientInputs, { readonly dWarm: Port }> {
  const { graph, warm, limit, hidden, inputs } = slice(bind);
  const { rows, targets, inside } = inputs;
  const numbers = (name: string) => graph.input(name, 'float32', ['N']);
  const column = (t: Tensor) => op.reshape(t, ['N', 1]);
  const [logsumexp, entropy, dLogprob, dEntropy] = [
    numbers('logsumexp'),
    numbers('entropy'),
    numbers('dLogprob'),
    numbers('dEntropy'),
  ];
  const before = graph.input('before', 'float32', ['N', hidden]);
  const { dHidden } = scoreGradient(
    warm,
    rows,
    targets,
    {
      limit,
      logsumexp: column(logsumexp),
      entropy: column(entropy),
      dLogprob: column(dLogprob),
      dEntropy: column(dEntropy),
      inside: column(inside),
    },
    false,
  );
  return {
    graph,
    inputs: { ...inputs, logsumexp, entropy, dLogprob, dEntropy, dWarm: before },
    outputs: { dWarm: graph.output('dWarm', op.add(before, dHidden)) },
  };
}

/** The gradient of the hidden states, [N, hidden], from that after the last norm and the temperature. */
export function normGradientGraph(bind: BindWeights): GraphFunction<NormGradientInputs, { readonly x: Port }> {
  const { graph, warm, inputs, hidden } = scaledHiddenInputs(bind);
  const dWarm = graph.input('dWarm', 'float32', ['N', hidden]);
  const [dx] = pullback([[warm, dWarm]], [inputs.x]);
  return { graph, inputs: { ...inputs, dWarm }, outputs: { x: graph.output('dx', dx!) } };
}
