/** The problems of a run as two read-only documents, before training and after it, for the editor's diff. */
import * as vscode from 'vscode';
import { RollscopeError } from '../engine/protocol/errors.ts';
import { beforeAndAfter } from '../engine/runs/moves.ts';
import type { OpenRun } from '../engine/view/open-run.ts';
import { type ChangeSide, changeLines } from './change-text.ts';
import { SCHEMES } from './ids.ts';
import { plain } from './shown.ts';

const SCHEME = SCHEMES.changes;

/** Their URIs contain the run folder and the side, so that VS Code can restore them in a new window. */
export class ChangeDocuments implements vscode.TextDocumentContentProvider {
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  constructor(private readonly readRun: (folder: string) => Promise<OpenRun>) {}

  /** Opens the diff of a run: one line per problem, which differs if its answer or verdict changed. */
  async open(run: OpenRun): Promise<void> {
    const uri = (side: ChangeSide) =>
      vscode.Uri.from({
        scheme: SCHEME,
        path: `/${side} training.txt`,
        query: new URLSearchParams({ folder: run.folder, side }).toString(),
      });
    const title = plain(`${run.run}: before training ↔ step ${run.columns.step}`);
    await vscode.commands.executeCommand('vscode.diff', uri('before'), uri('after'), title, { preview: true });
  }

  async provideTextDocumentContent({ query, path }: vscode.Uri): Promise<string> {
    const given = new URLSearchParams(query);
    const [folder, side] = [given.get('folder'), given.get('side')];
    if (!folder || (side !== 'before' && side !== 'after')) {
      throw new RollscopeError('usage', `Unknown document: ${path}.`);
    }
    const { columns, problems } = await this.readRun(folder);
    return changeLines(problems, beforeAndAfter(columns, problems.length), side).join('\n');
  }

  dispose(): void {
    this.registration.dispose();
  }
}
