/**
 * What a run says of one problem at one step. The only place that decides which group represents a problem, whether it
 * has a majority, a tie or no answer, is correct or wrong, and since when: panel, lenses, terminal, exports and reports
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
  /** Row of the group that represents it; null before the problem was sampled, as are its step and phase. */
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
  /** Means over the rollouts: of the reward, and of the length in tokens; null where unknown. */
  reward: number | null;
  length: number | null;
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
const GREEDY = PHASES.indexOf('greedy');

/**
 * A problem as the run knows it at a step: by the group of the phases train, evaluation and probe that was recorded last,
 * at or before that step. With `only`, only groups of that phase count, greedy ones too.
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
  const { reward, tokens } = groups.columns;
  const found =
    only === null ? candidateAt(columns, problem, at) : scan(columns, problem, candidateIn(columns, at, only));
  const row = found?.row;
  const prediction = columns.head.forecast?.problems[problem] ?? null;
  const outcome = prediction && outcomeOf(columns, problem);
  if (!found || row === undefined) return { ...UNSAMPLED, problem, prediction, outcome };
  const verdict = verdictAt(columns, row);
  const text = texts.at(answer[row]!);
  const part = known(share[row]!);
  const status = statusAt(columns, row);
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
    quadrant: quadrantAt(columns, row),
    rollouts: rollouts[row]!,
    unanswered: unanswered[row]!,
    truncated: truncated[row]! < 0 ? null : truncated[row]!,
    reward: known(reward[row]!),
    length: known(tokens[row]!),
    accuracy: known(accuracy[row]!),
    confidence: logprob === null ? null : Math.exp(logprob),
    since: {
      answer: text === null ? null : step[found.answerFrom]!,
      verdict: verdict === 'unknown' ? null : step[found.verdictFrom]!,
    },
    flip:
      found.verdictBefore === -1
        ? null
        : {
            since: step[found.verdictFrom]!,
            until: step[found.verdictBefore]!,
            from: verdictAt(columns, found.verdictBefore),
          },
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
  const [first] = candidatesOf(columns, problem).rows;
  return first === undefined ? before : problemView(columns, problem, columns.groups.columns.step[first]);
}

/** What {@link viewBefore} is where `from` is null, for people: a run without rollouts before its first step has no "before". */
export function beforeText({ groups }: RunColumns): string {
  const isMissing = groups.length > 0 && !groups.columns.step.subarray(0, groups.length).includes(0);
  return isMissing ? 'first rollouts' : 'before training';
}

/** Whether two answers differ: right ones are the same, however they are written. */
export function hasOtherAnswer(
  a: Pick<ProblemView, 'answer' | 'verdict'>,
  b: Pick<ProblemView, 'answer' | 'verdict'>,
): boolean {
  if (a.answer === null || b.answer === null || a.answer === b.answer) return false;
  return !(a.verdict === 'correct' && b.verdict === 'correct');
}

/** A problem without rollouts. */
export function unsampled(problem: number): ProblemView {
  return { ...UNSAMPLED, problem, prediction: null, outcome: null };
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
  reward: null,
  length: null,
  accuracy: null,
  confidence: null,
  since: { answer: null, verdict: null },
  flip: null,
};

/** The row that represents a problem, since which row answer and verdict are what they are, and the one before (-1: none). */
interface Found {
  row: number;
  answerFrom: number;
  verdictFrom: number;
  verdictBefore: number;
}

/**
 * The rows that may represent a problem, and for each the place of the first one since which its answer, or its verdict, is
 * what it is. Each row is looked at once, as it comes: scrubbing asks for ten thousand problems in a frame.
 */
interface Candidates {
  rows: number[];
  answerFrom: number[];
  verdictFrom: number[];
  /** How many of the problem's rows have been looked at. */
  seen: number;
  /** Whether the steps ascend; those of an import need not. */
  isOrdered: boolean;
}

const CANDIDATES = new WeakMap<RunColumns, { epoch: number; problems: Candidates[] }>();

