/**
 * The import: reads a dump part by part, judges its rollouts in the same way as the engine's own, and writes them into
 * a run folder. After it was stopped or killed, it continues after the last complete step, and imports nothing twice.
 */
import path from 'node:path';
import { type ImportState, readImportState } from '../journal/import-state.ts';
import { readProblems, readPrompts } from '../journal/reader.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { ForeignRun } from '../protocol/run-file.ts';
import { remove } from '../system/files.ts';
import { type ImportOptions, type ImportReport, ImportWork } from './import-work.ts';
import type { Dump, Importer } from './importer.ts';
import { KnownProblems } from './known-problems.ts';
import { LoggedProblems } from './problems.ts';
import { ImportedRun } from './run.ts';

/**
 * Imports what is at `source` into the run folder `folder`: a new one, or one that an import of the same source has begun.
 * @throws RollscopeError `dataset` where nothing can be read, `usage`, `disk`; `canceled` after `signal`, unless it follows;
 * of a run without a single step nothing is left
 */
export async function importDump(
  importer: Importer,
  source: string,
  folder: string,
  options: ImportOptions,
): Promise<ImportReport> {
  const from = path.resolve(source);
  const state = await readImportState(folder);
  if (state && (state.source !== from || state.format !== importer.name)) throw otherSource(folder, state);
  const dump = await importer.open(from, options);
  const data = options.dataset?.data;
  const known = data
    ? new KnownProblems(
        data.problems,
        data.prompts.map(({ user }) => user),
      )
    : null;
  const problems = new LoggedProblems(known);
  if (state) await restore(problems, folder, state);
  const { now } = options;
  const clock = now ? { now } : {};
  const run = state
    ? await ImportedRun.reopen(folder, state.position, problems, clock)
    : await ImportedRun.create(folder, contentsOf(dump, options), problems, clock);
  run.watchCollapse();
  const work = new ImportWork({ importer, source: from, dump, problems, run, options, before: state });
  try {
    return await work.run();
  } catch (error) {
    await work.close();
    await run.close().catch(() => {});
    // An import that did not reach a step is useless.
    if (!state && !work.canContinue) await remove(run.folder);
    throw error;
  }
}

function contentsOf({ origin, run, created }: Dump, { dataset, rules }: ImportOptions) {
  const foreign: ForeignRun = { ...run, job: 'imported', dataset: dataset?.name ?? run.dataset, grading: rules };
  return { origin, run: foreign, created };
}

async function restore(problems: LoggedProblems, folder: string, { identified }: ImportState): Promise<void> {
  const [known, prompts] = [await readProblems(folder), await readPrompts(folder)];
  for (const [i, problem] of known.entries()) problems.restore(problem, prompts?.[i], identified);
}

function otherSource(folder: string, { source }: ImportState): RollscopeError {
  return new RollscopeError('usage', `${folder} was imported from ${source}.`, 'Choose another name for this import.', {
    details: { reason: 'imported-from-elsewhere', folder, source },
  });
}
