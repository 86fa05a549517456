/**
 * The gradient graph: log-probabilities of given responses, the clipped policy loss and its gradients, with each
 * problem's prompt run once for all of its responses.
 */
import { Decoder } from '../../model/decoder.ts';
import type { LossConfig } from '../../protocol/index.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import {
  type Dim,
  Graph,
  type GraphFunction,
  gradients,
  mapNamed,
  type Named,
  op,
  type Port,
  product,
  type Tensor,
} from '../../tensor/index.ts';

/** Vocabularies up to this size are handled in one piece; larger ones a response at a time, so that logits of a whole batch never exist. */
const WHOLE_VOCABULARY = 2048;

interface Scores {
  /** log p(target), nats: [rows, L]. */
  logprob: Tensor;
  /** Entropy of the distribution, nats: [rows, L]. */
  entropy: Tensor;
}

function scoreLogits(logits: Tensor, targets: Tensor) {
  const probability = op.softmax(logits);
  const largest = op.reduceMax(logits, [-1]);
  const logsumexp = op.add(
    largest,
    op.log(op.reduceSum(op.exp(op.sub(logits, op.reshape(largest, [...largest.shape, 1]))), [-1])),
  );
  const logprob = op.sub(op.pick(logits, targets), logsumexp);
  const entropy = op.sub(logsumexp, op.reduceSum(op.mul(probability, logits), [-1]));
  return { logprob, entropy, logsumexp };
}

/**
 * Log-probabilities of the targets [rows, L] under hidden states [rows*L, hidden] and an unembedding [V, hidden].
 * The gradient recomputes the logits z = h E: with g the gradient of log p and e that of the entropy H,
 * d z = g (onehot - p) - e p (log p + H), so d hidden = g E[target] - (p (g + e (log p + H))) E.
 */
function score(
  hidden: Tensor,
  unembedding: Tensor,
  targets: Tensor,
  rows: Dim,
  L: Dim,
  trainsUnembedding: boolean,
): Scores {
  const graph = hidden.graph;
  const [V, D] = unembedding.shape as [number, number];
  if (V <= WHOLE_VOCABULARY) {
    const logits = op.linear(hidden, unembedding);
    // Written with a stopped maximum, so that differentiation needs no rule for ties.
    const largest = op.stopGradient(op.reduceMax(logits, [-1], true));
    const shifted = op.sub(logits, largest);
    const logsumexp = op.log(op.reduceSum(op.exp(shifted), [-1]));
    const flat = op.reshape(targets, [product(rows, L)]);
    const logprob = op.sub(op.pick(shifted, flat), logsumexp);
    const entropy = op.sub(logsumexp, op.reduceSum(op.mul(op.softmax(logits), shifted), [-1]));
    return { logprob: op.reshape(logprob, [rows, L]), entropy: op.reshape(entropy, [rows, L]) };
  }
  const trips = op.sizeOf(graph, rows);
  const byRow = op.reshape(hidden, [rows, L, D]);
  const row = (t: Tensor, turn: Tensor) => {
    const one = op.gather(t, op.reshape(op.cast(turn, 'int32'), [1]));
    return op.reshape(one, one.shape.slice(1));
  };
  const column = (t: Tensor, turn: Tensor) => op.reshape(row(t, turn), [L, 1]);
  let logsumexp: Tensor;
  const [logprob, entropy] = graph.block(
    [hidden, unembedding],
    () => {
      const { stacked } = op.loop(trips, [], rows, (turn) => {
        const scores = scoreLogits(op.linear(row(byRow, turn), unembedding), row(targets, turn));
        return { carried: [], stacked: [scores.logprob, scores.entropy, scores.logsumexp] };
      });
      logsumexp = stacked[2]!;
      return [stacked[0]!, stacked[1]!];
    },
    ([, H]) =>
      ([g, e]) => {
        const start = trainsUnembedding ? [op.expand(graph.scalar(0), [V, D])] : [];
        const { carried, stacked } = op.loop(trips, start, rows, (turn, [sum]) => {
          const h = row(byRow, turn);
          const target = row(targets, turn);
          const weight = column(g!, turn);
          const logp = op.sub(op.linear(h, unembedding), column(logsumexp, turn));
          const total = e ? op.add(weight, op.mul(column(e, turn), op.add(logp, column(H!, turn)))) : weight;
          const scaled = op.mul(op.exp(logp), total);
          const dh = op.sub(op.mul(op.gather(unembedding, target), weight), op.matmul(scaled, unembedding));
          if (!sum) return { carried: [], stacked: [dh] };
          const toTargets = op.scatterAdd(target, op.mul(h, weight), V);
          const dE = op.sub(toTargets, op.matmul(scaled, h, { transA: true }));
          return { carried: [op.add(sum, dE)], stacked: [dh] };
        });
        return [op.reshape(stacked[0]!, hidden.shape), carried[0] ?? null];
      },
  ) as [Tensor, Tensor];
  return { logprob, entropy };
}

