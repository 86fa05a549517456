/** The collapse watch at work: levels become warnings once each, and a checkpoint is chosen. */
import { describe, expect, test } from 'vitest';
import { WATCH_RULES } from '../../engine/analysis/watch.ts';
import type { JournalRecord, NewRecord, RunConfig } from '../../engine/protocol/index.ts';
import { rewardOf } from '../../engine/reward/index.ts';
import { RunWatch } from '../../engine/training/watch.ts';
import { craftedRun } from '../support/experiment-context.ts';
import { expectWarnings } from '../support/wording.ts';

const VOTES = rewardOf('majority-vote', {});

type Action = RunConfig['watch'];
type StepRecord = Extract<JournalRecord, { type: 'step' }>;

/** Steps whose responses get shorter: 12 tokens as a rule, and these numbers from these steps on. */
function lengths(steps: number, from: Record<number, number>): StepRecord[] {
  const { records } = craftedRun({ steps, metrics: { length: 12 } });
  let length = 12;
  return records.flatMap((record) => {
    if (record.type !== 'step') return [];
    length = from[record.step] ?? length;
    return [{ ...record, metrics: { ...record.metrics, length } }];
  });
}

interface Heard {
  watch: RunWatch;
  warnings: NewRecord[];
  /** The first step at which the run was to end. */
  ended: number | null;
}

/** Feeds steps as the loop does, with a checkpoint after each `every` of them. */
function run(action: Action, steps: readonly StepRecord[], every = 5): Heard {
  const watch = new RunWatch(action, VOTES);
  if (action === 'rollback') watch.addCheckpoint(0);
  const warnings: NewRecord[] = [];
  let ended: number | null = null;
  for (const step of steps) {
    const warning = watch.step(step);
    if (warning) warnings.push(warning);
    if (watch.shouldEnd) ended ??= step.step;
    if (step.step % every === 0) watch.addCheckpoint(step.step);
  }
  return { watch, warnings, ended };
}

// The mean of three steps lost 30% of 12 when all three are 8, and 50% when one is 8 and two are 5; each must last.
const SHRINKING = lengths(60, { 31: 8, 41: 5 });
const WATCHED = 34;
const COLLAPSED = 43;

describe('levels', () => {
  test('give one warning each, with reasons', () => {
    const { warnings, ended, watch } = run('warn', SHRINKING);
    expect(warnings).toEqual([
      {
        type: 'warning',
        code: 'collapse-watch',
        message: expect.any(String),
        step: WATCHED,
        problem: null,
        watch: {
          level: 'watch',
          reasons: [{ signal: 'shorter', level: 'watch', text: expect.stringMatching(/12.* 8/) }],
        },
      },
      {
        type: 'warning',
        code: 'collapse',
        message: expect.any(String),
        step: COLLAPSED,
        problem: null,
        watch: {
          level: 'collapse',
          reasons: [{ signal: 'shorter', level: 'alarm', text: expect.stringMatching(/12.* 5/) }],
        },
      },
    ]);
    expectWarnings(warnings);
    expect(ended).toBeNull();
    expect(watch.rollbackTo).toBeNull();
    expect(watch.mustKeep(40)).toBe(false);
  });

  test('warn again after a healthy phase', () => {
    const { warnings } = run('warn', lengths(60, { 21: 8, 31: 12, 41: 8 }));
    expect(warnings.map((warning) => 'step' in warning && warning.step)).toEqual([24, 44]);
  });

  test('of a healthy run give no warning', () => {
    const { warnings, ended } = run('rollback', lengths(60, {}));
    expect({ warnings, ended }).toEqual({ warnings: [], ended: null });
  });

  test('are not computed when the watch is off', () => {
    const { warnings, ended, watch } = run('off', SHRINKING);
    expect({ warnings, ended, to: watch.rollbackTo }).toEqual({ warnings: [], ended: null, to: null });
  });
});

describe('stop', () => {
  test('ends the run at the collapse, where it is', () => {
    const { warnings, ended, watch } = run('stop', SHRINKING);
    expect(ended).toBe(COLLAPSED);
    expect(watch.rollbackTo).toBeNull();
    expectWarnings(warnings);
  });
});

