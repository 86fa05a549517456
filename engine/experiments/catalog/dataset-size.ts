/** Majority voting on sets of several sizes: are small sets stable where large ones fall? */
import type { Correlation } from '../../analysis/correlation.ts';
import { figure } from '../../protocol/format.ts';
import type { Criterion, Experiment, ExperimentContext, ExperimentRun, Findings } from '../experiment.ts';
import { listed, rankCorrelation, rankText, SIGNIFICANT, significantTrend } from '../parts/criteria.ts';
import { accuracyCurve, type Curve, heldFrom, type MetricOf, metricCurve, smoothed, stepsOf } from '../parts/curves.ts';
import { failureOf } from '../parts/failure.ts';
import { sharePlot, stepPlot } from '../parts/plots.ts';
import { largeSetDefaults, runSeeds } from '../parts/runs.ts';
import { BANDS, courseCells, meanOf, overSeeds, seedCell, seedText } from '../parts/seeds.ts';
import { drawn, splitSet } from '../parts/sets.ts';
import type { Section } from '../report/section.ts';

export const SIZES = [32, 128, 512, 2048] as const;
/** Largest size of a small set; the paper's small sets are 32 and 128, its large ones 512 and more. */
const SMALL = 128;
/** Steps averaged at the end and in curves. */
const WINDOW = 10;

export interface SizedRuns {
  size: number;
  runs: ExperimentRun[];
}

/** The sizes below a number of problems, then that number, at most the largest size. */
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
        const own = { ...dataset, ids: drawn(seed, ids, size) };
        return { ...config, dataset: own, evaluation: { ...config.evaluation, dataset: heldOut } };
      }),
    })),
  );
}

interface Kept {
  /** Whether accuracy fell, by the rules of `classifyRun`; null without labels. */
  fell: boolean | null;
  /** KL to the reference over the last steps. */
  kl: number | null;
  end: number | null;
  /** Share of unanimous groups in the last steps: they have no gradient. */
  agreed: number | null;
}

export function keptOf(run: ExperimentRun): Kept {
  const failure = failureOf(run);
  return {
    fell: failure?.truth ? failure.mode !== 'none' : null,
    kl: last(metricCurve(run, (m) => m.kl)),
    end: accuracyCurve(run).at(-1)?.value ?? null,
    agreed: last(agreement(run)),
  };
}

function last(curve: Curve): number | null {
  return meanOf(curve.slice(-WINDOW).map(({ value }) => value));
}

/** Share of unanimous groups in each step. */
function agreement(run: ExperimentRun): Curve {
  const groups = Math.min(run.config.batch, run.config.dataset.ids?.length ?? run.config.batch);
  return metricCurve(run, (m) => m.skippedGroups && m.skippedGroups / groups);
}

/** Rank correlation of a number with the size, over all runs that have one. */
function withSize(found: readonly SizedRuns[], of: (kept: Kept) => number | null): Correlation | null {
  return rankCorrelation(
    found.flatMap(({ size, runs }) =>
      runs.flatMap((run) => {
        const value = of(keptOf(run));
        return value === null ? [] : [[size, value] as const];
      }),
    ),
  );
}

