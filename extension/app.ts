/** Owns everything that lives as long as the extension, and connects its parts. */
import path from 'node:path';
import * as vscode from 'vscode';
import { runsRoot } from '../engine/journal/locations.ts';
import { writeNote } from '../engine/journal/notes.ts';
import { EMBEDDED } from '../engine/protocol/embedded.ts';
import { rollscopeHome } from '../engine/protocol/home.ts';
import type { RunConfig } from '../engine/protocol/index.ts';
import { problemName } from '../engine/runs/find-place.ts';
import { runChoices } from '../engine/runs/run-choices.ts';
import { unfinishedImport } from '../engine/runs/unfinished-import.ts';
import type { Program } from '../engine/view/command-line.ts';
import type { PlaceToOpen } from '../engine/view/comparison.ts';
import { calibrateRun, rescoreRun } from '../engine/view/computed.ts';
import { dataColumns } from '../engine/view/data-columns.ts';
import { Disposables } from '../engine/view/disposables.ts';
import type { OpenRun } from '../engine/view/open-run.ts';
import { ChangeDocuments } from './change-documents.ts';
import { CliDocuments } from './cli-documents.ts';
import { ComparisonPanels } from './comparison/panel.ts';
import { ConfigurationLenses } from './editor/configurations.ts';
import { Decorations } from './editor/decorations.ts';
import { RowDiagnostics } from './editor/diagnostics.ts';
import { Lenses } from './editor/lenses.ts';
import { ProblemDocuments } from './editor/problem-documents.ts';
import { Results, samePath } from './editor/results.ts';
import { revealProblem } from './editor/reveal.ts';
import { EngineService } from './engine/service.ts';
import { ReportPanel } from './experiments/report-panel.ts';
import { Experiments } from './experiments/tasks.ts';
import { MEMORY } from './ids.ts';
import { DumpFolders } from './imports/dumps.ts';
import { FollowedRuns } from './imports/followed-runs.ts';
import { continueFollowing } from './imports/following.ts';
import { type Followed, Imports } from './imports/imports.ts';
import { offerDumps } from './imports/offer.ts';
import { followingItem } from './imports/status.ts';
import { Links, openAddress } from './links.ts';
import { Notices } from './notices.ts';
import { buttons, type ExecuteCommand } from './panel/actions.ts';
import { Panel } from './panel/panel.ts';
import { saveFile } from './panel/save-file.ts';
import { Reporter } from './report.ts';
import { RolloutDocuments } from './rollout/documents.ts';
import { confirmForeignPrograms } from './run/consent.ts';
import { RunLibrary } from './run/library.ts';
import { whilePreparing } from './run/preparing.ts';
import { type CheckpointAt, RunSession } from './run/session.ts';
import { RunViewer } from './run/viewer.ts';
import { watchRunsFolder } from './run/watch-folder.ts';
import { engineNode, runsFolderSetting, sandbox, whenAlone } from './settings.ts';
import { registerTools } from './tools.ts';
import { ProblemFiles } from './trees/datasets.ts';
import { ModelList } from './trees/models.ts';
import { showViews } from './trees/views.ts';
import { showState } from './window-state.ts';

/** One per window; its parts are disposed of with it. */
export class Rollscope {
  private readonly scope = new Disposables();

  /** The embedded problems, as a file that can be read. */
  readonly embeddedFile: string;
  readonly report: Reporter;
  readonly notices: Notices;
  readonly engine: EngineService;
  readonly session: RunSession;
  readonly library: RunLibrary;
  readonly viewer: RunViewer;
  readonly models: ModelList;
  readonly problemFiles: ProblemFiles;
  readonly documents: ProblemDocuments;
  readonly results: Results;
  readonly rollouts: RolloutDocuments;
  readonly panel: Panel;
  readonly comparisons: ComparisonPanels;
  readonly changes: ChangeDocuments;
  readonly texts: CliDocuments;
  readonly reports: ReportPanel;
  readonly experiments: Experiments;
  readonly imports: Imports;
  readonly followed: FollowedRuns;
  readonly dumps: DumpFolders;

