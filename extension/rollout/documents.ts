/** Rollouts as read-only documents with a scheme of their own, shaded tokens, and a hover for each token. */
import * as vscode from 'vscode';
import { readPrompt } from '../../engine/journal/reader.ts';
import { type GroupId, type Rollout, RollscopeError } from '../../engine/protocol/index.ts';
import { type ForkPoint, forkPoint } from '../../engine/runs/fork-point.ts';
import type { StoredRollout } from '../../engine/view/conversation.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import type { OpenRun } from '../../engine/view/open-run.ts';
import { onDidChangeSettings, shading } from '../settings.ts';
import { plain } from '../shown.ts';
import {
  addressOf,
  diffTitle,
  parseRolloutUri,
  problemOf,
  ROLLOUT_SCHEME,
  type RolloutAddress,
  rolloutUri,
} from './address.ts';
import { layoutRollout, type RolloutLayout, type TokenRange, tokensBetween } from './layout.ts';
import { RolloutMarks, rangeOf } from './marks.ts';
import { Navigation } from './navigation.ts';
import { foldedAtFirst, foldsOf, symbolsOf } from './structure.ts';
import { tokenHover } from './token-text.ts';

interface RolloutPage {
  address: RolloutAddress;
  run: OpenRun;
  problem: number;
  layout: RolloutLayout;
  rollout: Rollout;
  /** The rule that found its answer; null where that is not known. */
  rule: string | null;
  /** null if there is none. */
  fork: ForkPoint | null;
}

/**
 * The documents of rollouts. Their addresses name run, group and rollout, so that VS Code can restore them in a new
 * window.
 */
export class RolloutDocuments implements vscode.FileSystemProvider, vscode.HoverProvider {
  private readonly scope = new Disposables();
  private readonly changes = this.scope.add(new vscode.EventEmitter<vscode.FileChangeEvent[]>());
  /** By address; kept as long as the document is open. */
  private readonly pages = new Map<string, Promise<RolloutPage>>();
  private readonly marks = this.scope.add(new RolloutMarks());
  private readonly navigation = new Navigation<RolloutAddress>();

  readonly onDidChangeFile = this.changes.event;

