/** How a run is doing, in a word: from its evaluations, its training rollouts and the collapse watch. */
import { describe, expect, it } from 'vitest';
import { diagnosisText } from '../../engine/protocol/diagnosis.ts';
import type { Estimate } from '../../engine/protocol/estimate.ts';
import type { EvaluationRecord, JournalRecord } from '../../engine/protocol/records.ts';
import { RunColumns } from '../../engine/runs/columns.ts';
import {
  accuracyChange,
  comparedEvaluations,
  contradictsWarning,
  diagnose,
  diagnosisAt,
} from '../../engine/runs/diagnosis.ts';
import { fold } from '../../engine/runs/fold.ts';
import { QuadrantHistory } from '../../engine/runs/quadrant-history.ts';
import { runFacts } from '../../engine/runs/run-facts.ts';
import { group, step } from '../support/records.ts';

const around = (mean: number, half = 0.05): Estimate => ({ mean, low: mean - half, high: mean + half });

const evaluation = (at: number, accuracy: number | null, majority = accuracy): EvaluationRecord =>
  ({
    step: at,
    problems: 64,
    samples: 8,
    accuracy: accuracy === null ? null : around(accuracy),
    majorityAccuracy: majority === null ? null : around(majority),
    passAtK: null,
    majorityShare: 0.5,
  }) as EvaluationRecord;

const compared = (before: EvaluationRecord, after: EvaluationRecord) => comparedEvaluations([before, after]);
const alarm = { code: 'collapse', step: 53 };

describe('a diagnosis', () => {
  it('is learning only if the majority vote is right more often', () => {
    expect(diagnose(compared(evaluation(0, 0.5, 0.7), evaluation(9, 0.7, 0.9)), []).kind).toBe('learning');
    expect(diagnose(compared(evaluation(0, 0.5, 0.8), evaluation(9, 0.75, 0.8)), []).kind).toBe('sharpening');
    expect(diagnose(compared(evaluation(0, 0.5), evaluation(9, 0.53)), []).kind).toBe('unclear');
  });

  it('is accuracy falling, and collapsing once half of it is lost', () => {
    expect(diagnose(compared(evaluation(0, 0.6), evaluation(9, 0.4)), []).kind).toBe('declining');
    expect(diagnose(compared(evaluation(0, 0.6), evaluation(9, 0.1)), []).kind).toBe('collapsing');
  });

  it('follows the collapse watch, unless a later evaluation contradicts it', () => {
    const better = (at: number) => compared(evaluation(0, 0.5), evaluation(at, 0.8));
    expect(diagnose(null, [alarm])).toEqual({ kind: 'collapsing', since: 53 });
    expect(diagnose(better(40), [alarm])).toEqual({ kind: 'collapsing', since: 53 });
    expect(diagnose(better(60), [alarm]).kind).toBe('learning');
    const against = [null, better(40), better(60), compared(evaluation(0, 0.5), evaluation(60, 0.5))];
    expect(against.map((measured) => contradictsWarning(measured, alarm.step))).toEqual([false, false, true, false]);
    expect(diagnose(null, [{ code: 'collapse-watch', step: 7 }])).toEqual({ kind: 'warned', since: 7 });
    expect(diagnosisText({ kind: 'collapsing', since: 53 })).toBe('collapsing since step 53');
  });

  it('is collapsing since the first alarm still in effect, not since the latest', () => {
    const warnings = [{ code: 'collapse-watch', step: 30 }, { code: 'collapse', step: 37 }, alarm];
    expect(diagnose(null, warnings)).toEqual({ kind: 'collapsing', since: 37 });
    expect(diagnose(compared(evaluation(0, 0.5), evaluation(40, 0.8)), warnings)).toMatchObject({ since: 53 });
  });

  it('says what is missing: a training signal, labels, a measurement', () => {
    expect(diagnose(null, [{ code: 'no-signal', step: 10 }]).kind).toBe('no-signal');
    expect(diagnose(compared(evaluation(0, null), evaluation(9, null)), []).kind).toBe('unlabeled');
    expect(diagnose(null, []).kind).toBe('unmeasured');
  });

  it("counts a change only if each mean lies outside the other's interval", () => {
    expect(accuracyChange(around(0.5, 0.2), around(0.6, 0.01))).toBe('same');
    expect(accuracyChange(around(0.5), around(0.6))).toBe('up');
    expect(accuracyChange(around(0.5), null)).toBeNull();
  });
});

