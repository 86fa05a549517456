/** The metrics of a step for one problem, and its accuracy at each k. */
import type { JudgedGroup } from '../protocol/group.ts';
import type { Estimate, ProblemUpdate } from '../protocol/records.ts';
import { ksUpTo, majorityAt, passAt, proportion } from './evaluation-metrics.ts';
import { hasReference, type Judgment, type StepMetrics, stepMetrics } from './metrics.ts';

export interface ProblemMetrics extends StepMetrics, Pick<ProblemUpdate, 'kl' | 'clipFraction'> {
  /** avg@n of the problem's n rollouts with Wilson's interval; null without a reference. */
  accuracy: Estimate | null;
  /** pass@k and maj@k for k = 1, 2, 4, ... and n; null without a reference. */
  atK: { k: number; pass: number; majority: number }[] | null;
}

/**
 * The metrics of a step for one problem: `labelAccuracy` is 1 or 0, and means over problems have this value.
 * @param update metrics of the step's update for the problem; null if there was no update or none were recorded
 */
export function problemMetrics(
  group: JudgedGroup,
  reward: Judgment,
  update: Pick<ProblemUpdate, 'kl' | 'clipFraction'> | null = null,
): ProblemMetrics {
  const labeled = hasReference(group);
  const n = group.rollouts.length;
  return {
    ...stepMetrics([group], reward),
    kl: update?.kl ?? null,
    clipFraction: update?.clipFraction ?? null,
    accuracy: labeled ? proportion(group.rollouts.map(({ correct }) => correct === true)) : null,
    atK: labeled ? ksUpTo(n).map((k) => ({ k, pass: passAt(group, k), majority: majorityAt(group, k) })) : null,
  };
}
