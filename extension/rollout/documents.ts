/** Rollouts as read-only files of their own scheme, with shaded tokens and a hover for each. */
import * as vscode from 'vscode';
import { code, number, percent } from '../../engine/protocol/format.ts';
import { RollscopeError, rolloutsOf, type StoredRollout } from '../../engine/protocol/index.ts';
import { SHADES, shadeOf } from '../../engine/protocol/shades.ts';
import { Disposables } from '../disposables.ts';
import type { OpenRun } from '../run/open-run.ts';
import { onDidChangeSettings, shading } from '../settings.ts';
import { parseRolloutUri, ROLLOUT_SCHEME, type RolloutAddress, rolloutUri } from './address.ts';
import { layoutRollout, type RolloutLayout } from './layout.ts';

interface RolloutPage {
  address: RolloutAddress;
  run: OpenRun;
  problem: number;
  layout: RolloutLayout;
  rollout: StoredRollout;
}

export class RolloutDocuments implements vscode.FileSystemProvider, vscode.HoverProvider {
  private readonly scope = new Disposables();
  private readonly changes = this.scope.add(new vscode.EventEmitter<vscode.FileChangeEvent[]>());
  /** By address; a page stays as long as its document is open. */
  private readonly pages = new Map<string, Promise<RolloutPage>>();
  private readonly decorations: vscode.TextEditorDecorationType[];

  readonly onDidChangeFile = this.changes.event;

  constructor(private readonly readRun: (folder: string) => Promise<OpenRun>) {
    // The first shade is the editor's own background.
    this.decorations = Array.from({ length: SHADES - 1 }, (_, i) =>
      this.scope.add(
        vscode.window.createTextEditorDecorationType({
          backgroundColor: new vscode.ThemeColor(`rollscope.token${i + 1}`),
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

  uriOf(run: OpenRun, group: number, rollout: number): vscode.Uri {
    const facts = run.state.groups.get(group);
    if (!facts) throw new RollscopeError('run-broken', `Run ${run.run} has no rollouts with number ${group}.`);
    const problem = run.problems[facts.problem]?.id ?? String(facts.problem);
    return vscode.Uri.from(
      rolloutUri({ folder: run.folder, group, rollout }, { run: run.run, problem, step: facts.step }),
    );
  }

  /** Opens a rollout; in place of the one in the active editor when `replace` is set. */
  async open(run: OpenRun, group: number, rollout: number, { replace = false } = {}): Promise<void> {
    const uri = this.uriOf(run, group, rollout);
    const active = vscode.window.activeTextEditor;
    const here = RolloutDocuments.addressOf(active) !== null;
    await vscode.window.showTextDocument(uri, {
      viewColumn: here ? active!.viewColumn : vscode.ViewColumn.Active,
      preview: true,
      preserveFocus: !replace && !here ? false : undefined,
    });
  }

  /** The rollout `by` places further in the same group, round the end. */
  async neighbour(address: RolloutAddress, by: number): Promise<void> {
    const run = await this.readRun(address.folder);
    const count = run.state.groups.get(address.group)?.rollouts ?? 0;
    if (count === 0) return;
    await this.open(run, address.group, (address.rollout + by + count) % count, { replace: true });
  }

  /** The run and the problem of the rollout that an address names. */
  async problemOf(address: RolloutAddress): Promise<{ run: OpenRun; problem: number }> {
    const run = await this.readRun(address.folder);
    return { run, problem: run.state.groups.get(address.group)?.problem ?? 0 };
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
    const probability = Math.exp(rollout.logprob[index]!);
    const top1 = rollout.top1[index]!;
    // Both are float32 from the same distribution.
    const likeliest = probability >= top1 - 1e-4;
    const lines = [
      `${code(rollout.pieces[index]!)} · token ${index + 1} of ${rollout.tokens.length} · id ${rollout.tokens[index]}`,
      [
        '| | |',
        '| :--- | ---: |',
        `| Probability | ${percentOf(probability)}${likeliest ? ', the likeliest' : ''} |`,
        `| Entropy | ${number(rollout.entropy[index])} nats |`,
        `| Likeliest token | ${percentOf(top1)} |`,
        `| Second | ${percentOf(rollout.top2[index]!)} |`,
      ].join('\n'),
    ];
    return new vscode.Hover(new vscode.MarkdownString(lines.join('\n\n')), rangeOf(layout, index));
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
      const run = await this.readRun(address.folder);
      const group = run.state.groups.get(address.group);
      const stored = await run.readGroup(address.group);
      const rollout = stored.rollouts[address.rollout];
      const problem = group && run.problems[group.problem];
      const summary = group && rolloutsOf(group)[address.rollout];
      if (!rollout || !group || !problem || !summary) throw vscode.FileSystemError.FileNotFound(uri);
      const layout = layoutRollout({
        run: run.run,
        step: group.step,
        phase: group.phase,
        problem,
        index: address.rollout,
        of: stored.rollouts.length,
        summary,
        why: run.explain(group, stored)[address.rollout]!,
        rollout,
      });
      return { address, run, problem: group.problem, layout, rollout };
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
    layout.spans.forEach((_, i) => {
      ranges[shadeOf(by, rollout.logprob[i]!, rollout.entropy[i]!)]!.push(rangeOf(layout, i));
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

/** Where two tokens meet, the position belongs to the one that begins there. */
function isBehind(layout: RolloutLayout, index: number, position: vscode.Position): boolean {
  const { endLine, endCharacter } = layout.spans[index]!;
  return position.isBefore(new vscode.Position(endLine, endCharacter));
}

/** Small probabilities keep their size: `0.02%`. */
function percentOf(probability: number): string {
  return probability < 0.1 ? `${number(probability * 100, 2)}%` : percent(probability);
}
