/** The panel that shows the report of an experiment. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { RollscopeError } from '../../engine/protocol/index.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import { MEMORY, panelType } from '../ids.ts';
import { plain } from '../shown.ts';
import { themedReport } from './report-html.ts';
import { type ExperimentReport, reportIn } from './reports.ts';

const VIEW_TYPE = panelType('report');
/** Key of the open report, for the next window: its page has no script that could remember it. */
const KEY = MEMORY.report;

type Report = Pick<ExperimentReport, 'file' | 'experiment'>;

/** One panel for all reports: showing another one replaces what it shows. */
export class ReportPanel implements vscode.WebviewPanelSerializer {
  private readonly scope = new Disposables();
  private panel: vscode.WebviewPanel | null = null;
  private file: string | null = null;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly memory: vscode.Memento,
  ) {
    this.scope.add(vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this));
  }

  /** The file of the open report. */
  get shown(): string | null {
    return this.file;
  }

  /** @throws RollscopeError `run-not-found` when the report cannot be read */
  async show(report: Report): Promise<void> {
    const page = await read(report.file);
    this.fill(this.panel ?? this.adopt(this.create()), report, page).reveal();
    await this.memory.update(KEY, { file: report.file });
  }

  /** Restores the panel of the previous window; closes it if its report is gone. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    const kept = this.memory.get<Pick<Report, 'file'>>(KEY);
    const report = kept && (await reportIn(path.dirname(kept.file)));
    const page = report && (await read(report.file).catch(() => null));
    if (report && page) this.fill(this.adopt(panel), report, page);
    else panel.dispose();
  }

  /** Opens the shown report in the system's browser, if the window is on the machine that has the file. */
  async openInBrowser(file = this.file): Promise<void> {
    if (!file) return;
    if (vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop) {
      await vscode.env.openExternal(vscode.Uri.file(file));
      return;
    }
    throw new RollscopeError(
      'usage',
      `The report is on another machine than your browser: ${file}`,
      `Download ${path.basename(file)} from the Explorer; it is self-contained.`,
    );
  }

  dispose(): void {
    this.panel?.dispose();
    this.scope.dispose();
  }

  private create(): vscode.WebviewPanel {
    return vscode.window.createWebviewPanel(VIEW_TYPE, 'Experiment', vscode.ViewColumn.Active, {
      enableFindWidget: true,
    });
  }

  private adopt(panel: vscode.WebviewPanel): vscode.WebviewPanel {
    panel.iconPath = vscode.Uri.joinPath(this.extension, 'media', 'icon.png');
    panel.webview.options = { enableScripts: false, localResourceRoots: [] };
    panel.onDidDispose(() => {
      if (this.panel !== panel) return;
      this.panel = null;
      this.file = null;
    });
    this.panel = panel;
    return panel;
  }

  private fill(panel: vscode.WebviewPanel, { file, experiment }: Report, page: string): vscode.WebviewPanel {
    this.file = file;
    panel.title = plain(`Experiment: ${experiment}`);
    panel.webview.html = themedReport(page, randomBytes(16).toString('base64'));
    return panel;
  }
}

/** @throws RollscopeError `run-not-found` */
function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw new RollscopeError('run-not-found', `${file} cannot be read: ${error.message}.`);
  });
}
