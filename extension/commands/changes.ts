/** The command that shows which problems of a run changed sides between the beginning of training and now. */
import * as vscode from 'vscode';
import { oneLine } from '../../engine/protocol/texts.ts';
import { beforeAndAfter, CHANGES, changeOf } from '../../engine/runs/moves.ts';
import type { OpenRun } from '../../engine/view/open-run.ts';
import type { Rollscope } from '../app.ts';
import { changeTitle, sideChangeText } from '../change-text.ts';
import { choose, type QuickRow, tell } from '../tell.ts';
import { folderOf, pickRun } from './runs.ts';

interface ChangePick extends QuickRow {
  /** Index of a problem; null opens all of them in the diff editor. */
  problem?: number | null;
}

/**
 * Shows the problems that changed in a run: the run of the argument, else the one in the panel, else one that the user
 * picks.
 */
export async function changedProblems(app: Rollscope, argument: unknown): Promise<void> {
  const folder =
    folderOf(argument) ??
    app.panel.shown?.folder ??
    (await pickRun(app, ({ job }) => job === 'train', 'Show Changed Problems', true));
  if (!folder) return;
  const run = await app.library.read(folder);
  const items = changePicks(run);
  if (items.length === 0) {
    void tell.information(`No problem of run ${run.run} changed its answer since the beginning.`, {});
    return;
  }
  const chosen = await choose(items, {
    title: `Changed Problems of ${run.run}`,
    placeHolder: 'Select a problem, or compare all',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (chosen?.problem === undefined) return;
  if (chosen.problem === null) await app.changes.open(run);
  else if (await app.viewer.look(folder)) app.panel.select(chosen.problem);
}

function changePicks(run: OpenRun): ChangePick[] {
  const all = beforeAndAfter(run.columns, run.problems.length);
  const changes = all.map(changeOf);
  const picks = CHANGES.flatMap((change): ChangePick[] => {
    const problems = run.problems.filter(({ index }) => changes[index] === change);
    if (problems.length === 0) return [];
    const heading = { label: changeTitle(change, problems.length), kind: vscode.QuickPickItemKind.Separator };
    return [
      heading,
      ...problems.map(({ id, index, text }) => ({
        label: id,
        description: sideChangeText(all[index]!),
        detail: oneLine(text, 120),
        problem: index,
      })),
    ];
  });
  return picks.length === 0
    ? []
    : [{ icon: 'diff', label: 'Compare all problems in the diff editor', problem: null }, ...picks];
}
