/** The problems in open documents, updated after each change; in very large files, those near the visible lines. */
import * as vscode from 'vscode';
import { Emitter } from '../../engine/messages/json-rpc.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import { debounce } from '../../engine/view/timing.ts';
import { fieldsSetting, onDidChangeSettings } from '../settings.ts';
import { formatOf, HEAD_LENGTH, isTruncated, LONG_HEAD_LENGTH, looksLikeProblems } from './detect.ts';
import { type FoundProblem, findProblems } from './find-problems.ts';

/** Maximum characters of a document that is read entirely. */
const MAX_WHOLE_LENGTH = 4_000_000;
/** Lines read before and after the visible ones in a larger JSONL document. */
const MARGIN_LINES = 300;
const DEBOUNCE_MS = 300;

interface Known {
  version: number;
  /** The lines that were read; null for all. */
  window: vscode.Range | null;
  problems: FoundProblem[] | null;
}

/** Caches the problems of every document that was requested, until the document is closed. */
export class ProblemDocuments {
  private readonly scope = new Disposables();
  private readonly changeEmitter = this.scope.add(new Emitter<void>());
  private readonly known = new Map<string, Known>();
  readonly onDidChange = this.changeEmitter.event;

  constructor() {
    const settled = this.scope.add(debounce(DEBOUNCE_MS, () => this.changeEmitter.fire()));
    this.scope.add(
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (this.known.has(document.uri.toString())) settled();
      }),
    );
    this.scope.add(
      vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => {
        if (this.known.get(textEditor.document.uri.toString())?.window) settled();
      }),
    );
    this.scope.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => this.known.delete(uri.toString())));
    this.scope.add(
      onDidChangeSettings(['fields'], () => {
        this.known.clear();
        this.changeEmitter.fire();
      }),
    );
  }

  /** The problems in a document; null if it does not look like a problem file. */
  of(document: vscode.TextDocument): readonly FoundProblem[] | null {
    const key = document.uri.toString();
    const known = this.known.get(key);
    const window = windowOf(document);
    if (known?.version === document.version && (!known.window || (window && known.window.contains(window.visible)))) {
      return known.problems;
    }
    const problems = read(document, window?.range ?? null);
    this.known.set(key, { version: document.version, window: window?.range ?? null, problems });
    return problems;
  }

  /** The problem that a line belongs to. */
  at(document: vscode.TextDocument, line: number): FoundProblem | undefined {
    return this.of(document)?.find((problem) => problem.line <= line && line <= problem.endLine);
  }

  dispose(): void {
    this.scope.dispose();
  }
}

function read(document: vscode.TextDocument, window: vscode.Range | null): FoundProblem[] | null {
  const format = formatOf(document.uri.path) ?? (document.languageId === 'jsonl' ? 'jsonl' : null);
  if (format !== 'jsonl' && format !== 'json') return null;
  const fields = fieldsSetting(document.uri);
  const headOf = (length: number) =>
    document.getText(new vscode.Range(document.positionAt(0), document.positionAt(length)));
  const short = headOf(HEAD_LENGTH);
  const head = isTruncated(short, format) ? headOf(LONG_HEAD_LENGTH) : short;
  if (!looksLikeProblems(head, format, fields)) return null;
  if (!window) return findProblems(document.getText(), format, fields);
  // The rows of a JSON list cannot be counted without reading it from its beginning.
  if (format === 'json') return [];
  let row = 0;
  for (let line = 0; line < window.start.line; line++) if (!document.lineAt(line).isEmptyOrWhitespace) row++;
  return findProblems(document.getText(window), format, fields, row, window.start.line);
}

/** The lines to read of a document that is too large to be read entirely; null for others. */
function windowOf(document: vscode.TextDocument): { range: vscode.Range; visible: vscode.Range } | null {
  if (document.offsetAt(new vscode.Position(document.lineCount, 0)) <= MAX_WHOLE_LENGTH) return null;
  const editor = vscode.window.visibleTextEditors.find((candidate) => candidate.document === document);
  const visible = editor?.visibleRanges[0] ?? new vscode.Range(0, 0, 0, 0);
  const range = document.validateRange(
    new vscode.Range(
      Math.max(0, visible.start.line - MARGIN_LINES),
      0,
      visible.end.line + MARGIN_LINES,
      Number.MAX_SAFE_INTEGER,
    ),
  );
  return { range, visible };
}
