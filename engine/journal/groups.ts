/** Reads one group with its rollouts, in any format: everything that shows or scores rollouts uses this. */
import { stat } from 'node:fs/promises';
import { RollscopeError } from '../protocol/errors.ts';
import type { FramePointer, GroupDetail, GroupId } from '../protocol/group.ts';
import { openRegular } from '../system/regular-file.ts';
import { decodeFrame1 } from './formats/frame1.ts';
import { detailOf2, type Group2, isGroup2, readGroup2 } from './formats/records2.ts';
import { decodeFrame, readFramePrefix } from './frame.ts';
import { EVENTS_FILE, inRun, rolloutFileIndex } from './layout.ts';
import { readLines } from './lines.ts';
import { restoreHint } from './missing-file.ts';

/**
 * Reads a group by its record, or by the pointer in it.
 * @param lean for a group that is looked at in this thread: {@link decodeFrame}
 * @throws RollscopeError `run-broken` when its rollouts are missing or damaged, `usage` where none were stored
 */
export async function readGroup(
  folder: string,
  group: FramePointer | (GroupId & { frame: FramePointer | null }),
  { lean = false } = {},
): Promise<GroupDetail> {
  const pointer = 'file' in group ? group : group.frame;
  if (!pointer)
    throw new RollscopeError('usage', 'The rollouts of this group were not stored.', undefined, {
      details: { reason: 'rollouts-not-stored' },
    });
  const where = `${inRun(folder, pointer.file)} at byte ${pointer.offset}`;
  const hint = restoreHint(folder, pointer.file);
  const bytes = await readFrameBytes(folder, pointer);
  if (!bytes)
    throw new RollscopeError('run-broken', `${where}: the stored rollouts are missing.`, hint, {
      details: { reason: 'missing-rollouts', file: pointer.file, offset: pointer.offset },
    });
  if (readFramePrefix(bytes)?.version !== 1) return decodeFrame(bytes, where, hint, lean);
  return detailOf2(await recordOf(folder, pointer, where), decodeFrame1(bytes, where, hint));
}

/** The bytes that a pointer names; null when they do not (all) exist. */
export async function readFrameBytes(folder: string, pointer: FramePointer): Promise<Uint8Array | null> {
  if (rolloutFileIndex(pointer.file) === null) return null;
  return readBytes(inRun(folder, pointer.file), pointer.offset, pointer.length);
}

/** The greatest plausible length of a frame, in bytes. */
const MAX_FRAME_BYTES = 1024 * 2 ** 20;

async function readBytes(path: string, offset: number, length: number): Promise<Uint8Array | null> {
  const handle = await openRegular(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (!handle) return null;
  try {
    const { size } = await handle.stat();
    if (offset + length > size || length > MAX_FRAME_BYTES) return null;
    const bytes = new Uint8Array(length);
    const { bytesRead } = await handle.read(bytes, 0, length, offset);
    return bytesRead === length ? bytes : null;
  } finally {
    await handle.close();
  }
}

/**
 * In formats 1 and 2 a rollout's answer and reward are in the group's record, which a pointer does not name. So the
 * lines of such a run are scanned once, and the record of each frame is remembered.
 */
interface RecordPlaces {
  /** Size of `events.jsonl` when it was scanned. */
  size: number;
  lines: Map<string, { start: number; end: number }>;
}
const places = new Map<string, Promise<RecordPlaces>>();
/** Runs of the old formats whose places are remembered. */
const MAX_CACHED_RUNS = 4;

async function recordOf(folder: string, pointer: FramePointer, where: string): Promise<Group2> {
  const path = inRun(folder, EVENTS_FILE);
  const line = (await placesIn(path)).lines.get(frameKey(pointer));
  const bytes = line && (await readBytes(path, line.start, line.end - line.start));
  const record = bytes && readGroup2(JSON.parse(Buffer.from(bytes).toString()));
  if (record?.success) return record.data;
  throw new RollscopeError('run-broken', `${where}: ${path} has no record of these rollouts.`, undefined, {
    details: { reason: 'missing-record', file: path },
  });
}

async function placesIn(path: string): Promise<RecordPlaces> {
  const known = await places.get(path);
  const { size } = await stat(path);
  if (known?.size === size) return known;
  const found = scanRecordPlaces(path, size);
  places.delete(path);
  places.set(path, found);
  if (places.size > MAX_CACHED_RUNS) places.delete(places.keys().next().value!);
  found.catch(() => places.delete(path));
  return found;
}

async function scanRecordPlaces(path: string, size: number): Promise<RecordPlaces> {
  const lines: RecordPlaces['lines'] = new Map();
  let start = 0;
  for await (const { text, end } of readLines(path)) {
    const record = parsed(text);
    if (isGroup2(record)) lines.set(frameKey((record as Group2).frame), { start, end });
    start = end;
  }
  return { size, lines };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The place of a frame as the key of a map. */
export function frameKey({ file, offset }: FramePointer): string {
  return `${file}:${offset}`;
}
