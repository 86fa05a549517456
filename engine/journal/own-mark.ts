/**
 * Whether a run was made by this user on this machine and is unchanged: a run folder can come from anyone, and its
 * configuration names programs. A run that may run programs gets a mark, a keyed hash of its `run.json`; the key never
 * leaves the user's Rollscope folder. A folder without a matching mark is treated as someone else's.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { rollscopeHome } from '../protocol/home.ts';
import { writeAtomically, writeIfAbsent } from '../system/aside.ts';
import { makeFolder } from '../system/folders.ts';
import { readRegular, readRegularBytes } from '../system/regular-file.ts';
import { inRun, MARK_FILE, RUN_FILE } from './layout.ts';

const KEY_BYTES = 32;

/** Marks a run as made here. Does nothing if the user's folder is not writable; the user is then asked. */
export async function markAsOwn(folder: string): Promise<void> {
  try {
    const key = (await readKey()) ?? (await createKey());
    await writeAtomically(inRun(folder, MARK_FILE), `${await markOf(folder, key)}\n`, { mode: 0o600 });
  } catch {
    // not marked
  }
}

/**
 * Whether the mark of the folder fits its `run.json` and this user's key. False where either is missing or unreadable;
 * never throws.
 */
export async function isOwnRun(folder: string): Promise<boolean> {
  try {
    const key = await readKey();
    if (!key) return false;
    const found = Buffer.from((await readRegular(inRun(folder, MARK_FILE))).trim(), 'hex');
    const mark = Buffer.from(await markOf(folder, key), 'hex');
    return found.length === mark.length && timingSafeEqual(found, mark);
  } catch {
    return false;
  }
}

async function markOf(folder: string, key: Buffer): Promise<string> {
  return createHmac('sha256', key)
    .update(await readRegularBytes(inRun(folder, RUN_FILE)))
    .digest('hex');
}

function keyFile(): string {
  return path.join(rollscopeHome(), 'own.key');
}

async function readKey(): Promise<Buffer | null> {
  const key = await readFile(keyFile()).catch(() => null);
  return key?.length === KEY_BYTES ? key : null;
}

/** If several processes create a key at the same time, all use the first one. */
async function createKey(): Promise<Buffer> {
  const file = keyFile();
  makeFolder(path.dirname(file), 0o700);
  await writeIfAbsent(file, randomBytes(KEY_BYTES), 0o600);
  const key = await readKey();
  if (!key) throw new Error(`${file} is not a key`);
  return key;
}