export function findings(found: readonly SizedRuns[]): Findings {
  const small = found.filter(({ size }) => size <= SMALL);
  const large = found.filter(({ size }) => size > SMALL);
  const fates = (of: readonly SizedRuns[]) => of.flatMap(({ runs }) => runs.map((run) => keptOf(run).fell));
  const told = (of: readonly SizedRuns[]) =>
    of.length === 0
      ? 'no set of this size'
      : of
          .map(({ size, runs }) => `${size}: ${runs.filter((run) => keptOf(run).fell).length} of ${runs.length} fell`)
          .join('; ');
  const decided = (values: readonly (boolean | null)[], wanted: boolean) =>
    values.length === 0 || values.includes(null) ? null : values.every((value) => value === wanted);
  const kl = withSize(found, (kept) => kept.kl);
  const end = withSize(found, (kept) => kept.end);
  const bySize = (of: (kept: Kept) => number | null) =>
    found.map(({ size, runs }) => `${size}: ${seedText(runs.map((run) => of(keptOf(run))))}`).join('; ');
  const criteria: Criterion[] = [
    {
      expected: `Sets of up to ${SMALL} problems are stable: accuracy falls in none of their runs.`,
      measured: told(small),
      met: decided(fates(small), false),
    },
    {
      expected: `Sets of more than ${SMALL} problems fall, in every run.`,
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
  const agreed = found.map(({ size, runs }) => `${size}: ${seedText(runs.map((run) => keptOf(run).agreed))}`);
  const quiet = found.flatMap(({ size, runs }) => {
    const steps = runs.map((run) => heldFrom(smoothed(agreement(run), WINDOW), (share) => share >= 0.95));
    return steps.every((step) => step === null) ? [] : `${size} (step ${steps.map((s) => s ?? 'never').join(', ')})`;
  });
  const rates = [...new Set(found.flatMap(({ runs }) => runs.map(({ config }) => config.optimizer.lr)))];
  return [
    `A unanimous group has no gradient. Share of such groups in the last ${WINDOW} steps, by size: ${agreed.join('; ')}. Sets that came to rest, with at least 95% unanimous groups to the end: ${listed(quiet)}.`,
    `All sizes train with the learning rate ${listed(rates.map(figure))}. A set is stable if its groups become unanimous before the updates have changed the model for good: the learning rate and AdamW set the size of an update, not the number of groups that still have a gradient. So the learning rate decides which sizes are stable; try another with --lr.`,
  ];
}

function plots(found: readonly SizedRuns[]): Section {
  const series = (of: (run: ExperimentRun) => Curve) =>
    found.map(({ size, runs }) => overSeeds(`${size} problems`, runs.map(of)));
  const metric = (of: MetricOf) => series((run) => smoothed(metricCurve(run, of), WINDOW));
  return {
    kind: 'plots',
    title: 'Curves',
    note: `Metrics of steps are means over ${WINDOW} steps. ${BANDS}`,
    plots: [
      sharePlot('Accuracy of evaluations', series(accuracyCurve)),
      sharePlot(
        'Reward accuracy, training problems',
        metric((m) => m.rewardAccuracy),
      ),
      sharePlot(
        'Majority reward',
        metric((m) => m.proxyReward),
      ),
      stepPlot(
        'KL to the reference policy',
        'nats/token',
        metric((m) => m.kl),
      ),
      sharePlot(
        'Unanimous groups',
        series((run) => smoothed(agreement(run), WINDOW)),
      ),
      stepPlot(
        'Gradient norm',
        'norm',
        metric((m) => m.gradientNorm),
      ),
    ],
  };
}

function table(found: readonly SizedRuns[]): Section {
  return {
    kind: 'table',
    title: 'Numbers',
    note: 'Fell: the accuracy of evaluations ends below 80% of its peak, and at least 5 points below it. Epochs: how often each problem trained.',
    columns: ['problems', 'epochs', 'accuracy, start', 'peak', 'end', 'fell', 'KL, end', 'unanimous groups, end'],
    rows: found.map(({ size, runs }) => {
      const kept = runs.map(keptOf);
      return [
        size,
        meanOf(runs.map((run) => (stepsOf(run).length * Math.min(run.config.batch, size)) / size)),
        ...courseCells(runs.map(accuracyCurve)),
        `${kept.filter(({ fell }) => fell).length} of ${kept.length}`,
        seedCell(kept.map(({ kl }) => kl)),
        seedCell(kept.map(({ agreed }) => agreed)),
      ];
    }),
  };
}

export const datasetSize: Experiment = {
  name: 'dataset-size',
  title: 'Small sets are stable, large ones fall',
  question: 'Does training on few problems protect a model from the fall that many problems cause?',
  finding:
    'Section 5, finding 5: with 32 and 128 problems majority voting is stable for 600 steps, with 512 and more it collapses; KL to the reference after 600 steps is 0.057 for 32 problems and about twice that for 512.',
  method:
    'Majority voting on sets of 32, 128, 512 and 2,048 problems with the same learning rate, batch and number of steps. Each seed draws its own sets. The learning rate was chosen in trials with one seed: at 4.5e-4, sets of 32 and 128 problems fell too, only later; at 3e-4, 2,048 problems had not fallen after 120 steps. Accuracy is measured on held-out problems, KL on the rollouts that train.',
  defaults: { ...largeSetDefaults({ steps: 240, lr: 3.5e-4, save: 60 }), reward: 'majority-vote' },
  seeds: 2,
  minutes: 8,
  async run(context) {
    return findings(await runSizes(context));
  },
};
