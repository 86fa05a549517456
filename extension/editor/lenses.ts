/**
 * CodeLens for problem files: actions above the first line, and actions and results above the problem at the cursor. Lenses above
 * every problem would double the height of the file.
 */
import * as vscode from 'vscode';
import { forecastExplanation, forecastText } from '../../engine/protocol/forecast-text.ts';
import { DASH } from '../../engine/protocol/format.ts';
import { type CommandName, commandId, commandOf } from '../command-definitions.ts';
import type { RunSession } from '../run/session.ts';
import { codeLensEnabled, onDidChangeSettings } from '../settings.ts';
import { plain, withoutIcons } from '../shown.ts';
import { type ModelList, modelName } from '../trees/models.ts';
import type { FoundProblem } from './find-problems.ts';
import type { ProblemDocuments } from './problem-documents.ts';
import type { Results } from './results.ts';
import { LENS_TITLES, resultText } from './texts.ts';

/** Documents that can have lenses. */
export const PROBLEM_DOCUMENTS: vscode.DocumentSelector = [
  { language: 'jsonl' },
  { language: 'json' },
  { pattern: '**/*.{jsonl,ndjson}' },
];

/** The argument of a command that is called on a problem. */
export interface ProblemArgument {
  uri: string;
  row: number;
}

/** The lenses of all problem files. */
export class Lenses implements vscode.CodeLensProvider {
  private readonly changes = new vscode.EventEmitter<void>();
  private readonly subscriptions: vscode.Disposable[];
  /** Row of the problem with lenses, by document. */
  private readonly shown = new Map<string, number | undefined>();
  readonly onDidChangeCodeLenses = this.changes.event;

  constructor(
    private readonly documents: ProblemDocuments,
    private readonly results: Results,
    private readonly models: ModelList,
    private readonly session: RunSession,
  ) {
    const changed = () => this.changes.fire();
    this.subscriptions = [
      vscode.Disposable.from(results.onDidChange(changed), models.onDidChange(changed), documents.onDidChange(changed)),
      vscode.Disposable.from(session.onDidChangeActive(changed)),
      onDidChangeSettings(['codeLens'], changed),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.follow(textEditor)),
      vscode.languages.registerCodeLensProvider(PROBLEM_DOCUMENTS, this),
    ];
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!codeLensEnabled(document.uri)) return [];
    const problems = this.documents.of(document);
    if (!problems) return [];
    const problem = this.atCursor(document);
    this.shown.set(document.uri.toString(), problem?.row);
    return [...this.datasetLenses(document), ...(problem ? this.problemLenses(document, [problem]) : [])];
  }

  /** The problem at the cursor of the first editor that shows the document. */
  private atCursor(document: vscode.TextDocument): FoundProblem | undefined {
    const { activeTextEditor: active, visibleTextEditors: visible } = vscode.window;
    const editor =
      active?.document === document ? active : visible.find((candidate) => candidate.document === document);
    return this.documents.at(document, editor?.selection.active.line ?? 0);
  }

  /** Moves the lenses to the problem at the cursor. */
  private follow({ document }: vscode.TextEditor): void {
    const key = document.uri.toString();
    if (this.shown.has(key) && this.shown.get(key) !== this.atCursor(document)?.row) this.changes.fire();
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions, this.changes).dispose();
  }

  private datasetLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const { uri } = document;
    const top = new vscode.Range(0, 0, 0, 0);
    const lens = (title: string, command: CommandName, tooltip: string, args: unknown[] = [uri]) =>
      new vscode.CodeLens(top, commandOf(command, args, { title, tooltip }));
    const lenses = [
      lens(`$(play) ${LENS_TITLES.train}`, 'train', 'Train the model on all problems in this file.'),
      lens(LENS_TITLES.probe, 'probe', 'Sample every problem without training.'),
      lens(`model: ${withoutIcons(modelName(this.models.currentFor(uri)))}`, 'chooseModel', 'Choose another model.'),
    ];
    const { active } = this.session;
    if (active && this.results.isOn(active, uri.fsPath)) {
      const { step, steps } = active.info;
      lenses.push(lens(`$(sync~spin) step ${step} of ${steps || DASH}`, 'openPanel', 'Open the panel.', []));
    }
    return lenses;
  }

  private problemLenses(document: vscode.TextDocument, problems: readonly FoundProblem[]): vscode.CodeLens[] {
    const results = this.results.of(document.uri.fsPath);
    return problems.flatMap((problem) => {
      const place = new vscode.Range(problem.line, 0, problem.line, 0);
      const argument: ProblemArgument = { uri: document.uri.toString(), row: problem.row };
      const lenses = [
        new vscode.CodeLens(place, {
          title: LENS_TITLES.probeProblem,
          command: commandId('probeProblem'),
          tooltip: 'Sample this problem without training.',
          arguments: [argument],
        }),
        new vscode.CodeLens(place, {
          title: LENS_TITLES.trainProblem,
          command: commandId('trainProblem'),
          tooltip: 'Train the model on this problem only.',
          arguments: [argument],
        }),
      ];
      const result = results?.find(problem);
      if (result) {
        const open = [{ folder: result.run.folder, problem: result.problem.index }];
        lenses.push(
          new vscode.CodeLens(place, {
            title: withoutIcons(resultText(result.view)),
            command: commandId('openProblem'),
            tooltip: plain(`Show in the panel: run ${result.run.run}, step ${result.view.step}.`),
            arguments: open,
          }),
        );
        // Once the outcome is known, the forecast is not shown.
        const { prediction, outcome } = result.view;
        if (prediction && outcome === null) {
          lenses.push(
            new vscode.CodeLens(place, {
              title: `${prediction.likelyWrong ? '$(warning) ' : ''}${withoutIcons(forecastText(prediction))}`,
              command: commandId('openProblem'),
              tooltip: plain(forecastExplanation(result.run.columns.head.forecast!)),
              arguments: open,
            }),
          );
        }
      }
      return lenses;
    });
  }
}
