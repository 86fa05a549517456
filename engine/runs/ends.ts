/**
 * What the list of runs needs of a journal: its last step, its evaluations, how it ended. Only the records at the two ends
 * of `events.jsonl` that say so are read; what lies far from the end comes from the run's index where there is one. What
 * they add up to is for the fold to say, as of a whole journal.
 */
import { parseLine, repairHint } from '../journal/events.ts';
import { EVENTS_FILE, inRun } from '../journal/layout.ts';
import { linesOf, linesOfBackward, readLines, readLinesBackward } from '../journal/lines.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { cacheFolder } from '../protocol/home.ts';
import type { JournalRecord } from '../protocol/records.ts';
import { RunColumns } from './columns.ts';
import { fold } from './fold.ts';
import type { Head } from './head.ts';
import { readIndex } from './index-file.ts';

/** Bytes from the end behind which the index is asked. */
const FAR = 16 * 2 ** 20;

/** The latest finished step, the first and the last evaluation at least, and what `statusOf` asks for. */
export type Ends = Pick<RunColumns, 'step'> & Pick<Head, 'evaluations' | 'end' | 'lifecycle'>;

/**
 * @param journal all bytes of it, where they were read; null: its ends are read here
 * @throws RollscopeError `run-broken` where what it looks at cannot be read
 */
export async function readEnds(folder: string, journal: Buffer | null = null): Promise<Ends> {
  const first = await readStart(folder, journal);
  const { columns, records } = await readEnd(folder, journal);
  for (const record of [...first, ...records.sort((a, b) => a.seq - b.seq)]) fold(columns, record);
  const { step, head } = columns;
  return { step, evaluations: head.evaluations, end: head.end, lifecycle: head.lifecycle };
}

/** The evaluation before the first step; [] without. */
async function readStart(folder: string, journal: Buffer | null): Promise<JournalRecord[]> {
  const lines = journal ? linesOf(journal) : readLines(inRun(folder, EVENTS_FILE));
  for await (const line of lines) {
    const bytes = 'text' in line ? Buffer.from(line.text) : line;
    if (isType(bytes, 'step')) return [];
    if (isType(bytes, 'evaluation')) return [parse(folder, bytes)];
  }
  return [];
}

interface FoundEnd {
  /** What the index says of the part before the records; empty where it was not asked. */
  columns: RunColumns;
  /** The last step and evaluation, and what people did to the run since its own work ended. */
  records: JournalRecord[];
}

async function readEnd(folder: string, journal: Buffer | null): Promise<FoundEnd> {
  const records = new Map<number, JournalRecord>();
  const missing = new Set<JournalRecord['type']>(['step', 'evaluation']);
  /** Behind the last record of the run's own work. */
  let behindWork = true;
  let whole = false;
  let unfinished: string | null = null;
  let indexAsked = false;
  const found = (columns = new RunColumns()): FoundEnd => ({ columns, records: [...records.values()] });
  const lines = journal ? linesOfBackward(journal) : readLinesBackward(inRun(folder, EVENTS_FILE));
  for await (const { bytes, start, behind } of lines) {
    if (behindWork) {
      // A kill may leave broken lines at the very end; records of newer types say nothing here.
      const parsed = parseLine(bytes.toString());
      if (typeof parsed === 'string') unfinished ??= parsed;
      else whole = true;
      const record = typeof parsed === 'string' ? null : parsed.record;
      if (record) {
        if (record.type === 'end' || record.type === 'lifecycle') records.set(record.seq, record);
        if (record.type !== 'lifecycle') behindWork = false;
      }
    }
    for (const type of missing) {
      if (!isType(bytes, type)) continue;
      const record = parse(folder, bytes);
      records.set(record.seq, record);
      missing.delete(type);
    }
    // The evaluation may be that of the start.
    if (missing.size === 0) return found();
    if (behindWork || indexAsked || behind < FAR) continue;
    indexAsked = true;
    const indexed = await readIndex(folder, cacheFolder());
    if (indexed && indexed.journal.bytes >= start) return found(indexed.columns);
  }
  if (!whole && unfinished !== null) throw brokenRun(folder, unfinished);
  return found();
}

/** The journal writes the type first, so that a line can be told without parsing it. */
function prefixOf(type: JournalRecord['type']): string {
  return `{"type":"${type}"`;
}

export function isType(line: Buffer, type: JournalRecord['type']): boolean {
  const prefix = prefixOf(type);
  return line.subarray(0, prefix.length).toString('latin1') === prefix;
}

function parse(folder: string, line: Buffer): JournalRecord {
  const parsed = parseLine(line.toString());
  if (typeof parsed === 'string') throw brokenRun(folder, parsed);
  return parsed.record!;
}

/** @param facts more that is known of the damage, or another reason */
export function brokenRun(folder: string, what: string, facts: object = {}): RollscopeError {
  return new RollscopeError('run-broken', `${inRun(folder, EVENTS_FILE)}: ${what}.`, repairHint(folder), {
    details: { reason: 'bad-record', file: inRun(folder, EVENTS_FILE), fault: what, ...facts },
  });
}
