/** Complete lines of a growing text file, with their places. */
import { open } from 'node:fs/promises';

const CHUNK = 2 ** 20;
const NEWLINE = 0x0a;

export interface Line {
  text: string;
  /** From 1. */
  number: number;
  /** Byte behind the line's newline. */
  end: number;
}

/**
 * Yields the lines that end in a newline, beginning at byte `from`, which is line `number`. What comes behind the last
 * newline is not a line (yet). Memory: one chunk and one line.
 */
export async function* readLines(path: string, from = 0, number = 1): AsyncGenerator<Line> {
  const handle = await open(path, 'r');
  try {
    let position = from;
    let start = from;
    let rest: Uint8Array[] = [];
    for (;;) {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, position);
      if (bytesRead === 0) return;
      let begin = 0;
      for (let at = buffer.indexOf(NEWLINE); at >= 0 && at < bytesRead; at = buffer.indexOf(NEWLINE, begin)) {
        const bytes = Buffer.concat([...rest, buffer.subarray(begin, at)]);
        rest = [];
        begin = at + 1;
        start += bytes.length + 1;
        yield { text: bytes.toString(), number: number++, end: start };
      }
      if (begin < bytesRead) rest.push(buffer.subarray(begin, bytesRead));
      position += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