describe('rollback', () => {
  test('goes to the last checkpoint at least ten steps before the first sign', () => {
    const { ended, watch, warnings } = run('rollback', SHRINKING.slice(0, COLLAPSED));
    expect(ended).toBe(COLLAPSED);
    // 34 - 10 = 24.
    expect(watch.rollbackTo).toBe(20);
    expect(warnings.at(-1)).toMatchObject({ code: 'collapse', message: expect.stringContaining('step 20') });
    expectWarnings(warnings);
  });

  test.each([
    [1, 24],
    [2, 24],
    [3, 24],
    [4, 24],
    [7, 21],
    [12, 24],
    [25, 0],
    [100, 0],
  ])('with a checkpoint every %i steps goes to step %i', (every, step) => {
    const { watch } = run('rollback', SHRINKING.slice(0, COLLAPSED), every);
    expect(watch.rollbackTo).toBe(step);
  });

  test('ignores a checkpoint that was not written', () => {
    const watch = new RunWatch('rollback', VOTES);
    const warnings = SHRINKING.slice(0, COLLAPSED).flatMap((step) => watch.step(step) ?? []);
    expect(watch.shouldEnd).toBe(true);
    expect(watch.rollbackTo).toBeNull();
    expectWarnings(warnings);
  });

  test('counts from the first of the signs that led to the collapse', () => {
    // Signs at 24 that pass; the next ones come at 44, and the collapse at 53.
    const { watch, ended } = run('rollback', lengths(54, { 21: 8, 31: 12, 41: 8, 51: 5 }));
    expect(ended).toBe(53);
    expect(watch.rollbackTo).toBe(30);
  });

  test.each([1, 2, 3, 4, 5, 7, 10])(
    'with a checkpoint every %i steps finds its target, which was never removed',
    (every) => {
      for (const at of [12, 17, 23, 31, 38]) {
        for (const lull of [2, 9, 30]) {
          const steps = lengths(at + lull + 20, { [at]: 8, [at + lull]: 5 });
          const watch = new RunWatch('rollback', VOTES);
          watch.addCheckpoint(0);
          let there = [0];
          for (const step of steps) {
            watch.step(step);
            if (watch.shouldEnd) break;
            if (step.step % every !== 0) continue;
            // As the journal does with `keep: 1`.
            there = [...there.filter((saved) => watch.mustKeep(saved)), step.step];
            watch.addCheckpoint(step.step);
          }
          expect(watch.shouldEnd).toBe(true);
          expect(there, `signs at ${at}, collapse ${lull} later`).toContain(watch.rollbackTo);
          // No more than a lag's worth of them, and the good one.
          expect(there.length).toBeLessThanOrEqual(Math.ceil((lull + 20) / every) + 2);
        }
      }
    },
  );
});

describe('votes', () => {
  const vote = (problem: number, answer: string) => ({
    problem,
    majority: { answer, share: 1, rawShare: 1, correct: null },
  });

  test('that changed since the first evaluation are a sign; equivalent ones have not changed', () => {
    const watch = new RunWatch('stop', VOTES);
    const evaluate = (step: number, answers: string[]) => {
      answers.forEach((answer, problem) => {
        watch.addVote(vote(problem, answer));
      });
      watch.completeEvaluation(step);
    };
    const steps = lengths(30, {});
    const feed = (from: number, to: number) => steps.slice(from, to).flatMap((step) => watch.step(step) ?? []);
    evaluate(0, ['1/2', '3', '4', '5']);
    expect(feed(0, 10)).toEqual([]);
    evaluate(10, ['0.5', '3.0', '4', '5']);
    expect(feed(10, 20)).toEqual([]);
    evaluate(20, ['0.5', '7', '8', '9']);
    const [warning] = feed(20, 21);
    expect(warning).toMatchObject({ code: 'collapse', message: expect.stringContaining('75%') });
    expectWarnings([warning!]);
    expect(watch.shouldEnd).toBe(true);
  });

  test('may be overturned by a reward from outside the model', () => {
    const heard = (reward: string) => {
      const watch = new RunWatch('stop', rewardOf(reward, {}));
      const steps = lengths(30, {});
      for (const [evaluation, answer] of ['1', '2', '3'].entries()) {
        for (const problem of [0, 1, 2]) watch.addVote(vote(problem, answer));
        watch.completeEvaluation(10 * evaluation);
        for (const step of steps.slice(10 * evaluation, 10 * evaluation + 10)) watch.step(step);
      }
      return watch.shouldEnd;
    };
    expect(heard('majority-vote')).toBe(true);
    expect(heard('majority-vote + 0.5*countdown')).toBe(false);
  });

  test('without an initial absolute majority may change', () => {
    const watch = new RunWatch('stop', VOTES);
    const steps = lengths(30, {});
    const evaluate = (step: number, answer: string) => {
      for (const problem of [0, 1, 2]) {
        const { majority } = vote(problem, answer);
        watch.addVote({ problem, majority: { ...majority!, share: 0.4 } });
      }
      watch.completeEvaluation(step);
    };
    evaluate(0, '1');
    const feed = (from: number, to: number) => steps.slice(from, to).flatMap((step) => watch.step(step) ?? []);
    expect(feed(0, 10)).toEqual([]);
    evaluate(10, '2');
    expect(feed(10, 30)).toEqual([]);
    expect(watch.shouldEnd).toBe(false);
  });
});

