/**
 * Reads `events.jsonl`: each record is checked once, here. Damage is reported by line, an incomplete end is ignored,
 * and additions of a newer Rollscope are skipped: unknown keys, and records of unknown types.
 */
import { stat } from 'node:fs/promises';
import { RollscopeError } from '../protocol/errors.ts';
import { JournalRecord, RECORD_TYPES, StepRecord } from '../protocol/records.ts';
import { isObject } from '../protocol/values.ts';
import { isGroup2 } from './formats/records2.ts';
import { readOldRecord, upgradeRecord } from './formats/upgrade.ts';
import { isGroupRecord, isProblemUpdate } from './group-check.ts';
import { EVENTS_FILE, inRun } from './layout.ts';
import { linesOf, readLineBlocks } from './lines.ts';
import { refuseLinksOut } from './links.ts';
import { readTolerantly, type Tolerant } from './tolerant.ts';

/** The line of a record, whatever it contains. */
export interface LogLine {
  /** null: of a type that this version does not know. */
  record: JournalRecord | null;
  seq: number;
  type: string;
  /** Bytes of `events.jsonl` before and after the line. */
  start: number;
  end: number;
}

export interface Entry extends LogLine {
  record: JournalRecord;
}

/** Yields the records of a run, as `readLog` does, without those of unknown types. */
export async function* readEvents(folder: string, from = 0, seq = 0): AsyncGenerator<Entry> {
  for await (const line of readLog(folder, from, seq)) if (line.record) yield line as Entry;
}

/** Yields the lines of a run one by one, as `readLogBlocks` does. */
export async function* readLog(folder: string, from = 0, seq = 0): AsyncGenerator<LogLine> {
  for await (const block of readLogBlocks(folder, from, seq)) yield* block;
}

/**
 * Yields the records of a run from byte `from`, where record number `seq` begins, as many at a time as are read at once: a
 * journal has millions, and waiting for each takes as long as reading it. Ends before an unfinished tail: a line without
 * newline, or broken lines after which no good one follows. Throws `run-broken`, naming the line, for any other damage,
 * also where no line is a record, and `run-not-found` without the file.
 */
export async function* readLogBlocks(folder: string, from = 0, seq = 0): AsyncGenerator<LogLine[]> {
  refuseLinksOut(folder);
  const path = inRun(folder, EVENTS_FILE);
  const log = new Log(folder, from, seq);
  try {
    for await (const block of readLineBlocks(path, from)) {
      const lines = log.read(block);
      if (lines.length > 0) yield lines;
      log.check();
    }
  } catch (error) {
    throw missingEventsError(error, path);
  }
  log.end();
}

/** Checks the whole lines of a journal that is read here. Throws as `readLogBlocks` does. */
export function checkEvents(folder: string, journal: Buffer): void {
  const log = new Log(folder, 0, 0);
  log.read(journal);
  log.check();
  log.end();
}

class Log {
  /** The first line that is not the record that was expected. */
  private damage: RollscopeError | null = null;
  private wasGoodBehind = false;
  private number: number;
  private start: number;

  constructor(
    private readonly folder: string,
    from: number,
    private expected: number,
  ) {
    this.start = from;
    this.number = expected;
  }

  /** The records of whole lines that follow each other, up to damage. */
  read(block: Buffer): LogLine[] {
    const found: LogLine[] = [];
    for (const line of linesOf(block)) {
      this.number++;
      const parsed = parseLine(line.toString());
      if (this.damage) {
        this.wasGoodBehind ||= typeof parsed !== 'string';
      } else if (typeof parsed === 'string') {
        this.damage = brokenRecordError(this.folder, this.number, parsed);
      } else if (parsed.seq !== this.expected) {
        this.damage = brokenRecordError(
          this.folder,
          this.number,
          `record number ${parsed.seq} where ${this.expected} is expected`,
          { reason: 'out-of-order', value: parsed.seq, expected: this.expected },
        );
      } else {
        const end = this.start + line.length + 1;
        found.push({ ...parsed, start: this.start, end });
        this.start = end;
        this.expected++;
      }
      if (this.wasGoodBehind) break;
    }
    return found;
  }

  /** Throws where a good line follows a broken one. */
  check(): void {
    if (this.damage && this.wasGoodBehind) throw this.damage;
  }

  /** A kill leaves incomplete lines after complete ones, never only incomplete ones. */
  end(): void {
    if (this.damage && this.expected === 0) throw this.damage;
  }
}

/** Bytes in `events.jsonl`. Throws `run-not-found` without the file. */
export async function eventsSize(folder: string): Promise<number> {
  const path = inRun(folder, EVENTS_FILE);
  try {
    return (await stat(path)).size;
  } catch (error) {
    throw missingEventsError(error, path);
  }
}

function missingEventsError(error: unknown, path: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
  return new RollscopeError('run-not-found', `${path} not found.`, 'Choose a run folder.', {
    details: { reason: 'not-found', file: path },
  });
}

/** Parses a line of `events.jsonl`; returns a text if the line is invalid. */
export function parseLine(text: string): Pick<LogLine, 'record' | 'seq' | 'type'> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not valid JSON';
  }
  if (isGroupRecord(value)) return { record: value, seq: value.seq, type: value.type };
  const { type, seq } = (value ?? {}) as { type?: unknown; seq?: unknown };
  if (typeof type === 'string' && typeof seq === 'number' && !RECORD_TYPES.has(type))
    return { record: null, seq, type };
  const result = isGroup2(value) ? readOldRecord(value) : readRecord(value);
  return result.success ? { record: result.data, seq: result.data.seq, type: result.data.type } : result.error;
}

/** The updates of a step's problems are as many as groups: those are checked by hand too. */
function readRecord(value: unknown): Tolerant<JournalRecord> {
  // the rest of a text or of a list would be a key for each of its items
  if (!isObject(value)) return readTolerantly(JournalRecord, value);
  const { type: kind, problems, ...rest } = value;
  if (kind !== 'step' || !Array.isArray(problems) || !problems.every(isProblemUpdate))
    return readTolerantly(JournalRecord, upgradeRecord(value));
  const result = readTolerantly(StepRecord, { type: kind, ...rest });
  return result.success ? { success: true, data: { ...result.data, problems } } : result;
}

function brokenRecordError(folder: string, line: number, what: string, facts: object = {}): RollscopeError {
  return new RollscopeError('run-broken', `${inRun(folder, EVENTS_FILE)} line ${line}: ${what}.`, repairHint(folder), {
    details: { reason: 'bad-record', file: inRun(folder, EVENTS_FILE), line, fault: what, ...facts },
  });
}

/** The hint of errors about damaged records: the command and the editor's action that write a readable copy. */
export function repairHint(folder: string): string {
  return `'rollscope repair ${folder}' (Repair Run in the Runs view) writes a copy without the unreadable parts; the original run is not changed.`;
}
