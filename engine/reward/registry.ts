/**
 * All rewards, in the order in which people see them: a new one is its file and its line here. From this list come the
 * names that a configuration may use, the options of the command line, the choices of the editor and docs/rewards.md.
 */
import { coReward } from './co-reward.ts';
import { countdown } from './countdown.ts';
import { covo } from './covo.ts';
import { custom } from './custom.ts';
import { dual } from './dual.ts';
import { empo } from './empo.ts';
import { groundTruth } from './ground-truth.ts';
import { integral } from './integral.ts';
import { lean } from './lean.ts';
import { majorityVote } from './majority-vote.ts';
import { nextToken } from './next-token.ts';
import { probability } from './probability.ts';
import { probabilityDisparity } from './probability-disparity.ts';
import { program } from './program.ts';
import { rlccf } from './rlccf.ts';
import { selfCertainty } from './self-certainty.ts';
import { selfVerification } from './self-verification.ts';
import { tokenEntropy } from './token-entropy.ts';
import { trajectoryEntropy } from './trajectory-entropy.ts';
import type { Reward } from './types.ts';

const REGISTRY = [
  majorityVote,
  coReward,
  rlccf,
  empo,
  covo,
  selfCertainty,
  tokenEntropy,
  trajectoryEntropy,
  probability,
  probabilityDisparity,
  selfVerification,
  countdown,
  integral,
  nextToken,
  dual,
  program,
  lean,
  custom,
  groundTruth,
] as const satisfies readonly Reward[];

export type RegisteredReward = (typeof REGISTRY)[number];
export type RewardName = RegisteredReward['name'];

export const rewards: readonly (Reward & { readonly name: RewardName })[] = REGISTRY;
/** Names that a reward expression is made of. */
export const REWARDS: readonly RewardName[] = REGISTRY.map(({ name }) => name);

/** The reward of a name. Names come from `parseReward`, which knows them. */
export function rewardNamed(name: string): Reward {
  return rewards.find((reward) => reward.name === name)!;
}
