import { describe, expect, test } from 'vitest';
import { clusterAnswers } from '../../engine/grading/index.ts';
import { REWARDS, RollscopeError } from '../../engine/protocol/index.ts';
import {
  type Group,
  type LabelFreeReward,
  type LabelledGroup,
  majorityOf,
  printParts,
  rewardNamed,
  rewards,
  scoreGroup,
} from '../../engine/reward/index.ts';

function group(answers: (string | null)[], reference: string | null = null): LabelledGroup {
  const clusters = clusterAnswers(answers, reference);
  const correct = answers.map((_, i) =>
    reference === null ? null : (clusters.find(({ members }) => members.includes(i))?.correct ?? false),
  );
  return { answers, clusters, correct, finish: answers.map(() => 'stop') };
}

const vote = (answers: (string | null)[]) => scoreGroup(rewardNamed('majority-vote'), group(answers));
const truth = (answers: (string | null)[], reference: string | null) =>
  scoreGroup(rewardNamed('ground-truth'), group(answers, reference));

describe('majority vote', () => {
  test('members of the largest cluster earn 1, however they write the answer', () => {
    // strings would give 1/2, 0.5 and 3 one vote each
    expect(vote(['1/2', '0.5', '3']).rewards).toEqual([1, 1, 0]);
    expect(majorityOf(group(['1/2', '0.5', '3']))).toMatchObject({
      answer: '1/2',
      share: 2 / 3,
      rawShare: 1 / 3,
      tied: false,
    });
  });

  test('no answer never votes and never earns, also where it is the most frequent', () => {
    expect(vote([null, null, null, '4']).rewards).toEqual([0, 0, 0, 1]);
    expect(majorityOf(group([null, null, null, '4']))).toMatchObject({ answer: '4', share: 1 / 4, rawShare: 1 / 4 });
  });

  test('without any answer there is no majority', () => {
    expect(vote([null, null]).rewards).toEqual([0, 0]);
    expect(majorityOf(group([null, null]))).toBeNull();
    expect(printParts(vote([null, null]).explain(1))).toBe(
      'no answer was found, so it neither votes nor earns; reward 0',
    );
  });

  test('ties go to the first to reach the count', () => {
    expect(vote(['2', '1', '1', '2']).rewards).toEqual([0, 1, 1, 0]);
    expect(majorityOf(group(['2', '1', '1', '2']))).toMatchObject({ answer: '1', tied: true });
  });

  test('all equal, and one rollout', () => {
    expect(vote(['4', '4.0', '8/2']).rewards).toEqual([1, 1, 1]);
    expect(vote(['4']).rewards).toEqual([1]);
  });

  test('labels change nothing: the reward is not even given them', () => {
    const answers = ['1', '1', '2', null];
    const rewarded = (reference: string | null) => {
      const { rewards: values, explain } = scoreGroup(rewardNamed('majority-vote'), group(answers, reference));
      return [values, answers.map((_, i) => explain(i))];
    };
    expect(rewarded('2')).toEqual(rewarded(null));
    expect(rewarded('1')).toEqual(rewarded(null));
  });

  test('a label-free reward sees an object without labels', () => {
    const seen: unknown[] = [];
    scoreGroup(
      {
        ...(rewardNamed('majority-vote') as LabelFreeReward),
        compute: (given: Group) => {
          seen.push(given);
          return { rewards: [], explain: () => [] };
        },
      },
      group(['1', '2'], '2'),
    );
    expect(JSON.stringify(seen)).not.toContain('correct');
  });

  test('explains each case in words and in parts', () => {
    const { explain } = vote(['4', '4.0', '5', '4', '6']);
    expect(explain(1)).toEqual([
      {
        kind: 'cluster',
        cluster: 0,
        answers: ['4', '4.0'],
        votes: 3,
        of: 5,
        share: 0.6,
        text: 'answer 4.0 joined cluster {4, 4.0} with 3 of 5 votes',
      },
      { kind: 'vote', winner: '4', won: true, tied: false, text: 'the largest' },
      { kind: 'result', reward: 1, text: 'reward 1' },
    ]);
    expect(printParts(explain(2))).toBe(
      'answer 5 joined cluster {5} with 1 of 5 votes; the largest is 4 with 3; reward 0',
    );
    const tied = vote(['2', '1']);
    expect(printParts(tied.explain(0))).toContain('as large as another, and the first to be; reward 1');
    expect(printParts(tied.explain(1))).toContain('as large as 2, which was so first; reward 0');
    expect(JSON.parse(JSON.stringify(explain(1)))).toEqual(explain(1));
  });
});

describe('ground truth', () => {
  test('pays for equivalence with the reference', () => {
    expect(truth(['1/2', '0.5', '3', null], '\\frac12').rewards).toEqual([1, 1, 0, 0]);
  });

  test('pays nothing without a reference', () => {
    const { rewards: values, explain } = truth(['1', null], null);
    expect(values).toEqual([0, 0]);
    expect(printParts(explain(0))).toBe('the problem has no reference answer; reward 0');
  });

  test('explains itself', () => {
    const { explain } = truth(['1', '2', null], '2');
    expect([0, 1, 2].map((i) => printParts(explain(i)))).toEqual([
      'answer 1 does not equal the reference; reward 0',
      'answer 2 equals the reference; reward 1',
      'no answer was found, so it earns nothing; reward 0',
    ]);
  });
});

describe('registry', () => {
  test('has every reward of the configuration, described', () => {
    expect(rewards.map(({ name }) => name)).toEqual([...REWARDS]);
    for (const { title, formula, tokens, temperature, shift, normalisation, range, source } of rewards) {
      for (const text of [title, formula, tokens, temperature, shift, normalisation, source]) expect(text).not.toBe('');
      expect(range[0]).toBeLessThan(range[1]);
    }
  });

  test('an unknown name is an error that lists the known ones', () => {
    for (const name of ['vibes', 'toString', '']) {
      expect(() => rewardNamed(name)).toThrow(RollscopeError);
    }
    expect(() => rewardNamed('vibes')).toThrow('There is no reward "vibes".');
  });
});
