/** The forecast of a run from the first rollouts of its problems, and its score from the last. */
import { MEASURES } from '../analysis/alignment.ts';
import { type ProbedProblem, scoreForecast } from '../analysis/forecast.ts';
import { majorityRight } from '../analysis/metrics.ts';
import type { Evidence, Forecast, ForecastScore, Problem, RunConfig, StoredRollout } from '../protocol/index.ts';
import { rewardOf } from '../reward/index.ts';
import type { Judged } from './judge.ts';

export interface SampledGroup {
  problem: Problem;
  group: Judged;
  rollouts: readonly StoredRollout[];
  evidence: Evidence;
}

/**
 * One problem as the forecast takes it. Rewards that need evidence which was not gathered are left out (null): the
 * majority vote stands for them. So do rewards that read labels, which a forecast must not.
 */
export function probed(
  { problem, group, rollouts, evidence }: SampledGroup,
  config: RunConfig,
  vocabulary: number,
): ProbedProblem {
  const reward = rewardOf(config.reward, config.rewardOptions);
  // The user's own program may have been given labels.
  const blind = !reward.labels && !(reward.evidence.includes('custom') && config.rewardOptions.custom.labels);
  const known = blind && reward.evidence.every((kind) => evidence[kind] !== undefined);
  const scores = known
    ? reward.score({
        problem,
        rollouts,
        answers: group.answers,
        clusters: group.clusters,
        vocabulary,
        evidence,
        correct: group.rollouts.map(() => null),
      })
    : null;
  return {
    problem: problem.index,
    group,
    rewards: scores && (scores.basis ?? scores.rewards),
    selfCertainty: rollouts.map((statistics, index) =>
      MEASURES['self-certainty'].value({ group, index, statistics, span: null }),
    ),
  };
}

/** Scores a forecast by the last votes; null without labels. */
export function scoreOf(
  forecast: Forecast,
  last: readonly Pick<SampledGroup, 'problem' | 'group'>[],
): ForecastScore | null {
  return scoreForecast(forecast, new Map(last.map(({ problem, group }) => [problem.index, majorityRight(group)])));
}
