/** The panel that shows the report of an experiment. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { RollscopeError } from '../../engine/protocol/index.ts';
import { themedReport } from './report-html.ts';
import type { StudyReport } from './reports.ts';

export class ReportPanel {
  private panel: vscode.WebviewPanel | null = null;
  private file: string | null = null;

  constructor(private readonly extension: vscode.Uri) {}

  /** The report that is open. */
  get shown(): string | null {
    return this.file;
  }

  /** @throws RollscopeError `run-not-found` when the report cannot be read */
  async show({ file, study }: Pick<StudyReport, 'file' | 'study'>): Promise<void> {
    const page = await readFile(file, 'utf8').catch((error: Error) => {
      throw new RollscopeError('run-not-found', `${file} cannot be read: ${error.message}.`);
    });
    const panel = this.panel ?? this.create();
    this.file = file;
    panel.title = `Experiment: ${study}`;
    panel.webview.html = themedReport(page, randomBytes(16).toString('base64'));
    panel.reveal();
  }

  /** Opens the report that is shown in the system's browser, where the window is on the machine that has the file. */
  async openInBrowser(file = this.file): Promise<void> {
    if (!file) return;
    if (vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop) {
      await vscode.env.openExternal(vscode.Uri.file(file));
      return;
    }
    throw new RollscopeError(
      'usage',
      `The report lies on another machine than your browser: ${file}`,
      `Download ${path.basename(file)} from the Explorer; it needs nothing beside it.`,
    );
  }

  dispose(): void {
    this.panel?.dispose();
  }

  private create(): vscode.WebviewPanel {
    const panel = vscode.window.createWebviewPanel('rollscope.report', 'Experiment', vscode.ViewColumn.Active, {
      enableScripts: false,
      enableFindWidget: true,
      localResourceRoots: [],
    });
    panel.iconPath = vscode.Uri.joinPath(this.extension, 'media', 'icon.png');
    panel.onDidDispose(() => {
      this.panel = null;
      this.file = null;
    });
    this.panel = panel;
    return panel;
  }
}
