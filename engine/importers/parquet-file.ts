/**
 * A Parquet file of rollouts that is too large to be read at once: the first pass finds which rows belong together, the
 * second reads one step after another. Memory holds a row group and a step.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RowValues } from '../data/fields.ts';
import { ParquetOnDisk } from '../data/parquet.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { Phase } from '../protocol/group.ts';
import type { ForeignRollout } from './group.ts';
import type { DumpPart, LoggedGroup, ReadContext } from './importer.ts';
import { bySteps } from './line-file.ts';
import { addRowFault } from './row-fault.ts';
import type { RowFileOptions } from './rows.ts';

interface Step {
  phase: Phase;
  step: number;
  /** Rows of each row group, as positions in it with their problems. */
  rows: Map<number, [row: number, problem: number][]>;
  count: number;
}

/** The steps of a file. Rows that are not rollouts, and row groups that cannot be read, are faults. */
export async function parquetParts(
  file: string,
  stamp: string,
  options: RowFileOptions,
  context: ReadContext,
): Promise<DumpPart[]> {
  const reader = new GroupReader(file, options.name);
  const steps = new Map<string, Step>();
  let [total, size] = [0, 0];
  await reader.open(context, async (table) => {
    ({ size } = table);
    total = table.groups.reduce((sum, rows) => sum + rows, 0);
    let first = 0;
    for (const [group, count] of table.groups.entries()) {
      context.check((size * count) / total);
      for (const [row, values] of reader.rows(table, group, context).entries())
        place(values, { group, row, number: first + row + 1 }, { file, options, steps, context });
      first += count;
      // Yield to other work of this thread.
      await nextTurn();
    }
  });
  return [...steps.values()].sort(bySteps).map(({ phase, step, rows, count }): DumpPart => {
    const bytes = (size * count) / total;
    return {
      name: `${options.name}#${phase}-${step}`,
      phase,
      step,
      bytes,
      stamp,
      groups: (inner) => groupsOf(reader, rows, bytes, options, inner),
    };
  });
}

/** Keeps the last row group, since the next step usually begins in it. */
class GroupReader {
  private last: { group: number; rows: RowValues[] } | null = null;

  constructor(
    private readonly file: string,
    private readonly name: string,
  ) {}

  /** Opens the file and passes it on; a file that is not Parquet is a fault. */
  async open({ faults }: Pick<ReadContext, 'faults'>, work: (table: ParquetOnDisk) => Promise<void>): Promise<void> {
    let table: ParquetOnDisk;
    try {
      table = new ParquetOnDisk(this.file);
    } catch (error) {
      addFault(error, this.name, this.file, faults);
      return;
    }
    try {
      await work(table);
    } finally {
      table.close();
    }
  }

  rows(table: ParquetOnDisk, group: number, { faults }: Pick<ReadContext, 'faults'>): RowValues[] {
    if (this.last?.group === group) return this.last.rows;
    // Before the next is read, which needs the room.
    this.last = null;
    try {
      this.last = { group, rows: table.rows(group) };
      return this.last.rows;
    } catch (error) {
      addFault(error, `${this.name} row group ${group + 1}`, this.file, faults);
      return [];
    }
  }
}

function addFault(error: unknown, place: string, file: string, faults: ReadContext['faults']): void {
  if (!(error instanceof RollscopeError)) throw error;
  faults.add(place, error.message.replace(`${file}: `, ''), String(error.details?.reason ?? 'unreadable'));
}

function place(
  values: RowValues,
  at: { group: number; row: number; number: number },
  {
    file,
    options,
    steps,
    context,
  }: { file: string; options: RowFileOptions; steps: Map<string, Step>; context: ReadContext },
): void {
  const { name, rows: reader } = options;
  try {
    const where = reader.stepAndPhase(values);
    // A row without a response is not a rollout, which must be known before its group is read.
    const all = reader.rolloutRows(values);
    for (const one of all) reader.response(one);
    const problem = context.problems.register({ ...reader.problem(all[0]!), source: file, line: null });
    const step = where.step ?? options.step;
    const phase = where.phase ?? options.phase;
    const key = `${phase} ${step}`;
    const found = steps.get(key) ?? { phase, step, rows: new Map(), count: 0 };
    steps.set(key, found);
    const inGroup = found.rows.get(at.group) ?? [];
    found.rows.set(at.group, inGroup);
    inGroup.push([at.row, problem]);
    found.count++;
    context.faults.placed?.(where.step !== null, step);
  } catch (error) {
    addRowFault(context.faults, `${name} row ${at.number}`, error);
  }
}

async function* groupsOf(
  reader: GroupReader,
  rows: Step['rows'],
  bytes: number,
  options: RowFileOptions,
  context: ReadContext,
): AsyncGenerator<LoggedGroup> {
  const groups = new Map<number, ForeignRollout[]>();
  await reader.open(context, async (table) => {
    for (const [group, places] of rows) {
      const values = reader.rows(table, group, context);
      context.check(bytes / rows.size);
      for (const [row, problem] of places) {
        // Missing if the file was rewritten meanwhile, which the next look notices.
        const found = values[row];
        if (!found) continue;
        const members = groups.get(problem) ?? [];
        groups.set(problem, members);
        for (const one of options.rows.rolloutRows(found)) members.push(options.rows.rollout(one));
      }
      await nextTurn();
    }
  });
  for (const [problem, rollouts] of groups) yield { problem, rollouts };
}
