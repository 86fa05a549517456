/**
 * What the list of runs needs from a journal: its last step, its evaluations, how it ended. Reads only records at the
 * two ends of `events.jsonl`, and takes from the run's index, if there is one, what is far from the end. What the
 * records add up to is decided by the fold, as for a whole journal.
 */
import { parseLine, repairHint } from '../journal/events.ts';
import { EVENTS_FILE, inRun } from '../journal/layout.ts';
import { typeOfLine } from '../journal/line-type.ts';
import { linesOf, linesOfBackward, readLines, readLinesBackward } from '../journal/lines.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { FramePointer } from '../protocol/group.ts';
import { cacheFolder } from '../protocol/home.ts';
import type { JournalRecord, StepRecord } from '../protocol/records.ts';
import type { RunColumns } from './columns.ts';
import { type HeadRecord, headAfter } from './fold.ts';
import { EMPTY_HEAD, type Head } from './head.ts';
import { readIndex } from './index-file.ts';
import { lastFrame } from './run-fault.ts';

/** Distance from the end, in bytes, beyond which the index is used. */
const INDEX_DISTANCE_BYTES = 16 * 2 ** 20;

/** The latest finished step, the first and the last evaluation at least, and what `statusOf` asks for. */
export type Ends = Pick<RunColumns, 'step'> &
  Pick<Head, 'evaluations' | 'end' | 'lifecycle'> & {
    /** Where the last group that was read is stored; null if none was. */
    frame: FramePointer | null;
  };

/**
 * Reads the journal.
 * @throws RollscopeError `run-broken` if the part that it reads cannot be read
 */
export async function readEnds(folder: string): Promise<Ends> {
  const start = new StartScan(folder);
  for await (const line of readLines(inRun(folder, EVENTS_FILE))) if (start.take(Buffer.from(line.text))) break;
  const end = new EndScan(folder);
  for await (const { bytes, start: at, behind } of readLinesBackward(inRun(folder, EVENTS_FILE))) {
    if (end.take(bytes)) return combineEnds(start, end);
    if (!end.shouldReadIndex(behind)) continue;
    const indexed = await readIndex(folder, cacheFolder());
    if (indexed && indexed.journal.bytes >= at) return combineEnds(start, end, indexed.columns);
  }
  end.check();
  return combineEnds(start, end);
}

/**
 * From the bytes of a whole journal.
 * @throws RollscopeError `run-broken` if the part that it reads cannot be read
 */
export function endsOf(folder: string, journal: Buffer): Ends {
  const start = new StartScan(folder);
  for (const line of linesOf(journal)) if (start.take(line)) break;
  const end = new EndScan(folder);
  for (const { bytes } of linesOfBackward(journal)) if (end.take(bytes)) return combineEnds(start, end);
  end.check();
  return combineEnds(start, end);
}

function combineEnds({ found }: StartScan, { records, step, frame }: EndScan, columns: RunColumns | null = null): Ends {
  const last = [...records.values()].sort((a, b) => a.seq - b.seq);
  const known = step && step.seq > (columns?.seq ?? -1) ? step.step : (columns?.step ?? 0);
  let head = columns?.head ?? EMPTY_HEAD;
  let seq = columns?.seq ?? -1;
  for (const record of [...found, ...last]) {
    if (record.seq <= seq) continue;
    head = headAfter(head, record);
    seq = record.seq;
  }
  const { evaluations, end, lifecycle } = head;
  return { step: known, evaluations, end, lifecycle, frame: frame ?? (columns && lastFrame(columns)) };
}

/** The evaluation before the first step. */
class StartScan {
  readonly found: HeadRecord[] = [];

  constructor(private readonly folder: string) {}

  /** Takes the next line; returns true when no more lines are needed. */
  take(line: Buffer): boolean {
    const type = typeOfLine(line);
    const record = type === 'evaluation' ? parse(this.folder, line) : null;
    if (record?.type === 'evaluation') this.found.push(record);
    return this.found.length > 0 || type === 'step';
  }
}

