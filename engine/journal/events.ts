/**
 * Reading `events.jsonl`: each record is checked once, here. Damage is reported by line, an unfinished tail is left alone,
 * and what a newer Rollscope added is passed over: keys, and records of other types.
 */
import { stat } from 'node:fs/promises';
import type * as z from 'zod';
import { RollscopeError } from '../protocol/errors.ts';
import { JournalRecord, RECORD_TYPES } from '../protocol/records.ts';
import { isGroup2 } from './formats/records2.ts';
import { readOldRecord, upgradeRecord } from './formats/upgrade.ts';
import { EVENTS_FILE, inRun } from './layout.ts';
import { readLines } from './lines.ts';
import { readTolerantly } from './tolerant.ts';

/** A record's line, whatever it holds. */
export interface LogLine {
  /** null: of a type that this version does not know. */
  record: JournalRecord | null;
  seq: number;
  type: string;
  /** Bytes of `events.jsonl` before and behind the line. */
  start: number;
  end: number;
}

export interface Entry extends LogLine {
  record: JournalRecord;
}

/** Parses JSON and checks it, without the keys that it does not know; throws `run-broken`, naming `where`. */
export function parseChecked<T>(
  schema: z.ZodType<T>,
  text: string,
  where: string,
  { upgrade, hint }: { upgrade?: (value: Record<string, unknown>) => unknown; hint?: string } = {},
): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RollscopeError('run-broken', `${where}: not valid JSON (${(error as Error).message}).`, hint, {
      details: { reason: 'not-json', place: where, system: (error as Error).message },
    });
  }
  const isObject = typeof value === 'object' && value !== null;
  const result = readTolerantly(schema, upgrade && isObject ? upgrade(value as Record<string, unknown>) : value);
  if (!result.success)
    throw new RollscopeError('run-broken', `${where}: ${result.error}.`, hint, {
      details: { reason: 'bad-record', place: where, fault: result.error },
    });
  return result.data;
}

/** Yields the records of a run, as `readLog` does, but for those of unknown types. */
export async function* readEvents(folder: string, from = 0, seq = 0): AsyncGenerator<Entry> {
  for await (const line of readLog(folder, from, seq)) if (line.record) yield line as Entry;
}

/**
 * Yields the records of a run from byte `from`, where record number `seq` begins. Ends before an unfinished tail: a line
 * without newline, or broken lines behind which no good one follows. Throws `run-broken`, naming the line, for any other
 * damage, also where no line is a record, and `run-not-found` without the file.
 */
export async function* readLog(folder: string, from = 0, seq = 0): AsyncGenerator<LogLine> {
  const path = inRun(folder, EVENTS_FILE);
  let start = from;
  let expected = seq;
  let damage: RollscopeError | null = null;
  try {
    for await (const line of readLines(path, from, seq + 1)) {
      const parsed = parseLine(line.text);
      if (damage) {
        if (typeof parsed === 'string') continue;
        throw damage;
      }
      if (typeof parsed === 'string') {
        damage = broken(folder, line.number, parsed);
      } else if (parsed.seq !== expected) {
        damage = broken(folder, line.number, `record number ${parsed.seq} where ${expected} is expected`, {
          ...{ reason: 'out-of-order', value: parsed.seq, expected },
        });
      } else {
        yield { ...parsed, start, end: line.end };
        start = line.end;
        expected++;
      }
    }
  } catch (error) {
    throw missing(error, path);
  }
  // A kill leaves broken lines behind good ones, never nothing else.
  if (damage && expected === 0) throw damage;
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
  return new RollscopeError('run-not-found', `${path} not found.`, 'Choose a run folder.', {
    details: { reason: 'not-found', file: path },
  });
}

/** A line of `events.jsonl`; a text that says what is wrong with it. */
export function parseLine(text: string): Pick<LogLine, 'record' | 'seq' | 'type'> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not valid JSON';
  }
  const { type, seq } = (value ?? {}) as { type?: unknown; seq?: unknown };
  if (typeof type === 'string' && typeof seq === 'number' && !RECORD_TYPES.has(type))
    return { record: null, seq, type };
  const result = isGroup2(value) ? readOldRecord(value) : readTolerantly(JournalRecord, upgradeRecord(value));
  return result.success ? { record: result.data, seq: result.data.seq, type: result.data.type } : result.error;
}

function broken(folder: string, line: number, what: string, facts: object = {}): RollscopeError {
  return new RollscopeError('run-broken', `${inRun(folder, EVENTS_FILE)} line ${line}: ${what}.`, repairHint(folder), {
    details: { reason: 'bad-record', file: inRun(folder, EVENTS_FILE), line, fault: what, ...facts },
  });
}

export function repairHint(folder: string): string {
  return `'rollscope repair ${folder}' (Repair Run in the Runs view) writes a copy without the unreadable parts; the original run is not changed.`;
}