  /** @param act runs a command for a button of the panel */
  constructor(
    readonly context: vscode.ExtensionContext,
    act: ExecuteCommand,
  ) {
    const { extensionUri, globalState, workspaceState } = context;
    const own = <T extends { dispose(): unknown }>(part: T): T => this.scope.add(part);
    const report = (error: unknown) => this.report.error(error);
    const program = () => this.program;
    this.embeddedFile = vscode.Uri.joinPath(extensionUri, 'engine', 'embedded', 'problems.jsonl').fsPath;
    this.report = own(new Reporter());
    this.engine = own(this.engineService());
    this.session = own(new RunSession(this.engine, () => vscode.workspace.isTrusted, confirmForeignPrograms));
    this.library = own(
      new RunLibrary(
        () => this.runsFolder,
        this.session,
        (run) => this.panel.needsRun(run) || this.comparisons.shows(run),
        () => this.followed?.runs ?? [],
      ),
    );
    this.models = own(new ModelList(globalState));
    this.problemFiles = own(new ProblemFiles(() => this.runsFolder));
    this.documents = own(new ProblemDocuments());
    this.results = own(new Results(this.library, this.session, (file) => this.datasetName(file), report));
    this.rollouts = own(new RolloutDocuments((folder) => this.library.read(folder)));
    this.panel = own(
      new Panel(extensionUri, {
        restore: (run) => this.viewer.restore(run),
        ...buttons((name, argument) =>
          act(name, argument).catch((error: unknown) => {
            this.report.record(error);
            throw error;
          }),
        ),
        openRollout: async (run, group, rollout) => void (await this.rollouts.open(run, group, rollout)),
        saveFile,
        compareRollouts: (left, right) => this.rollouts.compare(left, right),
        listRuns: async (run) => runChoices(await this.library.list(), run),
        takeRun: (folder) => this.library.take(folder),
        revealProblem: (run, problem) => this.revealProblem(run, problem),
        calibrate: (run, phase, step, signal) => calibrateRun(program(), run, phase, step, signal),
        rescore: (run, scope, signal) => rescoreRun(program(), run, scope, signal),
        writeNote: ({ folder }, note) => writeNote(folder, note),
        dataColumns: ({ problems }) =>
          dataColumns(problems, (source) => (source === EMBEDDED ? this.embeddedFile : source)),
        again: (run) => this.viewer.readAgain(run),
        report,
      }),
    );
    const { engine, session, library, panel, documents, problemFiles, models } = this;
    this.viewer = own(new RunViewer({ engine, session, library, screen: panel, report }));
    this.notices = new Notices(this.report, (run, step) => {
      const shown = run === session.active ? this.viewer.show(run) : this.viewer.open(run.folder);
      void Promise.resolve(shown).then(() => this.panel.showStep(step), report);
    });
    this.comparisons = own(
      new ComparisonPanels(extensionUri, {
        take: (folder) => this.library.take(folder),
        open: (place) => this.openAt(place),
        saveFile,
        report,
      }),
    );
    this.changes = own(new ChangeDocuments((folder) => this.library.read(folder)));
    this.texts = own(new CliDocuments(program));
    this.reports = own(new ReportPanel(extensionUri, workspaceState));
    this.experiments = own(new Experiments(program, (ended) => void this.reports.show(ended).catch(report)));
    this.imports = own(
      new Imports(program, () => this.runsFolder, {
        read: () => workspaceState.get<Followed[]>(MEMORY.followed, []),
        write: (followed) => void workspaceState.update(MEMORY.followed, followed),
      }),
    );
    this.dumps = own(new DumpFolders(program, (error) => this.report.record(error)));
    const { imports, dumps } = this;
    this.followed = own(new FollowedRuns({ imports, grown: (run, since) => this.notices.alarm(run, since), report }));
    const { followed } = this;
    own(followingItem(imports, followed));
    own(new Links(this, report));
    own(registerTools(program, (address) => openAddress(this, address)));
    own(new ConfigurationLenses());
    own(new Lenses(documents, this.results, models, session));
    own(new RowDiagnostics(documents));
    own(new Decorations(extensionUri, documents, this.results));
    own(showViews({ library, session, followed, problemFiles, models, report }));
    own(showState({ engine, session, panel, documents, problemFiles, dumps, imports }));
    own(watchRunsFolder(library));
    this.listen();
  }

