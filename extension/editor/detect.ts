/** A cheap look at the beginning of a file: does it hold problems? Pure. */
import path from 'node:path';

export type ProblemFormat = 'jsonl' | 'json' | 'csv' | 'parquet';

const FORMATS: Record<string, ProblemFormat> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'json',
  '.csv': 'csv',
  '.parquet': 'parquet',
};
export const PROBLEM_EXTENSIONS = Object.keys(FORMATS).map((extension) => extension.slice(1));

/** Characters that `looksLikeProblems` wants to see. */
export const HEAD_LENGTH = 8192;

/** Usual names of the column that holds the problem. */
const USUAL = ['prompt', 'question', 'problem'];

/** The format that a file's name promises; null for other files. */
export function formatOf(file: string): ProblemFormat | null {
  return FORMATS[path.extname(file).toLowerCase()] ?? null;
}

/**
 * Whether the head of a file looks like problems: objects with a column of a usual name, or of the name that the user
 * gave. Parquet is binary and passes by its name.
 */
export function looksLikeProblems(head: string, format: ProblemFormat, promptField?: string): boolean {
  const names = promptField ? [promptField] : USUAL;
  const text = head.replace(/^\uFEFF/, '').trimStart();
  switch (format) {
    case 'parquet':
      return true;
    case 'csv':
      return firstLine(text)
        .split(',')
        .some((cell) => isName(cell.trim().replace(/^"|"$/g, ''), names));
    case 'jsonl': {
      if (!text.startsWith('{')) return false;
      const keys = keysOf(firstLine(text));
      return keys ? keys.some((key) => isName(key, names)) : hasKey(text, names);
    }
    case 'json':
      // A list of objects, or an object that holds one under a name of its own.
      return /^(\{\s*"[^"]*"\s*:\s*)?\[\s*\{/.test(text) && hasKey(text, names);
  }
}

function firstLine(text: string): string {
  const end = text.search(/\r?\n/);
  return end < 0 ? text : text.slice(0, end);
}

function keysOf(line: string): string[] | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  } catch {
    return null;
  }
}

function isName(key: string, names: readonly string[]): boolean {
  return names.some((name) => name.toLowerCase() === key.toLowerCase());
}

function hasKey(text: string, names: readonly string[]): boolean {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].some(([, key]) => isName(key!, names));
}
