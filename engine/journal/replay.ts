/**
 * Exact resume. Training is deterministic, so after a kill the loop returns to the last checkpoint and repeats its
 * work; here the repeated records are recognized instead of being written twice.
 */
import type { JournalRecord, NewRecord } from '../protocol/records.ts';
import type { WarningCode } from '../protocol/warnings.ts';

/** Code of the warning for a repeated run that diverged. */
export const REPLAY_DIVERGED = 'replay-diverged' satisfies WarningCode;

/** Records about what happened to a run rather than what it computed, which are not compared. */
export function isIncidental(record: NewRecord): boolean {
  return (
    record.type === 'lifecycle' ||
    record.type === 'checkpoint' ||
    (record.type === 'end' && record.reason !== 'completed') ||
    (record.type === 'warning' && record.code === REPLAY_DIVERGED)
  );
}

/** The records after a checkpoint, waiting to be done again. */
export class Replay {
  #at = 0;

  constructor(private readonly records: readonly JournalRecord[]) {
    this.#skip();
  }

  /** The next record that must come again; undefined when all have come. */
  get next(): JournalRecord | undefined {
    return this.records[this.#at];
  }

  advance(): void {
    this.#at++;
    this.#skip();
  }

  #skip(): void {
    while (this.next && isIncidental(this.next)) this.#at++;
  }
}

const IGNORED = new Set(['seq', 'time', 'timing']);
/** Warnings are compared by code and place, since another version may word them differently. */
const IGNORED_IN_WARNINGS = new Set([...IGNORED, 'message', 'watch']);

/**
 * Where two records differ, apart from number, time, timing and the words of a warning, such as `metrics.loss: 0.25 instead of 0.5`; null when
 * they are the same. A field that is undefined counts as absent, since JSON knows no undefined.
 */
export function firstDifference(before: JournalRecord, now: NewRecord): string | null {
  return difference(before, now, '', now.type === 'warning' ? IGNORED_IN_WARNINGS : IGNORED);
}

function difference(before: unknown, now: unknown, path: string, ignored?: Set<string>): string | null {
  if (before === now) return null;
  if (typeof before !== 'object' || typeof now !== 'object' || before === null || now === null) {
    return `${path || 'value'}: ${brief(now)} instead of ${brief(before)}`;
  }
  if (Array.isArray(before) && Array.isArray(now) && before.length !== now.length) {
    return `${path}: ${now.length} entries instead of ${before.length}`;
  }
  const left = before as Record<string, unknown>;
  const right = now as Record<string, unknown>;
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (ignored?.has(key)) continue;
    const found = difference(left[key], right[key], path ? `${path}.${key}` : key);
    if (found) return found;
  }
  return null;
}

function brief(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
