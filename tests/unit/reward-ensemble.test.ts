/** Rewards of agreement, against values by hand. */
import { describe, expect, test } from 'vitest';
import type { Evidence } from '../../engine/protocol/index.ts';
import { voteOf } from '../../engine/protocol/vote.ts';
import { explained, group, score, unanswered } from '../support/reward-group.ts';
import { expectWords } from '../support/wording.ts';

/** The vote of a group. */
const electionOf = ({ answers, clusters }: ReturnType<typeof group>) => voteOf(answers, clusters);
const vote = (answers: (string | null)[]) => score('majority-vote', group(answers));

describe('majority vote', () => {
  test('members of the largest cluster earn 1, however they write the answer', () => {
    // strings would give 1/2, 0.5 and 3 one vote each
    expect(vote(['1/2', '0.5', '3']).rewards).toEqual([1, 1, 0]);
    expect(electionOf(group(['1/2', '0.5', '3']))).toMatchObject({
      answer: '1/2',
      share: 2 / 3,
      rawShare: 1 / 3,
      tied: false,
    });
  });

  test('strings and clusters may have different winners', () => {
    const answers = ['3', '3', '1/2', '0.5', '\\frac12'];
    expect(vote(answers).rewards).toEqual([0, 0, 1, 1, 1]);
    expect(electionOf(group(answers))).toMatchObject({ answer: '1/2', share: 3 / 5, rawShare: 2 / 5 });
  });

  test('a missing answer never votes and never earns, even if it is the most frequent', () => {
    expect(vote([null, null, null, '4']).rewards).toEqual([0, 0, 0, 1]);
    expect(electionOf(group([null, null, null, '4']))).toMatchObject({ answer: '4', share: 1 / 4, rawShare: 1 / 4 });
  });

  test('without any answer there is no majority', () => {
    expect(vote([null, null]).rewards).toEqual([0, 0]);
    expect(electionOf(group([null, null]))).toBeNull();
    expect(explained(vote([null, null]))[1]).toEqual(unanswered());
  });

  test('ties go to the first to reach the count', () => {
    expect(vote(['2', '1', '1', '2']).rewards).toEqual([0, 1, 1, 0]);
    expect(electionOf(group(['2', '1', '1', '2']))).toMatchObject({ answer: '1', tied: true });
    expect(vote(['2', '1', '3']).rewards).toEqual([1, 0, 0]);
  });

  test('handles all equal answers, and one rollout', () => {
    expect(vote(['4', '4.0', '8/2']).rewards).toEqual([1, 1, 1]);
    expect(vote(['4']).rewards).toEqual([1]);
    expect(vote([null]).rewards).toEqual([0]);
  });

  test('explains each case', () => {
    const [, larger, smaller] = explained(vote(['4', '4.0', '5', '4', '6']));
    expect(larger).toEqual([
      { kind: 'cluster', cluster: 0, answers: ['4', '4.0'], votes: 3, of: 5, share: 0.6 },
      { kind: 'vote', winner: '4', won: true, tied: false },
      { kind: 'result', reward: 1 },
    ]);
    expect(smaller).toMatchObject([{ cluster: 1, votes: 1 }, { winner: '4', won: false, tied: false }, { reward: 0 }]);
    const [first, second] = explained(vote(['2', '1']));
    expect(first).toMatchObject([{}, { winner: '2', won: true, tied: true }, { reward: 1 }]);
    expect(second).toMatchObject([{}, { winner: '2', won: false, tied: true }, { reward: 0 }]);
  });
});

describe('Co-Reward', () => {
  const across = (answers: (string | null)[], ...rephrasings: (string | null)[][]) =>
    score(
      'co-reward',
      group(answers, {
        evidence: { 'co-reward': { rephrasings: rephrasings.map((of) => ({ prompt: 'Again?', answers: of })) } },
      }),
    );

  test('the rephrasings vote, not the problem’s own rollouts', () => {
    const scores = across(['7', '7', '0.5', null], ['1/2', '3'], ['0.50', null]);
    expect(scores.rewards).toEqual([0, 0, 1, 0]);
    const vote = { kind: 'vote', winner: '1/2', tied: false };
    expect(explained(scores)).toMatchObject([
      [{ ...vote, won: false }, { reward: 0 }],
      [{ ...vote, won: false }, { reward: 0 }],
      [{ ...vote, won: true }, { reward: 1 }],
      unanswered(),
    ]);
  });

  test('a tie goes to the first to reach the count', () => {
    const scores = across(['1', '2'], ['2', '1', '1', '2']);
    expect(scores.rewards).toEqual([1, 0]);
    expect(scores.explain(0)[0]).toMatchObject({ kind: 'vote', winner: '1', won: true, tied: true });
  });

  test('nobody earns if no rephrasing has an answer, or there is none', () => {
    expect(explained(across(['1', null], [null, null]))).toMatchObject([
      [{ kind: 'no-answer' }, { reward: 0 }],
      unanswered(),
    ]);
    expect(across(['1', '1']).rewards).toEqual([0, 0]);
  });
});

