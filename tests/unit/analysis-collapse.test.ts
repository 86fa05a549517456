/** How runs and problems end, and the watch that warns without labels: crafted curves, every rule from both sides. */
import { describe, expect, test } from 'vitest';
import { collapseStep, collapseText } from '../../engine/analysis/collapse.ts';
import { type CurvePoint, classifyRun, fallStep } from '../../engine/analysis/failure-mode.ts';
import { problemPattern, voteStability } from '../../engine/analysis/problem-pattern.ts';
import {
  CollapseWatch,
  FLIPPED_VOTES,
  IN_TIME,
  SIGNALS,
  type WatchedStep,
  watchOutcome,
} from '../../engine/analysis/watch.ts';
import { counted, judged, sameText } from '../support/judged.ts';

describe('Model Collapse Step', () => {
  const steps = [0.5, 0.3, 0.009, 0.2, 0.008, 0.007, null, 0.001].map((rewardAccuracy, i) => ({
    step: i + 1,
    rewardAccuracy,
  }));

  test('is the first step below 1%', () => {
    expect(collapseStep(steps)).toEqual({ step: 3, last: 8, threshold: 0.01, window: 1 });
    expect(collapseStep(steps, { threshold: 0.25 }).step).toBe(3);
    expect(collapseStep([{ step: 1, rewardAccuracy: 0.01 }]).step).toBeNull();
  });

  test('needs a whole window when smoothed, and skips missing values', () => {
    expect(collapseStep(steps, { window: 3 }).step).toBe(8);
    expect(collapseStep(steps.slice(2, 4), { window: 3 }).step).toBeNull();
  });

  test('is censored without a collapse', () => {
    expect(collapseText(collapseStep(steps.slice(0, 2)))).toBe('> 2');
    expect(collapseText(collapseStep(steps))).toBe('3');
    expect(collapseText(collapseStep([]))).toBe('not measured');
  });
});

/** 40 steps, each number going from its first to its last value. */
function curve(over: Partial<Record<keyof CurvePoint, [number, number] | null>> = {}): CurvePoint[] {
  const ends = {
    proxyReward: [0.4, 0.9],
    groundTruthReward: [0.6, 0.8],
    length: [12, 12],
    repetition: [0.03, 0.03],
    ...over,
  };
  const at = (pair: readonly number[] | null, i: number) => pair && pair[0]! + ((pair[1]! - pair[0]!) * i) / 39;
  return Array.from({ length: 40 }, (_, i) => ({
    step: i + 1,
    proxyReward: at(ends.proxyReward!, i)!,
    groundTruthReward: at(ends.groundTruthReward, i),
    length: at(ends.length!, i)!,
    repetition: at(ends.repetition, i),
  }));
}

describe('how a run failed', () => {
  test.each([
    ['none', {}],
    ['none', { groundTruthReward: [0.6, 0.55] }],
    ['gradual', { groundTruthReward: [0.6, 0.2] }],
    ['breakdown', { groundTruthReward: [0.6, 0.2], proxyReward: [0.8, 0.3] }],
    ['length', { groundTruthReward: [0.6, 0.2], length: [12, 3] }],
    ['repetition', { groundTruthReward: [0.6, 0.2], repetition: [0.03, 0.9], length: [12, 30] }],
    ['repetition', { groundTruthReward: [0.6, 0.2], repetition: [0.03, 0.9], length: [12, 3] }],
    // Shorter and right is no failure.
    ['none', { length: [12, 3] }],
    // Without labels only what shows in the text is seen.
    ['none', { groundTruthReward: null }],
    ['length', { groundTruthReward: null, length: [12, 3] }],
    ['none', { groundTruthReward: null, repetition: null }],
  ] as const)('%s: %j', (mode, over) => {
    expect(classifyRun(curve(over as Parameters<typeof curve>[0])).mode).toBe(mode);
  });

  test('is stated with its numbers', () => {
    const failure = classifyRun(curve({ groundTruthReward: [0.6, 0.2] }));
    expect(failure.reason).toMatch(
      /^ground-truth accuracy fell from 0\.58\d to 0\.215, while the proxy reward went from 0\.42 to 0\.88$/,
    );
    expect(failure.truth).toMatchObject({ of: 'steps', peakStep: 4 });
    expect(failure.proxy.start).toBeCloseTo(0.4 + (0.5 * 1.5) / 39, 12);
  });

  test('differences in difficulty between batches do not count as a fall', () => {
    const noisy = curve().map((point, i) => ({
      ...point,
      groundTruthReward: [0.75, 0.45, 0.7, 0.5, 0.35, 0.8][i % 6]!,
    }));
    expect(classifyRun(noisy.slice(0, 20)).mode).toBe('none');
  });

  test('evaluations take precedence over training rollouts', () => {
    const evaluations = [0.5, 0.7, 0.4, 0.2].map((value, i) => ({ step: i * 10, value }));
    const failure = classifyRun(curve(), evaluations);
    expect(failure).toMatchObject({ mode: 'gradual', truth: { of: 'evaluations', peak: 0.7, peakStep: 10, end: 0.2 } });
    expect(classifyRun(curve(), evaluations.slice(0, 3)).truth!.of).toBe('steps');
    expect(() => classifyRun([])).toThrow(RangeError);
  });

  test('the step of the fall', () => {
    const fallen = curve().map((point, i) => ({ ...point, groundTruthReward: i < 20 ? 0.8 : 0.2 }));
    // Window 4: with one low step of four the mean is 0.65, with two 0.5; 0.8 * 0.8 lies between.
    expect(fallStep(fallen)).toBe(22);
    expect(fallStep(curve())).toBeNull();
    const back = fallen.map((point, i) => ({ ...point, groundTruthReward: i >= 20 && i < 36 ? 0.2 : 0.8 }));
    expect(fallStep(back)).toBeNull();
    const late = fallen.map((point, i) => ({ ...point, groundTruthReward: i < 37 ? 0.8 : 0.2 }));
    expect(fallStep(late)).toBeNull();
    expect(fallStep(curve({ groundTruthReward: null }))).toBeNull();
  });
});

