/** What a reward's name says of it, without the rewards: readers of runs ask for it. */
import { parseReward, type RewardExpression } from '../protocol/reward-expression.ts';
import { CORRECTNESS_REWARDS } from './correctness-rewards.ts';

/**
 * Whether a reward says right or wrong, so that it can be right itself: one that is a matter of correctness, alone or
 * behind a gate. A sum says neither; nor does what cannot be read, or names a reward of another version or trainer.
 */
export function saysRight(text: string): boolean {
  let judged: RewardExpression;
  try {
    judged = parseReward(text);
  } catch {
    return false;
  }
  while (judged.kind === 'gate') judged = judged.of;
  if (judged.kind !== 'reward') return false;
  return CORRECTNESS_REWARDS.includes(judged.name);
}
