/** The output of a command about a run, as a read-only document. */
import path from 'node:path';
import * as vscode from 'vscode';
import { RollscopeError, toErrorData } from '../engine/protocol/index.ts';
import { type Program, runCli } from '../engine/view/command-line.ts';
import { SCHEMES } from './ids.ts';
import { errorInEditor, outputInEditor } from './remedies.ts';
import { notice, plain } from './shown.ts';

const SCHEME = SCHEMES.text;
/** Commands that only read a run. */
const COMMANDS = { analyze: 'Analyzing', rescore: 'Rescoring' } as const;
export type LookCommand = keyof typeof COMMANDS;

/** Runs the command when a document is opened, and again when VS Code restores the document in a new window. */
export class CliDocuments implements vscode.TextDocumentContentProvider {
  private readonly registration: vscode.Disposable;
  private readonly changes = new vscode.EventEmitter<vscode.Uri>();
  private readonly texts = new Map<string, string>();
  readonly onDidChange = this.changes.event;

  constructor(private readonly program: () => Program) {
    this.registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  /** Runs the command on a run folder and opens its output; it can be canceled. */
  async open(command: LookCommand, folder: string): Promise<void> {
    const run = path.basename(folder);
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${command} ${plain(run)}.txt`, query: folder });
    const text = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: notice(`${COMMANDS[command]} ${run}`),
        cancellable: true,
      },
      (_, token) => this.read(command, folder, token),
    );
    this.texts.set(uri.toString(), text);
    this.changes.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  /** Also provides documents restored from the previous window. */
  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    const command = path.posix
      .basename(uri.path)
      .split(' ')[0]!
      .replace(/^analyse$/, 'analyze');
    if (!Object.hasOwn(COMMANDS, command)) throw new RollscopeError('usage', `Unknown document: ${uri.path}.`);
    const known = this.texts.get(uri.toString());
    if (known !== undefined) return known;
    // VS Code shows the message of an error thrown here in place of the document.
    return this.read(command as LookCommand, uri.query, token).catch((error: unknown) => {
      const { message, hint } = errorInEditor(toErrorData(error));
      throw new Error([message, hint].filter(Boolean).join(' '));
    });
  }

  dispose(): void {
    this.registration.dispose();
    this.changes.dispose();
  }

  private read(command: LookCommand, folder: string, token: vscode.CancellationToken): Promise<string> {
    const controller = new AbortController();
    const canceling = token.onCancellationRequested(() => controller.abort());
    const running = runCli(this.program(), [command, folder], controller.signal);
    return running.then(({ text }) => outputInEditor(text)).finally(() => canceling.dispose());
  }
}
