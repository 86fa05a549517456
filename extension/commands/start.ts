/** Starting training and probing. */
import path from 'node:path';
import * as vscode from 'vscode';
import { EMBEDDED } from '../../engine/protocol/embedded.ts';
import { RollscopeError, type RunConfig } from '../../engine/protocol/index.ts';
import type { Rollscope } from '../app.ts';
import type { ProblemArgument } from '../editor/lenses.ts';
import { withInterpreter } from '../interpreter.ts';
import type { CheckpointAt } from '../run/session.ts';
import { runCommand } from '../run-command.ts';
import { buildConfig, type DatasetTarget } from '../run-config.ts';
import { placeOf, runSettings } from '../settings.ts';
import { datasetOf, fileOf } from '../target.ts';
import { tell } from '../tell.ts';
import { refusedPrograms } from '../trust.ts';
import { attempt } from './attempt.ts';
import { settingValues } from './start-values.ts';

type Job = RunConfig['job'];

/** Runs on a whole dataset; see `datasetOf` for the argument. */
export async function runDataset(app: Rollscope, job: Job, argument: unknown): Promise<void> {
  const dataset = await datasetOf(argument, app.problemFiles);
  if (dataset) await start(app, { job, dataset });
}

/** Runs on one problem: that of the CodeLens, else the one at the cursor. */
export async function runProblem(app: Rollscope, job: Job, argument: unknown): Promise<void> {
  const target = await problemTarget(app, argument);
  if (target) await start(app, { job, ...target });
}

/** The file and the id of the problem of a CodeLens, else of the one at the cursor; undefined if the user cancels. */
export async function problemTarget(
  app: Rollscope,
  argument: unknown,
): Promise<{ dataset: string; ids: string[] } | undefined> {
  const document = isProblemArgument(argument)
    ? await vscode.workspace.openTextDocument(vscode.Uri.parse(argument.uri))
    : vscode.window.activeTextEditor?.document;
  const problems = document && app.documents.of(document);
  const line = vscode.window.activeTextEditor?.selection.active.line ?? 0;
  const problem = isProblemArgument(argument)
    ? problems?.find(({ row }) => row === argument.row)
    : document && app.documents.at(document, line);
  if (!document || !problem) {
    throw new RollscopeError(
      'dataset',
      'No problem at the cursor.',
      'Put the cursor on a problem in a JSONL or JSON file.',
    );
  }
  const dataset = await fileOf(document.uri);
  return dataset ? { dataset, ids: [problem.id] } : undefined;
}

async function start(app: Rollscope, target: DatasetTarget): Promise<void> {
  const scope = target.dataset === EMBEDDED ? undefined : vscode.Uri.file(target.dataset);
  const dataset = app.datasetName(target.dataset);
  await attempt(app, {
    what: jobText(target),
    values: settingValues(dataset),
    begin: async () => {
      const built = buildConfig({ ...target, dataset }, runSettings(scope), placeOf(scope));
      await launch(app, await withInterpreter(built, scope));
    },
  });
}

/** `train on problems.jsonl`, `probe problem sum-01`. */
function jobText({ job, dataset, ids }: DatasetTarget): string {
  const [id] = ids ?? [];
  if (id !== undefined) return job === 'train' ? `train on problem ${id}` : `probe problem ${id}`;
  const name = dataset === EMBEDDED ? 'the embedded problems' : path.basename(dataset);
  return job === 'train' ? `train on ${name}` : `probe ${name}`;
}

/** Starts a run, if its programs are trusted; where another one is in progress, offers to stop that first. */
export async function launch(app: Rollscope, config: RunConfig, from?: CheckpointAt): Promise<void> {
  if (!trustsPrograms(app, config)) return;
  try {
    await app.start(config, from);
  } catch (error) {
    if (!(error instanceof RollscopeError) || error.code !== 'busy') throw error;
    await offerToStop(app, error, config, from);
  }
}

/** Rewards and trainers run programs only in trusted workspaces; otherwise reports that and offers to trust the workspace. */
export function trustsPrograms(app: Rollscope, config: RunConfig): boolean {
  const refused = refusedPrograms(config);
  if (!refused) return true;
  app.report.error(refused, {
    'Manage Workspace Trust': () => vscode.commands.executeCommand('workbench.trust.manage'),
    'Choose Reward': () => runCommand('chooseReward'),
  });
  return false;
}

/** Only one run can be active: offers to stop it. */
async function offerToStop(
  app: Rollscope,
  busy: RollscopeError,
  config: RunConfig,
  from: CheckpointAt | undefined,
): Promise<void> {
  if (!app.session.active) throw busy;
  const choice = await tell.warning(
    `Run ${app.session.active.run} is in progress. Only one run can be active at a time.`,
    {},
    'Stop It and Start This',
  );
  if (!choice) return;
  await app.session.stop();
  await app.start(config, from);
}

function isProblemArgument(argument: unknown): argument is ProblemArgument {
  if (typeof argument !== 'object' || argument === null) return false;
  const { uri, row } = argument as Partial<ProblemArgument>;
  return typeof uri === 'string' && typeof row === 'number';
}
