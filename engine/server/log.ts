/** The engine's log file: one a process, in `<home>/logs`, the latest twenty are kept. */
import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

const KEPT = 20;

export type LogLevel = 'info' | 'warning' | 'error';

export interface EngineLog {
  /** null when the file could not be made; the engine works without one. */
  readonly file: string | null;
  write(level: LogLevel, message: string, error?: unknown): void;
}

/** Opens `<home>/logs/<time>-<pid>.log`. Never throws: a full disk must not end a run because of its log. */
export function openLog(home: string): EngineLog {
  const folder = path.join(home, 'logs');
  let file: string | null = path.join(folder, `${new Date().toISOString().replace(/[:.]/g, '-')}-${process.pid}.log`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    removeOldest(folder);
    appendFileSync(file, '', { mode: 0o600 });
  } catch {
    file = null;
  }
  return {
    file,
    write(level, message, error) {
      if (!file) return;
      const detail = error === undefined ? '' : `\n${error instanceof Error ? (error.stack ?? error.message) : error}`;
      try {
        appendFileSync(file, `${new Date().toISOString()} ${level} ${message}${detail}\n`);
      } catch {
        // Nothing to be done: the log is where failures are told.
      }
    },
  };
}

function removeOldest(folder: string): void {
  const logs = readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .sort();
  for (const name of logs.slice(0, Math.max(0, logs.length - KEPT + 1)))
    rmSync(path.join(folder, name), { force: true });
}
