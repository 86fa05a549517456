/** What experiments of chosen problems share: looking at problems before training, splitting a pool, changes by problem. */
import { bootstrap, DIFFERENCES } from '../../analysis/estimates.ts';
import { tInterval } from '../../analysis/statistics.ts';
import type { SameAnswer, StepGroup } from '../../analysis/theory.ts';
import { loadDataset } from '../../data/dataset.ts';
import { equivalent } from '../../grading/equivalence.ts';
import { type Estimate, RollscopeError, type RunConfig } from '../../protocol/index.ts';
import { generator } from '../../rollout/philox.ts';
import { type Family, shuffled } from '../embedded/chains.ts';
import { chainSet } from '../embedded/problem-set.ts';
import type { Changes, ExperimentContext, ExperimentRun } from '../experiment.ts';
import { groupsOf } from './common.ts';

const POOL_SEED = 5;

/** Whether two answers are one: the same text, or the same value. */
export const sameAnswer: SameAnswer = (a, b) => a === b || equivalent(a, b);

/** A problem as a model sees it before training. */
export interface ProbedProblem {
  id: string;
  prompt: string;
  /** The majority answer; null when no rollout had an answer. */
  answer: string | null;
  /** Its share of the votes, 0 without one. */
  share: number;
  /** Whether it is right; null without a label. */
  right: boolean | null;
  /** Share of rollouts that are right; null without a label. */
  accuracy: number | null;
}

/** What a probe found, in the order of its problems. */
export function probed(run: ExperimentRun): ProbedProblem[] {
  return groupsOf(run, 'probe')
    .sort((a, b) => a.problem - b.problem)
    .map(({ problem, majority, means }) => {
      const { id, text } = run.problems[problem]!;
      const labeled = means.correct !== null;
      return {
        id,
        prompt: text,
        answer: majority?.answer ?? null,
        share: majority?.share ?? 0,
        right: labeled ? majority?.correct === true : null,
        accuracy: means.correct,
      };
    });
}

/** Asks the model for `votes` rollouts of each problem of `dataset`, which does not change it. */
export async function probe(
  context: ExperimentContext,
  id: string,
  { dataset, votes, model }: { dataset: RunConfig['dataset']; votes: number; model?: string },
): Promise<ProbedProblem[]> {
  const config = context.config({ job: 'probe', votes: Math.max(votes, context.base.group), ...(model && { model }) });
  return probed(await context.run(id, { ...config, dataset }));
}

/** The experiment's configuration with changes, on these problems of a dataset. */
export function configOn(
  context: ExperimentContext,
  changes: Changes,
  dataset: RunConfig['dataset'],
  heldOut?: RunConfig['dataset'],
): RunConfig {
  const config = context.config(changes);
  return {
    ...config,
    dataset,
    ...(heldOut && { evaluation: { ...config.evaluation, dataset: heldOut, limit: undefined } }),
  };
}

/** Some problems of a dataset, by id. */
export function chosen(dataset: RunConfig['dataset'], problems: readonly Pick<ProbedProblem, 'id'>[]) {
  const { limit: _, ...rest } = dataset;
  return { ...rest, ids: problems.map(({ id }) => id) };
}

/** Problems to choose from, as the model sees them before training. */
export interface Pool {
  dataset: RunConfig['dataset'];
  /** Never trained on. */
  heldOut: ProbedProblem[];
  heldOutDataset: RunConfig['dataset'];
  rest: ProbedProblem[];
}

/**
 * A probed pool of `size` problems (or as many as the user's limit says): chains, or the user's dataset. Some of them are
 * held out, drawn by lot: `heldOut`, and a third of a small pool at most; or the user's evaluation problems are.
 */
export async function poolOf(
  context: ExperimentContext,
  { size, heldOut, votes, families }: { size: number; heldOut: number; votes: number; families?: readonly Family[] },
): Promise<Pool> {
  const { base, embedded } = context;
  const limit = base.dataset.limit ?? size;
  const { ids: _, ...plain } = base.dataset;
  const dataset = embedded
    ? { ...plain, path: await context.problems('pool', chainSet({ seed: POOL_SEED, count: limit, families })), limit }
    : { ...base.dataset, limit };
  const pool = await probe(context, 'probe', { dataset, votes });
  const own = base.evaluation.dataset;
  if (own) {
    const heldOutDataset = { ...own, limit: base.evaluation.limit ?? own.limit };
    const held = await probe(context, 'probe-held-out', { dataset: heldOutDataset, votes });
    return { dataset, heldOut: held, heldOutDataset, rest: pool };
  }
  const count = Math.min(heldOut, base.evaluation.limit ?? heldOut, Math.floor(pool.length / 3));
  // By lot: a file may be sorted by difficulty.
  const order = drawn(POOL_SEED, pool, pool.length);
  const held = order.slice(0, count);
  if (held.length === 0) throw tooFew(pool.length);
  return { dataset, heldOut: held, heldOutDataset: chosen(dataset, held), rest: order.slice(count) };
}

/** A large set, split: problems to train on, by id, and others that never train. */
export interface SplitSet {
  dataset: RunConfig['dataset'];
  ids: string[];
  heldOut: RunConfig['dataset'];
}

const LARGE = 2048;
const HELD_OUT = 64;

