/** Re-scoring of stored rollouts under other rewards: by hand. */
import { describe, expect, test } from 'vitest';
import { compareRewards, type RescoredGroup, winnerOf } from '../../engine/analysis/rescore.ts';
import { conclusionText } from '../../engine/cli/rescore/tables.ts';
import { compareEstimates } from '../../engine/protocol/reward-comparison.ts';
import { judged } from '../support/judged.ts';

/** Reward minus the group's mean. */
const advantages = (groups: readonly (readonly number[])[]) =>
  groups.map((rewards) => {
    const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
    return rewards.map((reward) => reward - mean);
  });

const groups: RescoredGroup[] = [
  {
    problem: 0,
    step: 1,
    group: judged(['4', '4', '5', null], '4'),
    rewards: {
      vote: { rewards: [1, 1, 0, 0] },
      length: { rewards: [1, 2, 3, 4] },
      truth: { rewards: [1, 1, 0, 0] },
      flat: { rewards: [7, 7, 7, 7] },
    },
  },
  {
    problem: 1,
    step: 1,
    group: judged(['8', '8', '9'], '9'),
    rewards: {
      vote: { rewards: [1, 1, 0] },
      length: { rewards: [3, 2, 5] },
      truth: { rewards: [0, 0, 1] },
      flat: null,
    },
  },
  {
    problem: 2,
    step: 2,
    group: judged(['1', '2'], null),
    rewards: { vote: { rewards: [1, 0] }, length: { rewards: [2, 1] }, truth: null, flat: { rewards: [7, 7] } },
  },
];
const found = compareRewards(groups, ['vote', 'length', 'flat', 'truth'], {
  advantages,
  thresholds: { vote: 0.5, truth: 0.5 },
});
const reward = (name: string) => found.rewards.find((candidate) => candidate.reward === name)!;
const pair = (a: string, b: string) => found.pairs.find(({ rewards }) => rewards[0] === a && rewards[1] === b)!;

test('the first of the largest values wins', () => {
  expect(winnerOf({ rewards: [1, 3, 3] })).toBe(1);
  expect(winnerOf({ rewards: [Number.NEGATIVE_INFINITY, -5] })).toBe(1);
  expect(winnerOf({ rewards: [0, 0, 0], basis: [0.2, 1, 0.5] })).toBe(1);
});

describe('each reward', () => {
  test('is compared with correctness, by hand', () => {
    expect(reward('truth')).toMatchObject({
      groups: 2,
      mean: 3 / 7,
      range: [0, 1],
      accuracy: 1,
      auroc: { mean: 1, groups: 2 },
      top1Accuracy: { mean: 1 },
      signAccuracy: 1,
      equal: 0,
    });
    // First group all right, second all wrong.
    expect(reward('vote')).toMatchObject({
      groups: 3,
      accuracy: 4 / 7,
      auroc: { mean: 0.5, groups: 2 },
      top1Accuracy: { mean: 0.5 },
    });
    // Advantages above 0: 0.5 twice to right ones, 1/3 twice to wrong ones.
    expect(reward('vote').signAccuracy).toBeCloseTo(1 / (1 + 2 / 3), 12);
    // Right against wrong: 1, 2 against 3, 4; and 5 against 3, 2.
    expect(reward('length')).toMatchObject({
      accuracy: null,
      auroc: { mean: 0.5 },
      top1Accuracy: { mean: 0.5 },
      range: [1, 5],
    });
    expect(reward('length').signAccuracy).toBeCloseTo(5 / 3 / (5 / 3 + 0.5 + 1.5), 12);
    expect(reward('flat')).toMatchObject({
      equal: 1,
      signAccuracy: null,
      auroc: { mean: 0.5, groups: 1 },
      top1Accuracy: { mean: 1 },
    });
  });

  test('is sorted in the table by AUROC, then by top-1 accuracy', () => {
    expect(found.rewards.map((item) => item.reward)).toEqual(['truth', 'flat', 'vote', 'length']);
    const blind = compareRewards([groups[2]!], ['length', 'vote'], { advantages, thresholds: {} });
    expect(blind.rewards.map((item) => [item.reward, item.auroc, item.top1Accuracy, item.accuracy])).toEqual([
      ['length', null, null, null],
      ['vote', null, null, null],
    ]);
  });
});

