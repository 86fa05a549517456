/** Confidence against correctness: by hand, and against scikit-learn (tests/parity/oracle/analysis.py). */
import { describe, expect, test } from 'vitest';
import { alignment, calibration, quadrants } from '../../engine/analysis/alignment.ts';
import { confidencesOf, MEASURE_NAMES } from '../../engine/analysis/confidence.ts';
import { answerEntropy } from '../../engine/analysis/metrics.ts';
import type { TokenStatistics } from '../../engine/protocol/records.ts';
import { tokenSpan } from '../../engine/protocol/spans.ts';
import golden from '../parity/golden/analysis.json' with { type: 'json' };
import { judged } from '../support/judged.ts';

const floats = (...values: number[]) => new Float32Array(values);

const statistics: TokenStatistics = {
  tokens: new Int32Array([5, 6, 7]),
  logprob: floats(-0.5, -0.25, -1),
  entropy: floats(1, 0.5, 0.25),
  logsumexp: floats(4, 5, 6),
  meanLogit: floats(1, 1, 1),
  top1: floats(0.5, 0.75, 0.5),
  top2: floats(0.25, 0.25, 0.5),
};

describe('confidence measures', () => {
  const group = judged(['4', '4.0', '5', null], '4', undefined, [
    { tokens: 3, logprob: -0.5, entropy: 0.75 },
    { logprob: null, entropy: null },
  ]);

  test('by hand', () => {
    const { correct, values } = confidencesOf(
      group,
      [statistics, statistics, statistics, statistics],
      [{ start: 1, end: 3 }, null, null, null],
    );
    expect(correct).toEqual([true, true, false, false]);
    const first = Object.fromEntries(MEASURE_NAMES.map((name) => [name, values[name][0]]));
    expect(first).toMatchObject({
      'mean-logprob': -0.5,
      'sequence-logprob': -1.5,
      'negative-entropy': -0.75,
      'self-certainty': (3 + 4 + 5) / 3,
      disparity: (0.5 + 0) / 2,
      'vote-share': 2 / 4,
    });
    expect(first['token-probability']).toBeCloseTo(Math.exp(-0.5), 12);
    expect(first['sequence-probability']).toBeCloseTo(Math.exp(-1.5), 12);
    expect(first['answer-probability']).toBeCloseTo(Math.exp(-1.25), 6);
    // Without a span disparity runs over all tokens, and the answer has no probability.
    expect(values.disparity[1]).toBeCloseTo((0.25 + 0.5 + 0) / 3, 6);
    expect(values['answer-probability'][1]).toBeNull();
    expect(values['mean-logprob'][1]).toBeNull();
    expect(values['vote-share'][3]).toBe(0);
  });

  test('are null without the token statistics they need', () => {
    const { values } = confidencesOf(group);
    expect(values['self-certainty'][0]).toBeNull();
    expect(values.disparity[0]).toBeNull();
    expect(values['vote-share'][0]).toBe(0.5);
  });

  test('cover the tokens of a span of characters', () => {
    const tokenTexts = ['The ', 'answer', ' is', ' 4', '2', '', '.'];
    const text = tokenTexts.join('');
    const at = text.indexOf('42');
    expect(tokenSpan(tokenTexts, { start: at, end: at + 2 })).toEqual({ start: 3, end: 5 });
    expect(tokenSpan(tokenTexts, { start: 0, end: 1 })).toEqual({ start: 0, end: 1 });
    expect(tokenSpan(tokenTexts, { start: 99, end: 100 })).toBeNull();
  });
});

