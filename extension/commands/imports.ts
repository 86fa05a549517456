/** Importing and following the runs of other trainers. */
import path from 'node:path';
import * as vscode from 'vscode';
import { integer, percent, plural } from '../../engine/protocol/format.ts';
import { RollscopeError } from '../../engine/protocol/index.ts';
import type { ImportProgress, PrintedImport } from '../../engine/protocol/printed.ts';
import { REWARD_IS_VOTE } from '../../engine/protocol/two-graders.ts';
import type { Rollscope } from '../app.ts';
import { lacksColumns, withEditorHint } from '../imports/errors.ts';
import { reportEnd } from '../imports/following.ts';
import type { ImportJob } from '../imports/imports.ts';
import { notice } from '../shown.ts';
import { choose, tell, write } from '../tell.ts';

/** Imports a dump into a run, with progress that can be canceled, and shows it. */
export async function importRun(app: Rollscope, argument: unknown): Promise<void> {
  const source = await sourceOf(argument, 'Import Run');
  if (source) await importFrom(app, source, undefined);
}

/** Imports the output of a trainer while the trainer writes it, and shows the run from its first step on. */
export async function followFolder(app: Rollscope, argument: unknown): Promise<void> {
  const source = await sourceOf(argument, 'Follow Training Folder');
  if (!source) return;
  const job = await app.imports.begin({ source, follow: true });
  reportEnd(job, app.report);
  await showWhenReady(app, job);
}

/** Asks which of the followed folders to show, or to stop following. */
export async function stopFollowing(app: Rollscope): Promise<void> {
  const { following } = app.imports;
  if (following.length === 0) {
    void tell.information('No folder is being followed.', {});
    return;
  }
  const items = following.flatMap((job) => [
    { icon: 'graph-line', label: `Open ${path.basename(job.folder)}`, description: '', job, stop: false },
    {
      icon: 'debug-stop',
      label: `Stop following ${job.name}`,
      description: path.dirname(job.request.source),
      job,
      stop: true,
    },
  ]);
  const chosen = await choose(items, { title: 'Followed Folders', placeHolder: 'Select what to do' });
  if (!chosen) return;
  if (chosen.stop) chosen.job.stop();
  else await app.viewer.open(chosen.job.folder);
}

async function importFrom(app: Rollscope, source: string, map: string | undefined): Promise<void> {
  const job = await app.imports.begin({ source, follow: false, ...(map !== undefined && { map }) });
  if (job.request.follow) {
    await showWhenReady(app, job);
    return;
  }
  try {
    const report = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        cancellable: true,
        title: notice(`Importing ${job.name}`),
      },
      (progress, token) => {
        token.onCancellationRequested(() => job.stop());
        let shown = 0;
        job.onDidProgress((now) => {
          const part = partOf(now) ?? 0;
          progress.report({ message: progressText(now), increment: Math.max(0, 100 * part - shown) });
          shown = Math.max(shown, 100 * part);
        });
        return job.done;
      },
    );
    app.library.refresh();
    if (report) await app.viewer.open(report.folder);
    showReport(job, report);
  } catch (error) {
    const named = { 'Name Columns…': () => askForColumns(app, source, map) };
    app.report.error(withEditorHint(error), lacksColumns(error) ? named : {});
  }
}

/** Shows the run once it has its first step. */
async function showWhenReady(app: Rollscope, job: ImportJob): Promise<void> {
  const hasSteps = () => (job.progress?.steps ?? 0) > 0;
  if (!hasSteps()) {
    await new Promise<void>((resolve) => {
      const listening = job.onDidProgress(() => hasSteps() && resolve());
      const over = () => resolve();
      job.done.then(over, over).finally(() => listening.dispose());
    });
  }
  app.library.refresh();
  if (hasSteps()) await app.viewer.open(job.folder);
}

function partOf({ bytes, total }: ImportProgress): number | null {
  return total > 0 ? Math.min(1, bytes / total) : null;
}

function progressText(progress: ImportProgress): string {
  const part = partOf(progress);
  const counts = `${plural(progress.steps, 'step')} · ${plural(progress.rollouts, 'rollout')}`;
  return part === null ? counts : `${counts} · ${percent(part)}`;
}

function showReport(job: ImportJob, report: PrintedImport | null): void {
  if (!report) {
    void tell.information(`The import of ${job.name} was stopped. Import it again to continue.`, {});
    return;
  }
  const { rollouts, problems, steps, faults, named, disagreements, compared, rewardIsVote } = report;
  const parts = [
    `Imported ${plural(rollouts, 'rollout')} of ${plural(problems, 'problem')} in ${plural(steps, 'step')}.`,
  ];
  if (faults > 0) {
    const first = named.slice(0, 2).map(({ place, why }) => `${place} (${why})`);
    const more = faults - first.length;
    parts.push(
      `${plural(faults, 'row')} could not be read: ${first.join(', ')}${more > 0 ? ` and ${integer(more)} more` : ''}.`,
    );
  }
  if (disagreements > 0)
    parts.push(
      `The trainer's grader and Rollscope's disagree on ${integer(disagreements)} of ${integer(compared)} rollouts.`,
    );
  if (rewardIsVote) parts.push(`${REWARD_IS_VOTE}.`);
  void tell[faults > 0 ? 'warning' : 'information'](parts.join(' '), {});
}

async function askForColumns(app: Rollscope, source: string, before: string | undefined): Promise<void> {
  const map = await write({
    title: 'Columns of the Rollouts',
    prompt: 'Names of the columns: prompt and response, and if available reward, reference, step and others',
    value: before ?? 'prompt=question,response=text,reward=score,reference=answer',
    ignoreFocusOut: true,
  });
  if (map) await importFrom(app, source, map);
}

/**
 * Absolute path of the file or folder to import: from the argument (the Explorer, or a caller), else one that the user
 * picks.
 */
async function sourceOf(argument: unknown, title: string): Promise<string | null> {
  if (typeof argument === 'string') return path.resolve(argument);
  if (argument instanceof vscode.Uri) return onDisk(argument);
  const kind = await choose(
    [
      {
        icon: 'folder',
        label: 'Choose a folder…',
        description: "a trainer's output folder, or a folder of its rollouts",
        files: false,
      },
      {
        icon: 'file',
        label: 'Choose a file…',
        description: 'one rollout per row: JSON Lines, JSON, CSV or Parquet',
        files: true,
      },
    ],
    { title, placeHolder: 'Select what to import' },
  );
  if (!kind) return null;
  const picked = await vscode.window.showOpenDialog({
    title,
    openLabel: 'Choose',
    canSelectFiles: kind.files,
    canSelectFolders: !kind.files,
    ...(kind.files && { filters: { Rollouts: ['jsonl', 'ndjson', 'json', 'csv', 'tsv', 'parquet'] } }),
  });
  return picked?.[0] ? onDisk(picked[0]) : null;
}

function onDisk(uri: vscode.Uri): string {
  if (uri.scheme === 'file') return uri.fsPath;
  throw new RollscopeError(
    'dataset',
    `${path.posix.basename(uri.path)} is on a virtual file system (${uri.scheme}).`,
    "Copy it to the local (or remote host's) file system.",
  );
}
