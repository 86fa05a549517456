/** The output of the readers of data files. */
import type { RowValues } from './fields.ts';

export interface Row {
  values: RowValues;
  /** From 1; null for binary files. */
  line: number | null;
}

/** The rows of one file. */
export interface FileRows {
  rows: Row[];
  /** Notes for the user about how the file was read. */
  notes: string[];
  /** The rows are the requested split of a file with several. */
  isDivided?: true;
}