describe('alignment', () => {
  const likelihood = (...values: number[]) => values.map((logprob) => ({ logprob }));
  // Within the first problem the right ones are likelier, within the second they are not, and it is likelier as a whole.
  const problems = [
    judged(['4', '4', '5'], '4', undefined, likelihood(-3, -3.5, -4)),
    judged(['7', '8', '8'], '7', undefined, likelihood(-2, -1, -3)),
    judged(['1', '1', '1'], '1', undefined, likelihood(-9, -9, -9)),
    judged(['1', '2', '3'], null, undefined, likelihood(0, 0, 0)),
  ].map((group) => confidencesOf(group));

  test('within a problem and across problems, by hand', () => {
    const found = alignment(problems);
    const [mean] = found;
    expect(mean).toMatchObject({ measure: 'mean-logprob', rollouts: 9, right: 6, calibration: null });
    expect(mean!.within).toMatchObject({ mean: (1 + 0.5) / 2, problems: 2 });
    // Wrong: -4, -1, -3. Right: -3, -3.5, -2 and three of -9.
    expect(mean!.across!.mean).toBeCloseTo((1.5 + 1 + 2) / 18, 12);
    expect(found.map(({ measure }) => measure)).not.toContain('self-certainty');
    const votes = found.find(({ measure }) => measure === 'vote-share')!;
    expect(votes.within!.mean).toBe((1 + 0) / 2);
    expect(votes.calibration!.equalWidth.bins.reduce((total, { count }) => total + count, 0)).toBe(9);
  });

  test('does not exist without labels', () => {
    expect(alignment(problems.slice(3))).toEqual([]);
  });
});

describe('calibration', () => {
  test.each(['equal-width', 'equal-mass'] as const)('%s bins as in scikit-learn', (kind) => {
    const { confidence, right } = golden.calibration;
    const expected = golden.calibration[kind];
    const { error, bins } = calibration(confidence, right, kind)!;
    const full = bins.filter(({ count }) => count > 0);
    expect(full.map(({ count }) => count)).toEqual(expected.counts);
    full.forEach((bin, b) => {
      expect(bin.confidence).toBeCloseTo(expected.confidence[b]!, 10);
      expect(bin.accuracy!.mean).toBeCloseTo(expected.accuracy[b]!, 10);
    });
    expect(error).toBeCloseTo(expected.error, 10);
  });

  test('edges belong to the bin below, 0 and 1 to the first and the last bin', () => {
    const { bins } = calibration([0, 0.1, 0.11, 1], [false, true, true, true], 'equal-width')!;
    const full = bins.filter(({ count }) => count > 0);
    expect(full.map(({ low, high, count }) => [low, high, count])).toEqual([
      [0, 0.1, 2],
      [0.1, 0.2, 1],
      [0.9, 1, 1],
    ]);
    expect(bins[0]).toMatchObject({ confidence: 0.05, accuracy: { mean: 0.5 } });
  });

  test('equal values stay in one bin', () => {
    const { bins, error } = calibration([0.5, 0.5, 0.5, 0.9], [true, false, true, true], 'equal-mass')!;
    expect(bins.map(({ high, count }) => [high, count])).toEqual([
      [0.5, 3],
      [0.9, 1],
    ]);
    expect(error).toBeCloseTo((3 / 4) * (2 / 3 - 0.5) + (1 / 4) * 0.1, 12);
  });

  test('empty bins have neither confidence nor accuracy; without data there is no calibration', () => {
    const { bins, error } = calibration([0.95], [true], 'equal-width')!;
    expect(bins[0]).toEqual({ low: 0, high: 0.1, count: 0, confidence: null, accuracy: null });
    expect(error).toBeCloseTo(0.05, 12);
    expect(calibration([], [], 'equal-mass')).toBeNull();
  });
});

describe('quadrants', () => {
  const of = (answers: (string | null)[], reference: string | null) => judged(answers, reference);
  const problems = [
    of(['4', '4', '4', '4', '4'], '4'),
    of(['5', '5', '5', '5', '5'], '4'),
    // 4 of 5 is not above 0.8.
    of(['4', '4', '4', '4', '5'], '4'),
    of(['5', '5', '4', '4', '4', '5', '5'], '4'),
    of([null, null], '4'),
    of(['4', '4'], null),
  ].map((group, problem) => ({ problem, group }));

  test('list their problems', () => {
    expect(quadrants(problems)).toEqual({
      'confident-correct': [0],
      'confident-wrong': [1],
      'uncertain-correct': [2],
      'uncertain-wrong': [3],
      unanswered: [4],
    });
  });
});

test.each(golden.entropies)("answer entropy of $votes equals scipy's", ({ votes, entropy }) => {
  const answers = votes.flatMap((count, i) => Array<string>(count).fill(String(i)));
  expect(answerEntropy(judged(answers, null))).toBeCloseTo(entropy, 10);
});
