/**
 * How clients find engines: each engine writes its address into `<home>/engines/<pid>.json`, which only the user can
 * read, because the address carries the token. Whoever lists removes what dead engines left behind.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EngineAddress } from '../protocol/rpc.ts';

/** Longest path of a Unix socket on every system (104 bytes on macOS, with the closing zero). */
const LONGEST_SOCKET_PATH = 103;
const SOCKET_FOLDER = 'rollscope-';

export function enginesFolder(home: string): string {
  return path.join(home, 'engines');
}

/**
 * Makes a place for a socket: a named pipe on Windows, elsewhere a socket in a new folder that only the user can enter.
 * The system's folder for temporary files keeps the path short wherever the home folder lies.
 */
export function createSocketPath(): string {
  if (process.platform === 'win32') {
    return `\\\\.\\pipe\\rollscope-${process.pid}-${randomBytes(8).toString('hex')}`;
  }
  const wanted = Buffer.byteLength(path.join(tmpdir(), `${SOCKET_FOLDER}XXXXXX`, 'socket'));
  const base = wanted <= LONGEST_SOCKET_PATH ? tmpdir() : '/tmp';
  mkdirSync(base, { recursive: true });
  // mkdtemp makes the folder with mode 0700.
  return path.join(mkdtempSync(path.join(base, SOCKET_FOLDER)), 'socket');
}

export function removeSocketPath(socket: string): void {
  if (process.platform === 'win32') return;
  const folder = path.dirname(socket);
  if (path.basename(folder).startsWith(SOCKET_FOLDER)) rmSync(folder, { recursive: true, force: true });
}

/** Writes the discovery file in one piece (0600 in a 0700 folder) and returns its path. */
export async function publishAddress(home: string, address: EngineAddress): Promise<string> {
  const folder = enginesFolder(home);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // The folder may be older than this rule.
  await chmod(folder, 0o700);
  const file = path.join(folder, `${address.pid}.json`);
  const aside = `${file}.new`;
  await rm(aside, { force: true });
  await writeFile(aside, `${JSON.stringify(address)}\n`, { mode: 0o600 });
  await rename(aside, file);
  return file;
}

/** Removes an engine's discovery file and its socket, synchronously, so that it works while the process exits. */
export function withdrawAddress(home: string, address: EngineAddress): void {
  rmSync(path.join(enginesFolder(home), `${address.pid}.json`), { force: true });
  removeSocketPath(address.socket);
}

/** Addresses of the engines whose process lives, the latest first. What dead ones left behind is removed. */
export async function listEngines(home: string): Promise<EngineAddress[]> {
  const folder = enginesFolder(home);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const engines: EngineAddress[] = [];
  for (const name of names) {
    if (!/^\d+\.json$/.test(name)) continue;
    const file = path.join(folder, name);
    const address = await readAddress(file);
    if (address === 'gone') continue;
    // A file that cannot be understood may be a newer engine's: it stays while that process lives.
    if (isAlive(Number.parseInt(name, 10))) {
      if (address !== 'broken') engines.push(address);
      continue;
    }
    await rm(file, { force: true });
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

/** True when a process of this id exists (also one of another user). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
