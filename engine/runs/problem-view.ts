/**
 * What a run says of one problem at one step. The only place that decides which group represents a problem, whether it
 * stands at a tie or without an answer, right or wrong, and since when: panel, lenses, terminal, exports and reports
 * ask here. Pure.
 */
import { PHASES, type Phase } from '../protocol/group-id.ts';
import {
  type QuadrantPlace,
  quadrantOf,
  rightOf,
  type Verdict,
  type VoteStatus,
  verdictOf,
  voteStatusOf,
} from '../protocol/verdict.ts';
import { known, type RunColumns, truth } from './columns.ts';
import type { Prediction } from './head.ts';

export type Status = 'unsampled' | VoteStatus;
/** Without a reference answer only the share is known; before the first sample nothing is. */
export type AnyQuadrant = QuadrantPlace | 'confident' | 'uncertain' | 'none';

export interface ProblemView {
  /** Index of the problem. */
  problem: number;
  /** Row of the group that speaks; null before the problem was sampled, as are its step and phase. */
  row: number | null;
  step: number | null;
  phase: Phase | null;
  status: Status;
  /** Of the majority; null without one. */
  answer: string | null;
  /** Rollouts of the majority over all; the same over answers as written. */
  share: number | null;
  rawShare: number | null;
  verdict: Verdict;
  quadrant: AnyQuadrant;
  rollouts: number;
  unanswered: number;
  /** Cut at the length limit; null where that is not known. */
  truncated: number | null;
  /** Mean correctness of the rollouts; null without a reference. */
  accuracy: number | null;
  /** Geometric mean of the token probabilities of the majority's rollouts; null where unknown. */
  confidence: number | null;
  /** The step since which answer and verdict have been what they are; null without an answer, or a verdict. */
  since: { answer: number | null; verdict: number | null };
  /**
   * The last change of the verdict: the step since which it is what it is, and the last step of the one before. null where
   * it has never changed.
   */
  flip: { since: number; until: number; from: Verdict } | null;
  /** What the run predicted of it; null where it did not. */
  prediction: Prediction | null;
  /** Whether what was predicted ended right; null before the end, and without a reference. */
  outcome: boolean | null;
}

/** Greedy decoding is one rollout: it has no vote, so it never represents a problem. */
const SILENT = PHASES.indexOf('greedy');

/**
 * A problem as the run knows it at a step: by the group of the phases train, evaluation and probe that was recorded last,
 * at or before that step. With `only`, groups of that phase alone speak, greedy ones too.
 */
export function problemView(
  columns: RunColumns,
  problem: number,
  at = Number.POSITIVE_INFINITY,
  only: Phase | null = null,
): ProblemView {
  const { groups, texts } = columns;
  const { step, phase, answer, share, rawShare, rollouts, unanswered, truncated, accuracy, majorityLogprob } =
    groups.columns;
  const rows = columns.rowsOf(problem);
  const speaks = speaker(columns, at, only);
  const place = lastFrom(rows.length - 1, (i) => speaks(rows[i]!));
  const row = rows[place];
  const prediction = columns.head.forecast?.problems[problem] ?? null;
  const outcome = prediction && outcomeOf(columns, problem);
  if (row === undefined) return { ...UNSAMPLED, problem, prediction, outcome };
  const verdict = verdictAt(columns, row);
  const text = texts.at(answer[row]!);
  const part = known(share[row]!);
  const status = statusAt(columns, row);
  const logprob = known(majorityLogprob[row]!);
  const streak = (alike: (row: number) => boolean) => {
    let first = place;
    let before = lastFrom(place - 1, (i) => speaks(rows[i]!));
    while (before >= 0 && alike(rows[before]!)) {
      first = before;
      before = lastFrom(before - 1, (i) => speaks(rows[i]!));
    }
    return { since: step[rows[first]!]!, before: rows[before] };
  };
  const settled = streak((one) => verdictAt(columns, one) === verdict);
  return {
    problem,
    row,
    step: step[row]!,
    phase: PHASES[phase[row]!]!,
    status,
    answer: text,
    share: part,
    rawShare: known(rawShare[row]!),
    verdict,
    quadrant: quadrantAt(columns, row),
    rollouts: rollouts[row]!,
    unanswered: unanswered[row]!,
    truncated: truncated[row]! < 0 ? null : truncated[row]!,
    accuracy: known(accuracy[row]!),
    confidence: logprob === null ? null : Math.exp(logprob),
    since: {
      answer: text === null ? null : streak((one) => answer[one] === answer[row]).since,
      verdict: verdict === 'unknown' ? null : settled.since,
    },
    flip:
      settled.before === undefined
        ? null
        : { since: settled.since, until: step[settled.before]!, from: verdictAt(columns, settled.before) },
    prediction,
    outcome,
  };
}

