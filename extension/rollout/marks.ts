/** What is drawn in a rollout's document: the shades of its tokens, the answer, and the fork point. */
import * as vscode from 'vscode';
import type { Rollout } from '../../engine/protocol/index.ts';
import { SHADES, type Shading, shadeColor } from '../../engine/protocol/shades.ts';
import { tokenShades } from '../../engine/runs/token-shades.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import type { RolloutLayout, TokenRange } from './layout.ts';

/** The decorations of all documents of rollouts. */
export class RolloutMarks {
  private readonly scope = new Disposables();
  private readonly shades: vscode.TextEditorDecorationType[];
  private readonly answer = this.decoration({
    border: '1px solid',
    borderColor: new vscode.ThemeColor('charts.orange'),
    overviewRulerColor: new vscode.ThemeColor('charts.orange'),
  });
  private readonly fork = this.decoration({
    before: { contentText: '⑂', color: new vscode.ThemeColor('charts.blue'), margin: '0 2px 0 0' },
    overviewRulerColor: new vscode.ThemeColor('charts.blue'),
  });

  constructor() {
    // The first shade is the editor's background.
    this.shades = Array.from({ length: SHADES - 1 }, (_, i) =>
      this.decoration({ backgroundColor: new vscode.ThemeColor(shadeColor(i + 1)) }),
    );
  }

  draw(editor: vscode.TextEditor, layout: RolloutLayout, rollout: Rollout, by: Shading): void {
    const ranges: vscode.Range[][] = Array.from({ length: SHADES }, () => []);
    const shaded = tokenShades(rollout.statistics, by);
    layout.spans.forEach((span, i) => {
      ranges[shaded?.shades[i] ?? 0]!.push(rangeOf(span));
    });
    this.shades.forEach((decoration, i) => {
      editor.setDecorations(decoration, ranges[i + 1]!);
    });
    editor.setDecorations(this.answer, layout.answer ? [rangeOf(layout.answer)] : []);
    editor.setDecorations(this.fork, layout.fork ? [rangeOf(layout.fork)] : []);
  }

  dispose(): void {
    this.scope.dispose();
  }

  private decoration(options: vscode.DecorationRenderOptions): vscode.TextEditorDecorationType {
    const rangeBehavior = vscode.DecorationRangeBehavior.ClosedClosed;
    return this.scope.add(vscode.window.createTextEditorDecorationType({ ...options, rangeBehavior }));
  }
}

/** A place in the editor's terms. */
export function rangeOf({ line, character, endLine, endCharacter }: TokenRange): vscode.Range {
  return new vscode.Range(line, character, endLine, endCharacter);
}