function candidatesOf(columns: RunColumns, problem: number): Candidates {
  let all = CANDIDATES.get(columns);
  if (all?.epoch !== columns.epoch) {
    all = { epoch: columns.epoch, problems: [] };
    CANDIDATES.set(columns, all);
  }
  all.problems[problem] ??= { rows: [], answerFrom: [], verdictFrom: [], seen: 0, isOrdered: true };
  const candidates = all.problems[problem];
  const rows = columns.rowsOf(problem);
  while (candidates.seen < rows.length) include(columns, candidates, rows[candidates.seen++]!);
  return candidates;
}

function include(columns: RunColumns, candidates: Candidates, row: number): void {
  if (!isCandidate(columns, row)) return;
  const { step, answer } = columns.groups.columns;
  const { rows, answerFrom, verdictFrom } = candidates;
  const place = rows.length;
  const last = rows[place - 1];
  rows.push(row);
  if (last !== undefined && step[row]! < step[last]!) candidates.isOrdered = false;
  const carried = (isAlike: boolean, from: readonly number[]) => (isAlike ? from[place - 1]! : place);
  answerFrom.push(carried(last !== undefined && answer[last] === answer[row], answerFrom));
  verdictFrom.push(carried(last !== undefined && verdictAt(columns, last) === verdictAt(columns, row), verdictFrom));
}

/** The row of any phase but greedy decoding that was recorded last, at or before a step. */
function candidateAt(columns: RunColumns, problem: number, at: number): Found | null {
  const { rows, answerFrom, verdictFrom, isOrdered } = candidatesOf(columns, problem);
  if (!isOrdered) return scan(columns, problem, candidateIn(columns, at, null));
  const { step } = columns.groups.columns;
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (step[rows[middle]!]! <= at) low = middle + 1;
    else high = middle;
  }
  const place = low - 1;
  if (place < 0) return null;
  const begin = verdictFrom[place]!;
  return {
    row: rows[place]!,
    answerFrom: rows[answerFrom[place]!]!,
    verdictFrom: rows[begin]!,
    verdictBefore: begin === 0 ? -1 : rows[begin - 1]!,
  };
}

/** The same of the rows that are wanted, whatever their order. */
function scan(columns: RunColumns, problem: number, isWanted: (row: number) => boolean): Found | null {
  const { answer } = columns.groups.columns;
  const found: Found = { row: -1, answerFrom: -1, verdictFrom: -1, verdictBefore: -1 };
  for (const row of columns.rowsOf(problem)) {
    if (!isWanted(row)) continue;
    const { row: last } = found;
    if (last === -1 || answer[last] !== answer[row]) found.answerFrom = row;
    if (last === -1 || verdictAt(columns, last) !== verdictAt(columns, row)) {
      found.verdictFrom = row;
      found.verdictBefore = last;
    }
    found.row = row;
  }
  return found.row === -1 ? null : found;
}

/** The rows that may represent a problem at or before a step, in the order in which they were recorded. */
export function candidateRows(
  columns: RunColumns,
  problem: number,
  at = Number.POSITIVE_INFINITY,
  only: Phase | null = null,
): number[] {
  return columns.rowsOf(problem).filter(candidateIn(columns, at, only));
}

/** Whether a group may represent its problem: any that counts and was not decoded greedily. */
export function isCandidate({ groups }: RunColumns, row: number): boolean {
  const { phase, counts } = groups.columns;
  return counts[row] === 1 && phase[row] !== GREEDY;
}

/** The groups that may represent their problem at or before a step; with `only`, those of that phase. */
function candidateIn(columns: RunColumns, at: number, only: Phase | null): (row: number) => boolean {
  const { step, phase } = columns.groups.columns;
  if (only === null) return (row) => step[row]! <= at && isCandidate(columns, row);
  const wanted = PHASES.indexOf(only);
  return (row) => step[row]! <= at && phase[row] === wanted;
}

/** How the vote of one group stands, for pictures that show each group as a cell. */
export type Standing = 'correct' | 'wrong' | 'undecided' | 'unanswered' | 'unknown';

/** `undecided`: a tie or a single vote, which is not a majority; `unknown`: a majority without a reference. */
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
