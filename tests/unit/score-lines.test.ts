/** Groups of another program, from the line that `rollscope score` reads to the one that it writes. */
import { describe, expect, test } from 'vitest';
import { asInputError, problemAt, ScoreLine, scoredLine, toDetail, toProblem } from '../../engine/cli/score-lines.ts';
import { graderOf } from '../../engine/grading/index.ts';
import { RunConfig } from '../../engine/protocol/index.ts';
import { rewardOf } from '../../engine/reward/index.ts';
import { requireNoPolicy, scoreGroup } from '../../engine/training/score-group.ts';
import { expectRefusal, expectThrow, refusalOf } from '../support/refusals.ts';
import { group, rollout, score } from '../support/reward-group.ts';

async function scored(line: object, reward = 'majority-vote', options: Partial<RunConfig['rewardOptions']> = {}) {
  const config = RunConfig.parse({ dataset: { path: 'none' }, reward, rewardOptions: options });
  const read = ScoreLine.parse(line);
  const scorer = {
    ...{ config, reward: rewardOf(reward, config.rewardOptions), grader: graderOf(config.grading), vocabulary: 100 },
    signal: new AbortController().signal,
  };
  const { detail, scores } = await scoreGroup(toDetail(read, 0), toProblem(read), scorer);
  return scoredLine(detail, scores);
}

describe('texts', () => {
  test('vote as in training: equal answers are one cluster, no answer earns nothing', async () => {
    const responses = ['\\boxed{1/2}', 'so #### 0.5', '\\boxed{3}', 'I do not know'];
    const found = await scored({ id: 'a', problem: { text: 'What?', answer: '3' }, responses });
    expect(found).toMatchObject({
      rewards: [1, 1, 0, 0],
      majority: '1/2',
      share: 0.5,
      answers: ['1/2', '0.5', '3', null],
      clusters: [
        { answer: '1/2', count: 2, share: 0.5, members: [1, 2], correct: false },
        { answer: '3', count: 1, members: [3], correct: true },
      ],
    });
    expect(found.explanations).toHaveLength(4);
    expect(found).not.toHaveProperty('evidence');
  });

  test('pass labels only to rewards that read them', async () => {
    const line = { problem: { answer: '3' }, responses: ['\\boxed{4}', '\\boxed{4}', '\\boxed{3}'] };
    expect((await scored(line)).rewards).toEqual([1, 1, 0]);
    expect((await scored(line, 'ground-truth')).rewards).toEqual([0, 0, 1]);
    const unlabeled = await scored({ ...line, problem: {} });
    expect(unlabeled.rewards).toEqual([1, 1, 0]);
    expect(unlabeled.clusters[0]).not.toHaveProperty('correct');
  });

  test('handle ties, rules of a problem, and a group without answers', async () => {
    expect(await scored({ responses: ['\\boxed{1}', '\\boxed{2}'] })).toMatchObject({ majority: '1', tied: true });
    const rule = { problem: { rule: 'last-number' }, responses: ['it is 5 or 6', '6', '7'] };
    expect(await scored(rule)).toMatchObject({ majority: '6', rewards: [1, 1, 0] });
    expect(await scored({ responses: ['none'] })).toMatchObject({ majority: null, share: null, rewards: [0] });
  });
});

describe('token statistics', () => {
  const statistics = { logprob: [-0.5, -1], entropy: [0.2, 0.4], logsumexp: [3, 4], meanLogit: [1, 1.5] };
  const tokens = { ids: [0, 1], top1: [0.9, 0.8], top2: [0.05, 0.1], ...statistics };

  test.each(['self-certainty', 'token-entropy', 'trajectory-entropy', 'probability', 'probability-disparity'])(
    'give the same %s as the engine',
    async (reward) => {
      const texts = ['a', 'b'];
      const one = rollout(texts, { ...statistics, top1: tokens.top1, top2: tokens.top2 });
      const ours = score(reward, group([null, null], { rollouts: [one, one] }));
      const response = { text: 'ab', tokenTexts: texts, ...tokens };
      const found = await scored({ responses: [response, response] }, reward);
      expect(found.rewards).toEqual(ours.rewards);
      expect(found.explanations[0]).toBeTypeOf('string');
      // Without their texts, tokens are not named.
      const nameless = await scored({ responses: [{ text: 'ab', ...tokens }] }, reward);
      expect(nameless.rewards[0]).toBe(ours.rewards[0]);
    },
  );

  test('that a reward reads and that are missing are named by an error', async () => {
    const line = { responses: [{ text: 'ab', ids: [0, 1] }] };
    const error = await scored(line, 'token-entropy').catch((found: unknown) => found);
    expect(error).toMatchObject({ code: 'config', details: { reason: 'statistics-not-recorded', field: 'entropy' } });
  });

  test.each([
    [{ text: 'ab', ids: [0, 1] }, 'entropy'],
    ['ab', 'ids'],
  ])('are named as in the lines: %o', async (response, field) => {
    const error = await refusalOf(scored({ responses: [response] }, 'token-entropy'));
    const facts = { reason: 'statistics-not-given', field, reward: 'token-entropy' };
    expectRefusal(asInputError(error, 'token-entropy'), 'config', facts);
  });

  test('of different lengths are not a response', () => {
    const uneven = { responses: [{ text: 'ab', ids: [0, 1], logprob: [-1] }] };
    const [issue] = ScoreLine.safeParse(uneven).error!.issues;
    expect(issue!.path).toEqual(['responses', 0]);
  });
});

test('a reward that queries the model beyond the problems is refused, before any line', () => {
  for (const name of ['self-verification', 'majority-vote + co-reward']) {
    const config = RunConfig.parse({ dataset: { path: 'none' }, reward: name });
    expectThrow(() => requireNoPolicy(rewardOf(name, config.rewardOptions), config), 'config', {
      reason: 'asks-policy',
    });
  }
  const custom = RunConfig.parse({ dataset: { path: 'none' }, reward: 'custom' });
  requireNoPolicy(rewardOf('custom', custom.rewardOptions), custom);
});

test('an index refers to the run, and is invalid without one', () => {
  const problem = toProblem(ScoreLine.parse({ responses: ['a'] }));
  expect(problemAt([problem], 0)).toBe(problem);
  expectThrow(() => problemAt([problem], 1), 'usage', { reason: 'unknown-problem', value: 1, most: 1 });
  expectThrow(() => problemAt(null, 0), 'usage', { reason: 'unknown-problem', value: 0, most: 0 });
});

test("a user's program scores, and its output is the evidence", async () => {
  const command = [new URL('../fixtures/length-reward.cjs', import.meta.url).pathname];
  const line = {
    responses: [
      { text: 'ab', ids: [1, 2] },
      { text: 'abc', ids: [1, 2, 3] },
    ],
  };
  const found = await scored(line, 'custom', { custom: { command } });
  expect(found.rewards).toEqual([2, 3]);
  expect(found.evidence).toMatchObject({ custom: expect.anything() });
});
