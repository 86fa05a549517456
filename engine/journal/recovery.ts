/** Determines, when a run is opened to be resumed, which part of it is intact and from where it must be repeated. */
import { stat } from 'node:fs/promises';
import { RollscopeError } from '../protocol/errors.ts';
import { plural } from '../protocol/format.ts';
import type { FramePointer } from '../protocol/group.ts';
import type { JournalRecord } from '../protocol/records.ts';
import { remove, truncateFile } from '../system/files.ts';
import { type Checkpoint, listCheckpoints, removeUnfinished } from './checkpoints.ts';
import { checkNewestCheckpoint } from './damaged-checkpoint.ts';
import { eventsSize, readLog } from './events.ts';
import { isWholeFrame } from './frame.ts';
import { rolloutFiles } from './frame-store.ts';
import { readFrameBytes } from './groups.ts';
import {
  EVENTS_FILE,
  type FrameCursor,
  inRun,
  isBefore,
  type JournalPosition,
  rolloutFileIndex,
  START,
} from './layout.ts';
import { restoreHint } from './missing-file.ts';
import { isIncidental } from './replay.ts';

/** Why records after the checkpoint are not recognized when they come again. */
export type Remake = 'older-format' | 'unrepeatable';

/** What opening a killed run removed. */
export interface Recovery {
  /** Whole records whose rollouts were not whole. */
  records: number;
  /** Records after the checkpoint that are made again: of an older format, or of a trainer that cannot repeat them. */
  remade: number;
  /** Bytes cut from `events.jsonl` and from the rollout files. */
  eventBytes: number;
  rolloutBytes: number;
  /** Checkpoints that were never finished. */
  checkpoints: number;
  /** All of it, in one sentence. */
  message: string;
}

export interface OpenedRun {
  /** The byte at which each kept record begins in `events.jsonl`. */
  offsets: number[];
  /** Where the run is resumed: at the checkpoint, at the start, or at the position of an import. */
  position: JournalPosition;
  /** The checkpoint to resume from; null: from the start. */
  checkpoint: Checkpoint | null;
  /** Newer checkpoints, whose records are lost: of no use until those records have been made again. */
  unusable: Checkpoint[];
  /** Kept records after the checkpoint. */
  records: JournalRecord[];
  /** Kept records of checkpoints, wherever they are. */
  recorded: JournalRecord[];
  /** After the last frame of a kept record. */
  framesEnd: FrameCursor;
  completed: boolean;
  recovery: Recovery | null;
}

/**
 * Reads the run and cuts what is torn; with `remake` also what is recorded after the checkpoint, since the run cannot
 * recognize it. A completed run is left as it is. Throws `run-broken` for any other damage.
 */
export function recoverRun(folder: string, { remake }: { remake?: Remake } = {}): Promise<OpenedRun> {
  return recover(folder, { ...(remake && { remake }) });
}

/** Cuts everything that a run has recorded after a position, whether the run is complete or not. Throws `run-broken`. */
export function cutRunAt(folder: string, at: JournalPosition): Promise<OpenedRun> {
  return recover(folder, { at });
}

/** The end of a run, for appending to it: position of the next record and frame. Throws `run-broken`. */
export async function endOfRun(folder: string): Promise<JournalPosition> {
  const { offsets, ends } = await scanEvents(folder, Number.POSITIVE_INFINITY);
  await checkOldFrames(folder, ends);
  const files = [...ends].map(([file, { bytes }]) => ({ file: rolloutFileIndex(file) ?? 0, offset: bytes }));
  const frames = files.reduce((last, item) => (isBefore(last, item) ? item : last), START.frames);
  return { nextSeq: offsets.length, frames };
}

async function recover(
  folder: string,
  { remake, at = null }: { remake?: Remake; at?: JournalPosition | null },
): Promise<OpenedRun> {
  const checkpoints = await listCheckpoints(folder);
  let scan = await scanEvents(folder, at?.nextSeq ?? checkpoints[0]?.position.nextSeq ?? 0);
  const usable = checkpoints.filter(({ position }) => position.nextSeq <= scan.offsets.length);
  const unusable = checkpoints.filter((checkpoint) => !usable.includes(checkpoint));
  const checkpoint = usable.at(-1) ?? null;
  const position = at ?? checkpoint?.position ?? START;
  if (position.nextSeq < scan.from) scan = await scanEvents(folder, position.nextSeq);
  const { offsets } = scan;
  const completed = scan.completed && !at;
  const records = scan.records.filter(({ seq }) => seq >= position.nextSeq);
  const opened = { offsets, position, checkpoint, unusable, records, recorded: scan.recorded, completed };
  if (completed) return { ...opened, framesEnd: position.frames, recovery: null };

  if (!at) await checkNewestCheckpoint(folder);
  if (offsets.length < position.nextSeq) throw shortenedError(folder, offsets.length, position.nextSeq);
  await checkOldFrames(folder, scan.ends);
  const whole = await countComplete(folder, records);
  const known = at ? 0 : remake ? records.findIndex((record) => !isIncidental(record)) : -1;
  const kept = known < 0 ? whole : Math.min(known, whole);
  const end = kept < records.length ? offsets[records[kept]!.seq]! : scan.end;
  const lost = at ? 0 : records.length - whole;
  const remade = at ? 0 : whole - kept;
  if (kept < records.length) offsets.length = records[kept]!.seq;
  records.length = kept;
  opened.recorded = scan.recorded.filter(({ seq }) => seq < offsets.length);

  let framesEnd = position.frames;
  for (const record of records) {
    const frame = framePointerOf(record);
    if (!frame) continue;
    const behind = frameEnd(frame);
    if (isBefore(framesEnd, behind)) framesEnd = behind;
  }
  const cut = {
    records: lost,
    remade,
    eventBytes: await cutEvents(folder, end),
    rolloutBytes: await cutRollouts(folder, framesEnd),
    checkpoints: await removeUnfinished(folder),
  };
  const message = describe(cut, remake);
  return { ...opened, framesEnd, recovery: message ? { ...cut, message } : null };
}