/**
 * Up to 2,048 chains of the embedded world and 64 others; or the user's problems, of which 64 (a third of a small set at
 * most), drawn by lot, are held out, unless there are evaluation problems of their own.
 * @throws RollscopeError `usage` for too few problems to hold some out
 */
export async function splitSet(context: ExperimentContext): Promise<SplitSet> {
  const { dataset, evaluation } = context.base;
  const plain = { ...dataset, limit: undefined };
  if (context.embedded) {
    const rows = chainSet({ seed: 1, count: dataset.limit ?? LARGE });
    const others = chainSet({ seed: 2, count: HELD_OUT, without: new Set(rows.map(({ prompt }) => prompt)) });
    return {
      dataset: { ...plain, path: await context.problems('training', rows) },
      ids: rows.map(({ id }) => id),
      heldOut: { ...plain, path: await context.problems('held-out', others) },
    };
  }
  const ids = (await loadDataset(dataset)).problems.map(({ id }) => id);
  if (evaluation.dataset) return { dataset: plain, ids, heldOut: evaluation.dataset };
  const order = drawn(POOL_SEED, ids, ids.length);
  const count = Math.min(evaluation.limit ?? HELD_OUT, HELD_OUT, Math.floor(ids.length / 3));
  if (count === 0) throw tooFew(ids.length);
  return { dataset: plain, ids: order.slice(count), heldOut: { ...plain, ids: order.slice(0, count) } };
}

/** The same as changes of a configuration that trains on all of it. */
export async function largeSet(context: ExperimentContext): Promise<Pick<Changes, 'dataset' | 'evaluation'>> {
  const { dataset, ids, heldOut } = await splitSet(context);
  // A file that the experiment wrote needs no list of its problems.
  return {
    dataset: context.embedded ? { path: dataset.path } : { ids },
    evaluation: { dataset: context.embedded ? { path: heldOut.path } : heldOut },
  };
}

function tooFew(problems: number): RollscopeError {
  return new RollscopeError(
    'usage',
    `${problems} problems are too few to train on some and to hold others out.`,
    'Give a larger dataset or limit, or evaluation problems of their own (--eval-dataset).',
  );
}

export const SORTS = ['sums', 'differences'] as const;
export type Sort = (typeof SORTS)[number];

export function sortOf(prompt: string): Sort {
  return prompt.includes('-') ? 'differences' : 'sums';
}

/** Whether a chain's wrong answer follows one of the rules of the embedded world: add up always, or take the last term. */
export function followsWrongRule({ prompt, answer }: Pick<ProbedProblem, 'prompt' | 'answer'>): boolean {
  const terms = (prompt.match(/\d+/g) ?? []).map(Number);
  const added = terms.reduce((sum, term) => sum + term, 0);
  return answer === String(terms.at(-1)) || (sortOf(prompt) === 'differences' && answer === String(added));
}

/** `count` of the problems, or all where there are fewer: another choice for another seed. */
export function drawn<T>(seed: number, problems: readonly T[], count: number): T[] {
  return shuffled(generator(seed, 'select'), problems).slice(0, count);
}

/** Groups of each problem in the order of steps. */
export function histories(run: ExperimentRun): Map<number, StepGroup[]> {
  const found = new Map<number, StepGroup[]>();
  for (const group of groupsOf(run, 'train')) {
    found.set(group.problem, [...(found.get(group.problem) ?? []), { step: group.step, group }]);
  }
  return found;
}

/** How a problem stood in the first and the last evaluation of a run. */
export interface ProblemChange {
  id: string;
  prompt: string;
  /** Mean correctness of the samples. */
  accuracy: { before: number; after: number };
  /** Whether the majority was right: label accuracy. */
  label: { before: boolean; after: boolean };
}

/**
 * Problems that have labels, in the evaluations of two steps: the first and the last, unless others are named. Empty where
 * the run ended before a second one.
 */
export function evaluatedChanges(
  run: ExperimentRun,
  { from = 0, to }: { from?: number; to?: number } = {},
): ProblemChange[] {
  const groups = groupsOf(run, 'evaluation');
  const last = to ?? groups.at(-1)?.step ?? 0;
  const at = (step: number) =>
    new Map(groups.filter((group) => group.step === step).map((group) => [group.problem, group]));
  if (to === undefined && last === from) return [];
  const before = at(from);
  return [...at(last)].flatMap(([problem, after]) => {
    const old = before.get(problem);
    const { id, text } = run.problems[problem]!;
    if (!old || old.means.correct === null) return [];
    const accuracy = ({ means }: typeof after) => means.correct ?? 0;
    const label = ({ majority }: typeof after) => majority?.correct === true;
    return {
      id,
      prompt: text,
      accuracy: { before: accuracy(old), after: accuracy(after) },
      label: { before: label(old), after: label(after) },
    };
  });
}

export interface Change {
  before: number;
  after: number;
  /** after - before, with a bootstrap over problems of the mean over seeds. */
  overProblems: Estimate;
  /** Its mean over seeds with Student's interval; no bounds with one seed. */
  overSeeds: { mean: number; low: number | null; high: number | null };
  problems: number;
}

/**
 * Mean change of a number by problem, over several runs. A problem counts once, with its mean over the runs that have
 * it: runs on the same problems say nothing about other problems. null without problems.
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
