/** Metrics over the steps: one value per finished step, NaN if there is none. Pure. */
import type { StepRecord } from '../protocol/records.ts';

/** Every number in a step record, and other trainers' metrics under their own names. */
export type Metric = keyof StepRecord['metrics'] | keyof StepRecord['timing'] | ForeignMetric;
export type ForeignMetric = `${typeof FOREIGN}${string}`;
const FOREIGN = 'foreign/';

/** The series of another trainer's metric. */
export function foreignMetric(name: string): ForeignMetric {
  return `${FOREIGN}${name}`;
}

/** Whether a metric is one that another trainer logged under its own name, without a known unit or range. */
export function isForeign(metric: string): metric is ForeignMetric {
  return metric.startsWith(FOREIGN);
}

/** The trainer's name for it. */
export function foreignName(metric: ForeignMetric): string {
  return metric.slice(FOREIGN.length);
}

export interface PackedSeries {
  steps: Int32Array;
  values: Record<string, Float64Array>;
}

/**
 * The series of one run, as long as there are steps, which ascend. A metric that first appears later has NaN before.
 */
export class MetricSeries {
  /** The finished steps, ascending. */
  readonly steps: number[] = [];
  private readonly values = new Map<string, number[]>();

  /** The values of a metric, one per step; undefined if no step has one. */
  of(metric: Metric): readonly number[] | undefined {
    return this.values.get(metric);
  }

  /** Only the fold adds metrics, from the fields of step records and by {@link foreignMetric}. */
  get names(): Metric[] {
    return [...this.values.keys()] as Metric[];
  }

  /** Adds a step after the others. */
  push(step: number, metrics: Iterable<readonly [string, number | null]>): void {
    const length = this.steps.length;
    this.steps.push(step);
    for (const [name, value] of metrics) this.column(name, length).push(value ?? Number.NaN);
    for (const values of this.values.values()) if (values.length === length) values.push(Number.NaN);
  }

  /** Sets values of a step that is there already, or that belongs between those that are. */
  merge(step: number, metrics: Iterable<readonly [string, number | null]>): void {
    const at = stepsUpTo(this.steps, step) - 1;
    if (this.steps[at] !== step) this.insert(at + 1, step);
    const place = this.steps[at] === step ? at : at + 1;
    for (const [name, value] of metrics) this.column(name, this.steps.length)[place] = value ?? Number.NaN;
  }

  private insert(at: number, step: number): void {
    this.steps.splice(at, 0, step);
    for (const values of this.values.values()) values.splice(at, 0, Number.NaN);
  }

  /** Drops everything from a step on; returns false if there was nothing to drop. */
  cutFrom(step: number): boolean {
    let length = this.steps.length;
    while (length > 0 && this.steps[length - 1]! >= step) length--;
    if (length === this.steps.length) return false;
    this.steps.length = length;
    for (const values of this.values.values()) values.length = length;
    return true;
  }

  /** The value at the last step at or before `step`; null without one. */
  at(metric: Metric, step: number): number | null {
    const values = this.values.get(metric);
    if (!values) return null;
    const value = values[stepsUpTo(this.steps, step) - 1];
    return value === undefined || Number.isNaN(value) ? null : value;
  }

  /** The values of some metrics, step by step; null where a value does not exist. */
  rows<M extends Metric>(...metrics: M[]): { step: number; metrics: Record<M, number | null> }[] {
    return this.steps.map((step, i) => {
      const value = (metric: M) => this.of(metric)?.[i] ?? Number.NaN;
      const entries = metrics.map((metric) => [metric, Number.isNaN(value(metric)) ? null : value(metric)] as const);
      return { step, metrics: Object.fromEntries(entries) as Record<M, number | null> };
    });
  }

  /** Copies from the given place on. */
  pack(from = 0): PackedSeries {
    return {
      steps: Int32Array.from(this.steps.slice(from)),
      values: Object.fromEntries([...this.values].map(([name, all]) => [name, Float64Array.from(all.slice(from))])),
    };
  }

  append({ steps, values }: PackedSeries): void {
    const length = this.steps.length;
    for (const step of steps) this.steps.push(step);
    for (const [name, added] of Object.entries(values))
      for (const value of added) this.column(name, length).push(value);
  }

  /** A metric that was not there from the first step has gaps before. */
  private column(name: string, length: number): number[] {
    let values = this.values.get(name);
    if (!values) {
      values = new Array<number>(length).fill(Number.NaN);
      this.values.set(name, values);
    }
    return values;
  }
}

/** How many of the ascending steps are at or before `step`. */
export function stepsUpTo(steps: readonly number[], step: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle]! <= step) low = middle + 1;
    else high = middle;
  }
  return low;
}
