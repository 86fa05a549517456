/** How far an import has come, in the run folder: a stopped or killed import continues after its last whole step. */
import * as z from 'zod';
import { writeWhole } from '../system/aside.ts';
import { readRegular } from '../system/regular-file.ts';
import { IMPORT_FILE, inRun, JournalPosition } from './layout.ts';

export const ImportState = z.object({
  /** Absolute path of what is imported. */
  source: z.string(),
  /** Name of the importer. */
  format: z.string(),
  /** The trainer's first step of training is 0, which is step 1 here. */
  fromZero: z.boolean(),
  /** Where the journal was. */
  position: JournalPosition,
  /** Stamps of the parts that have been imported, by their names, and the steps that they became. */
  parts: z.record(z.string(), z.object({ stamp: z.string(), step: z.number(), phase: z.string() })),
  counts: z.object({ groups: z.number(), rollouts: z.number(), steps: z.number(), faults: z.number() }),
  /** Problems have ids of the log's own. */
  identified: z.boolean(),
});
export type ImportState = z.infer<typeof ImportState>;

/** null where there is none, or none that can be read. */
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
  await writeWhole(inRun(folder, IMPORT_FILE), Buffer.from(`${JSON.stringify(state)}\n`));
}
