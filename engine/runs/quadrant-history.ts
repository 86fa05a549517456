/** The number of problems in each quadrant after each step, as a summary of a run. Pure. */
import type { RunColumns } from './columns.ts';
import type { AnyQuadrant } from './problem-view.ts';
import { isCandidate } from './representatives.ts';
import { quadrantAt } from './standing.ts';

export interface QuadrantCounts {
  step: number;
  counts: Readonly<Partial<Record<AnyQuadrant, number>>>;
}

/** Follows the columns of a run as they grow, without counting anything again. */
export class QuadrantHistory {
  private columns: RunColumns | null = null;
  private counted = 0;
  private epoch = 0;
  private ascending = true;
  private places: (AnyQuadrant | undefined)[] = [];
  private counts: Partial<Record<AnyQuadrant, number>> = {};
  /** Counts of the steps that are over. */
  private entries: QuadrantCounts[] = [];
  /** The step of the latest group. */
  private open: number | null = null;
  private shown: readonly QuadrantCounts[] = [];

  /** One entry per step with rollouts, in step order; a problem keeps the quadrant of its latest rollouts. */
  of(columns: RunColumns): readonly QuadrantCounts[] {
    const { groups } = columns;
    if (columns !== this.columns || columns.epoch !== this.epoch) this.begin(columns);
    if (this.counted === groups.length) return this.shown;
    const { step } = groups.columns;
    for (let row = this.counted; row < groups.length && this.ascending; row++) {
      this.ascending = row === 0 || step[row]! >= step[row - 1]!;
      if (this.ascending) this.count(columns, row);
    }
    if (!this.ascending) this.countSorted(columns);
    this.counted = groups.length;
    this.shown = this.open === null ? [] : [...this.entries, this.latest(this.open)];
    return this.shown;
  }

  private begin(columns: RunColumns): void {
    this.columns = columns;
    this.epoch = columns.epoch;
    this.counted = 0;
    this.ascending = true;
    this.forget();
  }

  private forget(): void {
    this.places = [];
    this.counts = {};
    this.entries = [];
    this.open = null;
    this.shown = [];
  }

  /** The groups of an import are not necessarily in step order. */
  private countSorted(columns: RunColumns): void {
    this.forget();
    const { step } = columns.groups.columns;
    const rows = Uint32Array.from({ length: columns.groups.length }, (_, row) => row);
    rows.sort((a, b) => step[a]! - step[b]! || a - b);
    for (const row of rows) this.count(columns, row);
  }

  private count(columns: RunColumns, row: number): void {
    if (!isCandidate(columns, row)) return;
    const { problem, step } = columns.groups.columns;
    if (this.open !== null && this.open !== step[row]) this.entries.push(this.latest(this.open));
    this.open = step[row]!;
    const former = this.places[problem[row]!];
    const quadrant = quadrantAt(columns, row);
    if (former !== undefined) this.counts[former]!--;
    this.counts[quadrant] = (this.counts[quadrant] ?? 0) + 1;
    this.places[problem[row]!] = quadrant;
  }

  private latest(step: number): QuadrantCounts {
    return { step, counts: { ...this.counts } };
  }
}
