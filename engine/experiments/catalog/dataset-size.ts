/** Majority voting on sets of several sizes: do small ones stay where large ones fall? */
import { type Correlation, correlation } from '../../analysis/statistics.ts';
import type { StepRecord } from '../../protocol/index.ts';
import type { Criterion, Experiment, ExperimentContext, ExperimentRun, Findings } from '../experiment.ts';
import {
  accuracyCurve,
  BANDS,
  type Curve,
  failureOf,
  heldFrom,
  listed,
  meanOf,
  metricCurve,
  overSeeds,
  rankWords,
  SIGNIFICANT,
  seedCell,
  significant,
  smoothed,
  stepsOf,
  words,
} from '../parts/common.ts';
import { drawn, splitSet } from '../parts/problems.ts';
import type { Section } from '../report/page.ts';
import { figure } from '../report/text.ts';

export const SIZES = [32, 128, 512, 2048] as const;
/** Up to this size a set is small; the paper's small sets are 32 and 128, its large ones 512 and more. */
const SMALL = 128;
/** Steps averaged at the end and in curves. */
const WINDOW = 10;

export interface SizedRuns {
  size: number;
  runs: ExperimentRun[];
}

/** The sizes that `problems` allow: those below, and then all of them up to the largest. */
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
      runs: await Promise.all(
        context.seeds.map((seed) => {
          const config = context.config({ seed });
          const own = { ...dataset, ids: drawn(seed, ids, size) };
          const evaluation = { ...config.evaluation, dataset: heldOut };
          return context.run(`size-${size}-${seed}`, { ...config, dataset: own, evaluation });
        }),
      ),
    })),
  );
}

