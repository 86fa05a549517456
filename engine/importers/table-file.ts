/** A file of rollouts in a table: CSV, Parquet, or JSON as one list. Read as a whole. */
import { readTable } from '../data/readers.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { Phase } from '../protocol/group.ts';
import type { ForeignRollout } from './group.ts';
import type { LoggedGroup, ReadContext } from './importer.ts';
import { bySteps } from './line-file.ts';
import { addRowFault } from './row-fault.ts';
import type { RowFileOptions } from './rows.ts';

export interface TableStep {
  step: number;
  phase: Phase;
  groups: LoggedGroup[];
}

/** Its rollouts by step. Rows that are not rollouts, and a file that cannot be read, are faults. */
export async function readTableSteps(
  file: string,
  { name, step, phase, fixed = false, rows: reader, range }: RowFileOptions,
  { problems, faults, check }: ReadContext,
): Promise<TableStep[]> {
  const steps = new Map<string, { step: number; phase: Phase; groups: Map<number, ForeignRollout[]> }>();
  const all = await rowsOf(file, name, faults);
  const { from, to } = (await range?.(all.map(({ values }) => values))) ?? { from: 0, to: all.length };
  for (const [at, row] of all.entries()) {
    if (at % 100 === 0) check();
    if (at < from || at >= to) continue;
    try {
      const where = fixed ? { step: null, phase: null } : reader.stepAndPhase(row.values);
      const rows = reader.rolloutRows(row.values);
      const rollouts = rows.map((item) => reader.rollout(item));
      const problem = problems.register({ ...reader.problem(rows[0]!), source: file, line: row.line });
      const found = { step: where.step ?? step, phase: where.phase ?? phase };
      const key = `${found.phase} ${found.step}`;
      const entry = steps.get(key) ?? { ...found, groups: new Map() };
      steps.set(key, entry);
      const members = entry.groups.get(problem) ?? [];
      entry.groups.set(problem, members);
      for (const rollout of rollouts) members.push(rollout);
      if (!fixed) faults.placed?.(where.step !== null, found.step);
    } catch (error) {
      addRowFault(faults, row.line === null ? `${name} row ${at + 1}` : `${name}:${row.line}`, error);
    }
  }
  return [...steps.values()].sort(bySteps).map(({ groups, ...rest }) => ({
    ...rest,
    groups: [...groups].map(([problem, rollouts]) => ({ problem, rollouts })),
  }));
}

async function rowsOf(file: string, name: string, faults: ReadContext['faults']) {
  try {
    return (await readTable(file)).rows;
  } catch (error) {
    if (!(error instanceof RollscopeError)) throw error;
    faults.add(name, error.message.replace(`${file}: `, ''), String(error.details?.reason ?? 'unreadable'));
    return [];
  }
}