describe('a problem', () => {
  const history = (...answers: string[]) =>
    answers.map((answer, step) => ({ step, group: counted([answer, answer, null], '1') }));

  test.each([
    ['amplifying-success', ['1', '2', '1'], { sameAnswer: true, changes: 2 }],
    ['amplifying-failure', ['2', '2'], { sameAnswer: true, changes: 0 }],
    ['amplifying-failure', ['2', '3'], { sameAnswer: false, changes: 1 }],
    ['wrong-to-correct', ['2', '1'], { sameAnswer: false }],
    ['correct-to-wrong', ['1', '2'], { sameAnswer: false }],
  ] as const)('%s: %j', (pattern, answers, more) => {
    expect(problemPattern(history(...answers), sameText)).toMatchObject({
      pattern,
      startShare: 2 / 3,
      endShare: 2 / 3,
      ...more,
    });
  });

  test('without a reference, or sampled once, has no pattern', () => {
    expect(
      problemPattern(
        [
          { step: 1, group: counted(['1'], null) },
          { step: 2, group: counted(['1'], null) },
        ],
        sameText,
      ),
    ).toBeNull();
    expect(problemPattern(history('1'), sameText)).toBeNull();
  });

  test('has votes of a certain stability', () => {
    const before = new Map([judged(['1'], null), judged(['2'], null), judged([null], null)].map((g, i) => [i, g]));
    const after = new Map([judged(['1'], null), judged(['3'], null), judged(['4'], null)].map((g, i) => [i, g]));
    expect(voteStability(before, after, sameText)).toBe(1 / 2);
    expect(voteStability(new Map(), after, sameText)).toBeNull();
  });
});