interface Kept {
  /** Whether accuracy fell, by the rules of `classifyRun`; null without a truth. */
  fell: boolean | null;
  /** KL to the reference over the last steps. */
  kl: number | null;
  end: number | null;
  /** Share of the groups of the last steps that all agreed, so that they gave no gradient. */
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

/** Share of the groups of each step that all agreed. */
function agreement(run: ExperimentRun): Curve {
  const groups = Math.min(run.config.batch, run.config.dataset.ids?.length ?? run.config.batch);
  return metricCurve(run, (m) => m.skippedGroups && m.skippedGroups / groups);
}

/** Spearman's correlation of a number with the size, over all runs that have one. */
function withSize(found: readonly SizedRuns[], of: (kept: Kept) => number | null): Correlation | null {
  const pairs = found.flatMap(({ size, runs }) =>
    runs.flatMap((run) => {
      const value = of(keptOf(run));
      return value === null ? [] : { size, value };
    }),
  );
  return correlation(
    'spearman',
    pairs.map(({ size }) => size),
    pairs.map(({ value }) => value),
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
    found.map(({ size, runs }) => `${size}: ${words(runs.map((run) => of(keptOf(run))))}`).join('; ');
  const criteria: Criterion[] = [
    {
      expected: `Sets of up to ${SMALL} problems stay: accuracy falls in none of their runs.`,
      measured: told(small),
      met: decided(fates(small), false),
    },
    {
      expected: `Sets of more than ${SMALL} problems fall, in every run.`,
      measured: told(large),
      met: decided(fates(large), true),
    },
    {
      expected: `The larger the set, the less accuracy is left at the end (Spearman over all runs, p < ${SIGNIFICANT}).`,
      measured: `${bySize((kept) => kept.end)}; ${rankWords(end)}`,
      met: significant(end, -1),
    },
    {
      expected: `The larger the set, the further the policy moves: KL to the reference over the last ${WINDOW} steps (Spearman over all runs, p < ${SIGNIFICANT}).`,
      measured: `${bySize((kept) => kept.kl)}; ${rankWords(kl)}`,
      met: significant(kl, 1),
    },
  ];
  return { criteria, remarks: remarksOf(found), sections: [plots(found), table(found)] };
}

function remarksOf(found: readonly SizedRuns[]): string[] {
  const agreed = found.map(({ size, runs }) => `${size}: ${words(runs.map((run) => keptOf(run).agreed))}`);
  const quiet = found.flatMap(({ size, runs }) => {
    const steps = runs.map((run) => heldFrom(smoothed(agreement(run), WINDOW), (share) => share >= 0.95));
    return steps.every((step) => step === null) ? [] : `${size} (step ${steps.map((s) => s ?? 'never').join(', ')})`;
  });
  const rates = [...new Set(found.flatMap(({ runs }) => runs.map(({ config }) => config.optimizer.lr)))];
  return [
    `A group whose rollouts all agree gives no gradient. Share of such groups in the last ${WINDOW} steps, by size: ${agreed.join('; ')}. Sets that came to rest, with 95% of groups agreeing to the end: ${listed(quiet)}.`,
    `All sizes train with the rate ${listed(rates.map(figure))}. A set stays where its groups come to agree before the updates have changed the model for good: the size of an update is set by the rate and by AdamW, not by how few groups still give a gradient. So the rate decides which sizes stay; --lr tries another.`,
  ];
}

function plots(found: readonly SizedRuns[]): Section {
  const series = (of: (run: ExperimentRun) => Curve) =>
    found.map(({ size, runs }) => overSeeds(`${size} problems`, runs.map(of)));
  const metric = (of: (m: StepRecord['metrics']) => number | null) =>
    series((run) => smoothed(metricCurve(run, of), WINDOW));
  const share = { kind: 'lines', x: 'step', y: 'share', yRange: [0, 1] } as const;
  return {
    kind: 'plots',
    title: 'Curves',
    note: `Metrics of steps are means over ${WINDOW} steps. ${BANDS}`,
    plots: [
      { ...share, title: 'Accuracy of evaluations', series: series(accuracyCurve) },
      { ...share, title: 'Reward accuracy, problems that train', series: metric((m) => m.rewardAccuracy) },
      { ...share, title: 'Majority reward', series: metric((m) => m.proxyReward) },
      {
        kind: 'lines',
        x: 'step',
        y: 'nats a token',
        title: 'KL to the reference policy',
        series: metric((m) => m.kl),
      },
      {
        ...share,
        title: 'Groups that all agree',
        series: series((run) => smoothed(agreement(run), WINDOW)),
      },
      {
        kind: 'lines',
        x: 'step',
        y: 'norm',
        title: 'Norm of the gradient',
        series: metric((m) => m.gradientNorm),
      },
    ],
  };
}

function table(found: readonly SizedRuns[]): Section {
  return {
    kind: 'table',
    title: 'Numbers',
    note: 'Fell: the accuracy of evaluations ends below 80% of its peak, and at least 5 points below it. Passes: how often each problem trained.',
    columns: ['problems', 'passes', 'accuracy, start', 'peak', 'end', 'fell', 'KL, end', 'groups that agree, end'],
    rows: found.map(({ size, runs }) => {
      const curves = runs.map(accuracyCurve);
      const kept = runs.map(keptOf);
      return [
        size,
        meanOf(runs.map((run) => (stepsOf(run).length * Math.min(run.config.batch, size)) / size)),
        seedCell(curves.map((curve) => curve[0]?.value ?? null)),
        seedCell(curves.map((curve) => (curve.length === 0 ? null : Math.max(...curve.map(({ value }) => value))))),
        seedCell(kept.map(({ end }) => end)),
        `${kept.filter(({ fell }) => fell).length} of ${kept.length}`,
        seedCell(kept.map(({ kl }) => kl)),
        seedCell(kept.map(({ agreed }) => agreed)),
      ];
    }),
  };
}

export const datasetSize: Experiment = {
  name: 'dataset-size',
  title: 'Small sets stay, large ones fall',
  question: 'Does training on few problems protect a model from the fall that many bring?',
  finding:
    'Section 5, finding 5: with 32 and 128 problems majority voting is stable for 600 steps, with 512 and more it collapses; KL to the reference after 600 steps is 0.057 for 32 problems and about twice that for 512.',
  method:
    'Majority voting on sets of 32, 128, 512 and 2,048 problems with the same rate, batch and number of steps. A set is drawn anew for each seed. The rate was chosen in trials with one seed: at 4.5e-4 sets of 32 and 128 fell too, only later; at 3e-4 2,048 problems had not fallen after 120 steps. Accuracy is measured on problems that never train, KL on the rollouts that train.',
  defaults: {
    model: 'embedded:W',
    reward: 'majority-vote',
    steps: 240,
    batch: 32,
    optimizer: { lr: 3.5e-4 },
    evaluation: { every: 20, samples: 4, greedy: false },
    checkpoint: { every: 60 },
  },
  seeds: 2,
  minutes: 8,
  async run(context) {
    return findings(await runSizes(context));
  },
};
