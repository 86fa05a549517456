/** A reward that asks the policy is one file: `tests/support/second-look.ts` is in the list of rewards here, and all else follows. */

import { expect, test, vi } from 'vitest';
import { SETTINGS } from '../../engine/config/settings.ts';
import { graderOf } from '../../engine/grading/index.ts';
import { decodeFrame, encodeFrame } from '../../engine/journal/frame.ts';
import { RunConfig } from '../../engine/protocol/index.ts';
import { type AskOptions, defaultOptions, rewardOf } from '../../engine/reward/index.ts';
import { rewardNamed } from '../../engine/reward/registry.ts';
import { uniform } from '../../engine/rollout/philox.ts';
import { explanations } from '../../engine/runs/explanations.ts';
import { gatherEvidence, questionTokens } from '../../engine/training/evidence.ts';
import { judge, score, stored, withAdvantages } from '../../engine/training/stages.ts';
import { rollout } from '../support/reward-group.ts';
import { groupsSeenBySecondLook } from '../support/second-look.ts';

vi.mock('../../engine/reward/registry.ts', async (original) => {
  const { rewards, ...registry } = await original<typeof import('../../engine/reward/registry.ts')>();
  const { secondLook } = await import('../support/second-look.ts');
  const all = [...rewards, secondLook];
  return {
    ...registry,
    rewards: all,
    REWARDS: all.map(({ name }) => name),
    rewardNamed: (name: string) => all.find((reward) => reward.name === name)!,
  };
});

const config = RunConfig.parse({ dataset: { path: 'p.jsonl' }, reward: 'majority-vote' });
const problem = {
  ...{ index: 0, id: 'p', text: 'What is 2+3?', answer: '5', accepted: ['5', 'five'] },
  ...{ source: 'p.jsonl', line: 1, row: 0 },
};

test('a reward that queries the policy is gathered, scored, stored and explained from one object', async () => {
  const group = judge(
    { problem, rollouts: ['5', '6', '5'].map((answer) => rollout([`\\boxed{${answer}}`])) },
    graderOf(),
  );
  const reward = rewardOf('second-look', config.rewardOptions);
  expect(reward).toMatchObject({ evidence: ['second-look'], labels: false, saysRight: true });

  const asked: AskOptions[] = [];
  const never = () => Promise.reject(new Error('not asked'));
  const ask = async (options: AskOptions) => {
    asked.push(options);
    return [['5', '7', '9']];
  };
  const compute = { ask, scoreCandidates: never, boundaries: never };
  const resources = { config, step: 3, compute, signal: new AbortController().signal };
  const [evidence] = await gatherEvidence(reward.evidence, [group], resources);
  expect(evidence).toEqual({ 'second-look': { again: ['5', '7', '9'] } });
  expect(asked).toMatchObject([{ rows: 3, questions: [{ prompt: { user: 'Again: What is 2+3?' }, problem: 0 }] }]);
  expect(questionTokens(reward.evidence, config)).toBe(12);
  // It is label-free, so nobody told it what is right.
  expect(groupsSeenBySecondLook[0]!.problem.answer).toBeNull();
  expect(groupsSeenBySecondLook[0]!.problem).not.toHaveProperty('accepted');
  expect(groupsSeenBySecondLook[0]!.facts[0]).not.toHaveProperty('correct');
  expect(groupsSeenBySecondLook[0]!.clusters.map(({ correct }) => correct)).toEqual([null, null]);

  const scored = score({ ...group, evidence: evidence! }, reward, 10, [0, 1, 2]);
  expect(scored.scores.rewards).toEqual([1, 0, 0]);
  const detail = stored(withAdvantages([scored], 'grpo')[0]!, { phase: 'train', step: 3 });
  const read = decodeFrame(encodeFrame(detail), 'here');
  expect(read.evidence).toEqual(evidence);
  const why = ['first 5, then 5', 'first 6, then 7', 'first 5, then 9'];
  expect(explanations({ config, vocabulary: 10 }, read, problem)).toEqual(why);
});

test('its options, its name in expressions and its random numbers follow from the object', () => {
  expect(SETTINGS.find(({ path }) => path === 'rewardOptions.secondLook.template')).toMatchObject({
    reward: 'second-look',
    setting: { flag: '--second-template' },
  });
  expect(rewardOf('majority-vote + 0.1*second-look', {}).parts.map(({ name }) => name)).toContain('second-look');
  expect(defaultOptions(rewardNamed('second-look'))).toEqual({ template: 'Again: {{problem}}' });
  const drawn = (stream: string) => uniform(1, stream, 2, 3, 4, 5);
  expect(drawn('second-look')).toBe(drawn('second-look'));
  expect(new Set(['second-look', 'third-look', 'judge', 'rollout'].map(drawn)).size).toBe(4);
});

test('evidence of another shape is refused, both when it is stored and when it is read', async () => {
  const group = judge({ problem, rollouts: [rollout(['\\boxed{5}'])] }, graderOf());
  const never = () => Promise.reject(new Error('not asked'));
  const compute = { ask: async () => [[5]] as unknown as string[][], scoreCandidates: never, boundaries: never };
  const resources = { config, step: 1, compute, signal: new AbortController().signal };
  await expect(gatherEvidence(['second-look'], [group], resources)).rejects.toThrow(
    'second-look.again[0] is not a text',
  );
  const damaged = { ...group, evidence: { 'second-look': { again: 'x' } } };
  expect(() => score(damaged, rewardOf('second-look', {}), 10, [0])).toThrow(
    expect.objectContaining({ code: 'run-broken', details: expect.objectContaining({ reason: 'damaged-evidence' }) }),
  );
});
