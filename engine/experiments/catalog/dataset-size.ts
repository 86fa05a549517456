/** Majority voting on sets of several sizes: are small sets stable where large ones fall? */
import { figure } from '../../protocol/format.ts';
import type { Criterion, Experiment, ExperimentContext, Findings } from '../experiment.ts';
import { joinedWithAnd, rankText, SIGNIFICANT, significantTrend } from '../parts/criteria.ts';
import { holdsFrom, smoothed } from '../parts/curves.ts';
import { largeSetDefaults, runSeeds } from '../parts/runs.ts';
import { seedText } from '../parts/seeds.ts';
import { randomSample, splitSet } from '../parts/sets.ts';
import {
  correlationWithSize,
  type SizedRuns,
  type SizeOutcome,
  sizeOutcome,
  unanimousShare,
  WINDOW,
} from './dataset-size/measures.ts';
import { plots, table } from './dataset-size/report.ts';

export const SIZES = [32, 128, 512, 2048] as const;
/** Largest size of a small set; the paper's small sets are 32 and 128, its large ones 512 and more. */
const MAX_SMALL_SIZE = 128;

/** The sizes below a number of problems, then that number itself, at most the largest size. */
export function sizesFor(problems: number): number[] {
  const most = Math.min(problems, SIZES.at(-1)!);
  return [...SIZES.filter((size) => size < most), most];
}

async function runSizes(context: ExperimentContext): Promise<SizedRuns[]> {
  const { dataset, ids, heldOut } = await splitSet(context);
  const sizes = sizesFor(ids.length);
  context.expect(sizes.length * context.seeds.length);
  return Promise.all(
    sizes.map(async (size) => ({
      size,
      runs: await runSeeds(context, `size-${size}`, (seed) => {
        const config = context.config({ seed });
        const own = { ...dataset, ids: randomSample(seed, ids, size) };
        return { ...config, dataset: own, evaluation: { ...config.evaluation, dataset: heldOut } };
      }),
    })),
  );
}

/**
 * Whether runs on small sets keep their accuracy and runs on large ones do not; undecided without sets of both kinds.
 */
export function findings(found: readonly SizedRuns[]): Findings {
  const small = found.filter(({ size }) => size <= MAX_SMALL_SIZE);
  const large = found.filter(({ size }) => size > MAX_SMALL_SIZE);
  const fates = (of: readonly SizedRuns[]) => of.flatMap(({ runs }) => runs.map((run) => sizeOutcome(run).fell));
  const told = (of: readonly SizedRuns[]) =>
    of.length === 0
      ? 'no set of this size'
      : of
          .map(
            ({ size, runs }) => `${size}: ${runs.filter((run) => sizeOutcome(run).fell).length} of ${runs.length} fell`,
          )
          .join('; ');
  const decided = (values: readonly (boolean | null)[], wanted: boolean) =>
    values.length === 0 || values.includes(null) ? null : values.every((value) => value === wanted);
  const kl = correlationWithSize(found, (kept) => kept.kl);
  const end = correlationWithSize(found, (kept) => kept.end);
  const bySize = (of: (kept: SizeOutcome) => number | null) =>
    found.map(({ size, runs }) => `${size}: ${seedText(runs.map((run) => of(sizeOutcome(run))))}`).join('; ');
  const criteria: Criterion[] = [
    {
      expected: `Sets of up to ${MAX_SMALL_SIZE} problems are stable: accuracy falls in none of their runs.`,
      measured: told(small),
      met: decided(fates(small), false),
    },
    {
      expected: `Sets of more than ${MAX_SMALL_SIZE} problems fall, in every run.`,
      measured: told(large),
      met: decided(fates(large), true),
    },
    {
      expected: `The larger the set, the lower the accuracy at the end (Spearman over all runs, p < ${SIGNIFICANT}).`,
      measured: `${bySize((kept) => kept.end)}; ${rankText(end)}`,
      met: significantTrend(end, -1),
    },
    {
      expected: `The larger the set, the further the policy moves: KL to the reference over the last ${WINDOW} steps (Spearman over all runs, p < ${SIGNIFICANT}).`,
      measured: `${bySize((kept) => kept.kl)}; ${rankText(kl)}`,
      met: significantTrend(kl, 1),
    },
  ];
  return { criteria, remarks: remarksOf(found), sections: [plots(found), table(found)] };
}

function remarksOf(found: readonly SizedRuns[]): string[] {
  const agreed = found.map(({ size, runs }) => `${size}: ${seedText(runs.map((run) => sizeOutcome(run).agreed))}`);
  const quiet = found.flatMap(({ size, runs }) => {
    const steps = runs.map((run) => holdsFrom(smoothed(unanimousShare(run), WINDOW), (share) => share >= 0.95));
    return steps.every((step) => step === null) ? [] : `${size} (step ${steps.map((s) => s ?? 'never').join(', ')})`;
  });
  const rates = [...new Set(found.flatMap(({ runs }) => runs.map(({ config }) => config.optimizer.lr)))];
  return [
    `A unanimous group has no gradient. Share of such groups in the last ${WINDOW} steps, by size: ${agreed.join('; ')}. Sets that settled (at least 95% unanimous groups to the end): ${joinedWithAnd(quiet)}.`,
    `All sizes train with the learning rate ${joinedWithAnd(rates.map(figure))}. A set is stable if its groups become unanimous before the updates have changed the model for good: the learning rate and AdamW set the size of an update, not the number of groups that still have a gradient. So the learning rate decides which sizes are stable; try another with --lr.`,
  ];
}

export const datasetSize: Experiment = {
  name: 'dataset-size',
  title: 'Small sets are stable, large ones fall',
  question: 'Does training on few problems protect a model from the fall seen with many?',
  finding:
    'Section 5, finding 5: with 32 and 128 problems majority voting is stable for 600 steps, with 512 and more it collapses; KL to the reference after 600 steps is 0.057 for 32 problems and about twice that for 512.',
  method:
    'Majority voting on sets of 32, 128, 512 and 2,048 problems with the same learning rate, batch and number of steps. Each seed draws its own sets. The learning rate was chosen in trials with one seed: at 4.5e-4, sets of 32 and 128 problems fell too, only later; at 3e-4, 2,048 problems had not fallen after 120 steps. Accuracy is measured on held-out problems, KL on the training rollouts.',
  defaults: { ...largeSetDefaults({ steps: 240, lr: 3.5e-4, save: 60 }), reward: 'majority-vote' },
  seeds: 2,
  minutes: 8,
  async run(context) {
    return findings(await runSizes(context));
  },
};