describe('pairs of rewards', () => {
  test('rankings within a problem, top-1 answers and advantage signs, by hand', () => {
    expect(found.pairs).toHaveLength(6);
    const both = pair('vote', 'length');
    // tau-b: -4 / sqrt(4 * 6), -2 / sqrt(2 * 3), and 1.
    expect(both.kendall!.mean).toBeCloseTo((-4 / Math.sqrt(24) - 2 / Math.sqrt(6) + 1) / 3, 12);
    expect(both.spearman!.mean).toBeCloseTo((-2 / Math.sqrt(5) - Math.sqrt(3) / 2 + 1) / 3, 12);
    // Winners: 4 and none, 8 and 9, 1 and 1.
    expect(both.top1Disagreement).toMatchObject({ mean: 2 / 3 });
    // All rollouts of the first two groups are pushed to opposite sides, none of the third.
    expect(both.signDisagreement).toBeCloseTo((4 + 3) / 9, 12);
    expect(both.groups).toBe(3);
  });

  test('a constant reward has no ranking', () => {
    expect(pair('vote', 'flat')).toMatchObject({
      groups: 2,
      kendall: null,
      spearman: null,
      signDisagreement: 0,
      top1Disagreement: { mean: 0 },
    });
    expect(pair('flat', 'truth').groups).toBe(1);
  });
});

test('a group whose rewards do not match its rollouts is refused', () => {
  const broken = [{ ...groups[0]!, rewards: { vote: { rewards: [1] } } }];
  expect(() => compareRewards(broken, ['vote'], { advantages, thresholds: {} })).toThrow(RangeError);
});

test('the ranking uses the basis, the summary the rewards themselves', () => {
  const group = { ...groups[0]!, rewards: { tiny: { rewards: [0, 0, 0, 0], basis: [1, 0.5, 0.2, 0.1] } } };
  const [tiny] = compareRewards([group], ['tiny'], { advantages, thresholds: {} }).rewards;
  expect(tiny).toMatchObject({ mean: 0, range: [0, 0], equal: 0, auroc: { mean: 1 }, top1Accuracy: { mean: 1 } });
});

describe('a group', () => {
  const scores = (at: number, name: string) => found.byGroup[at]!.scores[name];

  test('has values, ranks and advantages of each reward, and whether it is pushed right', () => {
    expect(scores(0, 'length')).toEqual({
      values: [1, 2, 3, 4],
      ranks: [4, 3, 2, 1],
      advantages: [-1.5, -0.5, 0.5, 1.5],
      winner: 3,
      winnerCorrect: false,
      auroc: 0,
      pushedRight: false,
    });
    // Equal ones share their place; without a difference nothing is pushed.
    expect(scores(0, 'vote')).toMatchObject({ ranks: [1, 1, 3, 3], auroc: 1, pushedRight: true });
    expect(scores(0, 'flat')).toMatchObject({ ranks: [1, 1, 1, 1], auroc: 0.5, pushedRight: false });
    expect(scores(1, 'flat')).toBeNull();
    expect(scores(2, 'vote')).toMatchObject({ winnerCorrect: null, auroc: null, pushedRight: null });
  });

  test('counts for the share of groups pushed right if it has correct and wrong rollouts', () => {
    expect(reward('vote').pushedRight).toMatchObject({ mean: 0.5, groups: 2 });
    expect(reward('flat').pushedRight).toMatchObject({ mean: 0, groups: 1 });
  });
});

test('intervals that overlap show no difference', () => {
  const of = (low: number, high: number) => ({ mean: (low + high) / 2, low, high });
  expect(compareEstimates(of(0.6, 0.8), of(0.3, 0.5))).toBe('higher');
  expect(compareEstimates(of(0.1, 0.2), of(0.3, 0.5))).toBe('lower');
  expect(compareEstimates(of(0.5, 0.7), of(0.3, 0.5))).toBe('no difference');
  expect(compareEstimates(null, of(0.3, 0.5))).toBeNull();
});

test('a best reward is named if its interval does not overlap the others', () => {
  const quality = (name: string, low: number, high: number) => ({
    ...reward('vote'),
    reward: name,
    auroc: { mean: (low + high) / 2, low, high, groups: 9 },
  });
  const rewards = [quality('a', 0.8, 0.9), quality('b', 0.7, 0.85), quality('c', 0.1, 0.2)];
  expect(conclusionText({ ...found, rewards })).toMatch(/^Highest agreement .*: a, .*No clear difference from b: /);
  expect(conclusionText({ ...found, rewards: [rewards[0]!, rewards[2]!] })).toMatch(/^Best agreement .*: a, /);
});