function folded(...records: JournalRecord[]): RunColumns {
  const columns = new RunColumns();
  for (const record of records) fold(columns, record);
  return columns;
}

describe('a run without evaluations', () => {
  const answers = (right: number) => Array.from({ length: 8 }, (_, i) => (i < right ? '7' : '8'));
  const records = (right: number[]) =>
    right.flatMap((count, i) => [
      ...Array.from({ length: 24 }, (_, problem) =>
        group(i * 25 + problem, i + 1, 'x', { answers: answers(count), reference: '7', problem }),
      ),
      step(i * 25 + 24, i + 1),
    ]);

  it('compares the first and the latest training rollouts of each problem', () => {
    const columns = folded(...records([3, 5, 8]));
    const { diagnosis, comparison } = diagnosisAt(columns);
    expect(comparison).toMatchObject({ source: 'train', after: { step: 3, problems: 24, samples: 8 } });
    expect(comparison!.before.accuracy!.mean).toBeCloseTo(3 / 8);
    expect(diagnosis.kind).toBe('learning');
    expect(diagnosisAt(columns, 1)).toMatchObject({ comparison: null, diagnosis: { kind: 'unmeasured' } });
    expect(diagnosisAt(folded(...records([8, 1]))).diagnosis.kind).toBe('collapsing');
  });

  it('counts the quadrants after each step, and the groups of a step', () => {
    const columns = folded(...records([3, 8]));
    const history = new QuadrantHistory();
    const counted = [
      { step: 1, counts: { 'uncertain-wrong': 24 } },
      { step: 2, counts: { 'uncertain-wrong': 0, 'confident-correct': 24 } },
    ];
    expect(history.of(columns)).toEqual(counted);
    expect(history.of(columns)).toBe(history.of(columns));
    fold(columns, group(90, 3, 'x', { answers: answers(1), reference: '7' }));
    const [first, second, third] = history.of(columns);
    expect([first, second]).toEqual(counted);
    expect(third).toEqual({ step: 3, counts: { 'uncertain-wrong': 0, 'confident-correct': 23, 'confident-wrong': 1 } });
    expect(history.of(columns)).toEqual(new QuadrantHistory().of(columns));
    // Of an import, later groups may be of earlier steps.
    const late = folded(group(0, 5, 'x', { answers: answers(8), reference: '7' }));
    const imported = new QuadrantHistory();
    imported.of(late);
    fold(late, group(1, 2, 'x', { answers: answers(3), reference: '7', problem: 1 }));
    expect(imported.of(late).map(({ step: at }) => at)).toEqual([2, 5]);
    expect(runFacts(columns).groups).toBe(24);
    expect(runFacts(columns, 0)).toMatchObject({ groups: 0, gap: null });
  });

  it('knows how many groups have no gradient, and at which step there are most', () => {
    const columns = folded(...[2, 7, 7, 3].map((skippedGroups, i) => step(i, i + 1, { skippedGroups })));
    expect(runFacts(columns)).toMatchObject({ equal: 3, mostEqual: 2 });
    expect(runFacts(columns, 1)).toMatchObject({ equal: 2, mostEqual: 1 });
    expect(runFacts(folded())).toMatchObject({ equal: null, mostEqual: 0 });
  });

  it('knows at which step most responses were truncated', () => {
    const columns = folded(...[0.1, 0.4, 0.4, 0.2].map((truncated, i) => step(i, i + 1, { truncated })));
    expect(runFacts(columns)).toMatchObject({ truncated: 0.2, mostTruncated: 2 });
    expect(runFacts(columns, 0)).toMatchObject({ truncated: null, mostTruncated: 0 });
  });
});
