/** The group that represents a problem, with its rollouts. */
import { readRunFile } from '../../journal/reader.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import type { Phase } from '../../protocol/group.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { RunFile } from '../../protocol/run-file.ts';
import type { RunColumns } from '../../runs/columns.ts';
import { type ExplainedGroup, readExplainedGroup } from '../../runs/explained-group.ts';
import { type ProblemView, problemView } from '../../runs/problem-view.ts';

export interface ShownGroup extends ExplainedGroup {
  file: RunFile;
  columns: RunColumns;
  problem: Problem;
  view: ProblemView;
  row: number;
}

/** @throws RollscopeError `usage` if the problem was not sampled at or before the step, `run-broken` */
export async function readShownGroup(
  folder: string,
  columns: RunColumns,
  problem: Problem,
  { step, phase }: { step: number | undefined; phase: Phase | undefined },
): Promise<ShownGroup> {
  const view = problemView(columns, problem.index, step, phase);
  const { row } = view;
  if (row === null) {
    const when = step === undefined ? 'has not been sampled yet' : `was not sampled at or before step ${step}`;
    const where = phase === undefined ? '' : ` in the phase ${phase}`;
    const hint = 'Choose another problem, step or phase. Problems with rollouts: rollscope show <run>';
    throw new RollscopeError('usage', `Problem '${problem.id}' ${when}${where}.`, hint, {
      details: { reason: 'no-rollouts', problem: problem.id },
    });
  }
  const file = await readRunFile(folder);
  return { file, columns, problem, view, row, ...(await readExplainedGroup(folder, { file, columns }, problem, row)) };
}

/** The source of a problem and the phase and step of its group, for parentheses after its id. */
export function whereFrom({ problem, view }: ShownGroup): string {
  const place =
    problem.line === null ? `${problem.source} row ${problem.row + 1}` : `${problem.source}:${problem.line}`;
  return `${place}; ${view.phase}, step ${view.step}`;
}
