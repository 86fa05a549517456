/** The webview panel: shows one run at a time and survives a reload of the window. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { Emitter } from '../../engine/messages/json-rpc.ts';
import {
  Conversation,
  type ConversationActions,
  type PanelPlace,
  type ShownStart,
} from '../../engine/view/conversation.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import type { OpenRun } from '../../engine/view/open-run.ts';
import { pageHtml } from '../../engine/view/page.ts';
import { panelType } from '../ids.ts';
import { editorWords } from '../remedies.ts';
import { plain } from '../shown.ts';
import { runOfViewState } from './view-state.ts';

const VIEW_TYPE = panelType('panel');

/** What the panel needs from the extension. */
export interface PanelActions extends ConversationActions {
  /** Shows the run of a restored panel, unless there is another one to show. */
  restore(run: string | null): Promise<void>;
}

/** The one panel of a window. It can be given a run before it is opened. */
export class Panel implements vscode.WebviewPanelSerializer {
  private readonly scope = new Disposables();
  private readonly visibleEmitter = this.scope.add(new Emitter<boolean>());
  private view: { panel: vscode.WebviewPanel; conversation: Conversation } | null = null;
  private run: OpenRun | null = null;
  private start: ShownStart | null = null;

  readonly onDidChangeOpen = this.visibleEmitter.event;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly actions: PanelActions,
  ) {
    this.scope.add(vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this));
  }

  /** The run that the panel shows, or will show once it is open. */
  get shown(): OpenRun | null {
    return this.run;
  }

  /** Whether the panel still needs a run. */
  needsRun(run: OpenRun): boolean {
    return this.run === run || this.view?.conversation.needsRun(run) === true;
  }

  get isOpen(): boolean {
    return this.view !== null;
  }

  /** Sets the run to show, without opening the panel. */
  setRun(run: OpenRun | null): void {
    if (this.run === run && !this.start) return;
    this.start = null;
    this.run = run;
    this.present();
  }

  /** What is shown in place of the run. */
  get shownStart(): ShownStart | null {
    return this.start;
  }

  /** Whether a start is shown in place of the run. */
  get isStarting(): boolean {
    return this.start !== null;
  }

  /** Opens the panel with a start in place of the run; null shows the run again. */
  showStart(start: ShownStart | null): void {
    this.start = start;
    this.view?.conversation.showStart(start);
    if (start) this.open({ preserveFocus: true });
  }

  /** Opens the panel or brings it to the front. */
  open({ preserveFocus = false } = {}): void {
    if (this.view) {
      this.view.panel.reveal(undefined, preserveFocus);
      return;
    }
    const beside = vscode.window.activeTextEditor !== undefined;
    const column = closeUnseenPanel() ?? (beside ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active);
    const panel = vscode.window.createWebviewPanel(
      VIEW_TYPE,
      'Rollscope',
      { viewColumn: column, preserveFocus },
      // Hidden, it keeps its page, which does nothing then: coming back is not opening it again.
      { enableFindWidget: true, retainContextWhenHidden: true },
    );
    this.adopt(panel);
  }

  /** Opens the panel at a problem of the run that it shows. */
  select(problem: number): void {
    this.open();
    this.view?.conversation.select(problem);
  }

  /** Opens the panel at a step of the run that it shows. */
  showStep(step: number): void {
    this.open();
    this.view?.conversation.showStep(step);
  }

  /** Opens the panel at a place of the run that it shows. */
  goTo(place: PanelPlace): void {
    this.open();
    this.view?.conversation.goTo(place);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    this.adopt(panel);
    // A run that the session already follows takes precedence over the one that the view remembers.
    if (!this.run) await this.actions.restore(runOfViewState(state));
  }

  dispose(): void {
    this.view?.panel.dispose();
    this.scope.dispose();
  }

  private adopt(panel: vscode.WebviewPanel): void {
    const dist = vscode.Uri.joinPath(this.extension, 'dist');
    panel.iconPath = vscode.Uri.joinPath(this.extension, 'media', 'icon.png');
    panel.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    const conversation = new Conversation(panel.webview, this.actions, editorWords(vscode.env.uriScheme));
    const view = { panel, conversation };
    // A panel that was opened before the previous window's panel was restored.
    this.view?.panel.dispose();
    this.view = view;
    panel.onDidChangeViewState(() => conversation.setVisible(panel.visible));
    panel.onDidDispose(() => {
      conversation.dispose();
      if (this.view === view) this.view = null;
      this.visibleEmitter.fire(this.isOpen);
    });
    this.present();
    panel.webview.html = pageHtml({
      csp: panel.webview.cspSource,
      scripts: [panel.webview.asWebviewUri(vscode.Uri.joinPath(dist, 'panel.js')).toString()],
      nonce: randomBytes(16).toString('base64'),
    });
    this.visibleEmitter.fire(true);
  }

  private present(): void {
    if (!this.view) return;
    this.view.panel.title = this.run ? plain(`Rollscope: ${this.run.run}`) : 'Rollscope';
    this.view.conversation.show(this.run);
    this.view.conversation.showStart(this.start);
  }
}

/**
 * Closes the previous window's panel if nobody has looked at it yet: VS Code restores it only when it is shown, and
 * there would be two panels. Returns the column that it was in; null if there was none.
 */
function closeUnseenPanel(): vscode.ViewColumn | null {
  const { tabGroups } = vscode.window;
  const isPanel = ({ input }: vscode.Tab) =>
    input instanceof vscode.TabInputWebview && input.viewType.endsWith(VIEW_TYPE);
  const unseen = tabGroups.all.flatMap(({ tabs }) => tabs).filter(isPanel);
  if (unseen.length === 0) return null;
  const [{ group }] = unseen as [vscode.Tab];
  void tabGroups.close(unseen, true);
  return group.viewColumn;
}
