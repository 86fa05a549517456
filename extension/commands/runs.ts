/** Commands for runs on disk. */
import path from 'node:path';
import * as vscode from 'vscode';
import { liveWriter } from '../../engine/journal/lock.ts';
import { readRunFile } from '../../engine/journal/reader.ts';
import { repairRun as repairedCopy } from '../../engine/journal/repair.ts';
import { EMBEDDED } from '../../engine/protocol/embedded.ts';
import { DASH, dateTime, plural } from '../../engine/protocol/format.ts';
import { RollscopeError, type RunInfo } from '../../engine/protocol/index.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import { canResume } from '../../engine/protocol/resumable.ts';
import type { Rollscope } from '../app.ts';
import type { LookCommand } from '../cli-documents.ts';
import { whilePreparing } from '../run/preparing.ts';
import { runCommand } from '../run-command.ts';
import { notice } from '../shown.ts';
import { choose, type QuickRow, tell } from '../tell.ts';
import { DatasetItem } from '../trees/datasets.ts';
import { RunItem } from '../trees/runs.ts';
import { attempt } from './attempt.ts';
import { trustsPrograms } from './start.ts';
import { runValues } from './start-values.ts';

/** Opens a run in the panel: the one of the argument, else one that the user picks. */
export async function openRun(app: Rollscope, argument: unknown): Promise<void> {
  const folder = folderOf(argument) ?? (await pickRun(app, () => true, 'Open Run', true));
  if (folder) await app.viewer.open(folder);
}

/** Resumes the paused run, else one that was stopped, failed, or was interrupted. */
export async function resume(app: Rollscope, argument: unknown): Promise<void> {
  const { active, progress } = app.session;
  const named = folderOf(argument);
  if (active && (!named || path.resolve(named) === active.folder)) {
    if (progress?.state === 'paused' || progress?.state === 'pausing') await app.session.continue();
    else void tell.information(`Run ${active.run} is in progress.`, {});
    return;
  }
  const folder = named ?? (await pickRun(app, canResume, 'Resume Run', false));
  if (!folder) return;
  const fork = () => runCommand('forkRun', folder);
  const values = runValues(folder, fork);
  const begin = async () => {
    const { config } = await readRunFile(folder);
    if (config && !trustsPrograms(app, config)) return;
    await whilePreparing(app, 'resume', () => app.viewer.resume(folder));
  };
  await attempt(app, { what: `resume run ${path.basename(folder)}`, values, begin });
}

/** Pauses or stops a run: that of the argument, in whichever engine, else the active one. */
export async function pauseOrStop(app: Rollscope, how: 'pause' | 'stop', argument: unknown): Promise<void> {
  const folder = folderOf(argument);
  const importing = folder && app.imports.of(folder);
  if (importing) {
    if (how === 'pause') {
      throw new RollscopeError(
        'usage',
        `${path.basename(folder)} is being imported, and imports cannot be paused.`,
        'Stop it, and import it again to continue.',
      );
    }
    importing.stop();
    return;
  }
  if (folder && path.resolve(folder) !== app.session.active?.folder) {
    const run = path.basename(folder);
    if (!(await app.viewer.attachTo(folder))) {
      throw new RollscopeError(
        'engine-stopped',
        `The engine of run ${run} cannot be reached.`,
        `${how === 'stop' ? 'Stop' : 'Pause'} it where it was started.`,
      );
    }
  }
  await app.session[how]();
}

/** Shows the output of a command about a run: that of the argument, else one that the user picks. */
export async function showCommandOutput(app: Rollscope, command: LookCommand, argument: unknown): Promise<void> {
  const title = command === 'analyze' ? 'Analyze Run' : 'Rescore Run';
  const folder = folderOf(argument) ?? (await pickRun(app, () => true, title, true));
  if (folder) await app.texts.open(command, folder);
}

