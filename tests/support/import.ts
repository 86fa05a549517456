/** Imports a dump as the command does, without a terminal. */
import { AUTOMATIC } from '../../engine/grading/index.ts';
import type { ForeignRollout } from '../../engine/importers/group.ts';
import { importDump } from '../../engine/importers/import.ts';
import type { ImportOptions, ImportReport } from '../../engine/importers/import-work.ts';
import { AUTO, importerFor } from '../../engine/importers/index.ts';
import { judgeGroup } from '../../engine/importers/judge.ts';
import type { RunProblems } from '../../engine/importers/problems.ts';
import type { ImportedRun } from '../../engine/importers/run.ts';
import type { GroupId } from '../../engine/protocol/group.ts';

type Options = Partial<ImportOptions> & { format?: string };

export async function importFrom(
  source: string,
  folder: string,
  { format = AUTO, ...rest }: Options = {},
): Promise<ImportReport> {
  const options = { map: {}, rules: AUTOMATIC, follow: false, ...rest };
  return importDump(await importerFor(source, format, options), source, folder, options);
}

/** Writes the rollouts of one problem, with the problems that were found since the last group. */
export function writeGroup(
  run: ImportedRun,
  problems: RunProblems,
  { phase, step, problem }: GroupId,
  rollouts: readonly ForeignRollout[],
): void {
  const group = { id: { phase, step }, problem: problems.get(problem), rollouts };
  run.written(judgeGroup(group, AUTOMATIC), problems.count);
}
