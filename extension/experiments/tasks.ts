/** Experiments as tasks: with a terminal, cancelled there, and taken up again by running them once more. */
import path from 'node:path';
import * as vscode from 'vscode';
import { rollscopeHome } from '../../engine/protocol/home.ts';
import { Disposables } from '../disposables.ts';
import { type Program, runCli } from '../engine/cli.ts';
import { listReports, reportIn, type StudyReport } from './reports.ts';
import {
  type ExperimentTask,
  isExperimentTask,
  outOf,
  parseStudies,
  processOf,
  type StudyInfo,
  TASK_TYPE,
} from './studies.ts';

/** Files of this time may carry an earlier one: clocks of file systems are coarse. */
const COARSE = 2000;

export class Experiments implements vscode.TaskProvider {
  private readonly scope = new Disposables();
  private readonly begun = new Map<vscode.TaskExecution, number>();
  private listing: Promise<StudyInfo[]> | null = null;

  /** @param onReport what to do with the report of an experiment that has just ended well */
  constructor(
    private readonly program: () => Program,
    private readonly onReport: (report: StudyReport) => void,
  ) {
    this.scope.add(vscode.tasks.registerTaskProvider(TASK_TYPE, this));
    this.scope.add(
      vscode.tasks.onDidStartTask(({ execution }) => {
        if (isExperimentTask(execution.task.definition)) this.begun.set(execution, Date.now());
      }),
    );
    this.scope.add(
      vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
        const begun = this.begun.get(execution);
        this.begun.delete(execution);
        if (begun !== undefined && exitCode === 0) void this.ended(execution.task, begun);
      }),
    );
  }

  /** Where experiments lie that were not told another place. */
  get folder(): string {
    return path.join(rollscopeHome(), 'experiments');
  }

  /** @throws RollscopeError when the command line cannot be run */
  studies(): Promise<StudyInfo[]> {
    this.listing ??= runCli(this.program(), ['experiment', '--json']).then(parseStudies);
    this.listing.catch(() => {
      this.listing = null;
    });
    return this.listing;
  }

  reports(): Promise<StudyReport[]> {
    return listReports(this.folder);
  }

  async run(experiment: string, args: string[] = []): Promise<void> {
    await vscode.tasks.executeTask(this.task({ type: TASK_TYPE, experiment, ...(args.length > 0 && { args }) }));
  }

  async provideTasks(): Promise<vscode.Task[]> {
    const studies = await this.studies().catch(() => []);
    return studies.map(({ name, question }) => {
      const task = this.task({ type: TASK_TYPE, experiment: name });
      task.detail = question;
      return task;
    });
  }

  /** A task of `tasks.json`: its definition must stay the object that it was. */
  resolveTask(task: vscode.Task): vscode.Task | undefined {
    return isExperimentTask(task.definition) ? this.task(task.definition as ExperimentTask) : undefined;
  }

  dispose(): void {
    this.scope.dispose();
  }

  private task(definition: ExperimentTask): vscode.Task {
    const { process: program, args, env } = processOf(this.program(), definition, process.env.ROLLSCOPE_HOME);
    const task = new vscode.Task(
      definition,
      vscode.workspace.workspaceFolders ? vscode.TaskScope.Workspace : vscode.TaskScope.Global,
      definition.experiment,
      'Rollscope',
      new vscode.ProcessExecution(program, args, { cwd: workingFolder(), env }),
      [],
    );
    task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, panel: vscode.TaskPanelKind.Dedicated };
    return task;
  }

  private async ended(task: vscode.Task, begun: number): Promise<void> {
    const definition = task.definition as ExperimentTask;
    const out = outOf(definition, workingFolder() ?? process.cwd());
    const reports = out ? [await reportIn(out)] : await this.reports();
    const report = reports.find((one) => one?.study === definition.experiment && one.written >= begun - COARSE);
    if (report) this.onReport(report);
  }
}

function workingFolder(): string | undefined {
  return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
}
