/**
 * Creates ZIP files, in which Ray expects the files of a job. Equal files give equal bytes, so that Ray recognizes what it
 * already has. Implements only the small part of the format that it needs, instead of using a package.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { crc32 } from '../journal/crc.ts';

/** 1980-01-01: the earliest date of the format. */
const DATE = 0x21;
const VERSION = 20;
const UTF8_NAMES = 0x800;
const DEFLATED = 8;
/** Mode of a regular file that everyone may read, in the upper half of the external attributes; made on Unix. */
const MODE = 0o100644 * 0x10000;
const UNIX = 3 << 8;

/** Zips the files of a folder and its subfolders, by relative path. @returns bytes of the archive */
export async function zipFolder(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const name of names) {
    const data = await readFile(path.join(folder, name));
    const packed = deflateRawSync(data);
    const facts = factsOf(Buffer.from(name), data, packed);
    const head = Buffer.concat([numbers([4, 0x04034b50]), facts.common, numbers([2, 0]), facts.name]);
    directory.push(
      Buffer.concat([
        ...[numbers([4, 0x02014b50], [2, UNIX | VERSION]), facts.common],
        ...[numbers([2, 0], [2, 0], [2, 0], [2, 0], [4, MODE], [4, offset]), facts.name],
      ]),
    );
    parts.push(head, packed);
    offset += head.length + packed.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const count = names.length;
  const end = numbers([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, offset], [2, 0]);
  return Buffer.concat([...parts, ...directory, end]);
}

/** The fields shared by a file's local header and its entry in the directory. */
function factsOf(name: Buffer, data: Buffer, packed: Buffer): { common: Buffer; name: Buffer } {
  const common = numbers(
    ...([
      [2, VERSION],
      [2, UTF8_NAMES],
      [2, DEFLATED],
      [2, 0],
      [2, DATE],
    ] as const),
    ...([
      [4, crc32(data) >>> 0],
      [4, packed.length],
      [4, data.length],
      [2, name.length],
    ] as const),
  );
  return { common, name };
}

/** Little-endian integers of 2 or 4 bytes. */
function numbers(...given: readonly (readonly [size: 2 | 4, value: number])[]): Buffer {
  const bytes = Buffer.alloc(given.reduce((sum, [size]) => sum + size, 0));
  let at = 0;
  for (const [size, value] of given) at = bytes.writeUIntLE(value, at, size);
  return bytes;
}
