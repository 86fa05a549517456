/** The gradient graph: the clipped policy loss of given responses and its gradients. */
import type { LossConfig } from '../../protocol/index.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import {
  type Dim,
  Graph,
  type GraphFunction,
  gradients,
  mapByName,
  type Named,
  op,
  type Port,
  type Tensor,
} from '../../tensor/index.ts';
import { type BatchInputs, forward } from './score-graph.ts';

export interface PolicyLossOptions {
  positions: number;
  /** Importance ratios are taken to given log-probabilities; otherwise to the policy itself (ratio 1, one update a batch). */
  offPolicy: boolean;
  /** Rollouts are sampled in another precision: each token's surrogate is weighted by its importance. */
  corrected?: boolean;
  loss: Pick<
    LossConfig,
    'ratio' | 'clipLow' | 'clipHigh' | 'dualClip' | 'klCoefficient' | 'klEstimator' | 'entropyCoefficient'
  >;
}

export type LossInputs = {
  /** [P*G, 1]. */
  readonly advantage: Port;
  /** [P*G, L]: 0 outside the response, otherwise the loss normalizer. */
  readonly weight: Port;
  /** Log-probabilities at the time of sampling, nats, [P*G, L]; null on policy. */
  readonly old: Port | null;
  /** Log-probabilities under the reference policy, nats, [P*G, L]; null without a KL penalty. */
  readonly referenceLogprob: Port | null;
  /**
   * Importance weights of tokens that were sampled in another precision (`rollout-mismatch.ts`), [P*G, L]; null if
   * there are none.
   */
  readonly importance: Port | null;
};

export type GradientInputs = {
  readonly batch: BatchInputs;
  readonly loss: LossInputs;
  readonly parameters: Named<Port>;
  /** Gradients so far. */
  readonly gradients: Named<Port>;
};

export type GradientOutputs = {
  /** Scalar. */
  readonly loss: Port;
  /** Nats, [P*G, L]. */
  readonly logprob: Port;
  readonly entropy: Port;
  /** Number of tokens, [P*G]. */
  readonly clipped: Port;
  /** Sums of those so far and this batch's. */
  readonly gradients: Named<Port>;
};

/** The loss of a batch while its graph is built. */
interface PolicyLoss {
  inputs: LossInputs;
  loss: Tensor;
  /** Number of tokens, [rows]. */
  clipped: Tensor;
}

/**
 * Loss: sum weight * (importance * surrogate + klCoefficient * kl - entropyCoefficient * entropy), a sum over tokens.
 * - surrogate = -min(ratio A, clip(ratio, 1 - low, 1 + high) A) (PPO, arXiv 1707.06347; DAPO's two bounds, 2503.14476);
 *   with dual clip c, for A < 0, no more than -c A (arXiv 1912.09729). Clipped tokens are those without a gradient of
 *   the surrogate.
 * - ratio = exp(logp - old) of each token, or exp(mean of logp - old over the response) for all of its tokens (GSPO,
 *   arXiv 2507.18071).
 * - kl: k1, k2 or k3 of each token, see `klTerm`.
 */
export function policyLoss(
  graph: Graph,
  { logprob, entropy }: { logprob: Tensor; entropy: Tensor },
  options: Omit<PolicyLossOptions, 'positions'>,
): PolicyLoss {
  const { loss: terms } = options;
  const [rows, L] = logprob.shape as [Dim, Dim];
  const advantage = graph.input('advantage', 'float32', [rows, 1]);
  const weight = graph.input('weight', 'float32', [rows, L]);
  const old = options.offPolicy ? graph.input('old', 'float32', [rows, L]) : null;
  const before = old ?? op.stopGradient(logprob);
  // Padding can contain any difference, which must not overflow before its weight of 0 removes it.
  const inside = op.greater(weight, 0);
  const differences = op.where(inside, op.sub(logprob, before), 0);
  const ratio = op.exp(terms.ratio === 'token' ? differences : rowMeans(differences, inside));
  const bounded = op.minimum(op.maximum(ratio, 1 - terms.clipLow), 1 + terms.clipHigh);
  const plain = op.mul(ratio, advantage);
  let gain = op.minimum(plain, op.mul(bounded, advantage));
  // For a positive advantage the bound is below any value of a ratio.
  if (terms.dualClip !== undefined) gain = op.maximum(gain, op.mul(op.abs(advantage), -terms.dualClip));
  const importance = options.corrected ? graph.input('importance', 'float32', [rows, L]) : null;
  let perToken = op.neg(importance ? op.mul(gain, importance) : gain);
  const referenceLogprob = terms.klCoefficient > 0 ? graph.input('reference_logprob', 'float32', [rows, L]) : null;
  if (referenceLogprob) {
    const kl = klTerm(terms.klEstimator, op.where(inside, op.sub(referenceLogprob, logprob), 0));
    perToken = op.add(perToken, op.mul(kl, terms.klCoefficient));
  }
  if (terms.entropyCoefficient !== 0) perToken = op.sub(perToken, op.mul(entropy, terms.entropyCoefficient));
  const loss = op.reduceSum(op.mul(weight, perToken));
  const clipped = op.reduceSum(op.cast(op.and(inside, op.not(op.equal(gain, plain))), 'float32'), [-1]);
  return { inputs: { advantage, weight, old, referenceLogprob, importance }, loss, clipped };
}

