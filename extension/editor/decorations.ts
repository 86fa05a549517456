/**
 * Results next to the problems: a mark in the margin, the majority answer with its share at the line, a hover with all
 * answers. The answer is after the line, or before it where lines are so long that their end is out of view.
 */
import * as vscode from 'vscode';
import { oneLine } from '../../engine/protocol/texts.ts';
import { shownVerdict, type Verdict } from '../../engine/protocol/verdict.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import { debounce } from '../../engine/view/timing.ts';
import { commandId, commandLink } from '../command-definitions.ts';
import { inlineResultsEnabled, onDidChangeSettings } from '../settings.ts';
import { plain } from '../shown.ts';
import { PROBLEM_DOCUMENTS } from './lenses.ts';
import type { ProblemDocuments } from './problem-documents.ts';
import type { Results } from './results.ts';
import { hoverText, resultText, SHORT_RESULT, shortResultText } from './texts.ts';

const DEBOUNCE_MS = 100;
/** Lines with more characters may end out of view, for example in an editor next to the panel. */
const LONG_LINE = 80;

/** The decorations of all visible editors. */
export class Decorations implements vscode.HoverProvider {
  private readonly scope = new Disposables();
  private readonly types: Record<Verdict, vscode.TextEditorDecorationType>;
  private readonly colors: Record<Verdict, vscode.ThemeColor>;

  constructor(
    extension: vscode.Uri,
    private readonly documents: ProblemDocuments,
    private readonly results: Results,
  ) {
    // on light themes testing.iconPassed is too light for a text
    const colors = { correct: 'charts.green', wrong: 'errorForeground', unknown: 'editorCodeLens.foreground' } as const;
    const color = (verdict: Verdict) => new vscode.ThemeColor(colors[verdict]);
    const type = (verdict: Verdict) =>
      this.scope.add(
        vscode.window.createTextEditorDecorationType({
          gutterIconPath: vscode.Uri.joinPath(extension, 'media', `${verdict}.svg`),
          gutterIconSize: '75%',
          overviewRulerColor: color(verdict),
          overviewRulerLane: vscode.OverviewRulerLane.Right,
          rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
        }),
      );
    this.types = { correct: type('correct'), wrong: type('wrong'), unknown: type('unknown') };
    this.colors = { correct: color('correct'), wrong: color('wrong'), unknown: color('unknown') };
    const all = this.scope.add(debounce(DEBOUNCE_MS, () => this.decorateAll()));
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
    // Either all before or all after their lines, so that the text of the file stays aligned.
    const isLong = problems.some(
      ({ line }) => line < document.lineCount && document.lineAt(line).range.end.character > LONG_LINE,
    );
    for (const problem of problems) {
      const result = results?.find(problem);
      // A document may have changed since its problems were found.
      if (!result || problem.line >= document.lineCount) continue;
      const { range } = document.lineAt(problem.line);
      const verdict = shownVerdict(result.view);
      const color = this.colors[verdict];
      const at = isLong ? range.start : range.end;
      options[verdict].push({
        range: new vscode.Range(at, at),
        renderOptions: isLong
          ? {
              before: {
                contentText: oneLine(plain(shortResultText(result.view)), SHORT_RESULT),
                width: `${SHORT_RESULT + 2}ch`,
                color,
              },
            }
          : { after: { contentText: plain(resultText(result.view)), margin: '0 0 0 2em', color } },
      });
    }
    for (const verdict of Object.keys(options) as Verdict[])
      editor.setDecorations(this.types[verdict], options[verdict]);
  }
}
