/** The command that compares runs: those that are selected in the Runs view, else those that the user picks. */
import path from 'node:path';
import { checkCount } from '../../engine/runs/comparison/compare.ts';
import { MAX_RUNS } from '../../engine/runs/comparison/letters.ts';
import type { Rollscope } from '../app.ts';
import { chooseSeveral } from '../tell.ts';
import { folderOf, runPicks } from './runs.ts';

/** @param argument the item of the Runs view that was clicked @param selected all that are selected there */
export async function compareRuns(app: Rollscope, argument: unknown, selected: unknown): Promise<void> {
  const given = Array.isArray(selected) ? selected : Array.isArray(argument) ? argument : [argument];
  const named = [...new Set(given.flatMap((entry) => folderOf(entry) ?? []))];
  const folders = named.length > 1 ? named : await pickRuns(app, named[0]);
  if (folders === null) return;
  checkCount(folders.length);
  await app.comparisons.open(folders);
}

/** The runs to compare; null if the user cancels. */
async function pickRuns(app: Rollscope, named: string | undefined): Promise<string[] | null> {
  const items = (await runPicks(app, () => true)).map((item) => ({
    ...item,
    picked: named !== undefined && path.resolve(item.folder) === path.resolve(named),
  }));
  const chosen = await chooseSeveral(items, {
    title: 'Compare Runs',
    placeHolder: `Select 2 to ${MAX_RUNS} runs`,
    matchOnDetail: true,
  });
  return chosen?.map(({ folder }) => folder) ?? null;
}
