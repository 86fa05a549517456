/** How problems changed between two evaluations. */
import { bootstrap, DIFFERENCES, MIN_VALUES } from '../../analysis/estimates.ts';
import { tInterval } from '../../analysis/seed-estimates.ts';
import { figure, plural } from '../../protocol/format.ts';
import type { Estimate } from '../../protocol/index.ts';
import type { ExperimentRun } from '../experiment.ts';
import type { Section } from '../report/section.ts';
import { interval } from '../report/text.ts';
import { NOT_MEASURED } from './criteria.ts';
import { groupsOf } from './curves.ts';
import { SORTS, type Sort, sortOf } from './sorts.ts';
import { viewsOfPhase } from './views.ts';

/** A problem in two evaluations of a run. */
export interface ProblemChange {
  id: string;
  text: string;
  /** Mean correctness of the samples. */
  accuracy: { before: number; after: number };
  /** Whether the majority was right: label accuracy. */
  label: { before: boolean; after: boolean };
}

/**
 * The labeled problems in the evaluations at two steps (default: the first and the last). Empty if the run ended before
 * its second evaluation.
 */
export function evaluatedChanges(
  run: ExperimentRun,
  { from = 0, to }: { from?: number; to?: number } = {},
): ProblemChange[] {
  const last = to ?? groupsOf(run, 'evaluation').at(-1)?.step ?? 0;
  if (to === undefined && last === from) return [];
  const before = new Map(viewsOfPhase(run, 'evaluation', from).map((view) => [view.problem, view]));
  return viewsOfPhase(run, 'evaluation', last).flatMap((after) => {
    const old = before.get(after.problem);
    const { id, text } = run.problems[after.problem]!;
    if (!old || old.accuracy === null) return [];
    return {
      id,
      text,
      accuracy: { before: old.accuracy, after: after.accuracy ?? 0 },
      label: { before: old.verdict === 'correct', after: after.verdict === 'correct' },
    };
  });
}

export interface Change {
  before: number;
  after: number;
  /** after - before, with a bootstrap over problems of the mean over seeds. */
  overProblems: Estimate;
  /** after - before, as a mean over seeds with Student's interval; no bounds with one seed. */
  overSeeds: { mean: number; low: number | null; high: number | null };
  problems: number;
}

/**
 * Mean change of a number per problem, over several runs. A problem counts once, with its mean over the runs that have
 * it: repeating a problem says nothing about other problems. null without problems.
 */
export function meanChange(
  runs: readonly (readonly ProblemChange[])[],
  of: (change: ProblemChange) => { before: number | boolean; after: number | boolean },
): Change | null {
  const byProblem = new Map<string, { before: number; after: number }[]>();
  for (const changes of runs) {
    for (const change of changes) {
      const { before, after } = of(change);
      const pair = { before: Number(before), after: Number(after) };
      byProblem.set(change.id, [...(byProblem.get(change.id) ?? []), pair]);
    }
  }
  const average = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const rows = [...byProblem.values()].map((pairs) => ({
    before: average(pairs.map(({ before }) => before)),
    after: average(pairs.map(({ after }) => after)),
  }));
  const overProblems = bootstrap(
    rows.map(({ before, after }) => after - before),
    0,
    DIFFERENCES,
  );
  if (overProblems === null) return null;
  const seeds = runs.filter((changes) => changes.length > 0);
  const overSeeds = tInterval(
    seeds.map((changes) => average(changes.map((c) => Number(of(c).after) - Number(of(c).before)))),
  )!;
  return {
    before: average(rows.map(({ before }) => before)),
    after: average(rows.map(({ after }) => after)),
    overProblems,
    overSeeds,
    problems: rows.length,
  };
}

/** A change over enough problems to decide a criterion; else null. */
export function decisive(change: Change | null): Change | null {
  return change !== null && change.problems >= MIN_VALUES ? change : null;
}

/** `0.6 to 0.82: by 0.22 (0.18 to 0.26) over 40 problems, 0.22 (0.19 to 0.25) over seeds`, or why it is inconclusive. */
export function pairedChangeText(change: Change | null): string {
  if (change === null) return NOT_MEASURED;
  const { before, after, overProblems, overSeeds: seeds, problems } = change;
  const { mean, low, high } = seeds;
  const bySeed = low === null || high === null ? '' : `, ${interval({ mean, low, high })} over seeds`;
  const few = decisive(change) ? '' : ` (too few to decide; at least ${MIN_VALUES} are needed)`;
  return `${figure(before)} to ${figure(after)}: by ${interval(overProblems)} over ${plural(problems, 'problem')}${few}${bySeed}`;
}

/** Mean changes of sums and of differences, each if there are such problems. */
export function changesBySort(
  runs: readonly (readonly ProblemChange[])[],
  of: Parameters<typeof meanChange>[1],
): [Sort, Change][] {
  return SORTS.flatMap((sort) => {
    const own = runs.map((changes) => changes.filter(({ text }) => sortOf(text) === sort));
    const change = meanChange(own, of);
    return change ? [[sort, change] as [Sort, Change]] : [];
  });
}

/** A table of changes by sort, for each training set. */
export function sortTable(title: string, rows: readonly { name: string; changes: [Sort, Change][] }[]): Section {
  return {
    kind: 'table',
    title,
    columns: ['trained on', 'held-out', 'problems', 'before', 'after', 'change'],
    rows: rows.flatMap(({ name, changes }) =>
      changes.map(([sort, { problems, before, after, overProblems }]) => [
        name,
        sort,
        problems,
        before,
        after,
        overProblems,
      ]),
    ),
  };
}
