/** The group that speaks for a problem, with its rollouts. */
import { readGroup } from '../../journal/groups.ts';
import { readRunFile } from '../../journal/reader.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import type { GroupDetail, Phase } from '../../protocol/group.ts';
import type { Problem } from '../../protocol/records.ts';
import type { RunFile } from '../../protocol/run-file.ts';
import type { RunColumns } from '../../runs/columns.ts';
import { explanations } from '../../runs/explanations.ts';
import { type ProblemView, problemView } from '../../runs/problem-view.ts';

export interface ShownGroup {
  file: RunFile;
  columns: RunColumns;
  problem: Problem;
  view: ProblemView;
  row: number;
  detail: GroupDetail;
  /** Why each rollout got its reward. */
  why: string[];
}

/** @throws RollscopeError `usage` where the problem was not sampled at or before the step, `run-broken` */
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
  const frame = columns.frameOf(row);
  const detail = await readGroup(folder, { ...columns.idOf(row), frame });
  const vocabulary = columns.head.run?.model.vocabulary ?? null;
  const why = explanations({ config: file.config, vocabulary }, detail, problem);
  return { file, columns, problem, view, row, detail, why };
}

/** The source of a problem and the phase and step of its group, for parentheses after its id. */
export function whereFrom({ problem, view }: ShownGroup): string {
  const place =
    problem.line === null ? `${problem.source} row ${problem.row + 1}` : `${problem.source}:${problem.line}`;
  return `${place}; ${view.phase}, step ${view.step}`;
}
