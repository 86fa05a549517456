/** Which problems an experiment trains on, and which it holds out. */
import { loadDataset } from '../../data/dataset.ts';
import { RollscopeError, type RunConfig } from '../../protocol/index.ts';
import { shuffled } from '../../protocol/values.ts';
import { generator } from '../../rollout/philox.ts';
import type { ChainFamily } from '../embedded/chains.ts';
import { chainSet } from '../embedded/problem-set.ts';
import type { Changes, ExperimentContext } from '../experiment.ts';
import { type ProbeResult, probe } from './probe.ts';

const POOL_SEED = 5;

/** The experiment's configuration with changes, on these problems of a dataset. */
export function configFor(
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

/** A dataset reduced to these problems. */
export function onlyProblems(dataset: RunConfig['dataset'], problems: readonly Pick<ProbeResult, 'id'>[]) {
  const { limit: _, ...rest } = dataset;
  return { ...rest, ids: problems.map(({ id }) => id) };
}

/** Probed problems to choose from. */
export interface Pool {
  dataset: RunConfig['dataset'];
  /** Never trained on. */
  heldOut: ProbeResult[];
  heldOutDataset: RunConfig['dataset'];
  rest: ProbeResult[];
}

/**
 * A probed pool of `size` problems (or the user's limit): chains, or the user's dataset. A random sample of `heldOut`
 * problems is held out, at most a third of the pool; or the user's evaluation problems are.
 */
export async function poolOf(
  context: ExperimentContext,
  {
    size,
    heldOut,
    votes,
    families,
  }: { size: number; heldOut: number; votes: number; families?: readonly ChainFamily[] },
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
  // At random: a file may be sorted by difficulty.
  const order = randomSample(POOL_SEED, pool, pool.length);
  const held = order.slice(0, count);
  if (held.length === 0) throw tooFewProblems(pool.length);
  return { dataset, heldOut: held, heldOutDataset: onlyProblems(dataset, held), rest: order.slice(count) };
}

/** A split large set: ids of the training problems, and problems that never train. */
export interface SplitSet {
  dataset: RunConfig['dataset'];
  ids: string[];
  heldOut: RunConfig['dataset'];
}

const LARGE_SET_SIZE = 2048;
const HELD_OUT = 64;

/**
 * Up to 2,048 chains and 64 others; or the user's problems, of which a random 64 (at most a third) are held out, unless
 * the user has separate evaluation problems.
 * @throws RollscopeError `usage` for too few problems to hold some out
 */
export async function splitSet(context: ExperimentContext): Promise<SplitSet> {
  const { dataset, evaluation } = context.base;
  const plain = { ...dataset, limit: undefined };
  if (context.embedded) {
    const rows = chainSet({ seed: 1, count: dataset.limit ?? LARGE_SET_SIZE });
    const others = chainSet({ seed: 2, count: HELD_OUT, without: new Set(rows.map(({ prompt }) => prompt)) });
    return {
      dataset: { ...plain, path: await context.problems('training', rows) },
      ids: rows.map(({ id }) => id),
      heldOut: { ...plain, path: await context.problems('held-out', others) },
    };
  }
  const ids = (await loadDataset(dataset)).problems.map(({ id }) => id);
  if (evaluation.dataset) return { dataset: plain, ids, heldOut: evaluation.dataset };
  const order = randomSample(POOL_SEED, ids, ids.length);
  const count = Math.min(evaluation.limit ?? HELD_OUT, HELD_OUT, Math.floor(ids.length / 3));
  if (count === 0) throw tooFewProblems(ids.length);
  return { dataset: plain, ids: order.slice(count), heldOut: { ...plain, ids: order.slice(0, count) } };
}

/** The same as changes of a configuration that trains on the whole set. */
export async function largeSet(context: ExperimentContext): Promise<Pick<Changes, 'dataset' | 'evaluation'>> {
  const { dataset, ids, heldOut } = await splitSet(context);
  // A file that the experiment wrote needs no list of ids.
  return {
    dataset: context.embedded ? { path: dataset.path } : { ids },
    evaluation: { dataset: context.embedded ? { path: heldOut.path } : heldOut },
  };
}

function tooFewProblems(problems: number): RollscopeError {
  return new RollscopeError(
    'usage',
    `${problems} problems are too few to train on some and hold out others.`,
    'Use a larger dataset or limit, or separate evaluation problems (--eval-dataset).',
    { details: { reason: 'too-few-problems', count: problems } },
  );
}

/** A random `count` of the problems by seed, or all if there are fewer. */
export function randomSample<T>(seed: number, problems: readonly T[], count: number): T[] {
  return shuffled(problems, generator(seed, 'select')).slice(0, count);
}
