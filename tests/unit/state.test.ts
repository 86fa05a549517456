import { describe, expect, it } from 'vitest';
import {
  atStep,
  collapseWarningAt,
  foldRecord,
  foldRecords,
  type GroupRecord,
  initialRunState,
  type JournalRecord,
  majoritySince,
  metricAt,
  outcomeOf,
  type RolloutSummary,
  RunConfig,
  rolloutsOf,
  type StepRecord,
} from '../../engine/protocol/index.ts';
import { forecastOf, problemForecast } from '../support/forecast.ts';

const time = '2025-01-01T00:00:00.000Z';

function rollout(answer: string | null, cluster: number | null, over: Partial<RolloutSummary> = {}): RolloutSummary {
  return {
    answer,
    cluster,
    correct: null,
    reward: null,
    advantage: null,
    tokens: 5,
    logprob: null,
    entropy: null,
    repetition: null,
    finish: 'stop',
    ...over,
  };
}

function group(seq: number, step: number, answer: string, over: Partial<GroupRecord> = {}): GroupRecord {
  return {
    type: 'group',
    seq,
    time,
    step,
    phase: 'train',
    problem: 0,
    clusters: [{ answer, members: [0, 1], correct: null }],
    majority: { answer, share: 2 / 3, rawShare: 1 / 3, correct: null },
    rollouts: [rollout(answer, 0), rollout(`${answer}.0`, 0), rollout(null, null)],
    frame: { file: 'rollouts-000.bin', offset: 0, length: 1 },
    ...over,
  };
}

function step(seq: number, n: number, over: Partial<StepRecord['metrics']> = {}): StepRecord {
  return {
    type: 'step',
    seq,
    time,
    step: n,
    metrics: {
      proxyReward: n / 10,
      groundTruthReward: null,
      rewardAccuracy: null,
      labelAccuracy: null,
      majorityShare: 0.5,
      rawMajorityShare: 0.5,
      entropy: 1,
      length: 5,
      truncated: 0,
      noAnswer: 0,
      answerEntropy: null,
      answerDiversity: null,
      confidenceAgreement: null,
      repetition: null,
      loss: null,
      gradientNorm: null,
      clipFraction: null,
      kl: null,
      learningRate: 1e-5,
      skippedGroups: 0,
      tokens: 100,
      ...over,
    },
    timing: {
      seconds: 1,
      rolloutSeconds: 0.5,
      updateSeconds: 0.4,
      engineSeconds: 0.1,
      rolloutTokensPerSecond: 200,
      residentBytes: 1e9,
    },
  };
}

