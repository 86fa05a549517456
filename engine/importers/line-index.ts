/**
 * A file of rollouts, one per line as JSON, read in two passes: the first finds which lines belong together, the second
 * reads one group after the other. So memory does not grow with the file, in whatever order its lines are.
 */
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { RowValues } from '../data/fields.ts';
import type { ForeignRollout } from './group.ts';
import type { LoggedGroup, ReadContext } from './importer.ts';
import { BROKEN, parseLine } from './json-lines.ts';

/** Largest file of a step that is read once and held, in bytes; larger ones are read in two passes. */
export const MAX_WHOLE_BYTES = 64 * 2 ** 20;

const CHUNK = 4 * 2 ** 20;
const NEWLINE = 0x0a;
/** Bytes; a longer line is not a rollout. */
const MAX_LINE_BYTES = 256 * 2 ** 20;

interface Lines {
  /** The byte at which each line begins, and its length. */
  starts: number[];
  lengths: number[];
}

/** Lines by problem, in the order in which the problems first occur. */
export class LineGroups {
  readonly problems = new Map<number, Lines>();
  /** Bytes of the lines. */
  bytes = 0;

  /** @param first byte at which the first of the lines begins */
  constructor(readonly first: number) {}

  add(problem: number, start: number, length: number): void {
    let lines = this.problems.get(problem);
    if (!lines) {
      lines = { starts: [], lengths: [] };
      this.problems.set(problem, lines);
    }
    lines.starts.push(start);
    lines.lengths.push(length);
    this.bytes += length;
  }
}

export interface ScannedLine {
  values: RowValues;
  /** From 1. */
  number: number;
  start: number;
  length: number;
}

/** The position of a scan. */
export interface ScanPosition {
  offset: number;
  /** Lines before it. */
  lines: number;
}

/**
 * The lines of a file from a position on; those that are not JSON objects, or too long to be held, are faults. The text
 * after the last newline is a line only at the end of a file that no longer grows.
 * @throws RollscopeError `canceled` by the context's check
 */
export async function* scanLines(
  file: string,
  name: string,
  position: ScanPosition,
  { faults, check }: Pick<ReadContext, 'faults' | 'check'>,
  whole: boolean,
): AsyncGenerator<ScannedLine> {
  const handle = await open(file, 'r');
  try {
    let at = position.offset;
    /** The part of the line at `position` that was read so far. */
    let chunks: Buffer[] = [];
    let held = 0;
    /** The line is too long: its bytes are not kept. */
    let skips = false;
    const endLine = (last: Buffer, next: number): ScannedLine | null => {
      const bytes = chunks.length > 0 ? Buffer.concat([...chunks, last]) : last;
      const [number, start] = [position.lines + 1, position.offset];
      const parsed = skips ? null : parseLine(bytes.toString());
      chunks = [];
      held = 0;
      skips = false;
      position.offset = next;
      position.lines = number;
      if (parsed === null) return null;
      if (typeof parsed !== 'string') return { values: parsed, number, start, length: bytes.length };
      faults.add(`${name}:${number}`, parsed, parsed === BROKEN ? 'broken-json' : 'not-an-object');
      return null;
    };
    for (;;) {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, at);
      check(bytesRead);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      let begin = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, begin)) {
        const line = endLine(chunk.subarray(begin, end), at + end + 1);
        begin = end + 1;
        if (line) yield line;
      }
      at += bytesRead;
      held += bytesRead - begin;
      if (!skips && held > MAX_LINE_BYTES) {
        skips = true;
        faults.add(`${name}:${position.lines + 1}`, 'the line is too long', 'long-line');
      }
      if (skips) chunks = [];
      else if (begin < bytesRead) chunks.push(chunk.subarray(begin));
    }
    if (whole && held > 0) {
      const line = endLine(Buffer.alloc(0), at);
      if (line) yield line;
    }
  } finally {
    await handle.close();
  }
}

/**
 * Reads the rollouts of one group after another. Lines that are not rollouts were found in the first pass.
 * @param rolloutsOf the rollouts of a line for a problem, by its index
 */
export async function* readGroups(
  file: string,
  { problems }: Pick<LineGroups, 'problems'>,
  rolloutsOf: (values: RowValues, problem: number) => readonly ForeignRollout[],
  check: (bytes: number) => void,
): AsyncGenerator<LoggedGroup> {
  const handle = await open(file, 'r');
  const reader = new BufferedReader(handle);
  try {
    for (const [problem, { starts, lengths }] of problems) {
      const rollouts: ForeignRollout[] = [];
      let bytes = 0;
      for (const [i, start] of starts.entries()) {
        bytes += lengths[i]!;
        const parsed = parseLine((await reader.read(start, lengths[i]!)).toString());
        if (parsed !== null && typeof parsed !== 'string')
          for (const rollout of rolloutsOf(parsed, problem)) rollouts.push(rollout);
      }
      check(bytes);
      if (rollouts.length > 0) yield { problem, rollouts };
    }
  } finally {
    await handle.close();
  }
}

/** Lines that are close to each other cost one read. */
class BufferedReader {
  private buffer: Buffer = Buffer.alloc(0);
  private start = 0;

  constructor(private readonly handle: FileHandle) {}

  async read(start: number, length: number): Promise<Buffer> {
    if (start < this.start || start + length > this.start + this.buffer.length) {
      const size = Math.max(length, CHUNK / 4);
      const { buffer, bytesRead } = await this.handle.read(Buffer.allocUnsafe(size), 0, size, start);
      this.buffer = buffer.subarray(0, bytesRead);
      this.start = start;
    }
    return this.buffer.subarray(start - this.start, start - this.start + length);
  }
}

/** The first object of a file; null if there is none, or if the file cannot be read. */
export async function firstLine(file: string): Promise<RowValues | null> {
  const context = { faults: { add: () => {} }, check: () => {} };
  try {
    for await (const { values } of scanLines(file, file, { offset: 0, lines: 0 }, context, true)) return values;
  } catch {
    // The reader of the file reports the error.
  }
  return null;
}

/** Size of a file, and a stamp that changes when it is written; null if it does not exist. */
export async function fileState(file: string): Promise<{ size: number; stamp: string } | null> {
  try {
    const { size, mtimeMs } = await stat(file);
    return { size, stamp: `${size} ${Math.round(mtimeMs)}` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
