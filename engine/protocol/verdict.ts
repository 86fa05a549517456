/**
 * The rules for the standing of a group of rollouts: whether its vote is a majority, a tie or no answer, whether it is
 * right or wrong, and its quadrant. Used by metrics, reports and views. Pure, and without zod, since the page uses it
 * too.
 */

/** A majority share above this counts as confident, as the field says of a vote; elsewhere confidence is of token probabilities. */
export const CONFIDENT = 0.8;

/** Problems with a reference answer, by majority share and correctness of the majority answer. */
export const QUADRANTS = ['confident-correct', 'confident-wrong', 'uncertain-correct', 'uncertain-wrong'] as const;
export type Quadrant = (typeof QUADRANTS)[number];

/**
 * The classes into which the problems of a step are sorted; problems without an answer are neither confident nor
 * uncertain.
 */
export const PLACES = [...QUADRANTS, 'unanswered'] as const;
export type QuadrantPlace = (typeof PLACES)[number];

/** The titles of the quadrants, in the order of `QUADRANTS`. */
export const QUADRANT_TITLES: Readonly<Record<Quadrant, string>> = {
  'confident-correct': 'confident & correct',
  'confident-wrong': 'confident & wrong',
  'uncertain-correct': 'uncertain & correct',
  'uncertain-wrong': 'uncertain & wrong',
};

/**
 * `tie`: another answer has as many rollouts as the majority's, which reached that number first; `single`: only one
 * rollout has an answer, and nothing confirms it. Neither is shown as a majority.
 */
export type VoteStatus = 'unanswered' | 'single' | 'tie' | 'majority';

/** What views call the answer of a vote. */
export const VOTE_TITLES: Readonly<Record<VoteStatus, string>> = {
  unanswered: 'no answer',
  single: 'single vote',
  tie: 'tie',
  majority: 'majority',
};

/** Whether the majority answer is right. Without any answer, a problem with a reference is wrong. */
export type Verdict = 'correct' | 'wrong' | 'unknown';

/** @param rollouts of the group */
export function voteStatusOf(majority: { tied: boolean; share: number } | null, rollouts: number): VoteStatus {
  if (majority === null) return 'unanswered';
  if (majority.tied) return 'tie';
  return isOneRollout(majority.share, rollouts) ? 'single' : 'majority';
}

/** Whether this share of the rollouts is one of them. */
export function isOneRollout(share: number, rollouts: number): boolean {
  return Math.round(share * rollouts) === 1;
}

/**
 * @param majority null when no rollout has an answer
 * @param labeled whether the problem has a reference answer
 */
export function verdictOf(majority: { correct: boolean | null } | null, labeled: boolean): Verdict {
  const right = majority === null ? (labeled ? false : null) : majority.correct;
  return right === null ? 'unknown' : right ? 'correct' : 'wrong';
}

/** The verdict that marks a problem or an answer: only a majority can be right or wrong. */
export function shownVerdict({ status, verdict }: { status: VoteStatus | 'unsampled'; verdict: Verdict }): Verdict {
  return status === 'majority' ? verdict : 'unknown';
}

/** A verdict as true or false; null if unknown. */
export function verdictAsBoolean(verdict: Verdict): boolean | null {
  return verdict === 'unknown' ? null : verdict === 'correct';
}

/** Written out: a run has a million groups, and composing the names would take longer than everything else. */
const BY_VERDICT = {
  confident: { correct: 'confident-correct', wrong: 'confident-wrong', unknown: 'confident' },
  uncertain: { correct: 'uncertain-correct', wrong: 'uncertain-wrong', unknown: 'uncertain' },
} as const;

/**
 * Confident with a share above {@link CONFIDENT}; a single vote, which nothing confirms, is uncertain. Without a verdict only
 * the share is known, and without an answer nothing is.
 * @param share rollouts of the majority / all rollouts, in [0, 1]
 */
export function quadrantOf(
  status: VoteStatus,
  share: number | null,
  verdict: Verdict,
): QuadrantPlace | 'confident' | 'uncertain' {
  if (status === 'unanswered') return 'unanswered';
  const isConfident = status !== 'single' && share !== null && share > CONFIDENT;
  return (isConfident ? BY_VERDICT.confident : BY_VERDICT.uncertain)[verdict];
}
