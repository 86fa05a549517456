/** The one object that owns everything: what lives as long as the extension, and how its parts hear of each other. */
import path from 'node:path';
import * as vscode from 'vscode';
import { runsRoot } from '../engine/journal/locations.ts';
import { liveWriter } from '../engine/journal/lock.ts';
import { tailRecords } from '../engine/journal/tail.ts';
import { plural } from '../engine/protocol/format.ts';
import { rollscopeHome } from '../engine/protocol/home.ts';
import type { RunConfig } from '../engine/protocol/index.ts';
import { CliDocuments } from './cli-documents.ts';
import { ContextKeys } from './context-keys.ts';
import { Disposables } from './disposables.ts';
import { Decorations } from './editor/decorations.ts';
import { Lenses } from './editor/lenses.ts';
import { ProblemSets } from './editor/problem-sets.ts';
import { Results, samePath } from './editor/results.ts';
import type { Program } from './engine/cli.ts';
import { EngineService } from './engine/service.ts';
import { ReportPanel } from './experiments/report-panel.ts';
import { Experiments } from './experiments/tasks.ts';
import { type Health, healthOf, runKeyOf, statusContent } from './health.ts';
import { Panel } from './panel/panel.ts';
import { Reporter } from './report.ts';
import { RolloutDocuments } from './rollout/documents.ts';
import { RunLibrary } from './run/library.ts';
import type { OpenRun } from './run/open-run.ts';
import { type EndOfRun, RunSession } from './run/session.ts';
import { EMBEDDED } from './run-config.ts';
import { engineNode, onDidChangeSettings, runsFolderSetting, shading, whenAlone } from './settings.ts';
import { StatusItem } from './status-item.ts';
import { throttle } from './timing.ts';
import { DatasetsTree, ProblemFiles } from './trees/datasets.ts';
import { ModelList, ModelsTree } from './trees/models.ts';
import { RunsTree } from './trees/runs.ts';

/** Milliseconds between two refreshes of what shows the progress. */
const PACE = 250;

export class Rollscope {
  private readonly scope = new Disposables();
  /** What belongs to a run that is followed through its folder, because no engine can be reached. */
  private readonly tailing = this.scope.add(new Disposables());
  private readonly keys = new ContextKeys();

  /** The embedded problems, as a file that can be read. */
  readonly embeddedFile: string;
  readonly report: Reporter;
  readonly engine: EngineService;
  readonly session: RunSession;
  readonly library: RunLibrary;
  readonly models: ModelList;
  readonly problemFiles: ProblemFiles;
  readonly sets: ProblemSets;
  readonly results: Results;
  readonly rollouts: RolloutDocuments;
  readonly panel: Panel;
  readonly texts: CliDocuments;
  readonly reports: ReportPanel;
  readonly experiments: Experiments;

  constructor(readonly context: vscode.ExtensionContext) {
    const { extensionUri, extension } = context;
    const own = <T extends { dispose(): unknown }>(part: T): T => this.scope.add(part);
    this.embeddedFile = vscode.Uri.joinPath(extensionUri, 'engine', 'embedded', 'problems.jsonl').fsPath;
    this.report = own(new Reporter());
    const report = (error: unknown) => this.report.error(error);
    this.engine = own(
      new EngineService({
        home: rollscopeHome(),
        version: extension.packageJSON.version,
        name: `editor ${process.pid}`,
        launch: () => ({
          ...this.program,
          args: ['--when-alone', whenAlone(), '--out', this.runsFolder],
          logFile: path.join(context.logUri.fsPath, 'engine.log'),
        }),
        log: (level, message) => this.report.log(level, message),
      }),
    );
    this.session = own(new RunSession(this.engine, () => vscode.workspace.isTrusted));
    this.library = own(new RunLibrary(() => this.runsFolder, this.session));
    this.models = own(new ModelList(context.globalState));
    this.problemFiles = own(new ProblemFiles(() => this.runsFolder));
    this.sets = own(new ProblemSets());
    this.results = own(new Results(this.library, this.session, (file) => this.datasetName(file), report));
    this.rollouts = own(new RolloutDocuments((folder) => this.library.read(folder)));
    this.panel = own(
      new Panel(extensionUri, {
        restore: (run) => this.restore(run),
        perform: async (action, run) => {
          const command = action === 'continue' ? 'resume' : action === 'choose-run' ? 'openRun' : action;
          // What steers a run means the one that is shown, which need not be the one that this window follows.
          const steers = action !== 'choose-run' && action !== 'train';
          await vscode.commands.executeCommand(`rollscope.${command}`, steers ? run?.folder : undefined);
        },
        openRollout: (run, group, rollout) => this.rollouts.open(run, group, rollout),
        revealProblem: (run, problem) => this.revealProblem(run, problem),
        again: (run) => this.readAgain(run),
        report,
      }),
    );
    const program = () => this.program;
    this.texts = own(new CliDocuments(program));
    this.reports = own(new ReportPanel(extensionUri, context.workspaceState));
    this.experiments = own(new Experiments(program, (ended) => void this.reports.show(ended).catch(report)));
    own(new Lenses(this.sets, this.results, this.models, this.session));
    own(new Decorations(extensionUri, this.sets, this.results));
    this.showTrees();
    this.showState();
    this.watchRuns();
  }

