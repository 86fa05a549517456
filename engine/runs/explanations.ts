/** Why rollouts got their rewards. Pure. */
import { problemGrader } from '../grading/index.ts';
import type { RunConfig } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { printParts } from '../protocol/explanation.ts';
import type { GroupDetail, Phase } from '../protocol/group.ts';
import type { Problem } from '../protocol/problem.ts';
import { rewardOf } from '../reward/index.ts';
import { groupOf } from '../reward/stored.ts';

/** The parts of a run that explanations use. */
export interface ExplainedRun {
  /** null for a run of another trainer: its rewards cannot be computed here. */
  config: RunConfig | null;
  /** Size of the model's vocabulary; null if the run did not record it. */
  vocabulary: number | null;
}

/**
 * One line per rollout: why it got its reward, as recorded when the reward was computed. Older run formats recorded no
 * explanation; the reward is then recomputed, and a difference from the stored value is reported.
 */
export function explanations(
  { config, vocabulary }: ExplainedRun,
  detail: GroupDetail,
  problem: Pick<Problem, 'text' | 'columns' | 'rule'>,
): string[] {
  const { rollouts, phase } = detail;
  if (rollouts.every(({ reward }) => reward === null)) {
    return rollouts.map(() => notRewarded(phase));
  }
  if (rollouts.some(({ why }) => why.length > 0)) {
    return rollouts.map(({ why }) => (why.length > 0 ? printParts(why) : NOT_RECORDED));
  }
  if (!config) return rollouts.map(() => NOT_RECORDED);
  try {
    const { rewards, explain } = rewardOf(config.reward, config.rewardOptions).score(
      groupOf(detail, problem, vocabulary, problemGrader(problem, config.grading)),
    );
    return rollouts.map(({ reward }, i) => {
      const same = reward !== null && Math.abs(rewards[i]! - reward) <= 1e-6 * Math.max(1, Math.abs(reward));
      return same ? printParts(explain(i)) : `${NOT_RECORDED}; this version would give ${rewards[i]}`;
    });
  } catch (error) {
    if (!(error instanceof RollscopeError)) throw error;
    return rollouts.map(() => NOT_RECORDED);
  }
}

const PHASE_TITLES: Record<Exclude<Phase, 'train'>, string> = {
  evaluation: 'Evaluation',
  greedy: 'Greedy',
  probe: 'Probe',
};

/** Rewards are computed in training only. */
export function notRewarded(phase: Phase): string {
  // Every training rollout of this engine has a reward.
  return phase === 'train' ? 'no reward was recorded' : `${PHASE_TITLES[phase]} rollouts are not rewarded`;
}

const NOT_RECORDED = 'no explanation was recorded';