describe('foldRecord', () => {
  it('keeps a series for every metric and timing, nulls as gaps', () => {
    const state = foldRecords(initialRunState(), [step(0, 1, { loss: 0.5 }), step(1, 2), step(2, 3, { loss: 0.25 })]);
    expect(state.steps).toEqual([1, 2, 3]);
    expect(state.series.proxyReward).toEqual([0.1, 0.2, 0.3]);
    expect(state.series.loss).toEqual([0.5, null, 0.25]);
    expect(state.series.rolloutTokensPerSecond).toEqual([200, 200, 200]);
    expect(state.step).toBe(3);
    expect(metricAt(state, 'loss', 2)).toBeNull();
    expect(metricAt(state, 'loss', 9)).toBe(0.25);
    expect(metricAt(state, 'loss', 0)).toBeNull();
  });

  it('ignores a record that it has folded already', () => {
    const state = foldRecords(initialRunState(), [step(0, 1), step(1, 2)]);
    foldRecord(state, step(1, 2));
    foldRecord(state, step(0, 1));
    expect(state.steps).toEqual([1, 2]);
  });

  it('lets a repeated step replace what followed from the first time', () => {
    const state = foldRecords(initialRunState(), [
      group(0, 1, 'a'),
      step(1, 1),
      group(2, 2, 'b'),
      step(3, 2),
      step(4, 3),
      group(5, 2, 'c'),
      step(6, 2, { proxyReward: 0.9 }),
    ]);
    expect(state.steps).toEqual([1, 2]);
    expect(state.series.proxyReward).toEqual([0.1, 0.9]);
    expect(state.problems.get(0)!.groups.map((g) => g.majority!.answer)).toEqual(['a', 'c']);
    expect([...state.groups.keys()]).toEqual([0, 5]);
  });

  it('counts clusters and gives the rollouts back as they were', () => {
    const rollouts = [
      rollout('7', 0, {
        correct: true,
        reward: 1,
        advantage: 0.577,
        logprob: -0.31,
        entropy: 0.4,
        repetition: 0.125,
        tokens: 88,
      }),
      rollout('7.0', 0, { correct: true, reward: 1, advantage: null, logprob: -0.5 }),
      rollout('8', 1, { correct: false, reward: 0, advantage: -1.154, finish: 'length' }),
      rollout(null, null, { correct: false, reward: 0 }),
    ];
    const record = group(3, 4, '7', {
      problem: 12,
      clusters: [
        { answer: '7', members: [0, 1], correct: true },
        { answer: '8', members: [2], correct: false },
      ],
      rollouts,
    });
    const state = foldRecord(initialRunState(), record);
    const [folded] = state.problems.get(12)!.groups;
    expect(folded).toMatchObject({ seq: 3, step: 4, rollouts: 4, noAnswer: 1, problem: 12 });
    expect(folded!.clusters).toEqual([
      { answer: '7', count: 2, correct: true },
      { answer: '8', count: 1, correct: false },
    ]);
    expect(rolloutsOf(folded!)).toEqual(rollouts);
    expect(state.groups.get(3)).toBe(folded);
    expect(state.labelled).toBe(true);
  });

  it('keeps training, evaluation and greedy groups apart', () => {
    const state = foldRecords(initialRunState(), [
      group(0, 0, 'e', { phase: 'evaluation' }),
      group(1, 0, 'g', { phase: 'greedy' }),
      group(2, 0, 'p', { phase: 'probe' }),
      group(3, 1, 't'),
    ]);
    const history = state.problems.get(0)!;
    expect(history.groups.map((g) => g.phase)).toEqual(['probe', 'train']);
    expect(history.evaluations).toHaveLength(1);
    expect(history.greedy).toHaveLength(1);
    expect(state.labelled).toBe(false);
  });

  it('forgets the end of a run that was resumed', () => {
    const end: JournalRecord = { type: 'end', seq: 0, time, reason: 'stopped', step: 4 };
    const state = foldRecord(initialRunState(), end);
    expect(state.end?.reason).toBe('stopped');
    foldRecord(state, { type: 'lifecycle', seq: 1, time, event: 'resumed' });
    expect(state.end).toBeNull();
    expect(state.lifecycle?.event).toBe('resumed');
  });

  it('folds 30,000 groups in little time', () => {
    const state = initialRunState();
    const started = performance.now();
    for (let i = 0; i < 30_000; i++) foldRecord(state, group(i, 1 + Math.floor(i / 100), 'a', { problem: i % 100 }));
    expect(state.problems.size).toBe(100);
    expect(state.problems.get(7)!.groups).toHaveLength(300);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('forecast and collapse watch', () => {
  const started: JournalRecord = {
    type: 'run',
    seq: 0,
    time,
    run: 'r',
    config: RunConfig.parse({ dataset: { path: 'embedded' } }),
    problems: 4,
    evaluationProblems: 0,
    model: { name: 'm', parameters: 1, trainable: 1, fingerprint: 'f', vocabulary: 19 },
    dataFingerprint: 'd',
    device: 'cpu',
  };
  const foretell = (seq: number, rights: number[]): JournalRecord => {
    const forecast = forecastOf(rights.map((right, problem) => problemForecast(problem, { right })));
    return { type: 'forecast', seq, time, step: 0, forecast };
  };
  const score = (seq: number, at: number): JournalRecord => {
    const estimate = { mean: 0.5, low: 0.2, high: 0.8 };
    const scored = { problems: 4, auroc: null, brier: estimate, baseBrier: 0.25, expected: 0.6, actual: estimate };
    return { type: 'forecast-score', seq, time, step: at, score: scored };
  };
  const voted = (seq: number, at: number, problem: number, correct: boolean | null, phase: 'evaluation' | 'probe') =>
    group(seq, at, 'a', {
      problem,
      phase,
      clusters: [{ answer: 'a', members: [0, 1], correct }],
      majority: { answer: 'a', share: 2 / 3, rawShare: 1 / 3, correct },
      rollouts: [rollout('a', 0, { correct }), rollout('a', 0, { correct })],
    });

  it('knows what was foretold of each problem, and which is likely to be amplified wrongly', () => {
    const state = foldRecords(initialRunState(), [started, foretell(1, [0.83, 0.3])]);
    expect(state.forecast).toMatchObject({ reward: 'majority-vote', accuracy: { mean: 0.7 } });
    expect(state.forecast!.wrong).toBeCloseTo(0.87, 12);
    expect([...state.forecast!.problems.values()].map(({ right, likelyWrong }) => [right, likelyWrong])).toEqual([
      [0.83, false],
      [0.3, true],
    ]);
    expect(outcomeOf(state, 0)).toBeNull();
  });

  it('says what the forecast was made by, where that is another reward', () => {
    const foretold = foretell(1, [0.83]);
    if (foretold.type !== 'forecast') throw new Error('no forecast');
    const forecast = { ...foretold.forecast, reward: 'dual', by: 'majority-vote' };
    const state = foldRecords(initialRunState(), [started, { ...foretold, forecast }]);
    expect(state.forecast).toMatchObject({ reward: 'dual', by: 'majority-vote' });
  });

  it('has no reward accuracy where the reward says neither right nor wrong, whatever an older version recorded', () => {
    const by = (reward: string) => {
      const run = { ...started, config: RunConfig.parse({ dataset: { path: 'embedded' }, reward }) };
      const state = foldRecords(initialRunState(), [run, step(1, 1, { rewardAccuracy: 0.7, labelAccuracy: 0.3 })]);
      return [state.saysRight, state.series.rewardAccuracy, state.series.labelAccuracy];
    };
    expect(by('empo')).toEqual([true, [0.7], [0.3]]);
    expect(by('trajectory-entropy')).toEqual([false, [null], [0.3]]);
    expect(by('majority-vote + 0.1*trajectory-entropy')).toEqual([false, [null], [0.3]]);
  });

  it('says how a problem ended, by the votes that scored the forecast alone', () => {
    const state = foldRecords(initialRunState(), [
      started,
      foretell(1, [0.8, 0.3, 0.5, 0.5]),
      voted(2, 0, 0, false, 'evaluation'),
      step(3, 1),
      voted(4, 1, 0, true, 'evaluation'),
      voted(5, 1, 1, false, 'evaluation'),
      // No answer at all is not right; without a reference nothing is known; what was not voted on has no outcome.
      group(6, 1, 'a', {
        problem: 2,
        phase: 'evaluation',
        clusters: [],
        majority: null,
        rollouts: [rollout(null, null, { correct: false })],
      }),
      voted(7, 1, 3, null, 'evaluation'),
      score(8, 1),
    ]);
    expect([0, 1, 2, 3, 9].map((problem) => outcomeOf(state, problem))).toEqual([true, false, false, null, null]);
    // A step that comes again makes the score one of the past.
    foldRecord(state, step(9, 1));
    expect(state.forecastScore).toBeNull();
    expect(outcomeOf(state, 0)).toBeNull();
  });

  it('keeps the probes of a run that trains from the rollouts that train, and goes by them for the outcome', () => {
    const state = foldRecords(initialRunState(), [
      started,
      voted(1, 0, 0, false, 'probe'),
      foretell(2, [0.8]),
      group(3, 1, 'a'),
      step(4, 1),
      voted(5, 1, 0, false, 'evaluation'),
      voted(6, 1, 0, true, 'probe'),
      score(7, 1),
    ]);
    const history = state.problems.get(0)!;
    expect(history.groups.map(({ seq }) => seq)).toEqual([3]);
    expect(history.probes.map(({ seq }) => seq)).toEqual([1, 6]);
    expect(outcomeOf(state, 0)).toBe(true);
  });

  it('knows what the collapse watch said last, at any step', () => {
    const warn = (seq: number, code: string, at: number | null): JournalRecord => ({
      type: 'warning',
      seq,
      time,
      code,
      message: `${code} at ${at}`,
      step: at,
      problem: null,
    });
    const state = foldRecords(initialRunState(), [
      warn(0, 'model', null),
      warn(1, 'collapse-watch', 8),
      warn(2, 'collapse', 12),
      warn(3, 'other', 13),
    ]);
    expect([7, 8, 11, 12, Number.POSITIVE_INFINITY].map((at) => collapseWarningAt(state, at))).toEqual([
      null,
      { level: 'watch', step: 8, message: 'collapse-watch at 8' },
      { level: 'watch', step: 8, message: 'collapse-watch at 8' },
      { level: 'collapse', step: 12, message: 'collapse at 12' },
      { level: 'collapse', step: 12, message: 'collapse at 12' },
    ]);
  });
});

describe('looking back', () => {
  const groups = foldRecords(
    initialRunState(),
    ['a', 'b', 'b', 'a', 'a'].map((answer, i) => group(i, 1 + 2 * i, answer)),
  ).problems.get(0)!.groups;

  it('finds the latest group at or before a step', () => {
    expect(atStep(groups, 0)).toBeUndefined();
    expect(atStep(groups, 1)!.step).toBe(1);
    expect(atStep(groups, 4)!.step).toBe(3);
    expect(atStep(groups, 99)!.step).toBe(9);
  });

  it('says since when the majority stands', () => {
    expect(majoritySince(groups, 0)).toBeNull();
    expect(majoritySince(groups, 2)).toBe(1);
    expect(majoritySince(groups, 6)).toBe(3);
    expect(majoritySince(groups, 99)).toBe(7);
  });
});
