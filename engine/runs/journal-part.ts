/** A part of a journal that was read: how long it is, and how to check that it has not changed. */
import { stat } from 'node:fs/promises';
import { crc32 } from '../journal/crc.ts';
import { EVENTS_FILE, inRun } from '../journal/layout.ts';
import { openRegular } from '../system/regular-file.ts';

const BLOCK = 2 ** 20;

export interface JournalPart {
  /** Bytes of `events.jsonl` from its beginning. */
  bytes: number;
  /** CRC-32 of each block of 2^20 bytes of them, the last one shorter. */
  blocks: number[];
  /** Size and time of change of the file when it was read: where both are as they were, so are its bytes. */
  size: number;
  changed: number;
}

/** Describes the first `bytes` bytes. Whole blocks of `known`, an earlier and shorter part, are not read again. */
export async function describePart(folder: string, bytes: number, known: JournalPart | null): Promise<JournalPart> {
  const { size, mtimeMs } = await stat(inRun(folder, EVENTS_FILE));
  const whole = known ? Math.floor(known.bytes / BLOCK) : 0;
  const blocks = known?.blocks.slice(0, whole) ?? [];
  return { bytes, size, changed: mtimeMs, blocks: [...blocks, ...(await checksums(folder, whole, bytes))] };
}

/**
 * Whether the journal still begins with this part. If its size or time of change differs, every byte of the part is
 * read, half a second per gigabyte.
 */
export function isPartUnchanged(folder: string, part: JournalPart): Promise<boolean> {
  return beginsWith(folder, part, 0);
}

/**
 * The same, judging only by the last block of the part, which takes no time, if the journal has grown: a writer appends
 * to it, or truncates it and writes other times. A journal that changed without growing may be damaged anywhere.
 */
export async function seemsPartUnchanged(folder: string, part: JournalPart): Promise<boolean> {
  const found = await stat(inRun(folder, EVENTS_FILE)).catch(() => null);
  return beginsWith(folder, part, found?.size === part.size ? 0 : Math.max(0, part.blocks.length - 1));
}

/** @param from the first block that is compared where size or time of change differ */
async function beginsWith(folder: string, part: JournalPart, from: number): Promise<boolean> {
  const found = await stat(inRun(folder, EVENTS_FILE)).catch(() => null);
  if (!found || found.size < part.bytes) return false;
  if (found.size === part.size && found.mtimeMs === part.changed) return true;
  const blocks = await checksums(folder, from, part.bytes);
  return blocks.length === part.blocks.length - from && blocks.every((block, i) => block === part.blocks[from + i]);
}

/** Checksums of the blocks from number `from` on, up to byte `end`. */
async function checksums(folder: string, from: number, end: number): Promise<number[]> {
  const handle = await openRegular(inRun(folder, EVENTS_FILE));
  try {
    const blocks: number[] = [];
    const buffer = Buffer.allocUnsafe(Math.min(BLOCK, Math.max(0, end - from * BLOCK)));
    for (let at = from * BLOCK; at < end; at += BLOCK) {
      const length = Math.min(BLOCK, end - at);
      const { bytesRead } = await handle.read(buffer, 0, length, at);
      blocks.push(crc32(buffer.subarray(0, bytesRead)));
    }
    return blocks;
  } finally {
    await handle.close();
  }
}
