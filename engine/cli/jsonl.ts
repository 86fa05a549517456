/** JSON Lines in, one JSON line out for each: the main loop of `grade` and `vote`. */
import '../protocol/schema-words.ts';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type * as z from 'zod';
import { JsonError, parseJson } from '../data/json-fault.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { jsonLines, written } from './terminal.ts';

export interface LineCounts {
  /** Lines that were not blank. */
  lines: number;
  /** Those that could not be read. */
  errors: number;
}

/** Bytes of output per write. */
const CHUNK = 64 * 1024;

/** The answers to a line, in order; none if its group continues on the next line. */
type Answers = readonly object[] | Promise<readonly object[]>;

/**
 * Answers each line of `file` (`-`: stdin; or each row of a .parquet file) in order. A line that is invalid JSON or
 * does not fit the schema is answered by `{"error", "line"}`. Blank lines are skipped.
 * Throws `usage` if the file cannot be read.
 *
 * @param end the answers after the last line
 */
export async function answerLines<T>(
  file: string,
  schema: z.ZodType<T>,
  answer: (value: T) => Answers,
  end: () => Answers = () => [],
): Promise<LineCounts> {
  const live = file === '-';
  const counts: LineCounts = { lines: 0, errors: 0 };
  let waiting = '';
  for await (const { parsed, number } of linesOf(file, schema)) {
    counts.lines++;
    if (typeof parsed === 'string') counts.errors++;
    const values = typeof parsed === 'string' ? [{ error: parsed, line: number }] : await answer(parsed.value);
    waiting += jsonLines(values);
    // A client on a pipe may wait for each answer before it sends the next line.
    if (live || waiting.length > CHUNK) {
      // The reader is gone (`| head`).
      if (!(await written(waiting))) return counts;
      waiting = '';
    }
  }
  waiting += jsonLines(await end());
  await written(waiting);
  return counts;
}

interface Line<T> {
  parsed: { value: T } | string;
  /** Counted from 1. */
  number: number;
}

async function* linesOf<T>(file: string, schema: z.ZodType<T>): AsyncGenerator<Line<T>> {
  if (/\.parquet$/i.test(file)) {
    const { readTable } = await import('../data/readers.ts');
    const { rows } = await readTable(file);
    for (const [at, { values }] of rows.entries())
      yield { parsed: checked(plainValues(values), schema), number: at + 1 };
    return;
  }
  const input = await openInput(file);
  let number = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    const line = number === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (line.trim() !== '') yield { parsed: parseLine(line, schema), number };
  }
}

/** Converts 64-bit integers to JSON numbers, or to text if too large. */
function plainValues(values: object): unknown {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (typeof value !== 'bigint') return [name, value];
      return [name, Number.isSafeInteger(Number(value)) ? Number(value) : String(value)];
    }),
  );
}

function parseLine<T>(line: string, schema: z.ZodType<T>): { value: T } | string {
  let value: unknown;
  try {
    value = parseJson(line);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return `not JSON: ${error.message} (column ${error.fault.offset + 1})`;
  }
  return checked(value, schema);
}

function checked<T>(value: unknown, schema: z.ZodType<T>): { value: T } | string {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  const issue = parsed.error.issues[0]!;
  const where = issue.path.map(String).join('.');
  return where ? `${where}: ${issue.message}` : issue.message;
}

async function openInput(file: string): Promise<Readable> {
  if (file === '-') return process.stdin;
  const found = await stat(file).catch(() => null);
  if (!found)
    throw new RollscopeError('usage', `${file} not found.`, "Give a JSON Lines file, or '-' for stdin.", {
      details: { reason: 'not-found', file },
    });
  if (found.isDirectory())
    throw new RollscopeError('usage', `${file} is a folder.`, 'Give a JSON Lines file.', {
      details: { reason: 'is-folder', file },
    });
  return createReadStream(file, { encoding: 'utf8' });
}
