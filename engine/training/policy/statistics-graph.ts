/**
 * The graph that reads given responses and computes, for each token, the statistics that the sampler returns for tokens
 * that it draws, by the same formulas (`draw.ts`). One response at a time, so that the logits of a whole batch never
 * exist.
 */
import { logitSoftCap } from '../../model/logits.ts';
import { byStatistic, TOKEN_STATISTICS, type TokenStatistic } from '../../protocol/group.ts';
import { distribution } from '../../rollout/draw.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import { Graph, type GraphFunction, op, type Port, type Tensor } from '../../tensor/index.ts';
import { hiddenStates, type ScoreInputs } from './score-graph.ts';

/** [P*G, L] each. */
export type StatisticsOutputs = Readonly<Record<TokenStatistic, Port>>;

/**
 * For P prompts with G given responses of L tokens, the sampler's statistics of every token, [P*G, L] each.
 * @param positions how many positions the rotary tables cover
 */
export function statisticsGraph(bind: BindWeights, positions: number): GraphFunction<ScoreInputs, StatisticsOutputs> {
  const graph = new Graph();
  const { batch, weights, warm, rows } = hiddenStates(graph, bind, positions);
  const D = warm.shape[1]!;
  const limit = logitSoftCap(weights.config, batch.temperature);
  const meanRow = weights.meanUnembedding();
  const byRow = op.reshape(warm, [rows, 'L', D]);
  const targets = op.reshape(batch.targets, [rows, 'L']);
  const row = (t: Tensor, turn: Tensor) => {
    const one = op.gather(t, op.reshape(op.cast(turn, 'int32'), [1]));
    return op.reshape(one, one.shape.slice(1));
  };
  const { stacked } = op.loop(op.sizeOf(graph, rows), [], rows, (turn) => {
    const { logits, statisticsOf } = distribution(weights, row(byRow, turn), meanRow, limit);
    const found = statisticsOf(op.pick(logits, row(targets, turn)));
    return { carried: [], stacked: TOKEN_STATISTICS.map((name) => found[name]) };
  });
  const outputs = byStatistic((name) => graph.output(name, stacked[TOKEN_STATISTICS.indexOf(name)]!));
  return { graph, inputs: { batch, parameters: weights.inputs() }, outputs };
}
