/** Outline and folding of a rollout's document. */
import * as vscode from 'vscode';
import type { DocumentSection, RolloutLayout } from './layout.ts';

const TITLES: Readonly<Record<DocumentSection['kind'], string>> = {
  problem: 'Problem',
  details: 'Answer, reward and statistics',
  prompt: 'Prompt as the model received it',
  response: 'Response',
  thought: 'Thinking',
};
const KINDS: Readonly<Record<DocumentSection['kind'], keyof typeof vscode.SymbolKind>> = {
  problem: 'Namespace',
  details: 'Object',
  prompt: 'String',
  response: 'Module',
  thought: 'Event',
};

/** The symbols of a document: its sections, in the response its thoughts, the fork point and the answer. */
export function symbolsOf({ sections, answer, fork }: RolloutLayout): vscode.DocumentSymbol[] {
  const symbol = (title: string, kind: vscode.SymbolKind, range: vscode.Range) =>
    new vscode.DocumentSymbol(title, '', kind, range, new vscode.Range(range.start, range.start));
  const of = ({ kind, line, endLine }: DocumentSection) =>
    symbol(TITLES[kind], vscode.SymbolKind[KINDS[kind]], new vscode.Range(line, 0, endLine, Number.MAX_SAFE_INTEGER));
  const outer = sections.filter(({ kind }) => kind !== 'thought').map(of);
  const inner = sections.filter(({ kind }) => kind === 'thought').map(of);
  const range = ({ line, character, endLine, endCharacter }: NonNullable<RolloutLayout['answer']>) =>
    new vscode.Range(line, character, endLine, endCharacter);
  if (fork) inner.push(symbol('Fork point', vscode.SymbolKind.Operator, range(fork)));
  if (answer) inner.push(symbol('Answer', vscode.SymbolKind.Constant, range(answer)));
  outer.at(-1)!.children = inner.sort((a, b) => a.range.start.compareTo(b.range.start));
  return outer;
}

/** The ranges that can be folded. */
export function foldsOf({ sections }: RolloutLayout): vscode.FoldingRange[] {
  return sections
    .filter(({ line, endLine }) => endLine > line)
    .map(({ line, endLine }) => new vscode.FoldingRange(line, endLine, vscode.FoldingRangeKind.Region));
}

/** Lines of the sections that are folded when a document opens: long ones that are read last. */
export function foldedAtFirst({ sections }: RolloutLayout): number[] {
  return sections
    .filter(({ kind, line, endLine }) => (kind === 'prompt' || kind === 'thought') && endLine > line)
    .map(({ line }) => line);
}
