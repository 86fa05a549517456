/** Finding the run that a command names. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { EVENTS_FILE, RUN_FILE } from '../journal/layout.ts';
import { listRuns, readableRuns } from '../journal/runs.ts';
import { RollscopeError } from '../protocol/errors.ts';

/**
 * The folder of a run that is named by its folder, its name in `runsFolder`, or `latest`.
 * `damaged`: a folder without `run.json` will do. Throws `run-not-found`, naming what there is.
 */
export async function findRun(reference: string, runsFolder: string, { damaged = false } = {}): Promise<string> {
  const files = damaged ? [RUN_FILE, EVENTS_FILE] : [RUN_FILE];
  const isRun = (folder: string) => files.some((name) => existsSync(path.join(folder, name)));
  if (reference !== 'latest') {
    for (const folder of [path.join(runsFolder, reference), path.resolve(reference)]) if (isRun(folder)) return folder;
  }
  const runs = readableRuns(await listRuns(runsFolder));
  if (reference === 'latest' && runs[0]) return runs[0].folder;
  const wanted = reference === 'latest' ? 'run' : `run '${reference}'`;
  throw new RollscopeError('run-not-found', `There is no ${wanted} in ${runsFolder}.`, suggestion(reference, runs));
}

function suggestion(reference: string, runs: { run: string }[]): string {
  if (runs.length === 0) return 'Start one with: rollscope train';
  const near = runs.find(({ run }) => run.includes(reference));
  return near ? `Did you mean ${near.run}?` : "'rollscope runs' lists them; a run can also be named by its folder.";
}
