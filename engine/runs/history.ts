/** A problem's training groups in step order: the basis of charts and of comparisons over steps. Pure. */
import { knownNumber, type RunColumns } from './columns.ts';

export interface HistoryPoint {
  /** Row of the group in the columns. */
  row: number;
  step: number;
  rollouts: number;
  /** Majority share; null without a majority. */
  share: number | null;
}

/** Training only, without evaluations and probes. @param problem its index in the run */
export function historyOf(columns: RunColumns, problem: number): HistoryPoint[] {
  const { step, rollouts, share } = columns.groups.columns;
  return columns
    .phaseRows(problem, 'train')
    .map((row) => ({ row, step: step[row]!, rollouts: rollouts[row]!, share: knownNumber(share[row]!) }));
}
