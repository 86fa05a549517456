/**
 * The scoring graph: log-probabilities and entropies of given responses, with each problem's prompt run once for all of
 * its responses.
 */
import { Decoder, type LayerCache } from '../../model/decoder.ts';
import { gradientBeforeSoftCap, logitSoftCap, logitsOf } from '../../model/logits.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import {
  type Dim,
  Graph,
  type GraphFunction,
  type Named,
  op,
  type Port,
  product,
  type Tensor,
} from '../../tensor/index.ts';

/** Vocabularies up to this size are handled at once; larger ones a response at a time, so that logits of a whole batch never exist. */
const WHOLE_VOCABULARY = 2048;

interface Scores {
  /** log p(target), nats: [rows, L]. */
  logprob: Tensor;
  /** Entropy of the distribution, nats: [rows, L]. */
  entropy: Tensor;
}

/** Log-probability of the targets [N], entropy and logsumexp of logits [N, V], nats: [N] each. */
export function scoreLogits(logits: Tensor, targets: Tensor) {
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

/** The results of `scoreLogits`, and the gradients of log p and entropy: columns [N, 1]. */
interface ScoreGradients {
  /** The limit of the logits (`logitSoftCap`). */
  limit: Tensor | null;
  logsumexp: Tensor;
  entropy: Tensor;
  dLogprob: Tensor;
  /** null for no gradient. */
  dEntropy: Tensor | null;
  /** 1 if the target is among the given rows of the unembedding, otherwise 0; a column. Absent if all targets are. */
  inside?: Tensor;
}

/**
 * Gradients of hidden states h [N, hidden] and, where it trains, of the unembedding E [V, hidden]. The logits z = h E are
 * computed again: with g the gradient of log p and e that of the entropy H, d z = g (onehot - p) - e p (log p + H), so
 * d hidden = g E[target] - (p (g + e (log p + H))) E.
 */
export function scoreGradient(
  h: Tensor,
  unembedding: Tensor,
  target: Tensor,
  { limit, logsumexp, entropy, dLogprob, dEntropy, inside }: ScoreGradients,
  trainsUnembedding: boolean,
): { dHidden: Tensor; dUnembedding: Tensor | null } {
  const logits = logitsOf(h, unembedding, limit);
  const logp = op.sub(logits, logsumexp);
  const total = dEntropy ? op.add(dLogprob, op.mul(dEntropy, op.add(logp, entropy))) : dLogprob;
  const scaled = gradientBeforeSoftCap(op.mul(op.exp(logp), total), logits, limit);
  const own = inside ? op.mul(dLogprob, inside) : dLogprob;
  const dPicked = limit ? gradientBeforeSoftCap(own, op.reshape(op.pick(logits, target), own.shape), limit) : own;
  const dHidden = op.sub(op.mul(op.gather(unembedding, target), dPicked), op.matmul(scaled, unembedding));
  if (!trainsUnembedding) return { dHidden, dUnembedding: null };
  const toTargets = op.scatterAdd(target, op.mul(h, dPicked), unembedding.shape[0] as number);
  return { dHidden, dUnembedding: op.sub(toTargets, op.matmul(scaled, h, { transA: true })) };
}

/** Log-probabilities of the targets [rows, L] under hidden states [rows*L, hidden] and an unembedding [V, hidden]. */
function score(
  hidden: Tensor,
  unembedding: Tensor,
  targets: Tensor,
  rows: Dim,
  L: Dim,
  trainsUnembedding: boolean,
  limit: Tensor | null,
): Scores {
  const graph = hidden.graph;
  const [V, D] = unembedding.shape as [number, number];
  if (V <= WHOLE_VOCABULARY) {
    const logits = logitsOf(hidden, unembedding, limit);
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
        const scores = scoreLogits(logitsOf(row(byRow, turn), unembedding, limit), row(targets, turn));
        return { carried: [], stacked: [scores.logprob, scores.entropy, scores.logsumexp] };
      });
      logsumexp = stacked[2]!;
      return [stacked[0]!, stacked[1]!];
    },
    ([, H]) =>
      ([g, e]) => {
        const start = trainsUnembedding ? [op.expand(graph.scalar(0), [V, D])] : [];
        const { carried, stacked } = op.loop(trips, start, rows, (turn, [sum]) => {
          const given = {
            limit,
            logsumexp: column(logsumexp, turn),
            entropy: column(H!, turn),
            dLogprob: column(g!, turn),
            dEntropy: e ? column(e, turn) : null,
          };
          const target = row(targets, turn);
          const { dHidden, dUnembedding } = scoreGradient(
            row(byRow, turn),
            unembedding,
            target,
            given,
            trainsUnembedding,
          );
          return { carried: dUnembedding ? [op.add(sum!, dUnembedding)] : [], stacked: [dHidden] };
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
    /** [P, 1, 1, Lp], added to the attention scores to mask padding. */
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

/**
 * From the batch and the parameters to the hidden states at the tokens of the responses, at the sampling temperature.
 */
export function hiddenStates(graph: Graph, bind: BindWeights, positions: number) {
  const decoder = new Decoder(bind(graph), positions);
  const prompt = {
    tokens: graph.input('prompt.tokens', 'int32', ['P', 'Lp']),
    position: graph.input('prompt.position', 'int64', ['P', 'Lp']),
    causal: graph.input('prompt.causal', 'float32', [1, 1, 'Lp', 'Lp']),
    bias: graph.input('prompt.bias', 'float32', ['P', 1, 1, 'Lp']),
  };
  const prompts = () => decoder.prompt(decoder.stream(prompt.tokens, prompt.position), prompt.causal);
  const { batch, ...states } = responseStates(decoder, prompts, prompt.bias);
  return { ...states, batch: { ...batch, prompt } };
}

/**
 * The same for responses whose prompts have already run: `prompts` has their keys and values, `bias` masks their
 * padding.
 */
export function responseStates(decoder: Decoder, prompts: () => readonly LayerCache[], bias: Tensor) {
  const { weights } = decoder;
  const { graph } = weights;
  const rows = product('P', 'G');
  const tokens = graph.input('tokens', 'int32', ['P', 'G', 'L']);
  const position = graph.input('position', 'int64', [rows, 'L']);
  const causal = graph.input('causal', 'float32', [1, 1, 'L', 'L']);
  const targets = graph.input('targets', 'int32', ['P', 'G', 'L']);
  const temperature = graph.input('temperature', 'float32', []);

  const caches = prompts();
  const hidden = decoder.respond(decoder.stream(tokens, position), (layer, own) => [
    { ...caches[layer]!, length: 'Lp', shared: true, bias, first: 'prompt' },
    { ...own, length: 'L', shared: false, bias: causal, first: 'own' },
  ]);
  const batch = { tokens, position, causal, targets, temperature };
  return { batch, weights, warm: op.div(hidden, temperature), rows };
}

/** Batch and parameters to the log-probabilities of the responses. */
export function forward(graph: Graph, bind: BindWeights, positions: number) {
  const states = hiddenStates(graph, bind, positions);
  return { ...scored(states), batch: states.batch };
}

/** The scores of the targets, and the parameters that they depend on. */
export function scored({
  batch,
  weights,
  warm,
  rows,
}: Pick<ReturnType<typeof responseStates>, 'batch' | 'weights' | 'warm' | 'rows'>) {
  const unembedding = weights.unembedding();
  const parameters = weights.inputs();
  const trains = Object.values(parameters).includes(unembedding);
  const limit = logitSoftCap(weights.config, batch.temperature);
  const scores = score(warm, unembedding, op.reshape(batch.targets, [rows, 'L']), rows, 'L', trains, limit);
  return { parameters, scores, rows };
}

export type ScoreInputs = { readonly batch: BatchInputs; readonly parameters: Named<Port> };
/** Nats, [P*G, L]. */
export type ScoreOutputs = { readonly logprob: Port; readonly entropy: Port };

/** Scores of given responses, without loss and gradients. */
export function scoreGraph(bind: BindWeights, positions: number): GraphFunction<ScoreInputs, ScoreOutputs> {
  const graph = new Graph();
  const { batch, parameters, scores } = forward(graph, bind, positions);
  const { logprob, entropy } = scores;
  const outputs = { logprob: graph.output('logprob', logprob), entropy: graph.output('entropy', entropy) };
  return { graph, inputs: { batch, parameters }, outputs };
}
