/** JSON lines in, one JSON line out for each: the frame of `grade` and `vote`. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type * as z from 'zod';
import { RollscopeError } from '../protocol/errors.ts';

export interface LineCounts {
  /** Lines that were not blank. */
  lines: number;
  /** Of those, lines that could not be read. */
  errors: number;
}

/** Bytes of answers that are written at once. */
const CHUNK = 64 * 1024;

/**
 * Answers every line of `file` (`-`: stdin), in order and as they come. A line that is not JSON or does not fit the
 * schema is answered by `{"error", "line"}`. Blank lines are skipped.
 * Throws `usage` when the file cannot be read.
 */
export async function answerLines<T>(
  file: string,
  schema: z.ZodType<T>,
  answer: (value: T) => object | Promise<object>,
): Promise<LineCounts> {
  const input = await openInput(file);
  const live = file === '-';
  const counts: LineCounts = { lines: 0, errors: 0 };
  let waiting = '';
  let number = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    const line = number === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (line.trim() === '') continue;
    counts.lines++;
    const parsed = parseLine(line, schema);
    if (typeof parsed === 'string') counts.errors++;
    const value = typeof parsed === 'string' ? { error: parsed, line: number } : await answer(parsed.value);
    waiting += `${JSON.stringify(value)}\n`;
    // A client on a pipe may wait for each answer before it sends the next line.
    if (live || waiting.length > CHUNK) {
      // Nobody reads any more (`| head`).
      if (!(await write(waiting))) return counts;
      waiting = '';
    }
  }
  await write(waiting);
  return counts;
}

function parseLine<T>(line: string, schema: z.ZodType<T>): { value: T } | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return `not JSON: ${(error as Error).message}`;
  }
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

/** Resolves once the text is written; false if the reader has gone. */
function write(text: string): Promise<boolean> {
  if (text === '') return Promise.resolve(true);
  return new Promise((resolve) => {
    process.stdout.write(text, (error) => resolve(!error));
  });
}
