/** Computing the token statistics of an imported run with a local model. */
import path from 'node:path';
import * as vscode from 'vscode';
import { integer, plural } from '../../engine/protocol/format.ts';
import { PrintedStatistics, StatisticsProgress } from '../../engine/protocol/printed.ts';
import { runCli } from '../../engine/view/command-line.ts';
import type { Rollscope } from '../app.ts';
import { computeSettings } from '../settings.ts';
import { notice } from '../shown.ts';
import { tell } from '../tell.ts';
import { pickModel } from './models.ts';
import { folderOf, pickRun } from './runs.ts';

/** Asks for a run and a model, computes with progress that can be canceled, and reads the run that is shown again. */
export async function computeStatistics(app: Rollscope, argument: unknown): Promise<void> {
  const folder = folderOf(argument) ?? (await pickRun(app, () => true, 'Compute Token Statistics', true));
  if (!folder) return;
  const model = await pickModel(
    app,
    'Select the model that reads the rollouts: the one that was trained, or its base model',
  );
  if (!model) return;
  const report = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      cancellable: true,
      title: notice(`Computing token statistics of ${path.basename(folder)}`),
    },
    (progress, token) => compute(app, folder, model, progress, token),
  );
  app.library.refresh();
  const { shown } = app.panel;
  if (shown && path.resolve(shown.folder) === path.resolve(folder)) await app.viewer.readAgain(shown);
  if (report) showReport(report);
}

/** null if canceled; what was computed until then is kept. */
async function compute(
  app: Rollscope,
  folder: string,
  model: string,
  progress: vscode.Progress<{ message: string; increment: number }>,
  token: vscode.CancellationToken,
): Promise<PrintedStatistics | null> {
  const giveUp = new AbortController();
  token.onCancellationRequested(() => giveUp.abort());
  let part = 0;
  const heard = (line: string): boolean => {
    if (!line.startsWith('{"statistics":')) return false;
    const { groups, total, rollouts } = StatisticsProgress.parse(JSON.parse(line).statistics);
    const now = total > 0 ? (100 * groups) / total : 0;
    progress.report({ message: plural(rollouts, 'rollout'), increment: now - part });
    part = now;
    return true;
  };
  const { device, threads } = computeSettings();
  const options = ['--score-with', model, '--device', device, '--threads', String(threads), '--progress'];
  try {
    const { data } = await runCli(app.program, ['statistics', folder, ...options], giveUp.signal, heard);
    return PrintedStatistics.parse(JSON.parse(data.trim().split('\n').at(-1)!));
  } catch (error) {
    if (giveUp.signal.aborted) return null;
    throw error;
  }
}

function showReport({ rollouts, left }: PrintedStatistics): void {
  const others = Object.values(left).reduce((a, b) => a + b, 0);
  const rest = others > 0 ? ` ${integer(others)} could not be read by this model (see rollscope statistics).` : '';
  const what =
    rollouts > 0 ? `Computed token statistics of ${plural(rollouts, 'rollout')}.` : 'No token statistics were missing.';
  void tell.information(`${others > 0 && rollouts === 0 ? 'No token statistics were computed.' : what}${rest}`, {});
}
