/** Votes over the answers of several sources, clustered together. */
import type { Grader } from '../grading/index.ts';
import { significant } from '../protocol/format.ts';

export interface WeightedAnswers {
  answers: readonly (string | null)[];
  /** Weight of one answer. */
  weight: number;
}

export interface VotedAnswer {
  /** As its first member wrote it. */
  answer: string;
  /** Sum of its members' weights. */
  votes: number;
  /** Members by source and index. */
  members: { source: number; index: number }[];
}

/**
 * Clusters the answers of all sources together and counts their weights. The heaviest comes first; of equally heavy ones
 * the first to reach its weight, in the order of sources and indices. Answers that are null do not vote.
 */
export function weightedVote(sources: readonly WeightedAnswers[], grader: Grader): VotedAnswer[] {
  const places = sources.flatMap(({ answers }, source) => answers.map((_, index) => ({ source, index })));
  const weightOf = (i: number) => sources[places[i]!.source]!.weight;
  const clusters = grader.cluster(sources.flatMap(({ answers }) => answers));
  return clusters
    .map(({ answer, members }) => ({
      answer,
      votes: rounded(members.reduce((total, i) => total + weightOf(i), 0)),
      members: members.map((i) => places[i]!),
      last: members.findLast((i) => weightOf(i) > 0) ?? 0,
    }))
    .filter(({ votes }) => votes > 0)
    .sort((a, b) => b.votes - a.votes || a.last - b.last)
    .map(({ last: _, ...voted }) => voted);
}

/** Sums that differ by rounding only (0.1 + 0.2 and 0.3) are a tie. */
function rounded(votes: number): number {
  return significant(votes, 12);
}