  /** The folder of the runs. */
  get runsFolder(): string {
    return runsFolderSetting() ?? runsRoot();
  }

  /** The name under which runs record a dataset: `embedded` for the embedded problems, wherever their file is. */
  datasetName(file: string): string {
    return samePath(file, this.embeddedFile) ? EMBEDDED : file;
  }

  /** Starts a run, shows it, and shows the warnings of its preparation. */
  async start(config: RunConfig, from?: CheckpointAt): Promise<void> {
    const what = config.job === 'train' ? 'train' : 'probe';
    this.notices.warnings(await whilePreparing(this, what, () => this.viewer.start(config, from)));
  }

  /** Opens a run in the panel at a problem and a step. `from` places cursor A, in this run or another. */
  private async openAt({ folder, problem, step, from }: PlaceToOpen): Promise<void> {
    const run = await this.viewer.open(folder);
    await run.loaded;
    const name = problem === null ? { problem, row: null } : problemName(run.problems, problem);
    const cursorA = from && { fromRun: from.folder, ...(from.step !== null && { from: from.step }) };
    this.panel.goTo({ ...name, step, phase: null, rollout: null, tokens: null, ...cursorA });
  }

  /** Shows a problem of a run (by index) in its file. */
  async revealProblem(run: OpenRun, index: number): Promise<void> {
    const problem = run.problems[index];
    if (!problem) return;
    const file = problem.source === EMBEDDED ? this.embeddedFile : problem.source;
    await revealProblem(problem, file, this.documents);
  }

  /** Reloads all views. */
  refresh(): void {
    this.library.refresh();
    this.problemFiles.refresh();
  }

  dispose(): void {
    this.scope.dispose();
  }

  /** The engine's command line and its Node. */
  get program(): Program {
    const cli = vscode.Uri.joinPath(this.context.extensionUri, 'dist', 'cli.js').fsPath;
    return { node: engineNode() ?? process.execPath, cli };
  }

  private engineService(): EngineService {
    const { extension, logUri } = this.context;
    return new EngineService({
      home: rollscopeHome(),
      version: extension.packageJSON.version,
      name: `editor ${process.pid}`,
      launch: () => ({
        ...this.program,
        args: ['--when-alone', whenAlone(), '--sandbox', sandbox(), '--out', this.runsFolder],
        logFile: path.join(logUri.fsPath, 'engine.log'),
      }),
      log: (level, message) => this.report.log(level, message),
    });
  }

  /** Reacts to changes of the engine and the run that no command caused. */
  private listen(): void {
    const { engine, session, notices, report } = this;
    const { dumps } = this;
    const { workspaceState: workspace, globalState: everywhere } = this.context;
    const isImported = async (source: string) =>
      this.imports.isImporting(source) || (await unfinishedImport(this.runsFolder, { source, follow: true })) !== null;
    this.scope.add(
      dumps.onDidChange(() => {
        offerDumps(dumps.all, isImported, { workspace, everywhere }).catch((error: unknown) => report.error(error));
      }),
    );
    dumps.refresh();
    continueFollowing(this);
    this.scope.add(engine.onLog(({ level, message }) => report.log(level, `engine: ${message}`)));
    this.scope.add(
      engine.onDidConnect((client) => {
        // After a lost connection or in a new window: follow the engine's active run.
        if (!session.preparing) void session.follow(client).catch((error) => report.error(error));
      }),
    );
    const following = this.scope.add(new Disposables());
    this.scope.add(
      session.onDidChangeActive((run) => {
        following.clear();
        if (!run) return;
        const since = run.columns.seq;
        following.add(
          run.onDidAppend(() => {
            notices.signal(run, since);
            notices.alarm(run, since);
          }),
        );
      }),
    );
    this.scope.add(session.onDidEnd(({ run, end }) => notices.ended(run, end)));
    this.scope.add(
      session.onDidInterrupt((run) => {
        this.library.refresh();
        notices.interrupted(run);
      }),
    );
  }
}