describe('records of an earlier part of the run', () => {
  /** Records as the journal has them: the votes and the end of evaluations, steps, checkpoints. */
  function journal(): JournalRecord[] {
    const base = craftedRun({ accuracy: [0.5, 0.5, 0.5], steps: 60 }).records;
    const evaluations = base.filter((record) => record.type === 'evaluation');
    const group = (step: number, problem: number, phase: 'evaluation' | 'train'): JournalRecord => ({
      type: 'group',
      ...{ seq: 0, time: '2026-01-01T00:00:00.000Z', step, phase, problem, clusters: [] },
      ...{ rollouts: 1, unanswered: 0, truncated: 0 },
      means: { reward: null, correct: null, tokens: null, logprob: null, entropy: null },
      majority: {
        answer: String(step < 45 ? problem : problem + 100 * step),
        ...{ share: 1, rawShare: 1, correct: null, tied: false, logprob: null },
      },
      frame: { file: 'rollouts-000.bin', offset: 0, length: 4 },
    });
    return [
      ...[0, 1, 2].map((problem) => group(0, problem, 'evaluation')),
      evaluations[0]!,
      ...lengths(60, { 38: 8 }).flatMap((step) => [
        group(step.step, 0, 'train'),
        step,
        ...(step.step % 15 === 0 ? [0, 1, 2].map((problem) => group(step.step, problem, 'evaluation')) : []),
        ...(step.step % 15 === 0 ? [{ ...evaluations[1]!, step: step.step }] : []),
      ]),
    ];
  }

  test('restore the state, wherever they end', () => {
    const records = journal();
    const live = new RunWatch('rollback', VOTES);
    live.addCheckpoint(0);
    /** Feeds a record as the loop would that makes it. */
    const feed = (watch: RunWatch, record: JournalRecord): NewRecord | null => {
      if (record.type === 'group' && record.phase === 'evaluation') watch.addVote(record);
      if (record.type === 'evaluation') watch.completeEvaluation(record.step);
      if (record.type !== 'step') return null;
      const warning = watch.step(record);
      if (record.step % 5 === 0) watch.addCheckpoint(record.step);
      return warning;
    };
    const said = records.map((record) => {
      const warning = feed(live, record);
      return { warning, ends: live.shouldEnd, to: live.rollbackTo };
    });
    expect(said.flatMap(({ warning }) => (warning?.type === 'warning' ? warning.code : []))).toEqual([
      'collapse-watch',
      'collapse',
    ]);
    for (let cut = 0; cut <= records.length; cut += 7) {
      const resumed = new RunWatch('rollback', VOTES);
      resumed.addCheckpoint(0);
      for (const record of records.slice(0, cut)) {
        resumed.restore(record);
        if (record.type === 'step' && record.step % 5 === 0) resumed.addCheckpoint(record.step);
      }
      const later = records.slice(cut).map((record) => {
        const warning = feed(resumed, record);
        return { warning, ends: resumed.shouldEnd, to: resumed.rollbackTo };
      });
      expect(later, `after ${cut} records`).toEqual(said.slice(cut));
    }
  });
});

test('nothing is reported in the first steps, whatever they contain', () => {
  const watch = new RunWatch('stop', VOTES);
  const early = lengths(WATCH_RULES.start, { 2: 1 });
  expect(early.map((step) => watch.step(step))).toEqual(early.map(() => null));
});
