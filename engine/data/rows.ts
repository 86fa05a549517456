/** What readers of data files hand over. */
import type { RowValues } from './fields.ts';

export interface Row {
  values: RowValues;
  /** From 1; null in binary files. */
  line: number | null;
}

/** The rows of one file. */
export interface FileRows {
  rows: Row[];
  /** What a user should know about how the file was read. */
  notes: string[];
  /** The rows are of the split that was asked for, one of several in the file. */
  isDivided?: true;
}