  /** The engine's command line, and what runs it. */
  private get program(): Program {
    const cli = vscode.Uri.joinPath(this.context.extensionUri, 'dist', 'cli.js').fsPath;
    return { node: engineNode() ?? process.execPath, cli };
  }

  /** The folder that holds the runs. */
  get runsFolder(): string {
    return runsFolderSetting() ?? runsRoot();
  }

  /** A dataset as runs name it: the embedded problems are `embedded`, wherever their file lies. */
  datasetName(file: string): string {
    return samePath(file, this.embeddedFile) ? EMBEDDED : file;
  }

  get health(): Health {
    return healthOf(this.engine.link, this.session.progress, this.session.preparing);
  }

  /** Starts a run and shows it. */
  async start(config: RunConfig): Promise<void> {
    this.panel.open({ preserveFocus: true });
    const run = await this.session.start(config, this.runsFolder);
    this.show(run);
    this.tellWarnings(run);
  }

  /** Opens the panel on the run in progress, else on what it showed last, else on the newest run. */
  async openPanel(): Promise<void> {
    const newest = async () => {
      const [info] = await this.library.list();
      return info ? this.library.take(info.folder) : null;
    };
    const run = this.session.active ?? this.panel.shown ?? (await newest());
    if (run) this.show(run);
    this.panel.open();
  }

  /** Ends the engine, with a checkpoint of its run, and starts another. */
  async restartEngine(): Promise<void> {
    await this.session.stop().catch(() => undefined);
    await this.engine.restart();
  }

  /** Reads the lists of all views again. */
  refresh(): void {
    this.library.refresh();
    this.problemFiles.refresh();
  }

  /** Takes up the run that an engine in the background works on; null when there is none. */
  async reattach(): Promise<OpenRun | null> {
    const client = await this.engine.reattach();
    return client ? this.session.follow(client) : null;
  }

  /** Shows a run in the panel; one that another process works on is followed. */
  show(run: OpenRun): void {
    this.tailing.clear();
    this.panel.setRun(run);
    if (run !== this.session.active && liveWriter(run.folder)) this.tail(run);
  }

  /** Opens a run of the disk in the panel, attached to its engine when one works on it. */
  async openRun(folder: string): Promise<OpenRun> {
    const run = await this.library.take(folder);
    // Shown at once, while it is read or its engine is looked for.
    this.panel.setRun(run);
    this.panel.open();
    const attached =
      run !== this.session.active && liveWriter(folder) ? await this.attachTo(run.run).catch(() => null) : null;
    const shown = attached?.folder === run.folder ? attached : run;
    if (this.panel.shown === run) this.show(shown);
    return shown;
  }

  /** Attaches to the engine that works on a run; null when none can be reached. */
  async attachTo(name: string): Promise<OpenRun | null> {
    const engine = (await this.engine.find()).find(({ active }) => active?.run === name);
    if (!engine) return null;
    return this.session.follow(await this.engine.attach(engine.address));
  }

  /** Reads a run anew that could not be read, and shows it. */
  private async readAgain(run: OpenRun): Promise<OpenRun> {
    this.library.forget(run.folder);
    const fresh = await this.library.take(run.folder);
    this.show(fresh);
    return fresh;
  }

