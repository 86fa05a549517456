/** Converts what older formats (1 and 2) wrote to the current form, in one step. */
import { errorCodeOf } from '../../protocol/errors.ts';
import type { GroupRecord } from '../../protocol/records.ts';
import type { Tolerant } from '../tolerant.ts';
import { readGroup2, summaryOf2 } from './records2.ts';

type Json = Record<string, unknown>;

/** `run.json` contained the run's name, which is now the folder's, and no origin. */
export function upgradeRunFile(value: Json): Json {
  if (value.origin !== undefined) return value;
  const version = (value.versions as { rollscope?: unknown } | undefined)?.rollscope ?? null;
  return { ...value, origin: { engine: 'rollscope', version, files: [] } };
}

/** `problems.jsonl`: the problem's text was called `prompt`. */
export function upgradeProblem(value: Json): Json {
  if (value.text !== undefined || value.prompt === undefined) return value;
  const { prompt, ...rest } = value;
  return { ...rest, text: prompt };
}

/** `events.jsonl`: an end record may have an error code of former spelling. On parsed JSON, before it is checked. */
export function upgradeRecord(value: unknown): unknown {
  const { type: kind, error } = (value ?? {}) as { type?: unknown; error?: { code?: unknown } };
  if (kind !== 'end' || typeof error?.code !== 'string') return value;
  return { ...(value as Json), error: { ...error, code: errorCodeOf(error.code) ?? error.code } };
}

/** `events.jsonl`: group records held a summary of each rollout. What follows from a checked record is not checked again. */
export function readOldRecord(value: unknown): Tolerant<GroupRecord> {
  const old = readGroup2(value);
  if (!old.success) return old;
  const { type, seq, time, frame } = old.data;
  return { success: true, data: { type, seq, time, ...summaryOf2(old.data), frame } };
}
