/**
 * Caches results of reading large files completely. They are stored by path in the user's Rollscope folder and are
 * valid while size, times and inode are unchanged.
 */
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { rollscopeHome } from '../protocol/home.ts';
import { writeAtomically } from '../system/aside.ts';

/** Smaller files take only milliseconds and are read every time. */
export const REMEMBERED_BYTES = 8 * 2 ** 20;
/** A file that was written this recently may change again within the same tick of its clock. */
const SETTLED_MS = 2000;
const MAX_ENTRIES = 256;

const Facts = z.object({
  /** SHA-256 of its contents, in hexadecimal. */
  sha256: z.string().optional(),
  /** Hash of the names and locations of the tensors that were found to be finite. */
  finite: z.string().optional(),
});
type Facts = z.infer<typeof Facts>;
const Memory = z.record(z.string(), Facts.extend({ state: z.string(), at: z.number() }));
type Memory = z.infer<typeof Memory>;

function memoryFile(): string {
  return path.join(rollscopeHome(), 'hashes.json');
}

/** Reads the cache; empty if the file is missing or damaged, since everything can be recomputed. */
async function readMemory(): Promise<Memory> {
  try {
    return Memory.parse(JSON.parse(await readFile(memoryFile(), 'utf8')));
  } catch {
    return {};
  }
}

async function remember(file: string, state: string, facts: Facts): Promise<void> {
  const memory = await readMemory();
  const before = memory[file]?.state === state ? memory[file] : {};
  const entries = Object.entries({ ...memory, [file]: { ...before, ...facts, state, at: Date.now() } });
  const latest = entries.sort(([, a], [, b]) => b.at - a.at).slice(0, MAX_ENTRIES);
  try {
    await writeAtomically(memoryFile(), `${JSON.stringify(Object.fromEntries(latest), null, 1)}\n`);
  } catch {
    // If the cache cannot be written, the file is read again next time.
  }
}

/** Changes when a file is written or replaced. The change time reveals writes that reset the modification time. */
async function stateOf(file: string): Promise<{ state: string; size: number; changed: number }> {
  const { size, mtimeNs, ctimeNs, ino, dev } = await stat(file, { bigint: true });
  const changed = Math.max(Number(mtimeNs), Number(ctimeNs)) / 1e6;
  return { state: [size, mtimeNs, ctimeNs, ino, dev].join(' '), size: Number(size), changed };
}

/**
 * A fact about a file: the cached one, if `holds` accepts it, or else the result of `find`.
 * @param find gets the file behind all links, and its size
 */
export async function remembered(
  given: string,
  fact: keyof Facts,
  find: (file: string, size: number) => Promise<string>,
  holds: (known: string) => boolean = () => true,
): Promise<string> {
  const file = await realpath(given);
  const before = await stateOf(file);
  if (before.size < REMEMBERED_BYTES) return find(file, before.size);
  const entry = (await readMemory())[file];
  const known = entry?.state === before.state ? entry[fact] : undefined;
  if (known !== undefined && holds(known)) return known;
  const started = Date.now();
  const found = await find(file, before.size);
  const after = await stateOf(file);
  if (after.state === before.state && started - after.changed > SETTLED_MS) {
    await remember(file, after.state, { [fact]: found });
  }
  return found;
}
