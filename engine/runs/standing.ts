/** The standing of one group: its vote, its verdict, its quadrant. Pure. */
import { quadrantOf, type Verdict, type VoteStatus, verdictOf, voteStatusOf } from '../protocol/verdict.ts';
import { knownNumber, type RunColumns, truth } from './columns.ts';

/** The state of one group's vote, for charts that show each group as a cell. */
export type Standing = 'correct' | 'wrong' | 'undecided' | 'unanswered' | 'unknown';

/** `undecided`: a tie or a single vote, which is not a majority; `unknown`: a majority without a reference. */
export function standingAt(columns: RunColumns, row: number): Standing {
  const status = statusAt(columns, row);
  if (status === 'unanswered') return status;
  return status === 'majority' ? verdictAt(columns, row) : 'undecided';
}

/** The quadrant of one group. */
export function quadrantAt(columns: RunColumns, row: number): ReturnType<typeof quadrantOf> {
  return quadrantOf(statusAt(columns, row), knownNumber(columns.groups.columns.share[row]!), verdictAt(columns, row));
}

/** Whether the vote of one group is a majority, a tie, a single vote, or none. */
export function statusAt({ groups }: RunColumns, row: number): VoteStatus {
  const { answer, tied, share, rollouts } = groups.columns;
  return voteStatusOf(answer[row]! < 0 ? null : { tied: tied[row] === 1, share: share[row]! || 0 }, rollouts[row]!);
}

/** Whether the answer of one group is right. */
export function verdictAt({ groups }: RunColumns, row: number): Verdict {
  const { correct, accuracy, answer } = groups.columns;
  return verdictOf(answer[row]! < 0 ? null : { correct: truth(correct[row]!) }, !Number.isNaN(accuracy[row]!));
}
