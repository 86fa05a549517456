/** The gradient graph: the clipped policy loss of given responses and its gradients. */
import type { LossConfig } from '../../protocol/index.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import {
  Graph,
  type GraphFunction,
  gradients,
  mapNamed,
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
  /** Those so far and this batch's. */
  readonly gradients: Named<Port>;
};

/**
 * Loss: sum weight * (surrogate + klCoefficient * kl - entropyCoefficient * entropy), a sum over tokens.
 * - surrogate = -min(ratio A, clip(ratio, 1 - low, 1 + high) A) (PPO, arXiv 1707.06347; DAPO's two bounds, 2503.14476);
 *   with dual clip c, for A < 0, no more than -c A (arXiv 1912.09729). Clipped tokens are those without a gradient of
 *   the surrogate.
 * - ratio = exp(logp - old) of each token, or exp(mean of logp - old over the response) for all of its tokens (GSPO,
 *   arXiv 2507.18071).
 * - kl: k1, k2 or k3 of each token, see `klTerm`.
 */
export function policyGradientGraph(
  bind: BindWeights,
  options: PolicyLossOptions,
): GraphFunction<GradientInputs, GradientOutputs> {
  const graph = new Graph();
  const { batch, parameters, scores, rows } = forward(graph, bind, options.positions);
  const { logprob, entropy } = scores;
  const { loss: terms } = options;
  const advantage = graph.input('advantage', 'float32', [rows, 1]);
  const weight = graph.input('weight', 'float32', [rows, 'L']);
  const old = options.offPolicy ? graph.input('old', 'float32', [rows, 'L']) : null;
  const before = old ?? op.stopGradient(logprob);
  // Padding may hold any difference; it must not overflow before its weight of 0 removes it.
  const inside = op.greater(weight, 0);
  const differences = op.where(inside, op.sub(logprob, before), 0);
  const ratio = op.exp(terms.ratio === 'token' ? differences : rowMeans(differences, inside));
  const bounded = op.minimum(op.maximum(ratio, 1 - terms.clipLow), 1 + terms.clipHigh);
  const plain = op.mul(ratio, advantage);
  let gain = op.minimum(plain, op.mul(bounded, advantage));
  // For a positive advantage the bound is below everything that a ratio can make of it.
  if (terms.dualClip !== undefined) gain = op.maximum(gain, op.mul(op.abs(advantage), -terms.dualClip));
  let perToken = op.neg(gain);
  const referenceLogprob = terms.klCoefficient > 0 ? graph.input('reference_logprob', 'float32', [rows, 'L']) : null;
  if (referenceLogprob) {
    const kl = klTerm(terms.klEstimator, op.where(inside, op.sub(referenceLogprob, logprob), 0));
    perToken = op.add(perToken, op.mul(kl, terms.klCoefficient));
  }
  if (terms.entropyCoefficient !== 0) perToken = op.sub(perToken, op.mul(entropy, terms.entropyCoefficient));
  const loss = op.reduceSum(op.mul(weight, perToken));
  const found = gradients(loss, Object.values(parameters));
  const clipped = op.and(inside, op.not(op.equal(gain, plain)));
  const outputs = {
    loss: graph.output('loss', loss),
    logprob: graph.output('logprob', logprob),
    entropy: graph.output('entropy', entropy),
    clipped: graph.output('clipped', op.reduceSum(op.cast(clipped, 'float32'), [-1])),
  };
  const soFar = mapNamed(parameters, ({ shape }, name) => graph.input(`a.${name}`, 'float32', shape));
  const sums = Object.entries(soFar).map(([name, sum], i) => {
    const gradient = found[i];
    return [name, graph.output(`g.${name}`, gradient ? op.add(sum, gradient) : op.stopGradient(sum))] as const;
  });
  return {
    graph,
    inputs: { batch, loss: { advantage, weight, old, referenceLogprob }, parameters, gradients: soFar },
    outputs: { ...outputs, gradients: Object.fromEntries(sums) },
  };
}

/** Mean of x [rows, L] over the places inside, for each row: [rows, 1]; 0 for a row that has none. */
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
