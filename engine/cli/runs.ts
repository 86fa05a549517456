/** Finds the run that a command refers to. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { EVENTS_FILE, RUN_FILE } from '../journal/layout.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { isReadable, RunList, readableRuns } from '../runs/list.ts';

/**
 * The folder of a run, given as a path, a name in `runsFolder`, or `latest`. Without `run.json` the run is found by its
 * records, and its reader reports the problem. Throws `run-not-found` with a suggestion.
 */
export async function findRun(name: string, runsFolder: string): Promise<string> {
  const isRun = (folder: string) => [RUN_FILE, EVENTS_FILE].some((file) => existsSync(path.join(folder, file)));
  if (name !== 'latest') {
    for (const folder of [path.join(runsFolder, name), path.resolve(name)]) if (isRun(folder)) return folder;
  }
  const list = await RunList.open(runsFolder);
  const latest = name === 'latest' ? await list.find(isReadable) : undefined;
  if (latest) return latest.folder;
  const runs = readableRuns(await list.newest());
  const wanted = name === 'latest' ? 'run' : `run '${name}'`;
  throw new RollscopeError('run-not-found', `No ${wanted} in ${runsFolder}.`, suggestion(name, runs), {
    details: { reason: 'unknown-run', value: name, folder: runsFolder },
  });
}

function suggestion(name: string, runs: { run: string }[]): string {
  if (runs.length === 0) return 'Start one with: rollscope train';
  const near = runs.find(({ run }) => run.includes(name));
  return near ? `Did you mean ${near.run}?` : "'rollscope runs' lists the runs; the path of a run folder works too.";
}