  constructor(private readonly readRun: (folder: string) => Promise<OpenRun>) {
    const own = { scheme: ROLLOUT_SCHEME };
    this.scope.add(
      vscode.workspace.registerFileSystemProvider(ROLLOUT_SCHEME, this, { isReadonly: true, isCaseSensitive: true }),
    );
    this.scope.add(vscode.languages.registerHoverProvider(own, this));
    this.scope.add(
      vscode.languages.registerDocumentSymbolProvider(own, {
        provideDocumentSymbols: async ({ uri }) => symbolsOf((await this.page(uri)).layout),
      }),
    );
    this.scope.add(
      vscode.languages.registerFoldingRangeProvider(own, {
        provideFoldingRanges: async ({ uri }) => foldsOf((await this.page(uri)).layout),
      }),
    );
    this.scope.add(vscode.window.onDidChangeVisibleTextEditors((editors) => this.shade(editors)));
    this.scope.add(onDidChangeSettings(['shading'], () => this.shade(vscode.window.visibleTextEditors)));
    this.scope.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === ROLLOUT_SCHEME) this.pages.delete(uri.toString());
      }),
    );
    this.shade(vscode.window.visibleTextEditors);
  }

  /** The address of the rollout that an editor shows. */
  static addressOf(editor: vscode.TextEditor | undefined): RolloutAddress | null {
    return editor ? parseRolloutUri(editor.document.uri) : null;
  }

  /** Opens a rollout (by index in its group), replacing the one in the active editor if `replace` is set. */
  async open(run: OpenRun, group: GroupId, rollout: number, { replace = false } = {}): Promise<RolloutAddress> {
    const address = addressOf(run.folder, run.problems, group, rollout);
    const { activeTextEditor: active, visibleTextEditors: visible } = vscode.window;
    const isRollout = (editor: vscode.TextEditor | undefined) => RolloutDocuments.addressOf(editor) !== null;
    // In the place of another rollout, else next to the panel, which stays in sight.
    const place = isRollout(active) ? active : replace ? undefined : visible.find(isRollout);
    const uri = vscode.Uri.from(rolloutUri(address, run.run));
    await vscode.window.showTextDocument(uri, {
      viewColumn: place?.viewColumn ?? vscode.ViewColumn.Beside,
      preview: true,
    });
    const lines = foldedAtFirst((await this.page(uri)).layout);
    if (lines.length > 0) await vscode.commands.executeCommand('editor.fold', { selectionLines: lines });
    return address;
  }

  /**
   * Replaces the rollout in the active editor with the problem's rollout at the next or the previous step of the same
   * phase.
   */
  otherStep(by: 1 | -1): Promise<void> {
    return this.go(async (address) => {
      const { run, problem } = await this.problemOf(address);
      const { phase, step } = address;
      const steps = run.columns
        .rowsOf(problem)
        .map((row) => ({ row, ...run.columns.idOf(row) }))
        .filter((group) => group.phase === phase && Math.sign(group.step - step) === by)
        .sort((a, b) => (a.step - b.step) * by);
      const [next] = steps;
      if (!next) return null;
      const count = run.columns.groups.columns.rollouts[next.row]!;
      const rollout = Math.min(address.rollout, count) - 1;
      return this.open(run, { phase, step: next.step, problem }, rollout, { replace: true });
    });
  }

  /** First and last token of the selection of an editor, from 1; null where nothing of the response is selected. */
  async tokensIn({ document, selection }: vscode.TextEditor): Promise<[first: number, last: number] | null> {
    return selection.isEmpty ? null : tokensBetween((await this.page(document.uri)).layout.spans, selection);
  }

  /** The rollouts that it can be compared with; the sibling that it shares the longest beginning with comes first. */
  async siblings(address: RolloutAddress): Promise<{ index: number; rollout: Rollout; isFork: boolean }[]> {
    const { run, problem } = await this.problemOf(address);
    const { phase, step } = address;
    const { detail } = await run.readGroup({ phase, step, problem });
    const fork = forkPoint(detail, address.rollout - 1);
    const first = typeof fork === 'string' ? -1 : fork.sibling;
    return detail.rollouts
      .map((rollout, index) => ({ index, rollout, isFork: index === first }))
      .filter(({ index }) => index !== address.rollout - 1)
      .sort((a, b) => Number(b.isFork) - Number(a.isFork));
  }

  /** Opens two rollouts in the editor's diff, the second on the right: of one group, of two steps, or of two runs. */
  async compare(...both: [left: StoredRollout, right: StoredRollout]): Promise<void> {
    const sides = both.map(({ run, group, rollout }) => {
      const address = addressOf(run.folder, run.problems, group, rollout);
      return { address, uri: vscode.Uri.from(rolloutUri(address, run.run)), run: run.run };
    });
    const [left, right] = [sides[0]!, sides[1]!];
    await vscode.commands.executeCommand('vscode.diff', left.uri, right.uri, plain(diffTitle(left, right)), {
      preview: true,
    });
  }

  /** From the rollout in the active editor, opens the one `by` places further in the group, wrapping around. */
  neighbor(by: number): Promise<void> {
    return this.go(async (address) => {
      const { run, problem } = await this.problemOf(address);
      const group = { ...address, problem };
      const row = run.columns.find(group);
      const count = row === null ? 0 : run.columns.groups.columns.rollouts[row]!;
      if (count === 0) return null;
      return this.open(run, group, (address.rollout - 1 + by + count) % count, { replace: true });
    });
  }

  /** The run and the problem (by index) of an address. */
  async problemOf(address: RolloutAddress): Promise<{ run: OpenRun; problem: number }> {
    const run = await this.readRun(address.folder);
    const problem = problemOf(run.problems, address);
    if (problem !== null) return { run, problem };
    throw new RollscopeError('run-broken', `Run ${run.run} does not contain problem '${address.problem}'.`);
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return new TextEncoder().encode((await this.page(uri)).layout.text);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const size = new TextEncoder().encode((await this.page(uri)).layout.text).length;
    return { type: vscode.FileType.File, ctime: 0, mtime: 0, size, permissions: vscode.FilePermission.Readonly };
  }

  async provideHover(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | null> {
    const { layout, rollout, rule, fork } = await this.page(document.uri);
    const index = layout.spans.findIndex((span) => rangeOf(span).contains(position) && isBehind(span, position));
    if (index < 0) return null;
    const range = rangeOf(layout.spans[index]!);
    const inAnswer =
      rule !== null && layout.answer !== null && rangeOf(layout.answer).intersection(range)?.isEmpty === false;
    const text = tokenHover(rollout, index, {
      ...(inAnswer && { answer: rule }),
      ...(fork?.shared === index && { fork }),
    });
    return new vscode.Hover(new vscode.MarkdownString(text), range);
  }

  watch(): vscode.Disposable {
    // A stored rollout never changes.
    return { dispose: () => undefined };
  }

  readDirectory(): never {
    throw vscode.FileSystemError.NoPermissions();
  }
  createDirectory(): never {
    throw vscode.FileSystemError.NoPermissions();
  }
  writeFile(): never {
    throw vscode.FileSystemError.NoPermissions();
  }
  delete(): never {
    throw vscode.FileSystemError.NoPermissions();
  }
  rename(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  dispose(): void {
    this.scope.dispose();
  }

  private go(step: (from: RolloutAddress) => Promise<RolloutAddress | null>): Promise<void> {
    return this.navigation.go(() => RolloutDocuments.addressOf(vscode.window.activeTextEditor), step);
  }

  private page(uri: vscode.Uri): Promise<RolloutPage> {
    const key = uri.toString();
    let page = this.pages.get(key);
    if (!page) {
      page = this.load(uri);
      this.pages.set(key, page);
      page.catch(() => this.pages.delete(key));
    }
    return page;
  }

  private async load(uri: vscode.Uri): Promise<RolloutPage> {
    const address = parseRolloutUri(uri);
    if (!address) throw vscode.FileSystemError.FileNotFound(uri);
    try {
      const { run, problem } = await this.problemOf(address);
      const { phase, step } = address;
      const [{ detail, why, places }, prompt] = await Promise.all([
        run.readGroup({ phase, step, problem }),
        readPrompt(run.folder, problem),
      ]);
      const index = address.rollout - 1;
      const rollout = detail.rollouts[index];
      if (!rollout) throw vscode.FileSystemError.FileNotFound(uri);
      const fork = forkPoint(detail, index);
      const layout = layoutRollout({
        run: run.run,
        step,
        phase,
        problem: run.problems[problem]!,
        index,
        of: detail.rollouts.length,
        imported: run.file.config === null,
        why: why[index]!,
        rollout,
        prompt: prompt?.text ?? null,
        place: places[index] ?? null,
        fork,
      });
      const rule = places[index]?.rule ?? null;
      return { address, run, problem, layout, rollout, rule, fork: typeof fork === 'string' ? null : fork };
    } catch (error) {
      if (error instanceof RollscopeError) throw vscode.FileSystemError.Unavailable(error.message);
      throw error;
    }
  }

  private shade(editors: readonly vscode.TextEditor[]): void {
    for (const editor of editors) {
      if (editor.document.uri.scheme === ROLLOUT_SCHEME) void this.shadeEditor(editor);
    }
  }

  private async shadeEditor(editor: vscode.TextEditor): Promise<void> {
    const { layout, rollout } = await this.page(editor.document.uri);
    this.marks.draw(editor, layout, rollout, shading());
  }
}

/** A position between two tokens belongs to the second one. */
function isBehind({ endLine, endCharacter }: TokenRange, position: vscode.Position): boolean {
  return position.isBefore(new vscode.Position(endLine, endCharacter));
}
