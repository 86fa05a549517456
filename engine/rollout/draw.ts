/**
 * How tokens are drawn from logits, as graph builders: temperature, top-p and top-k, and what a certainty reward needs to
 * know about each token.
 */
import { logitSoftCap, logitsOf } from '../model/logits.ts';
import type { Weights } from '../model/weights.ts';
import type { TokenStatistic } from '../protocol/group.ts';
import { type Dim, op, product, type Tensor } from '../tensor/index.ts';

/** How tokens are drawn, all scalar: `temperature` and `topP` float32, `topK` int32, `greedy` bool. */
export type Controls<T = Tensor> = { readonly temperature: T; readonly greedy: T; readonly topP: T; readonly topK: T };

/** Halvings of the interval in which a truncation threshold is searched for: below float32 resolution. */
const BISECTIONS = 30;

/** The largest threshold (by bisection) above which `enough` of the masses [B, V] still holds; the rest becomes 0. */
function keepAboveThreshold(mass: Tensor, loops: boolean, enough: (kept: Tensor) => Tensor): Tensor {
  const graph = mass.graph;
  const above = (threshold: Tensor) => op.where(op.greater(mass, threshold), mass, 0);
  const halve = (from: Tensor, to: Tensor): [Tensor, Tensor] => {
    const middle = op.mul(op.add(from, to), 0.5);
    const holds = enough(above(middle));
    return [op.where(holds, middle, from), op.where(holds, to, middle)];
  };
  let from = op.expand(graph.scalar(0), [mass.shape[0]!, 1]);
  let to = op.reduceMax(mass, [-1], true);
  if (loops) {
    const trips = graph.scalar(BISECTIONS, 'int64');
    from = op.loop(trips, [from, to], BISECTIONS, (_, [a, b]) => ({ carried: halve(a!, b!), stacked: [] })).carried[0]!;
  } else {
    for (let i = 0; i < BISECTIONS; i++) [from, to] = halve(from, to);
  }
  return above(from);
}

/**
 * Probabilities with all but the nucleus set to 0: first the K likeliest tokens (0: all), then of these the smallest set
 * whose share reaches P (arXiv 1904.09751). Tokens that tie with the last one kept are kept too.
 */
function truncate(probability: Tensor, { topP, topK }: Controls, loops: boolean): Tensor {
  const limit = op.where(op.greater(topK, 0), op.cast(topK, 'float32'), 0);
  const count = (kept: Tensor) => op.reduceSum(op.cast(op.greater(kept, 0), 'float32'), [-1], true);
  const size = op.where(op.greater(limit, 0), limit, probability.shape[1] as number);
  const likeliest = keepAboveThreshold(probability, loops, (kept) => op.greaterOrEqual(count(kept), size));
  const wanted = op.mul(op.reduceSum(likeliest, [-1], true), topP);
  return keepAboveThreshold(likeliest, loops, (kept) => op.greaterOrEqual(op.reduceSum(kept, [-1], true), wanted));
}

/** Width of the blocks in which a large vocabulary is searched. */
const BLOCK = 128;

/** Draws an index from unnormalized masses [B, V] by a number in (0, 1] for each row: int32 [B]. */
function drawIndex(mass: Tensor, u: Tensor): Tensor {
  const [B, V] = mass.shape as [Dim, number];
  const find = (m: Tensor, target: Tensor): { index: Tensor; before: Tensor } => {
    const running = op.cumulativeSum(m);
    const below = op.less(running, target);
    const last = (m.shape.at(-1) as number) - 1;
    const index = op.minimum(op.reduceSum(op.cast(below, 'int32'), [-1]), last);
    const before = op.reduceMax(op.where(below, running, 0), [-1], true);
    return { index, before };
  };
  const row = op.reshape(u, [B, 1]);
  if (V < 8 * BLOCK || V % BLOCK !== 0) {
    // Rounding must not let the target pass the last token that has any mass.
    const target = op.mul(row, op.mul(op.reduceSum(mass, [-1], true), 1 - 1e-6));
    return find(mass, target).index;
  }
  const blocks = V / BLOCK;
  const byBlock = op.reshape(mass, [B, blocks, BLOCK]);
  const sums = op.reduceSum(byBlock, [-1]);
  const target = op.mul(row, op.mul(op.reduceSum(sums, [-1], true), 1 - 1e-6));
  const { index: block, before } = find(sums, target);
  // Rows of the flattened blocks: row * blocks + block.
  const rows = op.cast(op.cumulativeSum(op.expand(mass.graph.scalar(1), [B])), 'int32');
  const at = op.add(op.mul(op.sub(rows, 1), blocks), block);
  const inside = op.gather(op.reshape(byBlock, [product(B, blocks), BLOCK]), at);
  const rest = op.minimum(op.sub(target, before), op.mul(op.reduceSum(inside, [-1], true), 1 - 1e-6));
  return op.add(op.mul(block, BLOCK), find(inside, rest).index);
}

/** The next token of every row, int32, and its statistics. */
export interface Drawn {
  token: Tensor;
  statistics: Record<TokenStatistic, Tensor>;
}

/** The next token of every row and its statistics, from final hidden states [B, hidden]. */
export function drawTokens(
  weights: Weights,
  hidden: Tensor,
  meanRow: Tensor,
  u: Tensor,
  controls: Controls,
  { loops, truncates }: { loops: boolean; truncates: boolean },
): Drawn {
  const warm = op.div(hidden, controls.temperature);
  const limit = logitSoftCap(weights.config, controls.temperature);
  const { logits, probability, best, statisticsOf } = distribution(weights, warm, meanRow, limit);
  const kept = loops
    ? op.branch(
        op.or(op.less(controls.topP, 1), op.greater(controls.topK, 0)),
        () => [truncate(probability, controls, true)],
        () => [op.stopGradient(probability)],
      )[0]!
    : truncates
      ? truncate(probability, controls, false)
      : probability;
  const token = op.where(controls.greedy, best, drawIndex(kept, u));
  return { token, statistics: statisticsOf(op.pick(logits, token)) };
}

/**
 * The distribution of the next token of every row, from final hidden states at the sampling temperature [B, hidden], and what
 * is known of the token whose logit [B] was picked. `limit`: what the logits are kept within (`logitSoftCap`).
 */
export function distribution(weights: Weights, warm: Tensor, meanRow: Tensor, limit: Tensor | null) {
  const V = weights.config.vocabularySize;
  const B = warm.shape[0]!;
  const logits = logitsOf(warm, weights.unembedding(), limit);
  const probability = op.softmax(logits);
  const best = op.argMax(logits);
  const top1 = op.reduceMax(probability, [-1]);
  const others = op.where(op.equal(op.iota(warm.graph, V), op.reshape(best, [B, 1])), 0, probability);
  const top2 = op.reduceMax(others, [-1]);
  const logsumexp = op.sub(op.reduceMax(logits, [-1]), op.log(top1));
  const dot = op.matmul(op.reshape(probability, [B, 1, V]), op.reshape(logits, [B, 1, V]), { transB: true });
  const entropy = op.sub(logsumexp, op.reshape(dot, [B]));
  const meanLogit = limit ? op.reduceMean(logits, [-1]) : op.reshape(op.matmul(warm, meanRow, { transB: true }), [B]);
  const statisticsOf = (picked: Tensor): Record<TokenStatistic, Tensor> => {
    const logprob = op.sub(picked, logsumexp);
    return { logprob, entropy, logsumexp, meanLogit, top1, top2 };
  };
  return { logits, probability, best, statisticsOf };
}
