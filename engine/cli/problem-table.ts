/** The problems of a probe or a run: one row per problem, confident & wrong ones first. */
import { DASH } from '../protocol/format.ts';
import type { Problem } from '../protocol/problem.ts';
import { quantityText } from '../protocol/quantities.ts';
import { referenceText } from '../protocol/reference.ts';
import { oneLine, verdictText } from '../protocol/texts.ts';
import { VOTE_TITLES, type VoteStatus, verdictAsBoolean } from '../protocol/verdict.ts';
import type { RunColumns } from '../runs/columns.ts';
import { problemView, type Status } from '../runs/problem-view.ts';
import { table } from './table.ts';

/** Statistics of a problem's rollouts; shares are of all its rollouts. */
export interface ProblemResult {
  id: string;
  index: number;
  line: number | null;
  status: Status;
  /** The majority answer; null if no rollout has an answer. */
  majority: string | null;
  /** Share of rollouts with the majority answer; null without a majority. */
  share: number | null;
  /** Geometric mean of token probabilities over the majority's rollouts; null without a majority. */
  confidence: number | null;
  /** Whether the majority is correct; null without a reference. A problem without answers counts as wrong. */
  correct: boolean | null;
  /** Mean correctness of the rollouts; null without a reference. */
  accuracy: number | null;
  rollouts: number;
  noAnswer: number;
  clusters: { answer: string; count: number; share: number; correct: boolean | null }[];
  reference: string | null;
}

/** The problems sampled at or before a step, wrong ones first. */
export function problemResults(problems: readonly Problem[], columns: RunColumns, step?: number): ProblemResult[] {
  return problems.flatMap((problem) => problemResult(problem, columns, step) ?? []).sort(byConcern);
}

/** null if the problem was not sampled. */
export function problemResult(problem: Problem, columns: RunColumns, step?: number): ProblemResult | null {
  const view = problemView(columns, problem.index, step);
  if (view.row === null) return null;
  return {
    id: problem.id,
    index: problem.index,
    line: problem.line,
    status: view.status,
    majority: view.answer,
    share: view.share,
    confidence: view.confidence,
    correct: verdictAsBoolean(view.verdict),
    accuracy: view.accuracy,
    rollouts: view.rollouts,
    noAnswer: view.unanswered,
    clusters: columns.clustersOf(view.row).map((cluster) => ({ ...cluster, share: cluster.count / view.rollouts })),
    reference: referenceText(problem),
  };
}

/** Wrong ones first, by descending majority share; then those without a reference; then correct ones, ascending. */
export function byConcern(a: ProblemResult, b: ProblemResult): number {
  const rank = ({ correct }: ProblemResult) => (correct === false ? 0 : correct === null ? 1 : 2);
  const shareOf = ({ share }: ProblemResult) => share ?? 0;
  const difference = rank(a) - rank(b);
  if (difference !== 0) return difference;
  const byShare = rank(a) === 2 ? shareOf(a) - shareOf(b) : shareOf(b) - shareOf(a);
  return byShare || a.index - b.index;
}

/** One row per problem in the given order: shares and probabilities from 0 to 1, a dash for missing values. */
export function problemTable(results: readonly ProblemResult[]): string {
  const rows = results.map((result) => [
    oneLine(result.id, 24),
    result.line === null ? DASH : String(result.line),
    verdictText(result.correct),
    quantityText('share', result.share),
    quantityText('tokenProbability', result.confidence),
    result.majority === null
      ? DASH
      : `${oneLine(result.majority, 20)}${result.status === 'majority' ? '' : ` (${VOTE_TITLES[result.status as VoteStatus]})`}`,
    result.reference === null ? DASH : oneLine(result.reference, 20),
    clustersText(result),
  ]);
  const header = ['problem', 'line', 'verdict', 'share', 'confidence', 'answer', 'reference', 'clusters'];
  return table(header, rows, [1, 3, 4]);
}

/** `12 x5, 13 x2, (no answer) x1`. */
function clustersText({ clusters, noAnswer }: ProblemResult): string {
  const shown = clusters.slice(0, 4).map(({ answer, count }) => `${oneLine(answer, 16)} x${count}`);
  if (clusters.length > 4) shown.push(`${clusters.length - 4} more`);
  if (noAnswer > 0) shown.push(`(no answer) x${noAnswer}`);
  return shown.join(', ');
}