/** The clipped policy loss of responses and its gradients in all parameters. */
export function policyGradientGraph(
  bind: BindWeights,
  options: PolicyLossOptions,
): GraphFunction<GradientInputs, GradientOutputs> {
  const graph = new Graph();
  const { batch, parameters, scores } = forward(graph, bind, options.positions);
  const { inputs, loss, clipped } = policyLoss(graph, scores, options);
  const found = gradients(loss, Object.values(parameters));
  const outputs = {
    loss: graph.output('loss', loss),
    logprob: graph.output('logprob', scores.logprob),
    entropy: graph.output('entropy', scores.entropy),
    clipped: graph.output('clipped', clipped),
  };
  const { soFar, sums } = accumulateGradients(graph, parameters, found);
  return {
    graph,
    inputs: { batch, loss: inputs, parameters, gradients: soFar },
    outputs: { ...outputs, gradients: sums },
  };
}

/** Inputs for the gradients so far, and outputs for their sums with the new ones; null: nothing is added. */
export function accumulateGradients(
  graph: Graph,
  parameters: Named<Tensor>,
  found: readonly (Tensor | null)[],
): { soFar: Named<Tensor>; sums: Named<Port> } {
  const soFar = mapByName(parameters, ({ shape }, name) => graph.input(`a.${name}`, 'float32', shape));
  const sums = Object.entries(soFar).map(([name, sum], i) => {
    const gradient = found[i];
    return [name, graph.output(`g.${name}`, gradient ? op.add(sum, gradient) : op.stopGradient(sum))] as const;
  });
  return { soFar, sums: Object.fromEntries(sums) };
}

export type LossOfScoresInputs = {
  /** Nats, [rows, L]. */
  readonly scores: { readonly logprob: Port; readonly entropy: Port };
  readonly loss: LossInputs;
};

export type LossOfScoresOutputs = {
  /** Scalar. */
  readonly loss: Port;
  /** Number of tokens, [rows]. */
  readonly clipped: Port;
  /** Gradients of the loss, [rows, L]. */
  readonly dLogprob: Port;
  /** null: it does not depend on the entropy. */
  readonly dEntropy: Port | null;
};

/** The same loss of given scores, with its gradients with respect to them. */
export function lossOfScoresGraph(
  options: Omit<PolicyLossOptions, 'positions'>,
): GraphFunction<LossOfScoresInputs, LossOfScoresOutputs> {
  const graph = new Graph();
  const scores = {
    logprob: graph.input('logprob', 'float32', ['rows', 'L']),
    entropy: graph.input('entropy', 'float32', ['rows', 'L']),
  };
  const { inputs, loss, clipped } = policyLoss(graph, scores, options);
  const [dLogprob, dEntropy] = gradients(loss, [scores.logprob, scores.entropy]);
  return {
    graph,
    inputs: { scores, loss: inputs },
    outputs: {
      loss: graph.output('loss', loss),
      clipped: graph.output('clipped', clipped),
      dLogprob: graph.output('dLogprob', dLogprob!),
      dEntropy: dEntropy ? graph.output('dEntropy', dEntropy) : null,
    },
  };
}

/** Mean of x [rows, L] over the tokens inside, for each row: [rows, 1]; 0 for a row without any. */
function rowMeans(x: Tensor, inside: Tensor): Tensor {
  const counts = op.reduceSum(op.cast(inside, 'float32'), [-1], true);
  return op.div(op.reduceSum(x, [-1], true), op.maximum(counts, 1));
}

/**
 * An estimate of KL(policy || reference) from one token of the policy, by d = log p_ref - log p, nats. k1 = -d is unbiased,
 * but as a loss its expected gradient is 0; k2 = d^2 / 2 has the KL's gradient; k3 = exp(d) - d - 1 is unbiased and never
 * negative, and as a loss it has the gradient of the KL the other way round. Source: Schulman, "Approximating KL
 * divergence" (2020); gradients: arXiv 2506.09477.
 */
function klTerm(estimator: LossConfig['klEstimator'], d: Tensor): Tensor {
  switch (estimator) {
    case 'k1':
      return op.neg(d);
    case 'k2':
      return op.mul(op.mul(d, d), 0.5);
    case 'k3':
      return op.sub(op.sub(op.exp(d), d), 1);
  }
}
