/** Rewards of the model's own certainty, against values from logits by their definitions. */
import { describe, expect, test } from 'vitest';
import type { PolicyRollout } from '../../engine/protocol/index.ts';
import { expectThrow } from '../support/refusals.ts';
import { explained, group, rollout, score, unanswered } from '../support/reward-group.ts';

/** Statistics of tokens drawn from logits, straight from the definitions. */
function drawn(
  rows: readonly { logits: readonly number[]; token: number }[],
  tokenTexts?: readonly string[],
): PolicyRollout {
  const of = rows.map(({ logits, token }) => {
    const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
    const p = logits.map((z) => Math.exp(z) / total);
    const sorted = [...p].sort((a, b) => b - a);
    return {
      logprob: Math.log(p[token]!),
      entropy: -p.reduce((sum, x) => sum + x * Math.log(x), 0),
      logsumexp: Math.log(total),
      meanLogit: logits.reduce((sum, z) => sum + z, 0) / logits.length,
      top1: sorted[0]!,
      top2: sorted[1]!,
    };
  });
  const column = (name: keyof (typeof of)[number]) => of.map((row) => row[name]);
  return rollout(tokenTexts ?? rows.map((_, t) => `t${t}`), {
    logprob: column('logprob'),
    entropy: column('entropy'),
    logsumexp: column('logsumexp'),
    meanLogit: column('meanLogit'),
    top1: column('top1'),
    top2: column('top2'),
  });
}

const LN2 = Math.log(2);
/** Logits of the probabilities 1/2, 1/4, 1/8, 1/8, shifted, and of the uniform distribution. */
const SKEWED = [3 * LN2 + 5, 2 * LN2 + 5, LN2 + 5, LN2 + 5];
const UNIFORM = [7, 7, 7, 7];

const certain = (name: string, ...rollouts: PolicyRollout[]) =>
  score(
    name,
    group(
      rollouts.map(() => null),
      { rollouts, vocabulary: 4 },
    ),
  ).rewards;

describe('values by hand: tokens of probability 1/2 and 1/8 from (1/2, 1/4, 1/8, 1/8)', () => {
  const two = drawn([
    { logits: SKEWED, token: 0 },
    { logits: SKEWED, token: 3 },
  ]);
  const half = drawn([
    { logits: SKEWED, token: 1 },
    { logits: UNIFORM, token: 2 },
  ]);

  test('self-certainty is the divergence of the uniform distribution from p', () => {
    // KL(U || p) = sum of 1/4 log((1/4) / p) = (1/4) (-1 + 0 + 1 + 1) log 2
    const [a, b] = certain('self-certainty', two, half);
    expect(a).toBeCloseTo(LN2 / 4, 5);
    expect(b).toBeCloseTo(LN2 / 8, 5);
    expect(certain('self-certainty', drawn([{ logits: UNIFORM, token: 0 }]))[0]).toBeCloseTo(0, 5);
  });

  test('token-level entropy is minus the mean entropy', () => {
    // H = 1/2 * 1 + 1/4 * 2 + 2 * 1/8 * 3 = 7/4 bits; uniform: 2 bits
    const [a, b] = certain('token-entropy', two, half);
    expect(a).toBeCloseTo(-1.75 * LN2, 5);
    expect(b).toBeCloseTo(-((1.75 + 2) / 2) * LN2, 5);
  });

  test('trajectory-level entropy is the mean log-probability', () => {
    expect(certain('trajectory-entropy', two)[0]).toBeCloseTo(-2 * LN2, 5);
    expect(certain('trajectory-entropy', half)[0]).toBeCloseTo(-2 * LN2, 5);
  });

  test('probability is the product', () => {
    const scores = score(
      'probability',
      group([null, null], { rollouts: [two, drawn([{ logits: SKEWED, token: 0 }])] }),
    );
    expect(scores.rewards[0]).toBeCloseTo(1 / 16, 6);
    expect(scores.rewards[1]).toBeCloseTo(1 / 2, 6);
    expect(scores.basis![0]).toBeCloseTo(1 / 8, 6);
    expect(scores.basis![1]).toBe(1);
  });

  test('one token gives a mean of one', () => {
    const one = drawn([{ logits: SKEWED, token: 3 }]);
    expect(certain('trajectory-entropy', one)[0]).toBeCloseTo(-3 * LN2, 5);
    expect(certain('token-entropy', one)[0]).toBeCloseTo(-1.75 * LN2, 5);
    expect(certain('self-certainty', one)[0]).toBeCloseTo(LN2 / 4, 5);
  });

  test('a truncated response uses the tokens that it has', () => {
    for (const name of ['self-certainty', 'token-entropy', 'trajectory-entropy', 'probability']) {
      expect(certain(name, { ...two, finish: 'length' })).toEqual(certain(name, two));
    }
  });
});

