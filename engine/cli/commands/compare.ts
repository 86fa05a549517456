/** `rollscope compare`: compares runs on the same problems, or steps of one run. */
import { runName } from '../../journal/layout.ts';
import { readProblems, readRunFile } from '../../journal/reader.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import { PHASES } from '../../protocol/group-id.ts';
import { checkCount, compareRuns, type RunToCompare } from '../../runs/comparison/compare.ts';
import { differingProblems } from '../../runs/comparison/differing.ts';
import { openColumns } from '../../runs/open.ts';
import { comparisonText } from '../compare/tables.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';
import { oneOf, wholeNumber } from '../values.ts';

interface CompareOptions {
  step?: string;
  phase?: string;
  out?: string;
  json?: boolean;
}

/** Prints the comparison. @returns the exit code */
export async function compare(first: string, others: string[], options: CompareOptions): Promise<number> {
  const output = new Output(options.json === true);
  const names = [first, ...others];
  checkCount(names.length);
  const { runsFolder } = await placesOf(options.out);
  const steps = stepsOf(options.step, names.length);
  const phase = options.phase === undefined ? undefined : oneOf('--phase', options.phase, PHASES);
  const folders = await Promise.all(names.map((name) => findRun(name, runsFolder)));
  const runs = await Promise.all(folders.map((folder, i) => readRun(folder, steps[i]!)));
  const compared = compareRuns(runs, phase);
  if (compared.matched.problems === 0) throw nothingMatches(runs);
  const { problems: all, ...rest } = compared;
  const differing = differingProblems(compared, runs[0]!.problems);
  output.print(comparisonText(compared, differing));
  output.result({ ...rest, matched: { ...rest.matched, alike: all.length - differing.length }, problems: differing });
  return EXIT.ok;
}

async function readRun(folder: string, step: number | null): Promise<RunToCompare> {
  const [file, problems, columns] = await Promise.all([readRunFile(folder), readProblems(folder), openColumns(folder)]);
  return { run: runName(folder), folder, file, problems, columns, step };
}

/** One step per run: `50` applies to all, `0,50` is a list; null means the latest. Throws RollscopeError `usage`. */
function stepsOf(text: string | undefined, runs: number): (number | null)[] {
  if (text === undefined) return new Array<null>(runs).fill(null);
  const steps = text.split(',').map((step) => wholeNumber('--step', step)!);
  if (steps.length === 1) return new Array<number>(runs).fill(steps[0]!);
  if (steps.length === runs) return steps;
  throw new RollscopeError(
    'usage',
    `--step: ${steps.length} steps were given for ${runs} runs; allowed: one step for all runs, or one per run.`,
    undefined,
    { details: { reason: 'bad-value', field: '--step', value: text } },
  );
}

function nothingMatches(runs: readonly RunToCompare[]): RollscopeError {
  return new RollscopeError(
    'usage',
    'These runs have no problem in common: no text and no id of a problem is in all of them.',
    'Compare runs on the same dataset.',
    { details: { reason: 'no-common-problem', runs: runs.map(({ folder }) => folder) } },
  );
}
