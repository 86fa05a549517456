/** Why rollouts got their rewards. Pure. */
import type { RunConfig } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { printParts } from '../protocol/explanation.ts';
import type { GroupDetail } from '../protocol/group.ts';
import type { Problem } from '../protocol/records.ts';
import { rewardOf } from '../reward/index.ts';
import { groupOf } from '../reward/stored.ts';

/** What a run says about all of its groups. */
export interface ExplainedRun {
  config: RunConfig;
  /** Size of the model's vocabulary; null where the run does not tell. */
  vocabulary: number | null;
}

/**
 * Why each rollout got its reward, in a line for a person: as was recorded when the reward was computed. Runs of older
 * formats recorded nothing; there the reward is computed again, and where that differs from what is stored, it says so.
 */
export function explanations(
  { config, vocabulary }: ExplainedRun,
  detail: GroupDetail,
  problem: Pick<Problem, 'text' | 'columns'>,
): string[] {
  const { rollouts, phase } = detail;
  if (rollouts.every(({ reward }) => reward === null)) {
    return rollouts.map(() => `${phase}: nothing trains, so nothing is rewarded`);
  }
  if (rollouts.some(({ why }) => why.length > 0)) {
    return rollouts.map(({ why }) => (why.length > 0 ? printParts(why) : NOT_RECORDED));
  }
  try {
    const { rewards, explain } = rewardOf(config.reward, config.rewardOptions).score(
      groupOf(detail, problem, vocabulary),
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

const NOT_RECORDED = 'no explanation was recorded';
