/** Complete lines of a growing text file, with their positions. */
import { RollscopeError } from '../protocol/errors.ts';
import { openRegular } from '../system/regular-file.ts';

const CHUNK = 2 ** 20;
/** For reading backward: what is searched for is usually near the end. */
const CHUNK_BACKWARD = 2 ** 18;
const NEWLINE = 0x0a;
/** The greatest plausible length of a line, in bytes; a JavaScript string has at most twice as many. */
const MAX_LINE_BYTES = 256 * 2 ** 20;

export interface Line {
  text: string;
  /** From 1. */
  number: number;
  /** Byte after the line's newline. */
  end: number;
}

/**
 * Yields the lines that end in a newline, numbered from 1. What comes after the last newline is not a line (yet). Memory:
 * one chunk and one line.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let number = 1;
  let end = 0;
  for await (const block of readLineBlocks(path)) {
    for (const bytes of linesOf(block)) {
      end += bytes.length + 1;
      yield { text: bytes.toString(), number: number++, end };
    }
  }
}

/**
 * The same lines as bytes, many at a time: each buffer begins and ends with a complete line, and is valid until the
 * next one is requested. For scanning all lines of a large file without decoding them. Memory: one chunk and one line.
 */
export async function* readLineBlocks(path: string, from = 0): AsyncGenerator<Buffer> {
  const handle = await openRegular(path);
  try {
    let rest: Uint8Array[] = [];
    // Reused, since buffers that are discarded by the megabyte stay in memory for a long time.
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let position = from; ; ) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      const chunk = buffer.subarray(0, bytesRead);
      const whole = chunk.lastIndexOf(NEWLINE) + 1;
      if (whole > 0) {
        yield rest.length > 0 ? Buffer.concat([...rest, chunk.subarray(0, whole)]) : chunk.subarray(0, whole);
        rest = [];
      }
      if (whole < bytesRead) rest.push(Uint8Array.prototype.slice.call(chunk, whole));
      if (rest.length > MAX_LINE_BYTES / CHUNK) checkLength(path, rest.length * CHUNK);
    }
  } finally {
    await handle.close();
  }
}

/** The lines of a text that end in a newline, as bytes of it. */
export function* linesOf(bytes: Buffer): Generator<Buffer> {
  let begin = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, begin)) {
    yield bytes.subarray(begin, at);
    begin = at + 1;
  }
}

/** The same, the last one first, as `readLinesBackward` yields them. */
export function* linesOfBackward(bytes: Buffer): Generator<{ bytes: Buffer; start: number; behind: number }> {
  for (let end = bytes.lastIndexOf(NEWLINE); end >= 0; ) {
    const before = end > 0 ? bytes.lastIndexOf(NEWLINE, end - 1) : -1;
    yield { bytes: bytes.subarray(before + 1, end), start: before + 1, behind: bytes.length - before - 1 };
    end = before;
  }
}

/**
 * Yields the lines that end in a newline, the last one first: their bytes, the byte at which each starts, and how many
 * bytes followed when reading began. Memory: one chunk and one line.
 */
export async function* readLinesBackward(
  path: string,
): AsyncGenerator<{ bytes: Buffer; start: number; behind: number }> {
  const handle = await openRegular(path);
  try {
    const { size } = await handle.stat();
    // The beginnings of chunks that belong to the line whose start is not found yet, the last one first.
    let rest: Buffer[] = [];
    const line = (first: Buffer) => (rest.length === 0 ? first : Buffer.concat([first, ...rest.reverse()]));
    // The text after the last newline is not a complete line.
    let whole = false;
    for (let position = size; position > 0; ) {
      const length = Math.min(CHUNK_BACKWARD, position);
      position -= length;
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
      const bytes = buffer.subarray(0, bytesRead);
      let end = bytes.length;
      for (let at = bytes.lastIndexOf(NEWLINE); at >= 0; at = end > 0 ? bytes.lastIndexOf(NEWLINE, end - 1) : -1) {
        const start = position + at + 1;
        if (whole) yield { bytes: line(bytes.subarray(at + 1, end)), start, behind: size - start };
        rest = [];
        whole = true;
        end = at;
      }
      rest.push(bytes.subarray(0, end));
      if (rest.length > MAX_LINE_BYTES / CHUNK_BACKWARD) checkLength(path, rest.length * CHUNK_BACKWARD);
    }
    if (whole) yield { bytes: line(Buffer.alloc(0)), start: 0, behind: size };
  } finally {
    await handle.close();
  }
}

function checkLength(path: string, bytes: number): void {
  if (bytes <= MAX_LINE_BYTES) return;
  throw new RollscopeError(
    'run-broken',
    `${path} has a line of more than ${MAX_LINE_BYTES / 2 ** 20} MiB.`,
    "'rollscope repair' copies what comes before it.",
    { details: { reason: 'line-too-long', file: path, most: MAX_LINE_BYTES } },
  );
}
