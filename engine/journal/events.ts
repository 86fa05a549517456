/** Reading `events.jsonl`: every record checked, damage reported by line, an unfinished tail left alone. */
import { stat } from 'node:fs/promises';
import type * as z from 'zod';
import { RollscopeError } from '../protocol/errors.ts';
import { JournalRecord } from '../protocol/records.ts';
import { EVENTS_FILE, inRun } from './layout.ts';
import { readLines } from './lines.ts';

export interface Entry {
  record: JournalRecord;
  /** Bytes of `events.jsonl` before and behind this record's line. */
  start: number;
  end: number;
}

/** What zod found, in the words of a person: `metrics.loss: expected number, received string`. */
export function describeIssues(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`).join('; ');
}

/** Parses JSON and checks it; throws `run-broken`, naming `where`. */
export function parseChecked<T>(schema: z.ZodType<T>, text: string, where: string, hint?: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RollscopeError('run-broken', `${where}: not valid JSON (${(error as Error).message}).`, hint);
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    throw new RollscopeError('run-broken', `${where}: ${describeIssues(result.error)}.`, hint);
  }
  return result.data;
}

/**
 * Yields the records of a run from byte `from`, where record number `seq` begins. Ends before an unfinished tail: a line
 * without newline, or broken lines behind which no good one follows. Throws `run-broken`, naming the line, for any other
 * damage, `run-not-found` without the file.
 */
export async function* readEvents(folder: string, from = 0, seq = 0): AsyncGenerator<Entry> {
  const path = inRun(folder, EVENTS_FILE);
  let start = from;
  let expected = seq;
  let damage: RollscopeError | null = null;
  try {
    for await (const line of readLines(path, from, seq + 1)) {
      const parsed = parseRecord(line.text, path, line.number);
      if (damage) {
        if (parsed instanceof RollscopeError) continue;
        throw damage;
      }
      if (parsed instanceof RollscopeError) {
        damage = parsed;
      } else if (parsed.seq !== expected) {
        damage = broken(path, line.number, `record number ${parsed.seq} where ${expected} belongs`);
      } else {
        yield { record: parsed, start, end: line.end };
        start = line.end;
        expected++;
      }
    }
  } catch (error) {
    throw missing(error, path);
  }
}

/** Bytes in `events.jsonl`. Throws `run-not-found` without the file. */
export async function eventsSize(folder: string): Promise<number> {
  const path = inRun(folder, EVENTS_FILE);
  try {
    return (await stat(path)).size;
  } catch (error) {
    throw missing(error, path);
  }
}

function missing(error: unknown, path: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
  return new RollscopeError('run-not-found', `${path} does not exist.`, 'Choose a run folder.');
}

function parseRecord(text: string, path: string, line: number): JournalRecord | RollscopeError {
  try {
    const result = JournalRecord.safeParse(JSON.parse(text));
    return result.success ? result.data : broken(path, line, describeIssues(result.error));
  } catch {
    return broken(path, line, 'not valid JSON');
  }
}

function broken(path: string, line: number, what: string): RollscopeError {
  const hint = `Restore the file from a copy. To go on without it, delete line ${line} and all lines after it: the run then repeats what is missing.`;
  return new RollscopeError('run-broken', `${path} line ${line}: ${what}.`, hint);
}
