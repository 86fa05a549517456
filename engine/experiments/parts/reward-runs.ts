/** The same runs under several rewards, on one large set of problems. */
import { EMBEDDED } from '../../protocol/embedded.ts';
import { type RewardName, rewardOf, rewards } from '../../reward/index.ts';
import { optionsKey } from '../../reward/option-tree.ts';
import type { Changes, ExperimentContext, ExperimentRun } from '../experiment.ts';
import { runSeeds } from './runs.ts';
import { largeSet } from './sets.ts';

/** The intrinsic (self-generated) rewards. */
export const INTRINSIC: readonly RewardName[] = rewards.flatMap(({ name, family }) =>
  family === 'external' ? [] : name,
);

export interface RewardRuns {
  reward: RewardName;
  runs: ExperimentRun[];
}

/** Whether a reward needs other policies that its options do not name. */
function lacksPolicies(reward: RewardName, { base }: ExperimentContext): boolean {
  const { policies } = rewards.find(({ name }) => name === reward)!;
  return policies !== undefined && rewardOf(reward, base.rewardOptions).policies.length === 0;
}

/** Whether this configuration can train with a reward; embedded models have another policy available. */
function possible(reward: RewardName, context: ExperimentContext): boolean {
  return context.embedded || !lacksPolicies(reward, context);
}

function missingPolicies(reward: RewardName, context: ExperimentContext): Changes {
  return lacksPolicies(reward, context) ? { rewardOptions: { [optionsKey(reward)]: { policies: [EMBEDDED] } } } : {};
}

/**
 * One run per reward and seed, all on the same problems.
 * @param changesOf settings for the runs of a single reward
 */
export async function runRewards(
  context: ExperimentContext,
  rewards: readonly RewardName[],
  changesOf: (reward: RewardName) => Changes = () => ({}),
): Promise<RewardRuns[]> {
  const set = await largeSet(context);
  const wanted = rewards.filter((reward) => possible(reward, context));
  context.expect(wanted.length * context.seeds.length);
  return Promise.all(
    wanted.map(async (reward) => ({
      reward,
      runs: await runSeeds(context, reward, (seed) =>
        context.config({ ...changesOf(reward), reward, seed, ...set, ...missingPolicies(reward, context) }),
      ),
    })),
  );
}