describe('probability of long responses', () => {
  const long = (each: number, tokens: number) =>
    rollout(
      Array.from({ length: tokens }, (_, t) => `t${t}`),
      { logprob: Array.from({ length: tokens }, () => each) },
    );

  test('keeps ranking and ratios where the product is 0 in float64', () => {
    const rollouts = [long(-1, 801), long(-1, 800), long(-0.5, 1604), long(-1, 2000)];
    const { rewards, basis } = score('probability', group([null, null, null, null], { rollouts }));
    expect(rewards).toEqual([0, 0, 0, 0]);
    expect(basis![1]).toBe(1);
    expect(basis![0]).toBeCloseTo(Math.exp(-1), 12);
    expect(basis![2]).toBeCloseTo(Math.exp(-2), 12);
    expect(basis![3]).toBe(0);
  });

  test('keeps the order where float32 alone would underflow', () => {
    const rollouts = [long(-1, 120), long(-1, 110), long(-1, 130)];
    const { rewards, basis } = score('probability', group([null, null, null], { rollouts }));
    expect(rewards[0]! / rewards[1]!).toBeCloseTo(Math.exp(-10), 12);
    expect(basis![2]! / basis![1]!).toBeCloseTo(Math.exp(-20), 18);
  });

  test('is explained with its rank', () => {
    const rollouts = [long(-400, 2), long(-1, 1)];
    const [first, second] = explained(score('probability', group([null, null], { rollouts })));
    const extremes = [
      { index: 0, text: 't0', value: -400 },
      { index: 1, text: 't1', value: -400 },
    ];
    expect(first).toMatchObject([
      { kind: 'tokens', from: 0, to: 2, extremes },
      { kind: 'number', value: 2 },
      { kind: 'result', reward: 0 },
    ]);
    expect(second).toMatchObject([{}, { value: 1 }, { reward: Math.exp(-1) }]);
  });

  test('of equal log-probabilities is a tie', () => {
    const { basis } = score('probability', group([null, null], { rollouts: [long(-1, 900), long(-2, 450)] }));
    expect(basis).toEqual([1, 1]);
  });
});

describe('probability disparity', () => {
  const tokenTexts = ['The', ' answer', ' is', ' \\', 'boxed', '{', '1', '2', '}'];
  const top1 = [0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.75, 0.5, 0.9];
  const top2 = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.25, 0.375, 0.1];
  const answered = rollout(tokenTexts, { top1, top2 });

  test("is the mean margin over the answer's tokens alone", () => {
    const scores = score('probability-disparity', group(['12'], { rollouts: [answered] }));
    expect(scores.rewards[0]).toBeCloseTo((0.5 + 0.125) / 2, 12);
    const extremes = [
      { index: 7, text: '2', value: 0.125 },
      { index: 6, text: '1', value: 0.5 },
    ];
    expect(explained(scores)[0]).toEqual([
      { kind: 'tokens', from: 6, to: 8, extremes },
      { kind: 'result', reward: 0.3125 },
    ]);
  });

  test('includes a token that contains more than the answer', () => {
    const one = rollout(['\\boxed{', ' 12}', ' end'], { top1: [0.9, 0.5, 0.9], top2: [0, 0.25, 0] });
    const scores = score('probability-disparity', group(['12'], { rollouts: [one] }));
    expect(scores.rewards[0]).toBeCloseTo(0.25, 12);
    const extremes = [{ index: 1, text: ' 12}', value: 0.25 }];
    expect(explained(scores)[0]![0]).toEqual({ kind: 'tokens', from: 1, to: 2, extremes });
  });

  test('is 0 without an answer', () => {
    const scores = score(
      'probability-disparity',
      group([null], { rollouts: [rollout(['Hm', '.'], { top1: [1, 1] })] }),
    );
    expect(scores.rewards).toEqual([0]);
    expect(explained(scores)).toEqual([unanswered()]);
  });
});

test('means are explained by the tokens that contribute least', () => {
  const tokens = rollout(['a', 'b', 'c', 'd'], { logprob: [-0.25, -2, -0.5, -4] });
  const scores = score('trajectory-entropy', group([null], { rollouts: [tokens] }));
  expect(scores.explain(0)).toEqual([
    {
      kind: 'tokens',
      from: 0,
      to: 4,
      extremes: [
        { index: 3, text: 'd', value: -4 },
        { index: 1, text: 'b', value: -2 },
        { index: 2, text: 'c', value: -0.5 },
      ],
      text: 'mean log-probability of 4 tokens, lowest at "d" (3) -4, "b" (1) -2, "c" (2) -0.5',
    },
    { kind: 'result', reward: -1.6875, text: 'reward -1.688' },
  ]);
});

test('self-certainty of a run without a vocabulary size is an error, not a guess', () => {
  const of = group([null], { vocabulary: null });
  expectThrow(() => score('self-certainty', of), 'config', { reason: 'vocabulary-not-recorded' });
});
