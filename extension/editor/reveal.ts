/** Shows a problem in its file. */
import * as vscode from 'vscode';
import type { Problem } from '../../engine/protocol/problem.ts';
import type { ProblemDocuments } from './problem-documents.ts';

/** @param file path of the problem's source on this machine */
export async function revealProblem(problem: Problem, file: string, documents: ProblemDocuments): Promise<void> {
  const uri = vscode.Uri.file(file);
  if (problem.line === null) {
    await vscode.commands.executeCommand('vscode.open', uri);
    return;
  }
  const document = await vscode.workspace.openTextDocument(uri);
  // Its current line, else its line when the run started.
  const now = documents.of(document)?.find(({ prompt }) => prompt === problem.text);
  const line = Math.min(now?.line ?? problem.line - 1, document.lineCount - 1);
  const editor = await vscode.window.showTextDocument(document, { selection: new vscode.Range(line, 0, line, 0) });
  editor.revealRange(new vscode.Range(line, 0, line, 0), vscode.TextEditorRevealType.InCenter);
}
