/** `rollscope import`: creates a run folder from the rollouts of another trainer. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { loadDataset } from '../../data/dataset.ts';
import { parseColumnMap } from '../../importers/columns.ts';
import { findDumps } from '../../importers/find.ts';
import { importDump } from '../../importers/import.ts';
import type { ImportOptions, ImportReport } from '../../importers/import-work.ts';
import { AUTO, importerFor } from '../../importers/index.ts';
import { judgesFor } from '../../importers/judges.ts';
import { inRun, RUN_FILE } from '../../journal/layout.ts';
import { importedRunName, unusedName } from '../../journal/locations.ts';
import { DatasetConfig } from '../../protocol/config.ts';
import { bytes, integer, percent, plural } from '../../protocol/format.ts';
import { RollscopeError } from '../../protocol/index.ts';
import { checkRunName } from '../../protocol/run-name.ts';
import { REWARD_IS_VOTE } from '../../protocol/two-graders.ts';
import { unfinishedImport } from '../../runs/unfinished-import.ts';
import { type AnswerOptions, graderFor } from '../answers.ts';
import { interruptible } from '../interruptible.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { ProgressLine } from '../progress-line.ts';
import type { StatisticsOptions } from '../statistics/command.ts';

interface ImportCommandOptions extends AnswerOptions, StatisticsOptions {
  format?: string;
  find?: boolean;
  follow?: boolean;
  progress?: boolean;
  dataset?: string;
  map?: string;
  out?: string;
  name?: string;
  json?: boolean;
}

/**
 * Exit code 0, or 3 if stopped, which is how following a folder ends. Throws RollscopeError.
 */
export async function importFile(source: string, options: ImportCommandOptions): Promise<number> {
  const output = new Output(options.json === true);
  const { out, name } = importTarget(options);
  const { runsFolder, usualRunsFolder } = await placesOf(out);
  const from = path.resolve(source);
  if (options.find) return listDumps(output, from);
  const map = parseColumnMap(options.map);
  const { rules } = graderFor(options);
  const importer = await importerFor(from, options.format ?? AUTO, { map }).catch(async (error: unknown) => {
    throw await withImportHint(error, from);
  });
  const folder = await folderOf(from, importer.name, runsFolder, { ...options, name });
  const dataset = options.dataset === undefined ? null : await datasetOf(options.dataset);
  output.note(`Importing ${from} (${importer.title}) to ${folder}`);
  if (options.follow) output.note('Following: new steps are imported as they are written. Press Ctrl+C to stop.');
  const lines = options.progress === true;
  const scoring = await scoringOf(options);
  const report = await withProgress(output, lines, (signal, onProgress) =>
    importDump(importer, from, folder, {
      map,
      rules,
      judges: judgesFor,
      follow: options.follow === true,
      signal,
      onProgress,
      ...(scoring && {
        afterwards: async (journal, note) => {
          await scoring.add(output, { folder, journal, reader: scoring.reader }, { ...options, lines, note, signal });
        },
      }),
      ...(dataset && { dataset }),
    }),
  ).finally(() => scoring?.reader.release());
  print(output, report, options, runsFolder === usualRunsFolder ? path.basename(folder) : folder);
  return report.stopped ? EXIT.stopped : EXIT.ok;
}

/** Adds a hint to the error for an unrecognized path: unpack the file, or import the rollouts found in a subfolder. */
async function withImportHint(error: unknown, from: string): Promise<unknown> {
  if (!(error instanceof RollscopeError) || error.details?.reason !== 'no-importer') return error;
  const { code, message, details } = error;
  if (/\.(?:gz|zst|bz2|xz|zip)$/i.test(from)) {
    return new RollscopeError(code, message, 'The file is compressed: unpack it first.', { details });
  }
  const [first, ...more] = (await findDumps(from)).filter(({ part }) => !part);
  if (!first) return error;
  const others = more.length > 0 ? `, and ${plural(more.length, 'other')}: rollscope import ${from} --find` : '';
  return new RollscopeError(code, message, `There are rollouts in ${first.path} (${first.title})${others}.`, {
    details,
  });
}

async function listDumps(output: Output, folder: string): Promise<number> {
  const dumps = await findDumps(folder);
  for (const { path: at, title } of dumps) output.print(`${at}: ${title}`);
  if (dumps.length === 0) output.print(`Nothing in ${folder} is recognized as rollouts.`);
  output.result({ dumps });
  return EXIT.ok;
}

