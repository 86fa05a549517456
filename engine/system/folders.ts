/** Folders: made with those above them, and made durable. */
import { existsSync, mkdirSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/**
 * Creates a folder and those above it that are missing. Returns the uppermost one that it created, as `mkdir` does. Node's
 * own recursive mkdir never returns below a folder that takes no entries (/proc, automounts).
 */
export function makeFolder(path: string, mode = 0o777): string | undefined {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const folder of missing) {
    try {
      mkdirSync(folder, { mode });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  // What is there may be a file.
  if (missing.length === 0) mkdirSync(path, { recursive: true });
  return missing[0];
}

/** Makes the entries of a folder durable. Windows has no such call and orders them itself. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes every file and folder below `path` durable. */
export async function syncTree(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) {
      await syncTree(child);
    } else if (entry.isFile()) {
      const handle = await open(child, 'r+');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  }
  await syncFolder(path);
}
