/**
 * The action of each command; `command-definitions.ts` defines titles and menus. A definition without an action does not
 * compile. Errors become a notification, never a stack trace.
 */
import * as vscode from 'vscode';
import type { Rollscope } from './app.ts';
import {
  COMMAND_DEFINITIONS,
  COMMAND_NAMES,
  type CommandName,
  commandId,
  type EditorCommand,
} from './command-definitions.ts';
import { changedProblems } from './commands/changes.ts';
import { compareRuns } from './commands/compare.ts';
import { startConfiguration } from './commands/configurations.ts';
import { attach, restartEngine } from './commands/engine.ts';
import { openExample } from './commands/example.ts';
import { openReport, runExperiment } from './commands/experiments.ts';
import { forkRun, probeOnCheckpoint } from './commands/fork.ts';
import { followFolder, importRun, stopFollowing } from './commands/imports.ts';
import { addModel, removeModel, useModel } from './commands/models.ts';
import {
  compareRollouts,
  copyRolloutLink,
  openProblem,
  openRollout,
  pickProblem,
  revealProblem,
} from './commands/problems.ts';
import { chooseReward } from './commands/reward.ts';
import {
  deleteRun,
  openDataset,
  openRun,
  pauseOrStop,
  repairRun,
  resume,
  revealRunFolder,
  showCommandOutput,
} from './commands/runs.ts';
import { runDataset, runProblem } from './commands/start.ts';
import { computeStatistics } from './commands/statistics.ts';
import { setShading } from './settings.ts';
import { tell } from './tell.ts';

/** Works without an engine, starts one when needed, or reports that there is no active run. */
type Action = (app: Rollscope, argument: unknown, selected?: unknown) => unknown;

export const COMMANDS: Record<CommandName, Action> = {
  train: (app, argument) => runDataset(app, 'train', argument),
  probe: (app, argument) => runDataset(app, 'probe', argument),
  trainProblem: (app, argument) => runProblem(app, 'train', argument),
  probeProblem: (app, argument) => runProblem(app, 'probe', argument),
  startConfiguration: (app, argument) => startConfiguration(app, argument),
  openExample: (app) => openExample(app),
  openPanel: (app) => app.viewer.openPanel(),
  pause: (app, argument) => pauseOrStop(app, 'pause', argument),
  resume: (app, argument) => resume(app, argument),
  stop: (app, argument) => pauseOrStop(app, 'stop', argument),
  attach: (app) => attach(app),
  showMoreRuns: (app) => app.library.showMore(),
  openRun: (app, argument) => openRun(app, argument),
  compareRuns: (app, argument, selected) => compareRuns(app, argument, selected),
  changedProblems: (app, argument) => changedProblems(app, argument),
  importRun: (app, argument) => importRun(app, argument),
  followFolder: (app, argument) => followFolder(app, argument),
  stopFollowing: (app) => stopFollowing(app),
  analyzeRun: (app, argument) => showCommandOutput(app, 'analyze', argument),
  rescoreRun: (app, argument) => showCommandOutput(app, 'rescore', argument),
  computeStatistics: (app, argument) => computeStatistics(app, argument),
  forkRun: (app, argument) => forkRun(app, argument),
  probeOnCheckpoint: (app, argument) => probeOnCheckpoint(app, argument),
  repairRun: (app, argument) => repairRun(app, argument),
  chooseModel: (app, argument) => addModel(app, argument),
  chooseReward: (app, argument) => chooseReward(app, argument),
  runExperiment: (app, argument) => runExperiment(app, argument),
  openReport: (app) => openReport(app),
  openReportInBrowser: (app) => app.reports.openInBrowser(),
  showLog: (app) => app.report.showLog(),
  restartEngine: (app) => restartEngine(app),
  getStarted: (app) =>
    vscode.commands.executeCommand('workbench.action.openWalkthrough', `${app.context.extension.id}#getStarted`),
  refresh: (app) => app.refresh(),
  shadeBySurprise: () => setShading('surprise'),
  shadeByProbability: () => setShading('probability'),
  shadeByEntropy: () => setShading('entropy'),
  previousRollout: (app) => app.rollouts.neighbor(-1),
  nextRollout: (app) => app.rollouts.neighbor(1),
  previousStepOfRollout: (app) => app.rollouts.otherStep(-1),
  nextStepOfRollout: (app) => app.rollouts.otherStep(1),
  compareRollouts: (app) => compareRollouts(app),
  copyRolloutLink: (app) => copyRolloutLink(app),
  openProblem: (app, argument) => openProblem(app, argument),
  pickProblem: (app) => pickProblem(app),
  revealProblem: (app, argument) => revealProblem(app, argument),
  openRollout: (app, argument) => openRollout(app, argument),
  revealRunFolder: (app, argument) => revealRunFolder(app, argument),
  deleteRun: (app, argument) => deleteRun(app, argument),
  openDataset: (app, argument) => openDataset(app, argument),
  useModel: (app, argument) => useModel(app, argument),
  removeModel: (app, argument) => removeModel(app, argument),
};

/** Runs the action of a command. Rejects with its error, for callers that show errors themselves. */
export async function act(app: Rollscope, name: CommandName, argument: unknown, selected?: unknown): Promise<void> {
  const { withoutRun }: EditorCommand = COMMAND_DEFINITIONS[name];
  if (withoutRun !== undefined && argument === undefined && !app.session.active && !app.session.preparing) {
    void tell.information(withoutRun, {});
  } else {
    await COMMANDS[name](app, argument, selected);
  }
}

/** Registers all commands, also under their former ids. Every error becomes one notification. */
export function registerCommands(app: Rollscope): vscode.Disposable {
  const registrations = COMMAND_NAMES.flatMap((name) => {
    const { former = [] }: EditorCommand = COMMAND_DEFINITIONS[name];
    // A view passes the item that was clicked, and all that are selected.
    const reported = (argument: unknown, selected?: unknown) =>
      act(app, name, argument, selected).catch((error) => app.report.error(error));
    return [commandId(name), ...former.map((id) => `rollscope.${id}`)].map((id) =>
      vscode.commands.registerCommand(id, reported),
    );
  });
  return vscode.Disposable.from(...registrations);
}
