/** Names and schemas of the files in a run folder. */
import { basename, join, resolve } from 'node:path';
import * as z from 'zod';

export const RUN_FILE = 'run.json';
export const PROBLEMS_FILE = 'problems.jsonl';
export const PROMPTS_FILE = 'prompts.jsonl';
export const EVENTS_FILE = 'events.jsonl';
export const LOCK_FILE = 'lock';
/** The state of an import (`import-state.ts`): which parts were imported. */
export const IMPORT_FILE = 'import.json';
export const MARK_FILE = 'own.mark';
export const CHECKPOINTS = 'checkpoints';

/** A new rollout file is started when a frame would make the current one larger than this. */
export const ROLLOUT_FILE_BYTES = 256 * 2 ** 20;

/** A position in the sequence of rollout files: where the next frame goes. */
export const FrameCursor = z.object({ file: z.int().min(0), offset: z.int().min(0) });
export type FrameCursor = z.infer<typeof FrameCursor>;

/** The position of a journal: the next record's number and the next frame's place. Keys of newer versions are dropped. */
export const JournalPosition = z.object({ nextSeq: z.int().min(0), frames: FrameCursor });
export type JournalPosition = z.infer<typeof JournalPosition>;

export const START: JournalPosition = { nextSeq: 0, frames: { file: 0, offset: 0 } };

/** `rollouts-000.bin` for index 0. */
export function rolloutFileName(index: number): string {
  return `rollouts-${String(index).padStart(3, '0')}.bin`;
}

/** Number of a rollout file; null if the name is not one, so that a pointer cannot leave the run folder. */
export function rolloutFileIndex(name: string): number | null {
  const match = /^rollouts-(\d{3,})\.bin$/.exec(name);
  return match ? Number(match[1]) : null;
}

/** Whether frame a was written before frame b: by file, then by byte. */
export function isBefore(a: FrameCursor, b: FrameCursor): boolean {
  return a.file < b.file || (a.file === b.file && a.offset < b.offset);
}

/** The folder of a checkpoint, relative to the run's. @param step steps that were complete */
export function checkpointPath(step: number): string {
  return `${CHECKPOINTS}/${step}`;
}

/** A run's name is its folder's, so that a copy has a name of its own. */
export function runName(folder: string): string {
  return basename(resolve(folder));
}

/**
 * The path of a file of the run format. `name` is one of ours, never a name from outside
 * (`engine/system/file-name.ts`).
 */
export function inRun(folder: string, name: string): string {
  return join(folder, name);
}
