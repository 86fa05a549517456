/** An exported file is there completely or not at all: it is written beside its place and renamed. */
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { diskError } from '../disk.ts';

/** Lets `write` fill a file beside `path` and puts it there. Throws `disk` with the path when that cannot be written. */
export async function writeAside(path: string, write: (aside: string) => Promise<void>): Promise<void> {
  const aside = `${path}.tmp-${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await write(aside);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw diskError(error, path);
  }
}

/** Streams chunks into `path`, no faster than the disk takes them. */
export async function streamAside(path: string, chunks: AsyncIterable<string | Uint8Array>): Promise<void> {
  await writeAside(path, (aside) => pipeline(Readable.from(chunks, { objectMode: true }), createWriteStream(aside)));
}
