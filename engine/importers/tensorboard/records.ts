/**
 * Records of a TensorBoard event file (TFRecord): length, its checksum, the data, its checksum. A file that is being written
 * ends within a record, which is read once it is whole.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { maskedCrc32c } from '../../journal/crc.ts';

const HEADER_BYTES = 12;
const FOOTER_BYTES = 4;
/** Images and graphs are not read; no scalars are longer. */
const MAX_RECORD_BYTES = 16 * 2 ** 20;

/** A record with a wrong checksum: the records after it cannot be found. */
export class BrokenRecord extends Error {}

/**
 * The records of a file from a byte on, each with the byte after it.
 * @throws BrokenRecord
 */
export async function* recordsFrom(file: string, start: number): AsyncGenerator<{ data: Buffer; end: number }> {
  const handle = await open(file, 'r');
  try {
    for (let at = start; ; ) {
      const head = await bytesAt(handle, at, HEADER_BYTES);
      if (!head) return;
      if (maskedCrc32c(head.subarray(0, 8)) !== head.readUInt32LE(8)) throw new BrokenRecord(`no record at byte ${at}`);
      const length = Number(head.readBigUInt64LE(0));
      const end = at + HEADER_BYTES + length + FOOTER_BYTES;
      if (length <= MAX_RECORD_BYTES) {
        const body = await bytesAt(handle, at + HEADER_BYTES, length + FOOTER_BYTES);
        if (!body) return;
        const data = body.subarray(0, length);
        if (maskedCrc32c(data) !== body.readUInt32LE(length)) throw new BrokenRecord(`a broken record at byte ${at}`);
        yield { data, end };
      }
      at = end;
    }
  } finally {
    await handle.close();
  }
}

/** null if the file ends before that. */
async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer | null> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
  return bytesRead === length ? buffer : null;
}
