/** Detects problem files from the beginning of their text. Pure. */
import path from 'node:path';
import { USUAL_NAMES } from '../../engine/data/fields.ts';
import { locateProblems } from '../../engine/data/locate.ts';
import type { FieldMap } from '../../engine/protocol/index.ts';

export type ProblemFormat = 'jsonl' | 'json' | 'csv' | 'parquet';

const FORMATS: Record<string, ProblemFormat> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'json',
  '.csv': 'csv',
  '.tsv': 'csv',
  '.parquet': 'parquet',
};
/** Without the dot. */
export const PROBLEM_EXTENSIONS = Object.keys(FORMATS).map((extension) => extension.slice(1));

/** Characters that `looksLikeProblems` needs. */
export const HEAD_LENGTH = 8192;

/** The format according to the file's name; null for other files. */
export function formatOf(file: string): ProblemFormat | null {
  return FORMATS[path.extname(file).toLowerCase()] ?? null;
}

/**
 * Whether the head of a file starts with problems: objects or a table with a column of a usual name, or of the name in
 * `fields`. Parquet is binary and is accepted by its file name.
 */
export function looksLikeProblems(head: string, format: ProblemFormat, fields: FieldMap = {}): boolean {
  switch (format) {
    case 'parquet':
      return true;
    case 'csv': {
      const names = fields.prompt ? [fields.prompt] : USUAL_NAMES.prompt;
      const header = head.replace(/^\uFEFF/, '').split(/\r?\n/, 1)[0]!;
      const columns = header.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"|"$/g, ''));
      return columns.some((column) => names.some((name) => name.toLowerCase() === column.toLowerCase()));
    }
    default:
      return locateProblems(head, format, fields)[0]?.hasPrompt ?? false;
  }
}
