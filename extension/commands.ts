/**
 * Every command as data. A stopped engine gives a sentence, never a stack trace. A command that is declared in
 * package.json and missing here, or the other way round, fails a test.
 */
import * as vscode from 'vscode';
import type { Rollscope } from './app.ts';
import { attach } from './commands/attach.ts';
import { openReport, runExperiment } from './commands/experiments.ts';
import { addModel, removeModel, useModel } from './commands/models.ts';
import { neighbour, openProblem, openRollout, revealProblem } from './commands/problems.ts';
import { chooseReward } from './commands/reward.ts';
import { deleteRun, lookAtRun, openDataset, openRun, resume, revealRunFolder, steer } from './commands/runs.ts';
import { runDataset, runProblem } from './commands/start.ts';
import { setShading } from './settings.ts';

export const COMMAND_NAMES = [
  'train',
  'probe',
  'trainProblem',
  'probeProblem',
  'openPanel',
  'pause',
  'resume',
  'stop',
  'attach',
  'openRun',
  'analyseRun',
  'rescoreRun',
  'chooseModel',
  'chooseReward',
  'runExperiment',
  'openReport',
  'openReportInBrowser',
  'showLog',
  'restartEngine',
  'getStarted',
  'refresh',
  'shadeByProbability',
  'shadeByEntropy',
  'previousRollout',
  'nextRollout',
  'openProblem',
  'revealProblem',
  'openRollout',
  'revealRunFolder',
  'deleteRun',
  'openDataset',
  'useModel',
  'removeModel',
] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

/** Works without an engine, sees to one by itself, or says that there is no run to steer. */
type Action = (app: Rollscope, argument: unknown) => unknown;

export const COMMANDS: Record<CommandName, Action> = {
  train: (app, argument) => runDataset(app, 'train', argument),
  probe: (app, argument) => runDataset(app, 'probe', argument),
  trainProblem: (app, argument) => runProblem(app, 'train', argument),
  probeProblem: (app, argument) => runProblem(app, 'probe', argument),
  openPanel: (app) => app.openPanel(),
  pause: (app, argument) => steer(app, 'pause', argument),
  resume: (app, argument) => resume(app, argument),
  stop: (app, argument) => steer(app, 'stop', argument),
  attach: (app) => attach(app),
  openRun: (app, argument) => openRun(app, argument),
  analyseRun: (app, argument) => lookAtRun(app, 'analyse', argument),
  rescoreRun: (app, argument) => lookAtRun(app, 'rescore', argument),
  chooseModel: (app) => addModel(app),
  chooseReward: (app, argument) => chooseReward(app, argument),
  runExperiment: (app, argument) => runExperiment(app, argument),
  openReport: (app) => openReport(app),
  openReportInBrowser: (app) => app.reports.openInBrowser(),
  showLog: (app) => app.report.showLog(),
  restartEngine: (app) => app.restartEngine(),
  getStarted: (app) =>
    vscode.commands.executeCommand('workbench.action.openWalkthrough', `${app.context.extension.id}#getStarted`),
  refresh: (app) => app.refresh(),
  shadeByProbability: () => setShading('probability'),
  shadeByEntropy: () => setShading('entropy'),
  previousRollout: (app) => neighbour(app, -1),
  nextRollout: (app) => neighbour(app, 1),
  openProblem: (app, argument) => openProblem(app, argument),
  revealProblem: (app, argument) => revealProblem(app, argument),
  openRollout: (app, argument) => openRollout(app, argument),
  revealRunFolder: (app, argument) => revealRunFolder(app, argument),
  deleteRun: (app, argument) => deleteRun(app, argument),
  openDataset: (app, argument) => openDataset(app, argument),
  useModel: (app, argument) => useModel(app, argument),
  removeModel: (app, argument) => removeModel(app, argument),
};

/** Registers all commands; whatever one of them throws becomes one notification. */
export function registerCommands(app: Rollscope): vscode.Disposable {
  const registrations = COMMAND_NAMES.map((name) =>
    vscode.commands.registerCommand(`rollscope.${name}`, async (argument: unknown) => {
      try {
        await COMMANDS[name](app, argument);
      } catch (error) {
        app.report.error(error);
      }
    }),
  );
  return vscode.Disposable.from(...registrations);
}