  /** Shows where a problem stands in its file. */
  async revealProblem(run: OpenRun, index: number): Promise<void> {
    const problem = run.problems[index];
    if (!problem) return;
    const uri = vscode.Uri.file(problem.source === EMBEDDED ? this.embeddedFile : problem.source);
    if (problem.line === null) {
      await vscode.commands.executeCommand('vscode.open', uri);
      return;
    }
    const document = await vscode.workspace.openTextDocument(uri);
    // Where it stands now goes before where it stood when the run began.
    const now = this.sets.of(document)?.find(({ prompt }) => prompt === problem.text);
    const line = Math.min(now?.line ?? problem.line - 1, document.lineCount - 1);
    const editor = await vscode.window.showTextDocument(document, { selection: new vscode.Range(line, 0, line, 0) });
    editor.revealRange(new vscode.Range(line, 0, line, 0), vscode.TextEditorRevealType.InCenter);
  }

  /** Deletes a run's folder and everything that shows it. */
  async deleteRun(folder: string): Promise<void> {
    await vscode.workspace.fs.delete(vscode.Uri.file(folder), { recursive: true, useTrash: false });
    if (this.panel.shown?.folder === path.resolve(folder)) this.panel.setRun(null);
    this.library.forget(folder);
  }

  dispose(): void {
    this.scope.dispose();
  }

  /** What a panel of the former window showed: the run that goes on, else the one that it remembers. */
  private async restore(name: string | null): Promise<OpenRun | null> {
    const active = this.session.active ?? (await this.reattach().catch(() => null));
    if (active && (name === null || active.run === name)) return active;
    const info = name === null ? undefined : (await this.library.list()).find(({ run }) => run === name);
    if (!info) return active;
    const run = await this.library.take(info.folder);
    if (liveWriter(run.folder)) this.tail(run);
    return run;
  }

  private tail(run: OpenRun): void {
    const controller = new AbortController();
    this.tailing.add({ dispose: () => controller.abort() });
    const again = async () => {
      controller.abort();
      this.library.forget(run.folder);
      const fresh = await this.library.take(run.folder);
      if (this.panel.shown === run) this.show(fresh);
    };
    const follow = async () => {
      await run.loaded;
      await tailRecords(
        run.folder,
        run.columns.seq + 1,
        (records) => {
          // Its engine went back behind what is known here: read it anew.
          if (records[0] && records[0].seq <= run.columns.seq) void again().catch((error) => this.report.error(error));
          else run.append(records);
        },
        controller.signal,
      );
    };
    // A run that cannot be read says so itself.
    follow().catch((error) => run.error === null && this.report.error(error));
  }

  private showTrees(): void {
    const runs = this.scope.add(
      new RunsTree(
        this.library,
        (folder) => this.session.active?.folder === path.resolve(folder) && this.session.progress?.state === 'paused',
        (error) => this.report.error(error),
      ),
    );
    const datasets = this.scope.add(new DatasetsTree(this.problemFiles));
    const models = this.scope.add(new ModelsTree(this.models));
    const view = (id: string, treeDataProvider: vscode.TreeDataProvider<vscode.TreeItem>) =>
      this.scope.add(vscode.window.createTreeView(`rollscope.${id}`, { treeDataProvider, showCollapseAll: false }));
    const runsView = view('runs', runs as vscode.TreeDataProvider<vscode.TreeItem>);
    view('datasets', datasets as vscode.TreeDataProvider<vscode.TreeItem>);
    const modelsView = view('models', models as vscode.TreeDataProvider<vscode.TreeItem>);

    const hint = () => {
      modelsView.message =
        this.models.recent.length === 0
          ? 'Add a GGUF file, a Hugging Face folder or a Hub id to train a real model.'
          : undefined;
    };
    hint();
    this.scope.add(
      this.models.onDidChange(() => {
        hint();
        models.refresh();
      }),
    );
    this.scope.add(this.library.onDidChange(() => runs.refresh()));
    // The list is read only while somebody looks.
    this.scope.add(runsView.onDidChangeVisibility(({ visible }) => visible && this.library.refresh()));
    const paced = this.scope.add(throttle(PACE * 4, () => runsView.visible && runs.refresh()));
    const following = this.scope.add(new Disposables());
    this.scope.add(
      this.session.onDidChangeActive((run) => {
        following.clear();
        if (!run) return;
        following.add(run.onDidChangeProgress(() => paced()));
        following.add(run.onDidAppend(() => paced()));
      }),
    );
    this.scope.add(
      this.problemFiles.onDidChange(() => {
        datasets.refresh();
      }),
    );
  }

