/** Log files: lines that are appended at once, and only to the latest files of a folder. */
import { appendFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from './folders.ts';

/** Begins a log that only the user can read, next to at most `kept - 1` earlier ones. Throws what the system refuses. */
export function beginLog(file: string, kept: number): void {
  const folder = dirname(file);
  makeFolder(folder, 0o700);
  const logs = readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .sort();
  for (const name of logs.slice(0, Math.max(0, logs.length - kept + 1))) rmSync(join(folder, name), { force: true });
  appendFileSync(file, '', { mode: 0o600 });
}

/** Appends before it returns, so that the line is there even if the process dies next. Throws what Node throws. */
export function appendLog(file: string, text: string): void {
  appendFileSync(file, text);
}