/** Responses to prompts; every tensor is padded to the longest of its kind. */
export type BatchInputs = {
  readonly prompt: {
    /** int32 [P, Lp], without each prompt's last token. */
    readonly tokens: Port;
    /** int64 [P, Lp]. */
    readonly position: Port;
    /** [1, 1, Lp, Lp], added to the scores. */
    readonly causal: Port;
    /** [P, 1, 1, Lp], added to the scores: no padding is seen. */
    readonly bias: Port;
  };
  /** The prompt's last token and the response without its last, int32 [P, G, L]. */
  readonly tokens: Port;
  /** int64 [P*G, L]. */
  readonly position: Port;
  /** [1, 1, L, L], added to the scores. */
  readonly causal: Port;
  /** The response, int32 [P, G, L]. */
  readonly targets: Port;
  /** Scalar. */
  readonly temperature: Port;
};

/** Batch and parameters to the log-probabilities of the responses. */
function forward(graph: Graph, bind: BindWeights, positions: number) {
  const weights = bind(graph);
  const decoder = new Decoder(weights, positions);
  const prompt = {
    tokens: graph.input('prompt.tokens', 'int32', ['P', 'Lp']),
    position: graph.input('prompt.position', 'int64', ['P', 'Lp']),
    causal: graph.input('prompt.causal', 'float32', [1, 1, 'Lp', 'Lp']),
    bias: graph.input('prompt.bias', 'float32', ['P', 1, 1, 'Lp']),
  };
  const rows = product('P', 'G');
  const tokens = graph.input('tokens', 'int32', ['P', 'G', 'L']);
  const position = graph.input('position', 'int64', [rows, 'L']);
  const causal = graph.input('causal', 'float32', [1, 1, 'L', 'L']);
  const targets = graph.input('targets', 'int32', ['P', 'G', 'L']);
  const temperature = graph.input('temperature', 'float32', []);

  const prompts = decoder.prompt(decoder.stream(prompt.tokens, prompt.position), prompt.causal);
  const hidden = decoder.respond(decoder.stream(tokens, position), (layer, own) => [
    { ...prompts[layer]!, length: 'Lp', shared: true, bias: prompt.bias },
    { ...own, length: 'L', shared: false, bias: causal },
  ]);
  const unembedding = weights.unembedding();
  const parameters = weights.inputs();
  const trains = Object.values(parameters).includes(unembedding);
  const warm = op.div(hidden, temperature);
  const scores = score(warm, unembedding, op.reshape(targets, [rows, 'L']), rows, 'L', trains);
  return { batch: { prompt, tokens, position, causal, targets, temperature }, parameters, scores, rows };
}

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
  readonly reference: Port | null;
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
  const reference = terms.klCoefficient > 0 ? graph.input('reference', 'float32', [rows, 'L']) : null;
  if (reference) {
    const kl = klTerm(terms.klEstimator, op.where(inside, op.sub(reference, logprob), 0));
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
    inputs: { batch, loss: { advantage, weight, old, reference }, parameters, gradients: soFar },
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

export type ScoreInputs = { readonly batch: BatchInputs; readonly parameters: Named<Port> };
/** Nats, [P*G, L]. */
export type ScoreOutputs = { readonly logprob: Port; readonly entropy: Port };

/** As `policyGradientGraph`, without loss and gradients. */
export function scoreGraph(bind: BindWeights, positions: number): GraphFunction<ScoreInputs, ScoreOutputs> {
  const graph = new Graph();
  const { batch, parameters, scores } = forward(graph, bind, positions);
  const { logprob, entropy } = scores;
  const outputs = { logprob: graph.output('logprob', logprob), entropy: graph.output('entropy', entropy) };
  return { graph, inputs: { batch, parameters }, outputs };
}