  /** The status item and the context keys follow the engine, the run and the editors. */
  private showState(): void {
    const item = this.scope.add(new StatusItem());
    const update = () => {
      const { health } = this;
      item.update(statusContent(health, this.session.progress));
      this.keys.set('engine', health);
      this.keys.set('run', runKeyOf(health));
    };
    const paced = this.scope.add(throttle(PACE, update));
    const following = this.scope.add(new Disposables());
    this.scope.add(this.engine.onDidChangeLink(() => paced()));
    this.scope.add(
      this.session.onDidChangeActive((run) => {
        following.clear();
        if (run) following.add(run.onDidChangeProgress(() => paced()));
        paced();
      }),
    );
    this.scope.add(this.session.onDidEnd(({ run, end }) => this.tellEnd(run, end)));
    this.scope.add(this.session.onDidInterrupt((run) => void this.tellInterruption(run)));
    this.scope.add(this.engine.onLog(({ level, message }) => this.report.log(level, `engine: ${message}`)));
    this.scope.add(
      this.engine.onDidConnect((client) => {
        // After a lost connection, or in a new window: go on with what the engine works on.
        if (!this.session.preparing) void this.session.follow(client).catch((error) => this.report.error(error));
      }),
    );
    this.scope.add(this.panel.onDidChangeOpen((open) => this.keys.set('panel', open)));
    const editor = () => {
      const document = vscode.window.activeTextEditor?.document;
      this.keys.set('problemSet', document !== undefined && this.sets.of(document) !== null);
      if (RolloutDocuments.addressOf(vscode.window.activeTextEditor)) this.keys.set('rollout', true);
    };
    this.scope.add(vscode.window.onDidChangeActiveTextEditor(editor));
    this.scope.add(this.sets.onDidChange(editor));
    this.scope.add(onDidChangeSettings(['shading'], () => this.keys.set('shading', shading())));
    const files = async () => {
      const found = await this.problemFiles.list();
      this.keys.set('problemFiles', Object.fromEntries(found.map((file) => [file, true as const])));
    };
    this.scope.add(this.problemFiles.onDidChange(() => void files()));
    this.keys.set('active', true);
    this.keys.set('shading', shading());
    editor();
    update();
  }

  /** Runs that come and go on the disk, from this window or another program. */
  private watchRuns(): void {
    const watching = this.scope.add(new Disposables());
    const settled = this.scope.add(throttle(PACE * 2, () => this.library.refresh()));
    const watch = () => {
      watching.clear();
      const pattern = new vscode.RelativePattern(vscode.Uri.file(this.runsFolder), '*/{run.json,lock}');
      const watcher = watching.add(vscode.workspace.createFileSystemWatcher(pattern, false, true, false));
      watching.add(watcher.onDidCreate(() => settled()));
      watching.add(watcher.onDidDelete(() => settled()));
    };
    watch();
    this.scope.add(
      onDidChangeSettings(['runsFolder'], () => {
        watch();
        this.library.refresh();
      }),
    );
  }

  /** What was found while a run was prepared: problems without a reference, a model that cannot read them. */
  private tellWarnings({ columns: { head } }: OpenRun): void {
    const found = head.warnings.filter(({ step }) => step === null);
    if (found.length === 0) return;
    const choose = { 'Choose Model': () => vscode.commands.executeCommand('rollscope.chooseModel') };
    const text = found.map(({ message }) => message).join(' ');
    this.report.log('warning', text);
    void this.report.ask(text, found.some(({ code }) => code === 'model') ? choose : {});
  }

  private tellEnd(run: OpenRun, end: EndOfRun): void {
    this.report.log('info', `run ${run.run} ended at step ${end.step}: ${end.reason}`);
    // A run that was stopped or is complete shows that by itself; a failure needs a decision.
    if (end.reason !== 'failed') return;
    const { message = 'The run failed.', hint } = end.error ?? {};
    void this.report.ask(`Run ${run.run} failed at step ${end.step}. ${message}${hint ? ` ${hint}` : ''}`, {
      Resume: () => this.resume(run.folder),
    });
  }

  private async tellInterruption(run: OpenRun): Promise<void> {
    this.library.refresh();
    const steps = plural(run.columns.step, 'step');
    await this.report.ask(`The engine stopped unexpectedly. Run ${run.run} was interrupted after ${steps}.`, {
      Resume: () => this.resume(run.folder),
    });
  }

  /** Goes on with a run from its last checkpoint, and shows it. */
  async resume(folder: string): Promise<void> {
    this.library.forget(folder);
    this.show(await this.session.resume(folder));
    this.panel.open({ preserveFocus: true });
  }
}
