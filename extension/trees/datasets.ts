/** The Datasets view: the workspace's problem files and the embedded problems. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { Emitter } from '../../engine/messages/json-rpc.ts';
import { EMBEDDED } from '../../engine/protocol/embedded.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import { debounce } from '../../engine/view/timing.ts';
import { commandOf } from '../command-definitions.ts';
import {
  formatOf,
  HEAD_LENGTH,
  isTruncated,
  LONG_HEAD_LENGTH,
  looksLikeProblems,
  PROBLEM_EXTENSIONS,
} from '../editor/detect.ts';
import type { ItemContext } from '../ids.ts';
import { fieldsSetting, onDidChangeSettings } from '../settings.ts';
import { plain } from '../shown.ts';
import { Rows } from './rows.ts';

const PATTERN = `**/*.{${PROBLEM_EXTENSIONS.join(',')}}`;
const EXCLUDED = '**/{node_modules,bower_components,dist,build,out,venv,site-packages,__pycache__,.*}/**';
/** Maximum number of files that are inspected. */
const MAX_FILES = 1000;
const DEBOUNCE_MS = 500;

/** Finds the workspace's problem files on first request, and again when files are added or deleted. */
export class ProblemFiles {
  private readonly scope = new Disposables();
  private readonly changeEmitter = this.scope.add(new Emitter<void>());
  private finding: Promise<string[]> | null = null;
  private watching = false;
  readonly onDidChange = this.changeEmitter.event;

  constructor(
    /** Run folders contain problems, too, but are not datasets. */
    private readonly runsFolder: () => string,
  ) {
    this.scope.add(vscode.workspace.onDidChangeWorkspaceFolders(() => this.refresh()));
    this.scope.add(onDidChangeSettings(['fields', 'runsFolder'], () => this.refresh()));
  }

  /** Absolute paths, sorted. */
  list(): Promise<string[]> {
    this.watch();
    this.finding ??= this.find();
    return this.finding;
  }

  refresh(): void {
    if (!this.finding) return;
    this.finding = null;
    this.changeEmitter.fire();
  }

  dispose(): void {
    this.scope.dispose();
  }

  private watch(): void {
    if (this.watching) return;
    this.watching = true;
    const watcher = this.scope.add(vscode.workspace.createFileSystemWatcher(PATTERN, false, true, false));
    const settled = this.scope.add(debounce(DEBOUNCE_MS, () => this.refresh()));
    this.scope.add(watcher.onDidCreate(() => settled()));
    this.scope.add(watcher.onDidDelete(() => settled()));
  }

  private async find(): Promise<string[]> {
    const found = await vscode.workspace.findFiles(PATTERN, EXCLUDED, MAX_FILES);
    const runs = this.runsFolder() + path.sep;
    const files = found.filter(({ scheme, fsPath }) => scheme === 'file' && !fsPath.startsWith(runs));
    const checked = await Promise.all(files.map(async (uri) => ((await isProblemFile(uri)) ? uri.fsPath : null)));
    return checked.filter((file) => file !== null).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  }
}

async function isProblemFile(uri: vscode.Uri): Promise<boolean> {
  const format = formatOf(uri.fsPath);
  if (!format) return false;
  try {
    const handle = await open(uri.fsPath, 'r');
    try {
      const headOf = async (length: number) => {
        const bytes = Buffer.alloc(length);
        const { bytesRead } = await handle.read(bytes, 0, length, 0);
        return bytes.toString('utf8', 0, bytesRead);
      };
      const short = await headOf(HEAD_LENGTH);
      const head = isTruncated(short, format) ? await headOf(LONG_HEAD_LENGTH) : short;
      return looksLikeProblems(head, format, fieldsSetting(uri));
    } finally {
      await handle.close();
    }
  } catch {
    // Deleted meanwhile, or not readable.
    return false;
  }
}

/** A row of the view: the path of a problem file, or the name of the embedded problems. */
export class DatasetItem extends vscode.TreeItem {
  constructor(readonly dataset: string) {
    const embedded = dataset === EMBEDDED;
    super(embedded ? 'Embedded problems' : plain(path.basename(dataset)));
    this.id = dataset;
    this.contextValue = (embedded ? 'dataset.embedded' : 'dataset.file') satisfies ItemContext;
    this.command = commandOf('openDataset', [this]);
    if (embedded) {
      this.description = 'included with Rollscope';
      this.iconPath = new vscode.ThemeIcon('package');
      this.tooltip = 'Arithmetic for the embedded model.';
      return;
    }
    const uri = vscode.Uri.file(dataset);
    const folder = path.dirname(vscode.workspace.asRelativePath(uri));
    if (folder !== '.') this.description = plain(folder);
    this.resourceUri = uri;
    this.iconPath = vscode.ThemeIcon.File;
  }
}

/** The rows of the view; looked for again after `refresh`. */
export class DatasetsTree extends Rows<DatasetItem> {
  constructor(private readonly files: ProblemFiles) {
    super();
  }

  /** Empty without problem files, so that the view's welcome text offers the embedded problems. */
  protected async load(): Promise<DatasetItem[]> {
    const files = await this.files.list();
    return files.length === 0 ? [] : [EMBEDDED, ...files].map((dataset) => new DatasetItem(dataset));
  }
}
