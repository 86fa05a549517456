/** Whether a file that a trainer writes is whole. */
import { open } from 'node:fs/promises';

/** Ends in a newline. */
export async function endsLine(file: string): Promise<boolean> {
  return (await lastBytes(file, 1)) === '\n';
}

/** Ends as an object of JSON does, with or without a newline. */
export async function endsObject(file: string): Promise<boolean> {
  return /\}\s*$/.test(await lastBytes(file, 2));
}

/** Ends as a Parquet file does: its footer is written last. */
export async function isWholeParquet(file: string): Promise<boolean> {
  return (await lastBytes(file, 4)) === 'PAR1';
}

async function lastBytes(file: string, count: number): Promise<string> {
  const handle = await open(file, 'r').catch(() => null);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    if (size < count) return '';
    const { buffer } = await handle.read(Buffer.alloc(count), 0, count, size - count);
    return buffer.toString('latin1');
  } finally {
    await handle.close();
  }
}
