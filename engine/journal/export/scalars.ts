/** The numbers of a run over its steps, flat, as the exports of metrics need them. */
import { Estimate, type JournalRecord } from '../../protocol/records.ts';
import { readEvents } from '../events.ts';

export interface Scalars {
  kind: 'train' | 'evaluation';
  step: number;
  /** ISO 8601. */
  time: string;
  /** Names as in the records; an estimate gives three: its mean, and its interval as `...Low` and `...High`. */
  values: Record<string, number | null>;
}

/** Yields the scalars of every step and evaluation, in order. Throws as `readEvents` does. */
export async function* runScalars(folder: string): AsyncGenerator<Scalars> {
  for await (const { record } of readEvents(folder)) {
    const scalars = scalarsOf(record);
    if (scalars) yield scalars;
  }
}

function scalarsOf(record: JournalRecord): Scalars | null {
  if (record.type === 'step') {
    const { step, time, metrics, timing, foreign } = record;
    // A name of ours wins over another trainer's.
    return { kind: 'train', step, time, values: flatten({ ...foreign, ...metrics, ...timing }) };
  }
  if (record.type === 'evaluation') {
    const { type, seq, step, time, timing, ...metrics } = record;
    return { kind: 'evaluation', step, time, values: flatten({ ...metrics, ...timing }) };
  }
  return null;
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
