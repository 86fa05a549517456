/** The state of an import, in the run folder: a stopped or killed import continues after its last complete step. */
import * as z from 'zod';
import { writeAtomically } from '../system/aside.ts';
import { readRegular } from '../system/regular-file.ts';
import { IMPORT_FILE, inRun, JournalPosition } from './layout.ts';

export const ImportState = z.object({
  /** Absolute path of the imported file or folder. */
  source: z.string(),
  /** Name of the importer. */
  format: z.string(),
  /** Whether the trainer's first step of training is 0, which is step 1 here. */
  fromZero: z.boolean(),
  /** The position of the journal. */
  position: JournalPosition,
  /** Stamps of the imported parts, by name, with the steps that they became. */
  parts: z.record(z.string(), z.object({ stamp: z.string(), step: z.number(), phase: z.string() })),
  counts: z.object({ groups: z.number(), rollouts: z.number(), steps: z.number(), faults: z.number() }),
  /** Whether problems have ids from the log. */
  identified: z.boolean(),
});
export type ImportState = z.infer<typeof ImportState>;

/** null if there is none, or if it cannot be read. */
export async function readImportState(folder: string): Promise<ImportState | null> {
  try {
    return ImportState.parse(JSON.parse(await readRegular(inRun(folder, IMPORT_FILE))));
  } catch {
    return null;
  }
}

/**
 * Replaces the state of an import, as a whole.
 * @throws RollscopeError `disk`
 */
export async function writeImportState(folder: string, state: ImportState): Promise<void> {
  await writeAtomically(inRun(folder, IMPORT_FILE), Buffer.from(`${JSON.stringify(state)}\n`));
}
