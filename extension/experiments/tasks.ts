/** Experiments as tasks: each runs in a terminal, where it can be canceled; running it again resumes it. */
import path from 'node:path';
import * as vscode from 'vscode';
import { experimentName } from '../../engine/protocol/experiments.ts';
import { rollscopeHome } from '../../engine/protocol/home.ts';
import { type Program, runCli } from '../../engine/view/command-line.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import {
  type ExperimentInfo,
  type ExperimentTask,
  isExperimentTask,
  outputFolderOf,
  parseExperiments,
  processOf,
  TASK_TYPE,
} from './list.ts';
import { type ExperimentReport, listReports, reportIn } from './reports.ts';

/** Milliseconds by which a file's time may be early, since file systems have coarse clocks. */
const CLOCK_TOLERANCE_MS = 2000;

/** The experiments of a window: their list, their tasks, and the reports of those that complete. */
export class Experiments implements vscode.TaskProvider {
  private readonly scope = new Disposables();
  private readonly begun = new Map<vscode.TaskExecution, number>();
  private listing: Promise<ExperimentInfo[]> | null = null;

  /** @param onReport receives the report of each experiment that completes */
  constructor(
    private readonly program: () => Program,
    private readonly onReport: (report: ExperimentReport) => void,
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

  /** The default folder of experiments. */
  get folder(): string {
    return path.join(rollscopeHome(), 'experiments');
  }

  /** @throws RollscopeError if the command line cannot be run */
  list(): Promise<ExperimentInfo[]> {
    this.listing ??= runCli(this.program(), ['experiment']).then(({ data }) => parseExperiments(data));
    this.listing.catch(() => {
      this.listing = null;
    });
    return this.listing;
  }

  reports(): Promise<ExperimentReport[]> {
    return listReports(this.folder);
  }

  async run(experiment: string, args: string[]): Promise<void> {
    await vscode.tasks.executeTask(this.task({ type: TASK_TYPE, experiment, ...(args.length > 0 && { args }) }));
  }

  async provideTasks(): Promise<vscode.Task[]> {
    const experiments = await this.list().catch(() => []);
    return experiments.map(({ name, question }) => {
      const task = this.task({ type: TASK_TYPE, experiment: name });
      task.detail = question;
      return task;
    });
  }

  /** A task from `tasks.json`: its definition must remain the same object. */
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
    const out = outputFolderOf(definition, workingFolder() ?? process.cwd());
    const reports = out ? [await reportIn(out)] : await this.reports();
    const name = experimentName(definition.experiment);
    const report = reports.find(
      (candidate) => candidate?.experiment === name && candidate.written >= begun - CLOCK_TOLERANCE_MS,
    );
    if (report) this.onReport(report);
  }
}

function workingFolder(): string | undefined {
  return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
}
