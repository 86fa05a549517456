/** The groups that trained, by problem and by step, found as they come: views that follow the pointer ask in every frame. Pure. */
import { PHASES } from '../protocol/group-id.ts';
import type { RunColumns } from './columns.ts';

/** The groups of a problem that trained, in the order in which they were recorded. */
export interface TrainedRows {
  rows: number[];
  /** Whether their steps ascend, which is not certain in an import. */
  isOrdered: boolean;
}

interface Known {
  epoch: number;
  /** The number of rows that have been processed. */
  seen: number;
  /** A map: a damaged record may name the problem of any number. */
  problems: Map<number, TrainedRows>;
  /** The rows in problem order, once they have been sorted. */
  sorted: TrainedRows[] | null;
  /** The number of rows at each step. */
  counts: Map<number, number>;
}

const TRAIN = PHASES.indexOf('train');
const CACHE = new WeakMap<RunColumns, Known>();

/** The rows of each problem that trained, in problem order. */
export function trainedRows(columns: RunColumns): readonly TrainedRows[] {
  const known = upToDate(columns);
  known.sorted ??= [...known.problems].sort(([a], [b]) => a - b).map(([, rows]) => rows);
  return known.sorted;
}

/** The number of groups that trained at a step. */
export function trainedAt(columns: RunColumns, step: number): number {
  return upToDate(columns).counts.get(step) ?? 0;
}

function upToDate(columns: RunColumns): Known {
  let known = CACHE.get(columns);
  // Rows that were there may count no longer.
  if (known?.epoch !== columns.epoch) {
    known = { epoch: columns.epoch, seen: 0, problems: new Map(), sorted: null, counts: new Map() };
    CACHE.set(columns, known);
  }
  const { problem, step, phase, counts } = columns.groups.columns;
  for (; known.seen < columns.groups.length; known.seen++) {
    const row = known.seen;
    if (phase[row] !== TRAIN || counts[row] !== 1) continue;
    known.counts.set(step[row]!, (known.counts.get(step[row]!) ?? 0) + 1);
    const there = known.problems.get(problem[row]!);
    if (there) {
      if (step[row]! < step[there.rows.at(-1)!]!) there.isOrdered = false;
      there.rows.push(row);
    } else {
      known.problems.set(problem[row]!, { rows: [row], isOrdered: true });
      known.sorted = null;
    }
  }
  return known;
}
