/** Results next to the problems: a mark in the margin, the majority answer after the line, a hover with all answers. */
import * as vscode from 'vscode';
import type { Verdict } from '../../engine/protocol/verdict.ts';
import { commandId, commandLink } from '../command-definitions.ts';
import { Disposables } from '../disposables.ts';
import { inlineResultsEnabled, onDidChangeSettings } from '../settings.ts';
import { plain } from '../shown.ts';
import { debounce } from '../timing.ts';
import { PROBLEM_DOCUMENTS } from './lenses.ts';
import type { ProblemDocuments } from './problem-documents.ts';
import type { Results } from './results.ts';
import { hoverText, resultText, shownVerdict } from './texts.ts';

const SETTLE = 100;

/** The decorations of all visible editors. */
export class Decorations implements vscode.HoverProvider {
  private readonly scope = new Disposables();
  private readonly types: Record<Verdict, vscode.TextEditorDecorationType>;

  constructor(
    extension: vscode.Uri,
    private readonly documents: ProblemDocuments,
    private readonly results: Results,
  ) {
    const type = (color: string, icon: string) =>
      this.scope.add(
        vscode.window.createTextEditorDecorationType({
          after: { margin: '0 0 0 2em', color: new vscode.ThemeColor(color) },
          gutterIconPath: vscode.Uri.joinPath(extension, 'media', `${icon}.svg`),
          gutterIconSize: '75%',
          overviewRulerColor: new vscode.ThemeColor(color),
          overviewRulerLane: vscode.OverviewRulerLane.Right,
          rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
        }),
      );
    this.types = {
      // on light themes testing.iconPassed is too light for a text
      correct: type('charts.green', 'correct'),
      wrong: type('errorForeground', 'wrong'),
      unknown: type('editorCodeLens.foreground', 'unknown'),
    };
    const all = this.scope.add(debounce(SETTLE, () => this.decorateAll()));
    this.scope.add(vscode.window.onDidChangeVisibleTextEditors(() => all()));
    this.scope.add(documents.onDidChange(() => all()));
    this.scope.add(results.onDidChange(() => all()));
    this.scope.add(onDidChangeSettings(['inlineResults'], () => all()));
    this.scope.add(vscode.languages.registerHoverProvider(PROBLEM_DOCUMENTS, this));
    all();
  }

  provideHover(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | null {
    const problem = this.documents.at(document, position.line);
    const result = problem && this.results.of(document.uri.fsPath)?.find(problem);
    if (!problem || !result) return null;
    const argument = [{ folder: result.run.folder, problem: result.problem.index }];
    const link = commandLink('openProblem', argument);
    const text = new vscode.MarkdownString(hoverText(result, link));
    text.isTrusted = { enabledCommands: [commandId('openProblem')] };
    return new vscode.Hover(text);
  }

  dispose(): void {
    this.scope.dispose();
  }

  private decorateAll(): void {
    for (const editor of vscode.window.visibleTextEditors) this.decorate(editor);
  }

  private decorate(editor: vscode.TextEditor): void {
    const { document } = editor;
    if (vscode.languages.match(PROBLEM_DOCUMENTS, document) === 0) return;
    const options: Record<Verdict, vscode.DecorationOptions[]> = { correct: [], wrong: [], unknown: [] };
    const problems = (inlineResultsEnabled(document.uri) && this.documents.of(document)) || [];
    const results = problems.length > 0 ? this.results.of(document.uri.fsPath) : undefined;
    for (const problem of problems) {
      const result = results?.find(problem);
      // A document may have changed since its problems were found.
      if (!result || problem.line >= document.lineCount) continue;
      const { range } = document.lineAt(problem.line);
      options[shownVerdict(result.view)].push({
        range: new vscode.Range(range.end, range.end),
        renderOptions: { after: { contentText: plain(resultText(result.view)) } },
      });
    }
    for (const verdict of Object.keys(options) as Verdict[])
      editor.setDecorations(this.types[verdict], options[verdict]);
  }
}
