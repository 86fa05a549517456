/** The forecast of a run from the first rollouts of its problems, and its score from the last. Pure. */
import { MEASURES } from '../analysis/confidence.ts';
import { forecastSet, type ProbedProblem, scoreForecast } from '../analysis/forecast.ts';
import { majorityRight } from '../analysis/metrics.ts';
import type { Forecast, ForecastScore, RunConfig } from '../protocol/index.ts';
import { type RewardName, rewardOf } from '../reward/index.ts';
import { judgedGroup, scoresOf, type WithEvidence } from './stages.ts';

/** The substitute for a reward whose evidence was not gathered. */
const FALLBACK_REWARD: RewardName = 'majority-vote';

/** Whether the reward of a run may depend on labels; there is then no forecast, since forecasts are label-free. */
export function readsLabels({ reward: text, rewardOptions }: Pick<RunConfig, 'reward' | 'rewardOptions'>): boolean {
  return rewardOf(text, rewardOptions).labels;
}

/** The forecast of a run, with the reward that it was computed with; null if the run's reward reads labels. */
export function forecastRun(problems: readonly ProbedProblem[], config: RunConfig): Forecast | null {
  if (readsLabels(config)) return null;
  const known = problems.every(({ rewards }) => rewards !== null);
  // The same reward for all problems, so that it can be named.
  const alike = known ? problems : problems.map((problem) => ({ ...problem, rewards: null }));
  const { reward, ...rest } = forecastSet(config.reward, alike);
  return { reward, by: known ? config.reward : FALLBACK_REWARD, ...rest };
}

/**
 * One problem as input of the forecast: numbers only, so that the rollouts need not be kept. Rewards whose evidence was
 * not gathered are null, and the majority vote is used instead; so are rewards that read labels, which a forecast must
 * not do.
 */
export function asProbedProblem(group: WithEvidence, config: RunConfig, vocabulary: number): ProbedProblem {
  const reward = rewardOf(config.reward, config.rewardOptions);
  const known = !readsLabels(config) && reward.evidence.every((name) => group.evidence[name] !== undefined);
  const unlabeled = group.rollouts.map(() => null);
  const scores = known ? scoresOf(group, reward, vocabulary, unlabeled) : null;
  const measured = judgedGroup(group);
  return {
    problem: group.problem.index,
    group: measured,
    rewards: scores && (scores.basis ?? scores.rewards),
    selfCertainty: group.rollouts.map((statistics, index) =>
      MEASURES['self-certainty'].value({ group: measured, index, statistics, span: null }),
    ),
  };
}

/** Scores a forecast by the last votes; null without labels. */
export function scoreOf(
  forecast: Forecast,
  last: readonly Pick<ProbedProblem, 'problem' | 'group'>[],
): ForecastScore | null {
  return scoreForecast(forecast, new Map(last.map(({ problem, group }) => [problem, majorityRight(group)])));
}
