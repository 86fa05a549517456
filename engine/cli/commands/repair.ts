/** `rollscope repair`: makes a readable copy of a damaged run. */
import { repairRun } from '../../journal/repair.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';

/**
 * Writes a copy next to the run; the original is unchanged. Exit code 0. Throws `usage` if nothing can be read or the
 * copy exists, `run-in-use` for a run in progress.
 */
export async function repair(run: string, options: { out?: string; json?: boolean }): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.out);
  const source = await findRun(run, runsFolder);
  const { folder, records, changes } = await repairRun(source);
  if (changes.length === 0) output.print('No damage found: the copy is identical.');
  for (const change of changes) output.print(change);
  output.print(`Wrote ${records} records to ${folder}. The original run was not changed.`);
  output.result({ source, folder, records, changes });
  return EXIT.ok;
}
