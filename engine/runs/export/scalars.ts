/** The numbers of a run over its steps, flat, as the exports of metrics need them. */

import { readEvents } from '../../journal/events.ts';
import { Estimate, type JournalRecord } from '../../protocol/records.ts';
import { foreignMetric } from '../series.ts';

export interface Scalars {
  kind: 'train' | 'evaluation';
  step: number;
  /** ISO 8601. */
  time: string;
  /**
   * Names as in the records. An estimate gives three scalars: its mean, and its interval as `...Low` and `...High`.
   * Another trainer's metric is `foreign/<name>`.
   */
  values: Record<string, number | null>;
}

/**
 * Yields the scalars of every step and evaluation, in order. Metrics from another trainer's log are among those of
 * their step, whenever the log was read. Throws as `readEvents` does.
 */
export async function* runScalars(folder: string): AsyncGenerator<Scalars> {
  const all: Scalars[] = [];
  const trained = new Map<number, Scalars>();
  for await (const { record } of readEvents(folder)) {
    if (record.type === 'metrics') {
      const { step, time, metrics, foreign } = record;
      const values = { ...metrics, ...foreignValues(foreign) };
      const known = trained.get(step);
      if (known) Object.assign(known.values, values);
      else add({ kind: 'train', step, time, values });
      continue;
    }
    const scalars = scalarsOf(record);
    if (scalars) add(scalars);
  }
  yield* all;

  function add(scalars: Scalars): void {
    all.push(scalars);
    if (scalars.kind === 'train') trained.set(scalars.step, scalars);
  }
}

function scalarsOf(record: JournalRecord): Scalars | null {
  if (record.type === 'step') {
    const { step, time, metrics, timing, foreign } = record;
    return { kind: 'train', step, time, values: { ...flatten({ ...metrics, ...timing }), ...foreignValues(foreign) } };
  }
  if (record.type === 'evaluation') {
    const { type, seq, step, time, timing, ...metrics } = record;
    const values = flatten({ ...metrics, ...timing });
    return { kind: 'evaluation', step, time, values };
  }
  return null;
}

/** Another trainer's metrics under the names of their series: what it calls `loss` may not be ours. */
function foreignValues(foreign: Record<string, number | null> | undefined): Scalars['values'] {
  return Object.fromEntries(Object.entries(foreign ?? {}).map(([name, value]) => [foreignMetric(name), value]));
}

/** Takes numbers, estimates and nulls; anything else is not a scalar. */
function flatten(metrics: Record<string, unknown>): Scalars['values'] {
  const values: Scalars['values'] = {};
  for (const [name, value] of Object.entries(metrics)) {
    const estimate = Estimate.safeParse(value).data;
    if (estimate) {
      values[name] = estimate.mean;
      values[`${name}Low`] = estimate.low;
      values[`${name}High`] = estimate.high;
    } else if (typeof value === 'number' || value === null) {
      values[name] = value;
    }
  }
  return values;
}

/** The scalars of each step together, named `train/...` and `evaluation/...`, without those that do not exist. */
export async function metricsByStep(folder: string): Promise<{ step: number; values: Record<string, number> }[]> {
  const steps = new Map<number, Record<string, number>>();
  for await (const { kind, step, values } of runScalars(folder)) {
    const known = steps.get(step) ?? {};
    for (const [name, value] of Object.entries(values)) if (value !== null) known[`${kind}/${name}`] = value;
    steps.set(step, known);
  }
  return [...steps].map(([step, values]) => ({ step, values })).sort((a, b) => a.step - b.step);
}
