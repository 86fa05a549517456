/**
 * How clients find engines: each engine writes its address into `<home>/engines/<pid>.json`, which only the user can
 * read, because the address carries the token. Listing removes what dead engines left behind.
 */

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { EngineAddress } from '../protocol/rpc.ts';
import { writeAtomically } from '../system/aside.ts';
import { ensureFolder, remove, removeSync, restrict } from '../system/files.ts';
import { isProcessAlive } from '../system/liveness.ts';
import { removeSocketPath } from '../system/socket-path.ts';

/** The folder of the address files, one per live engine. @param home the user's Rollscope folder */
export function enginesFolder(home: string): string {
  return path.join(home, 'engines');
}

/** Writes the discovery file as a whole (0600 in a 0700 folder) and returns its path. */
export async function publishAddress(home: string, address: EngineAddress): Promise<string> {
  const folder = enginesFolder(home);
  await ensureFolder(folder, 0o700);
  // The folder may be older than this rule.
  await restrict(folder, 0o700);
  const file = path.join(folder, `${address.pid}.json`);
  await writeAtomically(file, `${JSON.stringify(address)}\n`, { mode: 0o600 });
  return file;
}

/** Removes an engine's discovery file and its socket, synchronously, so that it works while the process exits. */
export function withdrawAddress(home: string, address: EngineAddress): void {
  try {
    removeSync(path.join(enginesFolder(home), `${address.pid}.json`));
  } catch {
    // If the folder cannot be created or was removed, nothing is published there.
  }
  removeSocketPath(address.socket);
}

/** Addresses of the engines whose process is alive, the latest first. Removes what dead engines left behind. */
export async function listEngines(home: string): Promise<EngineAddress[]> {
  const folder = enginesFolder(home);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
  const engines: EngineAddress[] = [];
  for (const name of names) {
    if (!/^\d+\.json$/.test(name)) continue;
    const file = path.join(folder, name);
    const address = await readAddress(file);
    if (address === 'gone') continue;
    // A file that cannot be understood may be a newer engine's: it stays while that process lives.
    if (isProcessAlive(Number.parseInt(name, 10))) {
      if (address !== 'broken') engines.push(address);
      continue;
    }
    await remove(file);
    if (address !== 'broken') removeSocketPath(address.socket);
  }
  return engines.sort((a, b) => b.started.localeCompare(a.started));
}

async function readAddress(file: string): Promise<EngineAddress | 'broken' | 'gone'> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return 'gone';
  }
  try {
    return EngineAddress.parse(JSON.parse(text));
  } catch {
    return 'broken';
  }
}