describe('RLCCF', () => {
  const weighted = (policies: { name?: string; weight: number; answers: (string | null)[] }[]) =>
    score(
      'rlccf',
      group(policies[0]!.answers, {
        evidence: { rlccf: { policies: policies.map((policy, i) => ({ name: `policy ${i + 1}`, ...policy })) } },
      }),
    );

  test('each policy’s votes are weighted by its own consistency, whatever their number', () => {
    // 1: 0.6 * 2/4 = 0.3; 2: 0.6 * 1/4 + 0.9 * 1/2 = 0.6; 3: 0.9 * 1/2 = 0.45
    const scores = weighted([
      { weight: 0.6, answers: ['1', '1', '2', null] },
      { weight: 0.9, answers: ['2', '3'] },
    ]);
    expect(scores.rewards).toEqual([0, 0, 1, 0]);
    const weights = [{ value: 0.6 }, { value: 0.9 }];
    const [first, , third, last] = explained(scores);
    expect(third).toMatchObject([...weights, { kind: 'vote', winner: '2', won: true }, { reward: 1 }]);
    expect(first).toMatchObject([...weights, { kind: 'vote', winner: '2', won: false }, { reward: 0 }]);
    expect(last).toEqual(unanswered());
  });

  test('a policy that has lost its consistency loses its influence', () => {
    const policies = (weight: number) => [
      { weight: 0.5, answers: ['1', '1'] },
      { weight, answers: ['2', '2', '2', '2'] },
    ];
    expect(weighted(policies(0.9)).rewards).toEqual([0, 0]);
    expect(weighted(policies(0.4)).rewards).toEqual([1, 1]);
  });

  test('weights that are equal up to rounding are a tie, won by the first to reach it', () => {
    // 1: 0.3 * 1/3 three times; 2: 0.3 at once
    const scores = weighted([
      { weight: 0.3, answers: ['2', '1', '1', '1', '2', '2', null, null, null] },
      { weight: 0.1, answers: ['1', '1', '1'] },
      { weight: 0.1, answers: ['2'] },
    ]);
    expect(scores.explain(1).find(({ kind }) => kind === 'vote')).toMatchObject({ tied: true, winner: '1' });
    expect(scores.rewards).toEqual([0, 1, 1, 1, 0, 0, 0, 0, 0]);
  });

  test('a single policy votes by majority; a weight of 0 has no effect', () => {
    const answers = ['2', '1', '1/1', null];
    expect(weighted([{ weight: 0.5, answers }]).rewards).toEqual(vote(answers).rewards);
    const none = weighted([{ weight: 0, answers }]);
    expect(none.rewards).toEqual([0, 0, 0, 0]);
    expect(explained(none)[0]).toMatchObject([{ kind: 'no-answer' }, { reward: 0 }]);
  });
});

