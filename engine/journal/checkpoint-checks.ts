/** Whether a checkpoint is unchanged since it was written: checksums of its files are stored with it. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { writeInPlace } from '../system/files.ts';
import { openRegular, readRegular } from '../system/regular-file.ts';
import { crc32 } from './crc.ts';

const CHECKS_FILE = 'checksums.json';
const BLOCK = 2 ** 20;

/** For each file, its length and the CRC-32 of each block of 2^20 bytes (the last block may be shorter). */
const Checks = z.record(z.string(), z.object({ bytes: z.int().min(0), blocks: z.array(z.int().min(0)) }));
type Checks = z.infer<typeof Checks>;

/** Describes the contents of a checkpoint's folder; files that are added later are not covered. */
export async function writeChecks(folder: string): Promise<void> {
  const names = (await readdir(folder)).sort();
  const checks: Checks = {};
  for (const name of names) checks[name] = await describe(join(folder, name));
  await writeInPlace(join(folder, CHECKS_FILE), `${JSON.stringify(checks)}\n`);
}

async function describe(path: string): Promise<Checks[string]> {
  const handle = await openRegular(path);
  try {
    const blocks: number[] = [];
    const buffer = Buffer.allocUnsafe(BLOCK);
    for (let bytes = 0; ; ) {
      const { bytesRead } = await handle.read(buffer, 0, BLOCK, bytes);
      if (bytesRead === 0) return { bytes, blocks };
      blocks.push(crc32(buffer.subarray(0, bytesRead)));
      bytes += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

/** The damage to a checkpoint, as far as its checksums show; null for none. */
export async function checkpointFault(folder: string): Promise<string | null> {
  const text = await readRegular(join(folder, CHECKS_FILE)).catch(() => null);
  if (text === null) return null;
  let checks: Checks;
  try {
    checks = Checks.parse(JSON.parse(text));
  } catch {
    return `${CHECKS_FILE} cannot be read`;
  }
  for (const [name, { bytes, blocks }] of Object.entries(checks)) {
    const found = await describe(join(folder, name)).catch((error: NodeJS.ErrnoException) => error);
    if (found instanceof Error)
      return `${name} ${found.code === 'ENOENT' ? 'is missing' : `cannot be read (${found.code})`}`;
    if (found.bytes !== bytes) return `${name} has ${found.bytes} bytes instead of ${bytes}`;
    const at = blocks.findIndex((block, i) => block !== found.blocks[i]);
    if (at >= 0) return `${name} has changed since it was written, after byte ${at * BLOCK}`;
  }
  return null;
}
