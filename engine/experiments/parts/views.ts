/** The problems of an experiment's run, as the views of the run show them. */
import type { Phase } from '../../protocol/index.ts';
import type { RunColumns } from '../../runs/columns.ts';
import { columnsOf } from '../../runs/fold.ts';
import { type ProblemView, problemView } from '../../runs/problem-view.ts';
import type { ExperimentRun } from '../experiment.ts';

const cache = new WeakMap<ExperimentRun['records'], RunColumns>();

/** The problems that a phase sampled at a step (default: all it ever sampled, each at its last step), in order. */
export function viewsOfPhase(run: ExperimentRun, phase: Phase, step?: number): ProblemView[] {
  const columns = cache.get(run.records) ?? columnsOf(run.records);
  cache.set(run.records, columns);
  return columns.sampled
    .map((problem) => problemView(columns, problem, step, phase))
    .filter((view) => view.row !== null && (step === undefined || view.step === step));
}
