/**
 * What a run says of one problem at one step. The only place that decides which group speaks for a problem, whether it
 * stands at a tie or without an answer, right or wrong, and since when: panel, lenses, terminal, exports and reports
 * ask here. Pure.
 */
import { PHASES, type Phase } from '../protocol/group-id.ts';
import {
  type Quadrant,
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
export type AnyQuadrant = Quadrant | 'confident' | 'uncertain' | 'none';

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
  /** What the run predicted of it; null where it did not. */
  prediction: Prediction | null;
  /** Whether what was predicted ended right; null before the end, and without a reference. */
  outcome: boolean | null;
}

/** Greedy decoding is one rollout: it has no vote, so it never speaks for a problem. */
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
  const { step, phase, answer, tied, share, rawShare, rollouts, unanswered, truncated, accuracy, majorityLogprob } =
    groups.columns;
  const speaking = speakingRows(columns, problem, at, only);
  const row = speaking.at(-1);
  const prediction = columns.head.forecast?.problems[problem] ?? null;
  const outcome = prediction && outcomeOf(columns, problem);
  if (row === undefined) return { ...UNSAMPLED, problem, prediction, outcome };
  const verdict = verdictAt(columns, row);
  const text = texts.at(answer[row]!);
  const part = known(share[row]!);
  const status = voteStatusOf(text === null ? null : { tied: tied[row] === 1, share: part ?? 0 }, rollouts[row]!);
  const logprob = known(majorityLogprob[row]!);
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
    // Nothing confirms a single vote, whatever its share.
    quadrant: quadrantOf(status === 'single' ? null : part, verdict),
    rollouts: rollouts[row]!,
    unanswered: unanswered[row]!,
    truncated: truncated[row]! < 0 ? null : truncated[row]!,
    accuracy: known(accuracy[row]!),
    confidence: logprob === null ? null : Math.exp(logprob),
    since: {
      answer: text === null ? null : sinceWhen(columns, speaking, (one) => answer[one] === answer[row]),
      verdict:
        verdict === 'unknown' ? null : sinceWhen(columns, speaking, (one) => verdictAt(columns, one) === verdict),
    },
    prediction,
    outcome,
  };
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
};

/** The rows that may speak for a problem at or before a step, in the order in which they were recorded. */
export function speakingRows(
  columns: RunColumns,
  problem: number,
  at = Number.POSITIVE_INFINITY,
  only: Phase | null = null,
): number[] {
  const { step, phase } = columns.groups.columns;
  const speaks = only === null ? (code: number) => code !== SILENT : (code: number) => code === PHASES.indexOf(only);
  return columns.rowsOf(problem).filter((row) => step[row]! <= at && speaks(phase[row]!));
}

function verdictAt({ groups }: RunColumns, row: number): Verdict {
  const { correct, accuracy, answer } = groups.columns;
  const majority = answer[row]! < 0 ? null : { correct: truth(correct[row]!) };
  return verdictOf(majority, !Number.isNaN(accuracy[row]!));
}

/** The step of the first of the last rows in a row that are alike. */
function sinceWhen(columns: RunColumns, rows: readonly number[], alike: (row: number) => boolean): number {
  let i = rows.length - 1;
  while (i > 0 && alike(rows[i - 1]!)) i--;
  return columns.groups.columns.step[rows[i]!]!;
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
