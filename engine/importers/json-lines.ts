/** JSON Lines as trainers write them: in Python's JSON, where numbers may be NaN or infinite. */
import { createReadStream } from 'node:fs';
import { RollscopeError } from '../protocol/errors.ts';

export interface JsonLine {
  values: Record<string, unknown>;
  /** From 1. */
  line: number;
}

/** Yields the objects of a file, one per line. Blank lines are passed over. @throws RollscopeError `dataset` */
export async function* readJsonLines(file: string): AsyncGenerator<JsonLine> {
  let rest = '';
  let line = 0;
  try {
    for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop()!;
      for (const text of parts) {
        line++;
        if (!isBlank(text)) yield { values: parse(text, file, line), line };
      }
    }
  } catch (error) {
    throw readFault(error, file);
  }
  if (!isBlank(rest)) yield { values: parse(rest, file, line + 1), line: line + 1 };
}

/** Also a byte order mark alone. */
const isBlank = (text: string) => text.trim() === '';

function parse(text: string, file: string, line: number): Record<string, unknown> {
  const value = parseJson(text.trim());
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new RollscopeError(
    'dataset',
    `${file}:${line}: ${value === undefined ? 'broken JSON' : 'not an object'}.`,
    'A file of rollouts has one JSON object per line.',
    { details: { reason: value === undefined ? 'broken-json' : 'not-an-object', file, line } },
  );
}

/** undefined where it is not JSON. */
function parseJson(text: string): unknown {
  for (const candidate of [text, withoutNonFinite]) {
    try {
      return JSON.parse(typeof candidate === 'string' ? candidate : candidate(text));
    } catch {
      // The other form, or none.
    }
  }
  return undefined;
}

/** The numbers that JSON does not have as null; texts stay as they are. */
function withoutNonFinite(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (found) => (found.startsWith('"') ? found : 'null'));
}

function readFault(error: unknown, file: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof RollscopeError || code === undefined) return error;
  const reasons: Record<string, string> = { ENOENT: 'not-found', EISDIR: 'is-folder', EACCES: 'forbidden' };
  const reason = reasons[code] ?? 'unreadable';
  return new RollscopeError('dataset', `${file} cannot be read: ${message}`, 'Check the path of the file.', {
    details: { reason, file, system: message },
  });
}
