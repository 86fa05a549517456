/** Reports the rows of problem files that cannot be read as diagnostics. */
import * as vscode from 'vscode';
import { Disposables } from '../../engine/view/disposables.ts';
import { debounce } from '../../engine/view/timing.ts';
import { PROBLEM_DOCUMENTS } from './lenses.ts';
import type { ProblemDocuments } from './problem-documents.ts';
import { UNREADABLE_ROW } from './texts.ts';

/** Milliseconds without a change before rows are checked, so that a row is not reported while it is being typed. */
const DEBOUNCE_MS = 500;

/** Keeps the diagnostics of open files up to date until it is disposed of. */
export class RowDiagnostics {
  private readonly scope = new Disposables();
  private readonly found = this.scope.add(vscode.languages.createDiagnosticCollection('rollscope'));

  constructor(private readonly documents: ProblemDocuments) {
    const all = this.scope.add(debounce(DEBOUNCE_MS, () => this.checkAll()));
    this.scope.add(vscode.window.onDidChangeVisibleTextEditors(() => all()));
    this.scope.add(documents.onDidChange(() => all()));
    this.scope.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => this.found.delete(uri)));
    all();
  }

  dispose(): void {
    this.scope.dispose();
  }

  private checkAll(): void {
    for (const { document } of vscode.window.visibleTextEditors) {
      if (vscode.languages.match(PROBLEM_DOCUMENTS, document) > 0) this.check(document);
    }
  }

  private check(document: vscode.TextDocument): void {
    const problems = this.documents.of(document) ?? [];
    const unreadable = problems.filter(({ prompt, line }) => prompt === null && line < document.lineCount);
    this.found.set(
      document.uri,
      unreadable.map(({ line, endLine }) => {
        const end = document.lineAt(Math.min(endLine, document.lineCount - 1)).range.end;
        const range = new vscode.Range(new vscode.Position(line, 0), end);
        const diagnostic = new vscode.Diagnostic(range, UNREADABLE_ROW, vscode.DiagnosticSeverity.Warning);
        diagnostic.source = 'Rollscope';
        return diagnostic;
      }),
    );
  }
}