/** Writes a repaired copy of a damaged run, reports what was dropped, and offers to open the copy. */
export async function repairRun(app: Rollscope, argument: unknown): Promise<void> {
  const source = folderOf(argument);
  if (!source) return;
  const { folder, records, changes } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: notice(`Repairing a copy of ${path.basename(source)}`) },
    () => repairedCopy(source),
  );
  app.library.refresh();
  for (const change of changes) app.report.log('info', `${path.basename(folder)}: ${change}`);
  const what = changes.length === 0 ? 'No damage was found.' : `${plural(changes.length, 'change')} (see the log).`;
  const choice = await tell.information(
    `Wrote ${plural(records, 'record')} to ${path.basename(folder)}. ${what} The original run is unchanged.`,
    {},
    'Open Run',
  );
  if (choice) await app.viewer.open(folder);
}

/** @param argument the item of the Runs view; without one, the run that the panel shows */
export async function revealRunFolder(app: Rollscope, argument: unknown): Promise<void> {
  const folder = folderOf(argument) ?? app.panel.shown?.folder;
  if (!folder) return;
  const uri = vscode.Uri.file(folder);
  // Only a window on the machine itself has a file manager to show it in.
  if (vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop) {
    await vscode.commands.executeCommand('revealFileInOS', uri);
  } else {
    await vscode.commands.executeCommand('vscode.openFolder', uri, { forceNewWindow: true });
  }
}

/**
 * Deletes a run permanently, after asking. Throws `run-in-use` for one in progress.
 * @param argument the item of the Runs view
 */
export async function deleteRun(app: Rollscope, argument: unknown): Promise<void> {
  const folder = folderOf(argument);
  if (!folder) return;
  if (liveWriter(folder)) {
    throw new RollscopeError('run-in-use', `Run ${path.basename(folder)} is in progress.`, 'Stop it first.');
  }
  const choice = await tell.warning(
    `Delete run ${path.basename(folder)}?`,
    { modal: true, detail: `This deletes ${folder} with its rollouts and checkpoints. This cannot be undone.` },
    'Delete',
  );
  if (!choice) return;
  await vscode.workspace.fs.delete(vscode.Uri.file(folder), { recursive: true, useTrash: false });
  app.viewer.forget(folder);
}

/** @param argument the item of the Datasets view */
export async function openDataset(app: Rollscope, argument: unknown): Promise<void> {
  if (!(argument instanceof DatasetItem)) return;
  const file = argument.dataset === EMBEDDED ? app.embeddedFile : argument.dataset;
  await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(file));
}

/** The folder named by a tree item, a file in the Explorer or a caller. */
export function folderOf(argument: unknown): string | undefined {
  if (argument instanceof RunItem) return argument.info.folder;
  if (argument instanceof vscode.Uri) return argument.fsPath;
  return typeof argument === 'string' ? argument : undefined;
}

interface RunPick extends QuickRow {
  /** Undefined for choosing a folder. */
  folder?: string;
}

/** The runs of the library as items of a quick pick. */
export async function runPicks(app: Rollscope, fits: (run: RunInfo) => boolean) {
  app.library.refresh();
  const runs = (await app.library.list()).filter(fits);
  return runs.map((run) => ({
    label: run.run,
    description: run.job === 'probe' ? 'probe' : `${run.step}/${run.steps ?? DASH}`,
    detail: `${run.status} · ${quantityText('accuracy', run.accuracyBefore)} → ${quantityText('accuracy', run.accuracyAfter)}${run.sampled ? ` (${run.sampled})` : ''} · ${dateTime(run.created)}`,
    folder: run.folder,
  }));
}

/** Asks for a run that fits; undefined if the user cancels. @param elsewhere also offers to choose a folder */
export async function pickRun(
  app: Rollscope,
  fits: (run: RunInfo) => boolean,
  title: string,
  elsewhere: boolean,
): Promise<string | undefined> {
  const items: RunPick[] = await runPicks(app, fits);
  if (elsewhere) items.push({ icon: 'folder-opened', label: 'Choose a run folder…' });
  if (items.length === 0) {
    void tell.information('No runs to resume.', {});
    return undefined;
  }
  const chosen = await choose(items, { title, placeHolder: 'Select a run', matchOnDetail: true });
  if (!chosen) return undefined;
  if (chosen.folder) return chosen.folder;
  const picked = await vscode.window.showOpenDialog({
    title: 'Choose a run folder',
    openLabel: 'Open Run',
    canSelectFolders: true,
    canSelectFiles: false,
  });
  return picked?.[0]?.fsPath;
}
