/** docs/metrics.md says what the code does: names and thresholds. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { MEASURE_NAMES, MEASURES } from '../../engine/analysis/confidence.ts';
import { FAILURE_RULES, FAILURES } from '../../engine/analysis/failure-mode.ts';
import { PATTERNS } from '../../engine/analysis/problem-pattern.ts';
import { FLIPPED_VOTES, SIGNALS, WATCH_RULES } from '../../engine/analysis/watch.ts';
import { EvaluationRecord, StepRecord } from '../../engine/protocol/records.ts';
import { CONFIDENT } from '../../engine/protocol/verdict.ts';
import { ROOT } from '../support/processes.ts';

const page = readFileSync(path.join(ROOT, 'docs/metrics.md'), 'utf8');
const flat = page.replace(/\s+/g, ' ');
const section = (title: string) => page.split(`\n## ${title}\n`)[1]!.split('\n## ')[0]!;

test('lists every metric of a step, and no other', () => {
  const named = [...section('Step metrics').matchAll(/^\| ([^|]+) \| (?:no|yes) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
  );
  expect(named.sort()).toEqual(Object.keys(StepRecord.shape.metrics.shape).sort());
});

test('lists every metric of an evaluation, and no other', () => {
  const named = [...section('Evaluation metrics').matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
  );
  const others = ['type', 'seq', 'time', 'step', 'problems', 'sampledFrom', 'samples', 'foreign', 'timing'];
  const metrics = Object.keys(EvaluationRecord.shape).filter((name) => !others.includes(name));
  expect(named.sort()).toEqual(metrics.sort());
});

test('lists every measure of confidence, and those that are probabilities', () => {
  const text = section('Confidence and correctness').replace(/\s+/g, ' ');
  for (const name of MEASURE_NAMES) expect(text).toContain(`\`${name}\``);
  const probabilities = MEASURE_NAMES.filter((name) => MEASURES[name].probability).map((name) => `\`${name}\``);
  expect(text).toContain(`the measures that are probabilities (${probabilities.join(', ')})`);
  expect(text).toContain(`share is above ${CONFIDENT}`);
});

describe('the rules', () => {
  test('of failures and patterns', () => {
    for (const name of [...FAILURES, ...PATTERNS]) expect(section('How a run ends')).toContain(`\`${name}\``);
    const { ofPeak, drop, errors, evaluations, repeated, repeatedMore, largestWindow } = FAILURE_RULES;
    expect(flat).toContain(`if there are ${evaluations} or more`);
    expect(flat).toContain(`(1 to ${largestWindow} steps)`);
    expect(flat).toContain(`ends below ${ofPeak} of its peak, and at least ${drop} and ${errors} standard errors`);
    expect(flat).toContain(`at least ${repeated} of trigrams are repeated, ${repeatedMore} more`);
  });

  test('of the watch, signal by signal', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| [^|]+ \| ([\d.]+) \| ([\d.]+|never) \| (yes|no) \|$/gm)].map(
      ([, signal, watch, alarm, sufficient]) => [
        signal,
        Number(watch),
        alarm === 'never' ? Number.POSITIVE_INFINITY : Number(alarm),
        sufficient === 'yes',
      ],
    );
    const signals = Object.entries({ ...SIGNALS, flipped: FLIPPED_VOTES });
    expect(rows).toEqual(signals.map(([name, { watch, alarm, sufficient }]) => [name, watch, alarm, sufficient]));
    const { start, smoothing } = WATCH_RULES;
    expect(flat).toContain(`smoothed over ${smoothing} steps and compared with the run's own first ${start}`);
  });
});