describe('EMPO', () => {
  test("is the cluster's share of all rollouts", () => {
    const scores = score('empo', group(['1/2', '0.5', '3', null]));
    expect(scores.rewards).toEqual([0.5, 0.5, 0.25, 0]);
    expect(scores.skip).toBeUndefined();
    // of the three with an answer: 2/3 and 1/3
    const entropy = -((2 / 3) * Math.log(2 / 3) + (1 / 3) * Math.log(1 / 3));
    const entropies = { kind: 'number', name: 'answer entropy', value: entropy };
    const halves = [{ kind: 'cluster', answers: ['1/2', '0.5'], votes: 2, of: 4 }, entropies, { reward: 0.5 }];
    expect(explained(scores)).toMatchObject([
      halves,
      halves,
      [{ kind: 'cluster', answers: ['3'], votes: 1, of: 4 }, entropies, { reward: 0.25 }],
      unanswered(),
    ]);
  });

  test('clusters by text on request', () => {
    const text = score('empo', group(['1/2', '0.5', '1/2 ', '3']), { empo: { clusters: 'text' } });
    expect(text.rewards).toEqual([0.5, 0.25, 0.5, 0.25]);
  });

  test('clusters by the model’s judgment, joined transitively', () => {
    const evidence: Evidence = {
      empo: {
        equal: [
          [2, 1],
          [3, 2],
        ],
      },
    };
    const judged = score('empo', group(['a', 'b', 'c', 'd', null], { evidence }), { empo: { clusters: 'model' } });
    expect(judged.rewards).toEqual([0.2, 0.6, 0.6, 0.6, 0]);
    expect(explained(judged)[3]![0]).toMatchObject({ votes: 3, of: 5, answers: ['b', 'c', 'd'] });
    const none = score('empo', group(['a', 'b'], { evidence: { empo: { equal: [] } } }), {
      empo: { clusters: 'model' },
    });
    expect(none.rewards).toEqual([0.5, 0.5]);
  });

  test('N equal answers all earn 1, at an entropy of 0', () => {
    const scores = score('empo', group(['5', '5', '5.0']));
    expect(scores.rewards).toEqual([1, 1, 1]);
    expect(scores.explain(0)[1]).toMatchObject({ value: 0 });
  });

  test('all different answers have entropy log N, which a bound below 1 excludes and one of 1 does not', () => {
    const apart = group(['1', '2', '3', '4', '5', '6', '7']);
    expect(score('empo', apart).skip).toBeUndefined();
    const skipped = score('empo', apart, { empo: { entropyHigh: 0.99 } });
    expectWords('explanations', 'empo leaves a group out', skipped.skip!);
    expect(explained(skipped)[0]).toHaveLength(4);
    expect(skipped.explain(0).some(({ text }) => text.includes(skipped.skip!))).toBe(true);
    const same = score('empo', group(['1', '1', '1']), { empo: { entropyLow: 0.1 } });
    expectWords('explanations', 'empo leaves a group out', same.skip!);
  });

  test('without any answer, or with one rollout, there is no entropy', () => {
    expect(score('empo', group([null, null])).rewards).toEqual([0, 0]);
    expect(score('empo', group(['1'])).rewards).toEqual([1]);
    expect(score('empo', group(['1']), { empo: { entropyLow: 0.2 } }).skip).toBeDefined();
  });
});

describe('CoVo', () => {
  /** `likeliest`: for each rollout, the cluster that is likeliest after each prefix. */
  const volatile = (answers: (string | null)[], likeliest: number[][], weight = 1) =>
    score('covo', group(answers, { evidence: { covo: { likeliest } } }), { covo: { volatility: weight } });

  test('is consistency minus volatility', () => {
    // clusters: 0 is {1, 1}, 1 is {2}
    const scores = volatile(
      ['1', '1', '2'],
      [
        [1, 0, 1, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 1],
      ],
    );
    // 3/5 - (1 - 2/5); 1 - 0; 1/4 - (1 - 1/4)
    expect(scores.rewards[0]).toBe(0);
    expect(scores.rewards[1]).toBe(1);
    expect(scores.rewards[2]).toBe(-0.5);
    const [first, , third] = explained(scores);
    expect(first).toMatchObject([
      { name: 'consistency', value: 0.6 },
      { name: 'volatility', value: 0.6 },
      { reward: 0 },
    ]);
    expect(third).toMatchObject([{ value: 0.25 }, { value: 0.75 }, { reward: -0.5 }]);
  });

  test('may weight volatility less', () => {
    expect(
      volatile(
        ['1', '2'],
        [
          [1, 0],
          [0, 0],
        ],
        0.5,
      ).rewards,
    ).toEqual([0.5 - 0.25, 0 - 0.5]);
    expect(
      volatile(
        ['1', '2'],
        [
          [1, 0],
          [0, 0],
        ],
        0,
      ).rewards,
    ).toEqual([0.5, 0]);
  });

  test('one distinct answer is the most likely everywhere: all earn 1', () => {
    expect(volatile(['4', '4', '4.0'], [[0, 0, 0], [0], [0, 0]]).rewards).toEqual([1, 1, 1]);
  });

  test('no answer gets the lowest possible reward, and no more than any answer', () => {
    const scores = volatile(['1', null, '2'], [[1], [], [0]]);
    expect(scores.rewards).toEqual([-1, -1, -1]);
    expect(explained(scores)[1]).toEqual(unanswered(-1));
    expect(volatile([null], [[]], 0.25).rewards).toEqual([-0.25]);
  });

  test('an answer without a step that leaves room for answers gets the lowest reward', () => {
    const scores = volatile(['1', '2'], [[], [1]]);
    expect(scores.rewards).toEqual([-1, 1]);
    expect(explained(scores)[0]).toMatchObject([{ kind: 'no-answer' }, { reward: -1 }]);
  });

  test('one step is written in the singular', () => {
    expect(explained(volatile(['1'], [[0]]))[0]).toMatchObject([{ value: 1 }, { value: 0 }, { reward: 1 }]);
  });
});