/** The model of `--score-with` and its use; null without it. Opened first, so a bad model fails before the import. */
async function scoringOf({ scoreWith, ...options }: ImportCommandOptions) {
  if (scoreWith === undefined) {
    const [unused] = (['temperature', 'device', 'threads'] as const).filter((name) => options[name] !== undefined);
    if (unused) throw needsModel(`--${unused}`);
    return null;
  }
  const { computeStatistics, openReader, printStatistics } = await import('../statistics/command.ts');
  const reader = await openReader({ ...options, scoreWith });
  // A followed source is scanned again at each new step.
  const seen = new Set<string>();
  const add: typeof computeStatistics = async (output, of, how) => {
    const report = await computeStatistics(output, of, { ...how, seen });
    printStatistics(output, report, reader);
    return report;
  };
  return { reader, add };
}

function needsModel(option: string): RollscopeError {
  return new RollscopeError('usage', `${option} requires --score-with.`, 'Add --score-with <model>.', {
    details: { reason: 'option-needs-model', field: option },
  });
}

/**
 * Interprets `--out` as `cp` does its target: a folder that does not exist yet, or is a run, becomes the run; any
 * other folder will contain it. With `--name` it always contains the run.
 */
function importTarget({ out, name }: ImportCommandOptions): Pick<ImportCommandOptions, 'out' | 'name'> {
  if (out === undefined || name !== undefined) return { out, name };
  const folder = path.resolve(out);
  if (existsSync(folder) && !existsSync(inRun(folder, RUN_FILE))) return { out };
  return { out: path.dirname(folder), name: path.basename(folder) };
}

/** The folder of an unfinished import of the same source, if any; else a new one. */
async function folderOf(from: string, format: string, runsFolder: string, { name, follow }: ImportCommandOptions) {
  if (name !== undefined) {
    checkRunName(name);
    return path.join(runsFolder, name);
  }
  const begun = await unfinishedImport(runsFolder, { source: from, format, follow: follow === true });
  return begun ?? path.join(runsFolder, unusedName(importedRunName(from, new Date()), runsFolder));
}

async function datasetOf(source: string): Promise<NonNullable<ImportOptions['dataset']>> {
  const file = path.resolve(source);
  return { name: file, data: await loadDataset(DatasetConfig.parse({ path: file })) };
}

/** Shows progress; Ctrl+C ends the import after the last complete step. */
async function withProgress(
  output: Output,
  asLines: boolean,
  work: (signal: AbortSignal, onProgress: NonNullable<ImportOptions['onProgress']>) => Promise<ImportReport>,
): Promise<ImportReport> {
  const line = new ProgressLine(process.stderr);
  const hint = 'Stopping after the last complete step. Press Ctrl+C again to stop immediately.';
  try {
    return await interruptible(output, { hint, lines: asLines, before: () => line.end() }, (signal) =>
      work(signal, (progress) => {
        const { bytes: read, total, steps, rollouts, waiting } = progress;
        if (asLines) output.line({ progress });
        const part = total > 0 ? ` · ${percent(Math.min(1, read / total))}` : ` · ${bytes(read)}`;
        const state = waiting ? ' · waiting for more' : part;
        line.show(`${plural(steps, 'step')} · ${plural(rollouts, 'rollout')}${state}`);
      }),
    );
  } finally {
    line.end();
  }
}

function print(output: Output, report: ImportReport, options: ImportCommandOptions, run: string): void {
  const {
    folder,
    problems,
    rollouts,
    steps,
    faults,
    named,
    withoutStep,
    unmatched,
    disagreements,
    compared,
    rewardIsVote,
    stopped,
    resumed,
  } = report;
  const counted = `${plural(rollouts, 'rollout')} of ${plural(problems, 'problem')} in ${plural(steps, 'step')}`;
  const what = rollouts > 0 ? counted : 'curves without rollouts';
  output.print(`Imported ${what} to ${folder}${resumed ? ', in addition to what was imported before' : ''}.`);
  if (faults > 0) {
    output.print(`Skipped ${plural(faults, 'row')} that could not be read:`);
    for (const { place, why } of named) output.print(`  ${place}: ${why}`);
    if (faults > named.length) output.print(`  and ${integer(faults - named.length)} more`);
  }
  if (withoutStep !== null) output.print(withoutStep);
  if (unmatched > 0) {
    output.print(
      `${plural(unmatched, 'problem')} of the log ${unmatched === 1 ? 'is' : 'are'} not in ${options.dataset}: used as logged.`,
    );
  }
  if (compared > 0) {
    const rate = `${integer(disagreements)} of ${integer(compared)}`;
    output.print(
      `The trainer's grader and Rollscope's disagree on ${rate} rollouts${disagreements > 0 ? `: rollscope show ${run} --disagreements` : ''}.`,
    );
  }
  if (rewardIsVote) output.print(`${REWARD_IS_VOTE}.`);
  if (stopped) output.print(`Stopped. To import the rest, run the same command again.`);
  output.print(`Terminal:   rollscope show ${run}`);
  output.result({ run: path.basename(folder), ...report });
}