/** The last step and evaluation, and what people did to the run after its own work ended. */
class EndScan {
  readonly records = new Map<number, HeadRecord>();
  step: Pick<StepRecord, 'seq' | 'step'> | null = null;
  frame: FramePointer | null = null;
  private readonly missing = new Set<JournalRecord['type']>(['step', 'evaluation']);
  /** Whether the lines so far came after the last record of the run's own work. */
  private behindWork = true;
  private whole = false;
  private unfinished: string | null = null;
  private indexAsked = false;

  constructor(private readonly folder: string) {}

  /** Takes the line before the one that came last; returns true when no more lines are needed. */
  take(bytes: Buffer): boolean {
    if (this.behindWork) this.takeAfterEnd(bytes);
    // An incomplete record at the end, left by a kill, is ignored.
    if (!this.whole) return false;
    const type = typeOfLine(bytes);
    if (!this.frame && (type === 'group' || type === 'statistics'))
      this.frame = frameIn(bytes) ?? frameOf(this.folder, bytes);
    if (type === 'step' && this.missing.delete(type)) {
      this.step = stepIn(bytes) ?? (parse(this.folder, bytes) as StepRecord);
    } else if (type === 'evaluation' && this.missing.delete(type)) {
      const record = parse(this.folder, bytes);
      if (record.type === 'evaluation') this.records.set(record.seq, record);
    }
    // The evaluation may be the one from the start.
    return this.missing.size === 0;
  }

  /** Whether the missing parts are so far from the end that the index should be used, once. */
  shouldReadIndex(behind: number): boolean {
    if (this.behindWork || this.indexAsked || behind < INDEX_DISTANCE_BYTES) return false;
    this.indexAsked = true;
    return true;
  }

  /** Throws if no line was a record. */
  check(): void {
    if (!this.whole && this.unfinished !== null) throw brokenRun(this.folder, this.unfinished);
  }

  private takeAfterEnd(bytes: Buffer): void {
    // A kill may leave broken lines at the very end; records of newer types say nothing here.
    const parsed = parseLine(bytes.toString());
    if (typeof parsed === 'string') this.unfinished ??= parsed;
    else this.whole = true;
    const record = typeof parsed === 'string' ? null : parsed.record;
    if (!record) return;
    if (record.type === 'end' || record.type === 'lifecycle') this.records.set(record.seq, record);
    // Statistics that a model adds afterwards, up to a kill, are not part of the run's own work.
    const isAdded = record.type === 'statistics' || record.type === 'metrics';
    if (record.type !== 'lifecycle' && !isAdded) this.behindWork = false;
  }
}

/** The place of a group's rollouts, at the end of its record. */
const FRAME = /"frame":\{"file":"([^"\\]{1,64})","offset":(\d{1,16}),"length":(\d{1,16})\}\}$/;
const FRAME_BYTES = 160;

function frameIn(line: Buffer): FramePointer | null {
  const [, file, offset, length] = FRAME.exec(line.toString('latin1', Math.max(0, line.length - FRAME_BYTES))) ?? [];
  return file === undefined ? null : { file, offset: Number(offset), length: Number(length) };
}

/** The same for a record that another program wrote; null if no rollouts were stored. */
function frameOf(folder: string, line: Buffer): FramePointer | null {
  const record = parse(folder, line);
  return record.type === 'group' ? record.frame : null;
}

/** The number of a step from its record, without parsing the metrics; null if it is missing. */
function stepIn(line: Buffer): Pick<StepRecord, 'seq' | 'step'> | null {
  try {
    const { seq, step } = JSON.parse(line.toString()) as { seq?: unknown; step?: unknown };
    const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
    return isCount(seq) && isCount(step) && step > 0 ? { seq, step } : null;
  } catch {
    return null;
  }
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
