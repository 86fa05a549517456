/**
 * What was found by reading large files as a whole. It is remembered in the user's Rollscope folder by path, and holds as
 * long as size, times and inode stay what they were.
 */
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { rollscopeHome } from '../protocol/home.ts';
import { writeWhole } from '../system/aside.ts';

/** Smaller files are read in milliseconds, every time. */
export const REMEMBERED_BYTES = 8 * 2 ** 20;
/** A file that was written this recently may be written again within the same tick of its clock. */
const SETTLED_MS = 2000;
const MOST_ENTRIES = 256;

const Facts = z.object({
  /** Hash of its contents, in hexadecimal. */
  sha256: z.string().optional(),
  /** Which of its tensors were found to be finite: a hash of their names and places. */
  finite: z.string().optional(),
});
type Facts = z.infer<typeof Facts>;
const Memory = z.record(z.string(), Facts.extend({ state: z.string(), at: z.number() }));
type Memory = z.infer<typeof Memory>;

function memoryFile(): string {
  return path.join(rollscopeHome(), 'hashes.json');
}

/** What is remembered; nothing where the file is missing or damaged, since everything can be found again. */
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
  const latest = entries.sort(([, a], [, b]) => b.at - a.at).slice(0, MOST_ENTRIES);
  try {
    await writeWhole(memoryFile(), `${JSON.stringify(Object.fromEntries(latest), null, 1)}\n`);
  } catch {
    // Where nothing can be kept, the file is read again next time.
  }
}

/** Changes when a file is written to or replaced. The change time also tells of writes that set the modification time back. */
async function stateOf(file: string): Promise<{ state: string; size: number; changed: number }> {
  const { size, mtimeNs, ctimeNs, ino, dev } = await stat(file, { bigint: true });
  const changed = Math.max(Number(mtimeNs), Number(ctimeNs)) / 1e6;
  return { state: [size, mtimeNs, ctimeNs, ino, dev].join(' '), size: Number(size), changed };
}

/**
 * A fact about a file: what is remembered, if `holds` accepts it, or else what `find` says.
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
