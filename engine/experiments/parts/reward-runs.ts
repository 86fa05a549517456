/** The same runs under several rewards, on one large set of problems. */
import { type RewardName, rewardOptionsOf, rewards } from '../../reward/index.ts';
import type { Changes, ExperimentContext, ExperimentRun } from '../experiment.ts';
import { runSeeds } from './runs.ts';
import { largeSet } from './sets.ts';

/** The intrinsic (self-generated) rewards; `rlccf` needs two policies. */
export const INTRINSIC: readonly RewardName[] = rewards.flatMap(({ name, family }) =>
  family === 'external' ? [] : name,
);

export interface RewardRuns {
  reward: RewardName;
  runs: ExperimentRun[];
}

/** Whether this configuration can train with a reward. */
function possible(reward: RewardName, { base, embedded }: ExperimentContext): boolean {
  return reward !== 'rlccf' || embedded || rewardOptionsOf(base).rlccf.policies.length > 0;
}

/**
 * One run per reward and seed, all on the same problems.
 * @param changesOf settings of a reward's runs only
 */
export async function runRewards(
  context: ExperimentContext,
  rewards: readonly RewardName[],
  changesOf: (reward: RewardName) => Changes = () => ({}),
): Promise<RewardRuns[]> {
  const set = await largeSet(context);
  const wanted = rewards.filter((reward) => possible(reward, context));
  context.expect(wanted.length * context.seeds.length);
  const policies = rewardOptionsOf(context.base).rlccf.policies.length === 0 && {
    rewardOptions: { rlccf: { policies: ['embedded'] } },
  };
  return Promise.all(
    wanted.map(async (reward) => ({
      reward,
      runs: await runSeeds(context, reward, (seed) =>
        context.config({ ...changesOf(reward), reward, seed, ...set, ...(reward === 'rlccf' && policies) }),
      ),
    })),
  );
}