/**
 * A problem as it was at the step that others are compared with. `from` null: before training, which is the evaluation or
 * the probe before the first step, else the first rollouts that the run has of it.
 */
export function viewBefore(columns: RunColumns, problem: number, from: number | null): ProblemView {
  if (from !== null) return problemView(columns, problem, from);
  const before = problemView(columns, problem, 0);
  if (before.row !== null) return before;
  const speaks = speaker(columns, Number.POSITIVE_INFINITY, null);
  const first = columns.rowsOf(problem).find(speaks);
  return first === undefined ? before : problemView(columns, problem, columns.groups.columns.step[first]);
}

/** Whether two answers differ: right ones are the same, however they are written. */
export function hasOtherAnswer(
  a: Pick<ProblemView, 'answer' | 'verdict'>,
  b: Pick<ProblemView, 'answer' | 'verdict'>,
): boolean {
  if (a.answer === null || b.answer === null || a.answer === b.answer) return false;
  return !(a.verdict === 'correct' && b.verdict === 'correct');
}

const UNSAMPLED: Omit<ProblemView, 'problem' | 'prediction' | 'outcome'> = {
  row: null,
  step: null,
  phase: null,
  status: 'unsampled',
  answer: null,
  share: null,
  rawShare: null,
  verdict: 'unknown',
  quadrant: 'none',
  rollouts: 0,
  unanswered: 0,
  truncated: null,
  accuracy: null,
  confidence: null,
  since: { answer: null, verdict: null },
  flip: null,
};

/** The rows that may represent a problem at or before a step, in the order in which they were recorded. */
export function speakingRows(
  columns: RunColumns,
  problem: number,
  at = Number.POSITIVE_INFINITY,
  only: Phase | null = null,
): number[] {
  return columns.rowsOf(problem).filter(speaker(columns, at, only));
}

/** Whether a row may speak for its problem. */
function speaker({ groups }: RunColumns, at: number, only: Phase | null): (row: number) => boolean {
  const { step, phase } = groups.columns;
  if (only === null) return (row) => step[row]! <= at && phase[row] !== SILENT;
  const wanted = PHASES.indexOf(only);
  return (row) => step[row]! <= at && phase[row] === wanted;
}

/** How the vote of one group stands, for pictures that show each group as a cell. */
export type Standing = 'correct' | 'wrong' | 'undecided' | 'unanswered' | 'unknown';

/** `undecided`: a tie or a single vote, which is no majority; `unknown`: a majority without a reference. */
export function standingAt(columns: RunColumns, row: number): Standing {
  const status = statusAt(columns, row);
  if (status === 'unanswered') return status;
  return status === 'majority' ? verdictAt(columns, row) : 'undecided';
}

/** The quadrant of one group. */
export function quadrantAt(columns: RunColumns, row: number): Exclude<AnyQuadrant, 'none'> {
  return quadrantOf(statusAt(columns, row), known(columns.groups.columns.share[row]!), verdictAt(columns, row));
}

function statusAt({ groups }: RunColumns, row: number): VoteStatus {
  const { answer, tied, share, rollouts } = groups.columns;
  return voteStatusOf(answer[row]! < 0 ? null : { tied: tied[row] === 1, share: share[row]! || 0 }, rollouts[row]!);
}

function verdictAt({ groups }: RunColumns, row: number): Verdict {
  const { correct, accuracy, answer } = groups.columns;
  return verdictOf(answer[row]! < 0 ? null : { correct: truth(correct[row]!) }, !Number.isNaN(accuracy[row]!));
}

/** The last place at or before `from` that is wanted; -1 without one. Nothing is copied: a run has a million rows. */
function lastFrom(from: number, wanted: (place: number) => boolean): number {
  let place = from;
  while (place >= 0 && !wanted(place)) place--;
  return place;
}

/**
 * Whether a problem whose answer was predicted ended right: by the votes that scored the forecast, those of a probe where
 * there was one, else of the evaluation. null before there is a score, and without a reference.
 */
function outcomeOf(columns: RunColumns, problem: number): boolean | null {
  const step = columns.head.forecastScore?.step;
  if (step === undefined) return null;
  const row = columns.find({ phase: 'probe', step, problem }) ?? columns.find({ phase: 'evaluation', step, problem });
  if (row === null) return null;
  return rightOf(verdictAt(columns, row));
}
