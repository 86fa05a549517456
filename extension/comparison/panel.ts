/** The panels that compare runs: one for each set of runs. They survive a reload of the window. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { ComparisonState } from '../../engine/runs/comparison/contract.ts';
import { MAX_RUNS } from '../../engine/runs/comparison/letters.ts';
import { ComparisonConversation, type PlaceToOpen } from '../../engine/view/comparison.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import type { OpenRun } from '../../engine/view/open-run.ts';
import { pageHtml } from '../../engine/view/page.ts';
import { panelType } from '../ids.ts';
import { editorWords } from '../remedies.ts';
import { plain } from '../shown.ts';

const VIEW_TYPE = panelType('comparison');

/** What the panels need from the extension. */
export interface ComparisonPanelActions {
  /** Opens a run; its columns may still be loading. */
  take(folder: string): Promise<OpenRun>;
  /** Shows a run in the panel of runs. */
  open(place: PlaceToOpen): Promise<void>;
  saveFile(name: string, content: Uint8Array): Promise<void>;
  report(error: unknown): void;
}

/** Runs stay open while a panel shows them. A panel is not restored if its runs are gone. */
export class ComparisonPanels implements vscode.WebviewPanelSerializer {
  private readonly scope = new Disposables();
  private readonly shown = new Map<vscode.WebviewPanel, readonly OpenRun[]>();
  private readonly taken = new Set<OpenRun>();

  constructor(
    private readonly extension: vscode.Uri,
    private readonly actions: ComparisonPanelActions,
  ) {
    this.scope.add(vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this));
  }

  /** Whether one of the panels shows the run. */
  shows(run: OpenRun): boolean {
    return this.taken.has(run) || [...this.shown.values()].some((runs) => runs.includes(run));
  }

  /** Opens a panel on the runs. @throws RollscopeError `run-not-found`, `run-broken` */
  async open(folders: readonly string[]): Promise<void> {
    const runs = await this.take(folders);
    const panel = vscode.window.createWebviewPanel(VIEW_TYPE, 'Compare', vscode.ViewColumn.Active, {
      retainContextWhenHidden: true,
    });
    this.fill(panel, runs);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const folders = foldersOf(state);
    try {
      if (folders.length < 2) panel.dispose();
      else this.fill(panel, await this.take(folders));
    } catch (error) {
      // A run is gone: there is nothing to compare with.
      panel.dispose();
      this.actions.report(error);
    }
  }

  dispose(): void {
    for (const panel of [...this.shown.keys()]) panel.dispose();
    this.scope.dispose();
  }

  /** Opens the runs, and keeps each of them open while the others are located. */
  private async take(folders: readonly string[]): Promise<OpenRun[]> {
    const held = folders.map(async (folder) => {
      const run = await this.actions.take(folder);
      this.taken.add(run);
      return run;
    });
    try {
      return await Promise.all(held);
    } finally {
      // The panel takes over within this turn of the event loop.
      setImmediate(() => this.taken.clear());
    }
  }

  private fill(panel: vscode.WebviewPanel, runs: readonly OpenRun[]): void {
    const dist = vscode.Uri.joinPath(this.extension, 'dist');
    panel.iconPath = vscode.Uri.joinPath(this.extension, 'media', 'icon.png');
    panel.title = plain(`Compare: ${runs.map(({ run }) => run).join(', ')}`);
    panel.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    const { open, saveFile, report } = this.actions;
    const conversation = new ComparisonConversation(
      panel.webview,
      runs,
      { open, saveFile, report },
      editorWords(vscode.env.uriScheme),
    );
    this.shown.set(panel, runs);
    panel.onDidChangeViewState(() => conversation.setVisible(panel.visible));
    panel.onDidDispose(() => {
      conversation.dispose();
      this.shown.delete(panel);
    });
    panel.webview.html = pageHtml({
      csp: panel.webview.cspSource,
      scripts: [panel.webview.asWebviewUri(vscode.Uri.joinPath(dist, 'compare.js')).toString()],
      nonce: randomBytes(16).toString('base64'),
    });
  }
}

/** Folders of the runs that a page compared before the reload; [] where its state has none. */
function foldersOf(state: unknown): string[] {
  const folders = (state as Partial<ComparisonState> | null | undefined)?.folders;
  return Array.isArray(folders) && folders.every((folder) => typeof folder === 'string')
    ? folders.slice(0, MAX_RUNS)
    : [];
}
