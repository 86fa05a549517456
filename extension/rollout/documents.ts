/** Rollouts as read-only documents with a scheme of their own, shaded tokens, and a hover for each token. */
import * as vscode from 'vscode';
import { type GroupId, type Rollout, RollscopeError } from '../../engine/protocol/index.ts';
import { SHADES, shadeColor, shadeOf } from '../../engine/protocol/shades.ts';
import type { OpenRun } from '../../engine/view/open-run.ts';
import { Disposables } from '../disposables.ts';
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
import { layoutRollout, type RolloutLayout } from './layout.ts';
import { tokenText } from './token-text.ts';

interface RolloutPage {
  address: RolloutAddress;
  run: OpenRun;
  problem: number;
  layout: RolloutLayout;
  rollout: Rollout;
}

/** The documents of rollouts. Their addresses name run, group and rollout, so that they survive the window. */
export class RolloutDocuments implements vscode.FileSystemProvider, vscode.HoverProvider {
  private readonly scope = new Disposables();
  private readonly changes = this.scope.add(new vscode.EventEmitter<vscode.FileChangeEvent[]>());
  /** By address; kept as long as the document is open. */
  private readonly pages = new Map<string, Promise<RolloutPage>>();
  private readonly decorations: vscode.TextEditorDecorationType[];

  readonly onDidChangeFile = this.changes.event;

  constructor(private readonly readRun: (folder: string) => Promise<OpenRun>) {
    // The first shade is the editor's background.
    this.decorations = Array.from({ length: SHADES - 1 }, (_, i) =>
      this.scope.add(
        vscode.window.createTextEditorDecorationType({
          backgroundColor: new vscode.ThemeColor(shadeColor(i + 1)),
          rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
        }),
      ),
    );
    const own = { scheme: ROLLOUT_SCHEME };
    this.scope.add(
      vscode.workspace.registerFileSystemProvider(ROLLOUT_SCHEME, this, { isReadonly: true, isCaseSensitive: true }),
    );
    this.scope.add(vscode.languages.registerHoverProvider(own, this));
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
  async open(run: OpenRun, group: GroupId, rollout: number, { replace = false } = {}): Promise<void> {
    const address = addressOf(run.folder, run.problems, group, rollout);
    const { activeTextEditor: active, visibleTextEditors: visible } = vscode.window;
    const isRollout = (editor: vscode.TextEditor | undefined) => RolloutDocuments.addressOf(editor) !== null;
    // In the place of another rollout, else next to the panel, which stays in sight.
    const place = isRollout(active) ? active : replace ? undefined : visible.find(isRollout);
    await vscode.window.showTextDocument(vscode.Uri.from(rolloutUri(address, run.run)), {
      viewColumn: place?.viewColumn ?? vscode.ViewColumn.Beside,
      preview: true,
    });
  }

  /** Opens two rollouts (by their indices in the group) in the editor's diff, the second on the right. */
  async compare(run: OpenRun, group: GroupId, rollout: number, other: number): Promise<void> {
    const addresses = [rollout, other].map((index) => addressOf(run.folder, run.problems, group, index));
    const [left, right] = addresses.map((address) => vscode.Uri.from(rolloutUri(address, run.run)));
    const title = plain(diffTitle(addresses[0]!, addresses[1]!));
    await vscode.commands.executeCommand('vscode.diff', left, right, title, { preview: true });
  }

  /** Opens the rollout `by` places further in the same group, wrapping around. */
  async neighbor(address: RolloutAddress, by: number): Promise<void> {
    const { run, problem } = await this.problemOf(address);
    const group = { ...address, problem };
    const row = run.columns.find(group);
    const count = row === null ? 0 : run.columns.groups.columns.rollouts[row]!;
    if (count === 0) return;
    await this.open(run, group, (address.rollout - 1 + by + count) % count, { replace: true });
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
    const { layout, rollout } = await this.page(document.uri);
    const index = layout.spans.findIndex(
      (_, i) => rangeOf(layout, i).contains(position) && isBehind(layout, i, position),
    );
    if (index < 0) return null;
    return new vscode.Hover(new vscode.MarkdownString(tokenText(rollout, index)), rangeOf(layout, index));
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
      const { detail, why } = await run.readGroup({ phase, step, problem });
      const index = address.rollout - 1;
      const rollout = detail.rollouts[index];
      if (!rollout) throw vscode.FileSystemError.FileNotFound(uri);
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
      });
      return { address, run, problem, layout, rollout };
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
    const by = shading();
    const ranges: vscode.Range[][] = Array.from({ length: SHADES }, () => []);
    const { logprob, entropy } = rollout.statistics;
    const known = by === 'probability' ? logprob : entropy;
    layout.spans.forEach((_, i) => {
      if (!known) return;
      ranges[shadeOf(by, logprob?.[i] ?? 0, entropy?.[i] ?? 0)]!.push(rangeOf(layout, i));
    });
    this.decorations.forEach((decoration, i) => {
      editor.setDecorations(decoration, ranges[i + 1]!);
    });
  }
}

function rangeOf(layout: RolloutLayout, index: number): vscode.Range {
  const { line, character, endLine, endCharacter } = layout.spans[index]!;
  return new vscode.Range(line, character, endLine, endCharacter);
}

/** A position between two tokens belongs to the second one. */
function isBehind(layout: RolloutLayout, index: number, position: vscode.Position): boolean {
  const { endLine, endCharacter } = layout.spans[index]!;
  return position.isBefore(new vscode.Position(endLine, endCharacter));
}
