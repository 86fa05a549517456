/** The engine's log file: one a process, in `<home>/logs`, the latest twenty are kept. */
import path from 'node:path';
import { appendLog, beginLog } from '../system/log-file.ts';

const MAX_LOG_FILES = 20;

export type LogLevel = 'info' | 'warning' | 'error';

export interface EngineLog {
  /** null when the file could not be made; the engine works without one. */
  readonly file: string | null;
  write(level: LogLevel, message: string, error?: unknown): void;
}

/** Opens `<home>/logs/<time>-<pid>.log`. Never throws: a full disk must not end a run because of its log. */
export function openLog(home: string): EngineLog {
  let file: string | null = path.join(
    home,
    'logs',
    `${new Date().toISOString().replace(/[:.]/g, '-')}-${process.pid}.log`,
  );
  try {
    beginLog(file, MAX_LOG_FILES);
  } catch {
    file = null;
  }
  return {
    file,
    write(level, message, error) {
      if (!file) return;
      const detail = error === undefined ? '' : `\n${error instanceof Error ? (error.stack ?? error.message) : error}`;
      try {
        appendLog(file, `${new Date().toISOString()} ${level} ${message}${detail}\n`);
      } catch {
        // There is nothing to do: failures would be reported in this log.
      }
    },
  };
}
