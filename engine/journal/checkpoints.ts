/** Checkpoints: folders that are written aside, made durable, and then put in place by one rename. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFolder } from '../system/aside.ts';
import { remove, removeSync, writeInPlace } from '../system/files.ts';
import { readRegular } from '../system/regular-file.ts';
import { writeChecks } from './checkpoint-checks.ts';
import { CHECKPOINTS, checkpointPath, inRun, JournalPosition } from './layout.ts';

/**
 * In addition to the weights: the position of the journal, so that a resumed run knows which records to expect again.
 */
export const POSITION_FILE = 'journal.json';
const UNFINISHED_PREFIX = '.tmp-';

export interface Checkpoint {
  step: number;
  /** Absolute path. */
  folder: string;
  position: JournalPosition;
}

/** All finished checkpoints of a run, oldest first, without those whose position cannot be read. */
export async function listCheckpoints(run: string): Promise<Checkpoint[]> {
  return (await checkpointFolders(run)).flatMap((folder) =>
    folder.position ? [{ ...folder, position: folder.position }] : [],
  );
}

/** The same, with those that are damaged: their position is null. */
export async function checkpointFolders(
  run: string,
): Promise<(Omit<Checkpoint, 'position'> & { position: JournalPosition | null })[]> {
  const steps = (await names(run)).filter((name) => /^\d+$/.test(name)).map((name) => ({ name, step: Number(name) }));
  steps.sort((a, b) => a.step - b.step);
  const folders = steps.map(({ name, step }) => ({ step, folder: join(inRun(run, CHECKPOINTS), name) }));
  return Promise.all(folders.map(async (folder) => ({ ...folder, position: await readPosition(folder.folder) })));
}

/** The newest finished checkpoint; null when there is none. */
export async function latestCheckpoint(run: string): Promise<Checkpoint | null> {
  return (await listCheckpoints(run)).at(-1) ?? null;
}

/** Writes `checkpoints/<step>`: `write` fills a temporary folder. A checkpoint of the same step is replaced. */
export async function writeCheckpointFolder(
  run: string,
  step: number,
  position: JournalPosition,
  write: (folder: string) => Promise<void>,
): Promise<void> {
  const aside = join(inRun(run, CHECKPOINTS), `${UNFINISHED_PREFIX}${step}`);
  await replaceFolder(inRun(run, checkpointPath(step)), aside, async (folder) => {
    await write(folder);
    await writeChecks(folder);
    await writePosition(folder, position);
  });
}

/** Stores the position of the journal in a checkpoint. */
export async function writePosition(folder: string, position: JournalPosition): Promise<void> {
  await writeInPlace(join(folder, POSITION_FILE), `${JSON.stringify(position)}\n`);
}

/** Removes the checkpoints up to step `newest`, but for the last `keep` (at least one) and those that `keeps` names. */
export async function pruneCheckpoints(
  run: string,
  newest: number,
  keep: number,
  keeps: (step: number) => boolean,
): Promise<void> {
  const checkpoints = (await listCheckpoints(run)).filter(({ step }) => step <= newest);
  for (const { folder, step } of checkpoints.slice(0, -Math.max(1, keep))) {
    if (keeps(step)) continue;
    await remove(folder);
  }
}

/** Removes what an interrupted writer left behind; returns the number of removed checkpoints. */
export async function removeUnfinished(run: string): Promise<number> {
  const left = (await names(run)).filter((name) => name.startsWith(UNFINISHED_PREFIX));
  for (const name of left) {
    const folder = join(inRun(run, CHECKPOINTS), name);
    await remove(folder);
  }
  return left.length;
}

/** Removes a checkpoint whose records were dropped. */
export function removeCheckpoint(checkpoint: Checkpoint): void {
  removeSync(checkpoint.folder);
}

async function names(run: string): Promise<string[]> {
  const folder = inRun(run, CHECKPOINTS);
  return existsSync(folder) ? await readdir(folder) : [];
}

async function readPosition(folder: string): Promise<JournalPosition | null> {
  try {
    const text = await readRegular(join(folder, POSITION_FILE));
    return JournalPosition.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