describe('the collapse watch', () => {
  const sound = {
    length: 12,
    repetition: 0.03,
    noAnswer: 0.02,
    truncated: 0,
    answerEntropy: 0.9,
    answerDiversity: 0.7,
    confidenceAgreement: 0.95,
    kl: 0.01,
  };
  type Metrics = WatchedStep['metrics'];

  /** 8 sound steps, then 6 with other numbers. */
  function run(over: Partial<Metrics>, watch = new CollapseWatch()) {
    const steps = Array.from({ length: 14 }, (_, i) => ({
      step: i + 1,
      metrics: i < 8 ? sound : { ...sound, ...over },
    }));
    return steps.map((step) => watch.feed(step));
  }

  test('stays silent for a healthy run', () => {
    expect(run({}).every(({ level, reasons }) => level === 'ok' && reasons.length === 0)).toBe(true);
  });

  /** A value at which a signal is just below and just at a badness. */
  const at: Record<keyof typeof SIGNALS, (badness: number) => Partial<Metrics>> = {
    shorter: (b) => ({ length: 12 * (1 - b) }),
    longer: (b) => ({ length: 12 * (1 + b) }),
    repetition: (b) => ({ repetition: 0.03 + b }),
    unanswered: (b) => ({ noAnswer: 0.02 + b }),
    truncated: (b) => ({ truncated: b }),
    uniform: (b) => ({ answerDiversity: 0.7 * (1 - b) }),
    certain: (b) => ({ answerEntropy: 0.9 * (1 - b) }),
    unsettled: (b) => ({ answerEntropy: 0.9 + b }),
    disagreement: (b) => ({ confidenceAgreement: 0.95 - b }),
    drift: (b) => ({ kl: b }),
  };
  const names = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[];
  const edge = 1e-6;

  test.each(names)('%s reaches its levels at its thresholds, and not before', (name) => {
    const { watch, alarm, sufficient } = SIGNALS[name];
    const last = (badness: number) => run(at[name](badness)).at(-1)!;
    expect(last(watch - edge).reasons).toEqual([]);
    expect(last(watch + edge)).toMatchObject({
      level: sufficient ? 'watch' : 'ok',
      reasons: [{ signal: name, level: 'watch' }],
    });
    if (!Number.isFinite(alarm)) return;
    expect(last(alarm - edge).reasons[0]!.level).toBe('watch');
    expect(last(alarm + edge)).toMatchObject({
      level: sufficient ? 'collapse' : 'watch',
      reasons: [{ signal: name, level: 'alarm' }],
    });
  });

  test('requires two consecutive steps, and smooths over three', () => {
    const states = run({ length: 1 });
    // Means of three: 8.3, 4.7, 1.0 of 12.
    expect(states.map(({ level }) => level).slice(8)).toEqual([
      'ok',
      'watch',
      'collapse',
      'collapse',
      'collapse',
      'collapse',
    ]);
    expect(states[10]!.reasons[0]!.text).toBe('response length went from 12 to 1');
    const watch = new CollapseWatch();
    const spike = Array.from({ length: 14 }, (_, i) => ({
      step: i,
      metrics: { ...sound, repetition: i === 9 ? 0.5 : 0.03 },
    }));
    // One step in three is 0.16 above the start: enough for a word, not for an alarm.
    expect(new Set(spike.map((step) => watch.feed(step).level))).toEqual(new Set(['ok', 'watch']));
  });

  test('two alarms of signals that also accompany success are a collapse, two warnings a watch', () => {
    expect(run({ confidenceAgreement: 0.5 }).at(-1)!.level).toBe('watch');
    expect(run({ confidenceAgreement: 0.5, truncated: 0.5 }).at(-1)).toMatchObject({
      level: 'collapse',
      reasons: { length: 2 },
    });
    expect(run({ confidenceAgreement: 0.8 }).at(-1)!.level).toBe('ok');
    expect(run({ confidenceAgreement: 0.8, truncated: 0.2 }).at(-1)!.level).toBe('watch');
    const [first, second] = run({ confidenceAgreement: 0.8, length: 1 }).at(-1)!.reasons;
    expect([first!.signal, second!.signal]).toEqual(['shorter', 'disagreement']);
  });

  test('sharpening alone is not a collapse: every problem is certain, and every answer unchanged', () => {
    expect(run({ answerEntropy: 0, confidenceAgreement: null }).at(-1)).toMatchObject({
      level: 'ok',
      reasons: [{ signal: 'certain' }],
    });
  });

  test('detects a late change of certain answers, even below the initial level', () => {
    const watch = new CollapseWatch();
    const entropies = [0.9, 0.9, 0.9, 0.9, 0.9, 0.5, 0.2, 0.1, 0.1, 0.1, 0.6, 0.6, 0.6, 0.6];
    const states = entropies.map((answerEntropy, i) => watch.feed({ step: i, metrics: { ...sound, answerEntropy } }));
    expect(states.at(-1)!.reasons).toMatchObject([
      { signal: 'unsettled', level: 'alarm', text: 'answer entropy went from 0.1 to 0.6' },
    ]);
  });

  test('counts flipped evaluation votes until the next evaluation, but never in the first steps', () => {
    const level = (stability: number | null) => {
      const watch = new CollapseWatch();
      watch.evaluated({ step: 0, stability });
      const states = run({}, watch);
      expect(states.slice(0, 5).every((state) => state.level === 'ok')).toBe(true);
      return states.at(-1)!.level;
    };
    expect(level(null)).toBe('ok');
    expect(level(1 - FLIPPED_VOTES.watch + edge)).toBe('ok');
    expect(level(1 - FLIPPED_VOTES.watch - edge)).toBe('watch');
    expect(level(1 - FLIPPED_VOTES.alarm - edge)).toBe('collapse');
    const watch = new CollapseWatch();
    watch.evaluated({ step: 0, stability: 0 });
    expect(run({}, watch).at(-1)!.reasons[0]!.text).toBe(
      '100% of the settled majorities on evaluation problems changed since the first evaluation',
    );
    watch.evaluated({ step: 14, stability: 0.9 });
    expect(watch.feed({ step: 15, metrics: sound }).level).toBe('ok');
  });

  test('missing signals never count against the run', () => {
    const nothing = {
      repetition: null,
      answerEntropy: null,
      answerDiversity: null,
      confidenceAgreement: null,
      kl: null,
    };
    const watch = new CollapseWatch();
    for (let step = 0; step < 14; step++) {
      expect(watch.feed({ step, metrics: { ...sound, ...nothing } }).level).toBe('ok');
    }
  });

  test('a missing value interrupts a series of bad ones', () => {
    const watch = new CollapseWatch();
    const agreements = [...Array<number>(8).fill(0.95), 0.1, null, 0.1, 0.1];
    const states = agreements.map((confidenceAgreement, i) =>
      watch.feed({ step: i, metrics: { ...sound, confidenceAgreement } }),
    );
    expect(states.map(({ reasons }) => reasons.length).slice(8)).toEqual([0, 0, 0, 1]);
  });

  test('its warning is scored against a fall', () => {
    const outcome = (alarm: number | null, fall: number | null) => watchOutcome({ alarm, fall });
    expect(outcome(10, 30)).toBe('hit');
    expect(outcome(30 + IN_TIME, 30)).toBe('hit');
    expect(outcome(31 + IN_TIME, 30)).toBe('late');
    expect(outcome(null, 30)).toBe('miss');
    expect(outcome(10, null)).toBe('false alarm');
    expect(outcome(null, null)).toBe('quiet');
  });
});
