/**
 * Which groups represent a problem at a step, and since when its answer and verdict are unchanged. `problem-view.ts`
 * builds the view of the problem from this. Pure.
 */
import { PHASES, type Phase } from '../protocol/group-id.ts';
import type { RunColumns } from './columns.ts';
import { verdictAt } from './standing.ts';

/** Greedy decoding is one rollout: it has no vote, so it never represents a problem. */
const GREEDY = PHASES.indexOf('greedy');

/**
 * The row that represents a problem, the rows since which answer and verdict are unchanged, and the one before (-1:
 * none).
 */
export interface Representative {
  row: number;
  answerFrom: number;
  verdictFrom: number;
  verdictBefore: number;
}

/**
 * The rows that can represent a problem, each with the index of the first row since which its answer, or its verdict,
 * is unchanged. Each row is processed once, when it arrives, since scrubbing requests ten thousand problems per frame.
 */
interface Candidates {
  rows: number[];
  answerFrom: number[];
  verdictFrom: number[];
  /** The number of the problem's rows that have been processed. */
  seen: number;
  /** Whether the steps ascend, which is not certain in an import. */
  isOrdered: boolean;
}

const CANDIDATES = new WeakMap<RunColumns, { epoch: number; problems: Map<number, Candidates> }>();

/** The candidates among the groups of a problem, up to date. */
export function candidatesOf(columns: RunColumns, problem: number): Candidates {
  let all = CANDIDATES.get(columns);
  if (all?.epoch !== columns.epoch) {
    all = { epoch: columns.epoch, problems: new Map() };
    CANDIDATES.set(columns, all);
  }
  let candidates = all.problems.get(problem);
  if (!candidates) {
    candidates = { rows: [], answerFrom: [], verdictFrom: [], seen: 0, isOrdered: true };
    all.problems.set(problem, candidates);
  }
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
export function candidateAt(columns: RunColumns, problem: number, at: number): Representative | null {
  const { rows, answerFrom, verdictFrom, isOrdered } = candidatesOf(columns, problem);
  if (!isOrdered) return scan(columns, problem, candidateIn(columns, at, null));
  const place = countUpTo(rows, columns.groups.columns.step, at) - 1;
  if (place < 0) return null;
  const begin = verdictFrom[place]!;
  return {
    row: rows[place]!,
    answerFrom: rows[answerFrom[place]!]!,
    verdictFrom: rows[begin]!,
    verdictBefore: begin === 0 ? -1 : rows[begin - 1]!,
  };
}

/** How many of the rows, whose steps ascend, are at or before a step. */
export function countUpTo(rows: readonly number[], step: Int32Array, at: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (step[rows[middle]!]! <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The last row that fits, in any order of steps. */
export function scan(columns: RunColumns, problem: number, isWanted: (row: number) => boolean): Representative | null {
  const { answer } = columns.groups.columns;
  const found: Representative = { row: -1, answerFrom: -1, verdictFrom: -1, verdictBefore: -1 };
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

/** The rows that may represent a problem at one step or another, in the order in which they were recorded. */
export function candidateRows(columns: RunColumns, problem: number): readonly number[] {
  return candidatesOf(columns, problem).rows;
}

/** Whether a group may represent its problem: any that counts and was not decoded greedily. */
export function isCandidate({ groups }: RunColumns, row: number): boolean {
  const { phase, counts } = groups.columns;
  return counts[row] === 1 && phase[row] !== GREEDY;
}

/** The groups that can represent their problem at or before a step; with `only`, those of that phase. */
export function candidateIn(columns: RunColumns, at: number, only: Phase | null): (row: number) => boolean {
  const { step, phase } = columns.groups.columns;
  if (only === null) return (row) => step[row]! <= at && isCandidate(columns, row);
  const wanted = PHASES.indexOf(only);
  return (row) => step[row]! <= at && phase[row] === wanted;
}
