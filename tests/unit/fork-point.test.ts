/** Where a rollout parts from a sibling that voted otherwise. */
import { expect, test } from 'vitest';
import { NO_STATISTICS, type Rollout } from '../../engine/protocol/group.ts';
import { forkPoint, forkText, logprobUnder } from '../../engine/runs/fork-point.ts';

interface Given {
  tokens: string[];
  correct?: boolean | null;
  cluster?: number | null;
  probabilities?: number[];
  top1?: number[];
  /** Without tokens, as other trainers keep them. */
  isText?: boolean;
}

function rollout({ tokens, correct = null, cluster = null, probabilities, top1, isText = false }: Given): Rollout {
  return {
    ...{ text: tokens.join(''), answer: null, cluster, correct, reward: null, advantage: null, rewards: {}, why: [] },
    ...{ foreign: {}, tokens: isText ? null : tokens.length, logprob: null, entropy: null, repetition: null },
    finish: 'stop',
    ids: null,
    tokenTexts: isText ? null : tokens,
    statistics: {
      ...NO_STATISTICS,
      ...(probabilities && { logprob: Float32Array.from(probabilities, Math.log) }),
      ...(top1 && { top1: Float32Array.from(top1) }),
    },
  };
}
const group = (...given: Given[]) => ({ rollouts: given.map(rollout) });

test('a wrong rollout diverges from the correct one that shares the longest prefix', () => {
  const four = group(
    { tokens: ['a', 'b', 'c', 'x'], correct: false, probabilities: [1, 1, 0.25, 1], top1: [1, 1, 0.5, 1] },
    { tokens: ['a', 'y'], correct: true, probabilities: [1, 0.1] },
    { tokens: ['a', 'b', 'd'], correct: true, probabilities: [1, 1, 0.5] },
    { tokens: ['a', 'b', 'c', 'z'], correct: false, probabilities: [1, 1, 0.25, 1] },
  );
  expect(forkPoint(four, 0)).toEqual({
    against: 'correct',
    sibling: 2,
    unit: 'token',
    shared: 2,
    offset: 2,
    drawn: [
      { text: 'd', probability: expect.closeTo(0.5), rollouts: 1, correct: 1, isOwn: false, isSibling: true },
      { text: 'c', probability: expect.closeTo(0.25), rollouts: 2, correct: 0, isOwn: true, isSibling: false },
    ],
    rest: expect.closeTo(0.25),
    undrawnTop: null,
  });
  // The other way around for a correct one, with the first of those that share as much.
  expect(forkPoint(four, 2)).toMatchObject({ against: 'wrong', sibling: 0, shared: 2 });
  expect(forkText(forkPoint(four, 0))).toBe('Diverges from the correct rollout 3 at token 3');
});

test('probability of tokens that nobody sampled is counted, and the most likely of them named', () => {
  const two = group(
    { tokens: ['a', 'b'], correct: false, probabilities: [1, 0.1], top1: [1, 0.6] },
    { tokens: ['a', 'c'], correct: true, probabilities: [1, 0.2] },
  );
  const fork = forkPoint(two, 0);
  expect(fork).toMatchObject({ undrawnTop: expect.closeTo(0.6), rest: expect.closeTo(0.7) });
});

test('a rollout that ends where the other continues diverges at its end', () => {
  const fork = forkPoint(group({ tokens: ['a'], correct: false }, { tokens: ['a', 'b'], correct: true }), 0);
  expect(fork).toMatchObject({ shared: 1, rest: null, undrawnTop: null });
  expect(typeof fork === 'object' && fork.drawn.map(({ text, isOwn }) => [text, isOwn])).toEqual([
    [null, true],
    ['b', false],
  ]);
});

test('without a reference it is compared with the majority, and without tokens by words', () => {
  const three = group(
    { tokens: ['so it is', ' 4'], cluster: 0, isText: true },
    { tokens: ['so it is', ' 5'], cluster: 1, isText: true },
    { tokens: ['no'], cluster: null, isText: true },
  );
  expect(forkPoint(three, 1)).toMatchObject({ against: 'majority', sibling: 0, unit: 'word', shared: 3, offset: 8 });
  expect(forkPoint(three, 0)).toMatchObject({ against: 'minority', sibling: 1, rest: null });
});

test.each([
  ['no-correct', [false, false], [0, 1]],
  ['no-wrong', [true, true], [0, 0]],
  ['no-minority', [null, null], [0, 0]],
  ['no-vote', [null, null], [null, null]],
] as const)('%s: without such a sibling there is no fork point, and the reason is given', (why, correct, clusters) => {
  const given = group(...correct.map((is, i) => ({ tokens: ['a'], correct: is, cluster: clusters[i]! })));
  expect(forkPoint(given, 0)).toBe(why);
  expect(forkText(why)).toMatch(/^No fork point: .+\.$/);
});

test('probabilities at another step are known as far as one of its rollouts has the same prefix', () => {
  const [own, ...before] = group(
    { tokens: ['a', 'b', 'c'], probabilities: [0.9, 0.9, 0.9] },
    { tokens: ['a', 'x'], probabilities: [0.5, 0.5] },
    { tokens: ['a', 'b'], probabilities: [0.5, 0.25] },
  ).rollouts;
  expect([...logprobUnder(own!, before)!].map(Math.exp)).toEqual([
    expect.closeTo(0.5),
    expect.closeTo(0.25),
    Number.NaN,
  ]);
  expect(logprobUnder(rollout({ tokens: ['a'], isText: true }), before)).toBeNull();
});
