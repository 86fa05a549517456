/** The updates of a step: one optimizer step, or several over mini-batches and passes over the same rollouts. */
import type { Collected } from './collect.ts';
import type { RunContext } from './context.ts';
import type { UpdateMetrics } from './policy/trainer.ts';
import { learningRate } from './schedule.ts';

/** `onUpdate` is called after each: from the first on, the weights are not those that the step began with. */
export async function updatePolicy(
  { config, compute }: RunContext,
  step: number,
  groups: readonly Collected[],
  onUpdate: () => void,
): Promise<UpdateMetrics[]> {
  const { epochs, miniBatch = groups.length } = config.loss;
  const rate = learningRate(config.optimizer, step, config.steps);
  const updates: UpdateMetrics[] = [];
  for (let pass = 0; pass < epochs; pass++) {
    for (let at = 0; at < groups.length; at += miniBatch) {
      const part = groups
        .slice(at, at + miniBatch)
        .map(({ problem, responses }) => ({ problem: problem.index, responses }));
      updates.push(await compute.update({ groups: part, learningRate: rate }));
      onUpdate();
    }
  }
  return updates;
}
