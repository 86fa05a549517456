/** The dumps of other trainers in the workspace: found by the command line, for the Explorer's menu and an offer. */
import * as vscode from 'vscode';
import * as z from 'zod';
import { Emitter } from '../../engine/messages/json-rpc.ts';
import { FoundDump } from '../../engine/protocol/printed.ts';
import { type Program, runCli } from '../../engine/view/command-line.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import { debounce } from '../../engine/view/timing.ts';

const Found = z.object({ dumps: z.array(FoundDump) });

/** Files that a dump may consist of; a workspace without any of them is not searched. */
const PATTERN = '**/*.{jsonl,parquet}';
const EXCLUDED = '**/{node_modules,bower_components,dist,build,venv,site-packages,__pycache__,.*}/**';
/** Milliseconds. A trainer writes a file for each step, and the workspace is not searched again for each of them. */
const DEBOUNCE_MS = 10_000;

/** What the last search found in the folders of the workspace. */
export class DumpFolders {
  private readonly scope = new Disposables();
  private readonly changeEmitter = this.scope.add(new Emitter<void>());
  private found: readonly FoundDump[] = [];
  private searching = new AbortController();
  readonly onDidChange = this.changeEmitter.event;

  constructor(
    private readonly program: () => Program,
    private readonly log: (error: unknown) => void,
  ) {
    const settled = this.scope.add(debounce(DEBOUNCE_MS, () => this.refresh()));
    this.scope.add(vscode.workspace.onDidChangeWorkspaceFolders(() => this.refresh()));
    const watcher = this.scope.add(vscode.workspace.createFileSystemWatcher(PATTERN, false, true, true));
    this.scope.add(
      watcher.onDidCreate(({ fsPath }) => {
        if (!this.found.some(({ path }) => fsPath.startsWith(path))) settled();
      }),
    );
  }

  /** The dumps that were found, and the folders inside them that can be imported on their own. */
  get all(): readonly FoundDump[] {
    return this.found;
  }

  /** Searches the workspace's folders. */
  refresh(): void {
    this.searching.abort();
    this.searching = new AbortController();
    this.search(this.searching.signal).catch((error: unknown) => this.log(error));
  }

  dispose(): void {
    this.searching.abort();
    this.scope.dispose();
  }

  private async search(signal: AbortSignal): Promise<void> {
    const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
    const found: FoundDump[] = [];
    for (const { uri } of folders) {
      const within = new vscode.RelativePattern(uri, PATTERN);
      // If the editor cannot search, assume that there may be some.
      const any = await vscode.workspace.findFiles(within, EXCLUDED, 1).then(
        ({ length }) => length > 0,
        () => true,
      );
      if (!any) continue;
      const { data } = await runCli(this.program(), ['import', uri.fsPath, '--find'], signal);
      found.push(...Found.parse(JSON.parse(data.trim().split('\n').at(-1)!)).dumps);
    }
    if (signal.aborted) return;
    this.found = found;
    this.changeEmitter.fire();
  }
}
