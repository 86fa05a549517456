/** Rewards that need only response texts and token ids, since the reward code of a job gets nothing else. */
import { graderOf } from '../grading/index.ts';
import { type GroupDetail, NO_STATISTICS, type Rollout } from '../protocol/group.ts';
import { tokenFacts } from '../protocol/group-facts.ts';
import { type Problem, RollscopeError, type RunConfig } from '../protocol/index.ts';
import { type RunReward, rewardOf } from '../reward/index.ts';
import { requireNoPolicy, scoreGroup } from '../training/score-group.ts';

/** Arbitrary: rewards that use it also read token statistics. */
const VOCABULARY = 2;

/**
 * Refuses a reward that asks the policy, runs programs, or reads token statistics, by scoring two sample responses.
 * @throws RollscopeError `config` that names the reward
 */
export async function requireTextReward(config: RunConfig, problem: Problem, option: string): Promise<void> {
  const reward = rewardOf(config.reward, config.rewardOptions);
  requireNoPolicy(reward, config);
  if (reward.executes) {
    throw refusal(
      reward,
      option,
      'runs programs, and a job contains none',
      'Choose a reward that reads the responses.',
    );
  }
  try {
    const signal = new AbortController().signal;
    await scoreGroup(twoResponses(problem.index), problem, {
      ...{ config, reward, signal, vocabulary: VOCABULARY },
      grader: graderOf(config.grading),
    });
  } catch (error) {
    const unknown = error instanceof RollscopeError && error.details?.reason === 'statistics-not-recorded';
    if (!unknown) throw error;
    const why = 'reads token statistics, which the reward code of a job does not get';
    throw refusal(reward, option, why, 'Choose a reward that reads the responses, such as majority-vote.');
  }
}

function twoResponses(problem: number): GroupDetail {
  const ids = Int32Array.of(1, 2);
  const rollout = (text: string): Rollout => ({
    ...{ answer: null, cluster: null, correct: null, reward: null, advantage: null },
    ...tokenFacts(ids, NO_STATISTICS),
    ...{ text, finish: 'stop', ids, tokenTexts: null, statistics: NO_STATISTICS, rewards: {}, why: [], foreign: {} },
  });
  const rollouts = [rollout('\\boxed{1}'), rollout('\\boxed{2}')];
  return { phase: 'train', step: 1, problem, clusters: [], majority: null, rollouts, evidence: {} };
}

function refusal({ text }: RunReward, option: string, why: string, hint: string): RollscopeError {
  return new RollscopeError('config', `The reward ${text} does not work with ${option}: it ${why}.`, hint, {
    details: { reason: 'reward-not-in-job', reward: text },
  });
}
