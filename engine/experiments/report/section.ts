/** The parts of a report: sections of text, tables and plots. */
import type { Plot } from './plots.ts';

/** A table cell: null is shown as a dash. */
export type Cell = string | number | null | { mean: number; low: number; high: number };

export interface ReportTable {
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
}

/** A section of a report. */
export type Section =
  | { kind: 'text'; title?: string; paragraphs: readonly string[] }
  | { kind: 'plots'; title: string; plots: readonly Plot[]; note?: string }
  | ({ kind: 'table'; title: string; note?: string } & ReportTable);