function shortenedError(folder: string, length: number, expected: number): RollscopeError {
  return new RollscopeError(
    'run-broken',
    `${inRun(folder, EVENTS_FILE)} has ${plural(length, 'record')}, but ${expected} were written.`,
    restoreHint(folder, EVENTS_FILE),
    { details: { reason: 'missing-records', file: EVENTS_FILE, records: length, needed: expected } },
  );
}

interface Scan {
  /** Number from which records are kept in memory. */
  from: number;
  offsets: number[];
  records: JournalRecord[];
  recorded: JournalRecord[];
  /** Last byte needed in each rollout file by a record before `from`, and the record's number. */
  ends: Map<string, { bytes: number; seq: number }>;
  end: number;
  completed: boolean;
}

async function scanEvents(folder: string, from: number): Promise<Scan> {
  const scan: Scan = { from, offsets: [], records: [], recorded: [], ends: new Map(), end: 0, completed: false };
  for await (const { record, start, end } of readLog(folder)) {
    scan.offsets.push(start);
    scan.end = end;
    if (!record) continue;
    const frame = framePointerOf(record);
    if (record.seq >= from) {
      scan.records.push(record);
    } else if (frame) {
      scan.ends.set(frame.file, { bytes: frame.offset + frame.length, seq: record.seq });
    }
    if (record.type === 'checkpoint') scan.recorded.push(record);
    if (record.type === 'end' && record.reason === 'completed') scan.completed = true;
  }
  return scan;
}

/** Rollouts before the checkpoint were durable, so if they are missing, something other than a kill happened. */
async function checkOldFrames(folder: string, ends: Scan['ends']): Promise<void> {
  for (const [file, { bytes, seq }] of ends) {
    const path = inRun(folder, file);
    // Any other name would be a path from outside, which is not followed.
    const found = rolloutFileIndex(file) === null ? null : await stat(path).catch(() => null);
    const size = found?.size ?? 0;
    if (size >= bytes) continue;
    throw new RollscopeError(
      'run-broken',
      `${path} has ${size} bytes, but ${EVENTS_FILE} line ${seq + 1} needs ${bytes}.`,
      restoreHint(folder, file),
      { details: { reason: 'missing-rollouts', file: path, line: seq + 1, bytes: size, needed: bytes } },
    );
  }
}

/** The number of records before the first one whose rollouts are incomplete. */
async function countComplete(folder: string, records: JournalRecord[]): Promise<number> {
  for (const [index, record] of records.entries()) {
    const frame = framePointerOf(record);
    if (!frame) continue;
    const bytes = await readFrameBytes(folder, frame);
    if (!bytes || !isWholeFrame(bytes)) return index;
  }
  return records.length;
}

/** The rollouts that a record points to; null for none. */
function framePointerOf(record: JournalRecord): FramePointer | null {
  return record.type === 'group' || record.type === 'statistics' ? record.frame : null;
}

function frameEnd(pointer: FramePointer): FrameCursor {
  return { file: rolloutFileIndex(pointer.file) ?? 0, offset: pointer.offset + pointer.length };
}

async function cutEvents(folder: string, end: number): Promise<number> {
  const extra = (await eventsSize(folder)) - end;
  const path = inRun(folder, EVENTS_FILE);
  if (extra > 0) await truncateFile(path, end);
  return extra;
}

async function cutRollouts(folder: string, end: FrameCursor): Promise<number> {
  let bytes = 0;
  for (const name of await rolloutFiles(folder)) {
    const path = inRun(folder, name);
    const index = rolloutFileIndex(name)!;
    const { size } = await stat(path);
    const keep = index < end.file ? size : index === end.file ? Math.min(size, end.offset) : 0;
    bytes += size - keep;
    if (index > end.file) await remove(path);
    else if (keep < size) await truncateFile(path, keep);
  }
  return bytes;
}

function describe(cut: Omit<Recovery, 'message'>, remake: Remake | undefined): string {
  if (cut.remade > 0 && remake === 'unrepeatable') {
    return `${plural(cut.remade, 'record')} after the last checkpoint will be computed again.`;
  }
  if (cut.remade > 0) {
    return `The run was started in an older format: ${plural(cut.remade, 'record')} after the last checkpoint will be computed again and written in the current one.`;
  }
  const parts: string[] = [];
  if (cut.eventBytes > 0) {
    const records = cut.records > 0 ? ` (${plural(cut.records, 'record')} with incomplete rollouts)` : '';
    parts.push(`${cut.eventBytes} bytes of incomplete records${records}`);
  }
  if (cut.rolloutBytes > 0) parts.push(`${cut.rolloutBytes} bytes of unreferenced rollouts`);
  if (cut.checkpoints > 0) parts.push('an incomplete checkpoint');
  return parts.length > 0 ? `Cleaned up after the interruption: removed ${parts.join(', ')}.` : '';
}
