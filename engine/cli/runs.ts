/** Finds the run that a command refers to. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { EVENTS_FILE, RUN_FILE } from '../journal/layout.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { listRuns, readableRuns } from '../runs/list.ts';

/**
 * The folder of a run, given as a path, a name in `runsFolder`, or `latest`.
 * `damaged`: accept a folder without `run.json`. Throws `run-not-found` with a suggestion.
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
  throw new RollscopeError('run-not-found', `No ${wanted} in ${runsFolder}.`, suggestion(reference, runs), {
    details: { reason: 'unknown-run', value: reference, folder: runsFolder },
  });
}

function suggestion(reference: string, runs: { run: string }[]): string {
  if (runs.length === 0) return 'Start one with: rollscope train';
  const near = runs.find(({ run }) => run.includes(reference));
  return near ? `Did you mean ${near.run}?` : "'rollscope runs' lists the runs; the path of a run folder works too.";
}
