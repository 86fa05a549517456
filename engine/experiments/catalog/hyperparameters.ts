/** Majority voting with one setting changed at a time: when it falls. */
import { fallStep } from '../../analysis/collapse.ts';
import type { Correlation } from '../../analysis/correlation.ts';
import { figure } from '../../protocol/format.ts';
import type { RunConfig } from '../../protocol/index.ts';
import type { Changes, Criterion, Experiment, ExperimentContext, ExperimentRun, Findings } from '../experiment.ts';
import { listed, rankCorrelation, rankText, SIGNIFICANT, significantTrend } from '../parts/criteria.ts';
import { accuracyCurve, type MetricOf, metricCurves, stepsOf } from '../parts/curves.ts';
import { brokenAt } from '../parts/failure.ts';
import { sharePlot } from '../parts/plots.ts';
import { largeSetDefaults, runSeeds } from '../parts/runs.ts';
import { courseCells, meanOf, overSeeds, seedCell } from '../parts/seeds.ts';
import { largeSet } from '../parts/sets.ts';
import type { Section } from '../report/section.ts';

export const FACTORS = ['temperature', 'mini-batch', 'rollouts', 'kl'] as const;
export type Factor = (typeof FACTORS)[number];

interface FactorRule {
  title: string;
  /** Values in addition to that of the center. */
  values: readonly number[];
  /** The value of the center. */
  of(config: RunConfig): number;
  changes(value: number): Changes;
  /** Whether a value makes sense for this configuration. */
  possible?(value: number, config: RunConfig): boolean;
}

const RULES: Record<Factor, FactorRule> = {
  temperature: {
    title: 'sampling temperature',
    values: [0.6, 0.8, 1, 1.2],
    of: ({ sampling }) => sampling.temperature,
    changes: (temperature) => ({ sampling: { temperature } }),
  },
  'mini-batch': {
    title: 'problems per mini-batch',
    values: [1, 8, 16],
    of: ({ loss, batch }) => loss.miniBatch ?? batch,
    changes: (miniBatch) => ({ loss: { miniBatch } }),
    possible: (value, { batch }) => value < batch,
  },
  rollouts: {
    title: 'rollouts per problem',
    values: [4, 8, 16, 32],
    of: ({ group }) => group,
    changes: (count) => ({ votes: count, group: count }),
  },
  kl: {
    title: 'KL coefficient',
    values: [0, 0.005, 0.1],
    of: ({ loss }) => loss.klCoefficient,
    changes: (klCoefficient) => ({ loss: { klCoefficient } }),
  },
};

/** Steps that the correctness of rollouts is averaged over to find a fall. */
const WINDOW = 3;
/** The paper's bound for a mini-batch of one problem, in steps. */
const SOON = 20;
/** A penalty "hardly helps" if the fall comes at most by this factor later. */
const HARDLY = 1.25;
const SMALL_KL = 0.005;

export interface FactorLevel {
  /** The value that this setting changes. The center is a setting of every factor. */
  value: number;
  runs: ExperimentRun[];
}

/** Settings of each factor, ordered by value. */
export type FactorGrid = Record<Factor, FactorLevel[]>;

/** When the rollouts of a run stopped being right, or its weights became non-finite; `step` is null if neither happened. */
export interface Fall {
  step: number | null;
  last: number;
}

export function fallOf(run: ExperimentRun): Fall {
  const steps = stepsOf(run).map(({ step, metrics }) => ({ step, ...metrics }));
  return { step: fallStep(steps, WINDOW) ?? brokenAt(run), last: steps.at(-1)?.step ?? 0 };
}

/** Mean step of the fall; a run without a fall counts with its last step, so that the mean is a lower bound. */
function timeOf({ runs }: FactorLevel): number | null {
  return meanOf(runs.map(fallOf).map(({ step, last }) => step ?? last));
}

function fallText({ runs }: FactorLevel): string {
  return runs
    .map(fallOf)
    .map(({ step, last }) => (step === null ? `> ${last}` : String(step)))
    .join(', ');
}

/** Whether `a` falls before `b` on average; null if no run fell. */
function sooner(a: FactorLevel, b: FactorLevel): boolean | null {
  if ([...a.runs, ...b.runs].every((run) => fallOf(run).step === null)) return null;
  return timeOf(a)! < timeOf(b)!;
}

/** Rank correlation over all runs of a setting's value with the step of the fall (after the last step if none). */
function ordered(settings: readonly FactorLevel[]): Correlation | null {
  return rankCorrelation(
    settings.flatMap(({ value, runs }) => runs.map(fallOf).map(({ step, last }) => [value, step ?? last + 1] as const)),
  );
}

async function gridOf(context: ExperimentContext): Promise<FactorGrid> {
  const { base, seeds } = context;
  const set = await largeSet(context);
  const levels = FACTORS.map((factor) => {
    const { values, of, possible } = RULES[factor];
    const own = of(base);
    const others = values.filter((value) => value !== own && (possible?.(value, base) ?? true));
    return { factor, own, others };
  });
  context.expect((1 + levels.reduce((sum, { others }) => sum + others.length, 0)) * seeds.length);
  const runs = (name: string, changes: Changes) =>
    runSeeds(context, name, (seed) => context.config({ ...changes, seed, ...set }));
  const center = runs('center', {});
  const settings = await Promise.all(
    levels.map(async ({ factor, own, others }) => {
      const made = others.map(async (value) => ({
        value,
        runs: await runs(`${factor}-${value}`, RULES[factor].changes(value)),
      }));
      const all = await Promise.all([...made, center.then((found) => ({ value: own, runs: found }))]);
      return [factor, all.sort((a, b) => a.value - b.value)] as [Factor, FactorLevel[]];
    }),
  );
  return Object.fromEntries(settings) as FactorGrid;
}

export function findings(grid: FactorGrid): Findings {
  return {
    criteria: [temperature(grid), miniBatch(grid), penalty(grid), rollouts(grid)],
    remarks: remarksOf(grid),
    sections: [...FACTORS.flatMap((factor) => plotsOf(factor, grid[factor])), table(grid)],
  };
}

const by = (settings: readonly FactorLevel[]) =>
  settings.map((setting) => `${figure(setting.value)}: ${fallText(setting)}`).join('; ');

function temperature({ temperature: settings }: FactorGrid): Criterion {
  const found = ordered(settings);
  const fell = settings.some(({ runs }) => runs.some((run) => fallOf(run).step !== null));
  return {
    expected: `A lower temperature falls sooner: over all runs, temperature correlates positively with the step of the fall (Spearman, p < ${SIGNIFICANT}).`,
    measured: `falls at step ${by(settings)}; ${rankText(found)}`,
    // Falls that all come at the same step have no order: that decides the criterion.
    met: !fell ? null : found === null ? false : significantTrend(found, 1),
  };
}

function miniBatch({ 'mini-batch': settings }: FactorGrid): Criterion {
  const smallest = settings[0]!;
  const falls = smallest.runs.map(fallOf);
  const shorter = falls.some(({ step, last }) => step === null && last < SOON);
  return {
    expected: `Mini-batches of one problem fall within ${SOON} steps, in every run.`,
    measured: `falls at step ${by(settings)}`,
    met: smallest.value !== 1 || shorter ? null : falls.every(({ step }) => step !== null && step <= SOON),
  };
}

function penalty({ kl: settings }: FactorGrid): Criterion {
  const without = settings.find(({ value }) => value === 0);
  const small = settings.find(({ value }) => value === SMALL_KL);
  const comparable = without && small && without.runs.every((run) => fallOf(run).step !== null);
  return {
    expected: `A KL coefficient of ${SMALL_KL} hardly helps: every run falls, on average at most ${Math.round((HARDLY - 1) * 100)}% later than without a penalty.`,
    measured: `falls at step ${by(settings)}`,
    met: comparable
      ? small.runs.every((run) => fallOf(run).step !== null) && timeOf(small)! <= HARDLY * timeOf(without)!
      : null,
  };
}

function rollouts({ rollouts: settings }: FactorGrid): Criterion {
  const eight = settings.find(({ value }) => value === 8);
  const compared = eight ? settings.filter(({ value }) => value >= 16).map((more) => sooner(more, eight)) : [];
  return {
    expected: 'Runs with 16 or more rollouts per problem fall sooner on average than with 8.',
    measured: `falls at step ${by(settings)}`,
    met: compared.length === 0 || compared.includes(null) ? null : compared.every(Boolean),
  };
}

function remarksOf(grid: FactorGrid): string[] {
  const everything = [...new Set(FACTORS.flatMap((factor) => grid[factor].flatMap(({ runs }) => runs)))];
  const standing = everything.filter((run) => fallOf(run).step === null);
  const remarks = [
    `${everything.length - standing.length} of ${everything.length} runs fell. The others count with their last step in means, and as later than all falls in the rank correlation.`,
  ];
  const largest = grid.kl.at(-1)!;
  const none = grid.kl.find(({ value }) => value === 0);
  if (none && largest.value > SMALL_KL) {
    const [with_, without] = [meanEnd(largest), meanEnd(none)];
    remarks.push(
      `With a KL coefficient of ${figure(largest.value)}, accuracy ends at ${figure(with_)}; without a penalty, at ${figure(without)}.`,
    );
  }
  const moved = FACTORS.map((factor) => {
    const times = grid[factor].map(timeOf).filter((time) => time !== null);
    return { factor, ratio: Math.max(...times) / Math.max(1, Math.min(...times)) };
  }).sort((a, b) => b.ratio - a.ratio);
  remarks.push(
    `Ratio of the largest to the smallest mean step of the fall: ${listed(moved.map(({ factor, ratio }) => `${figure(ratio)} for ${RULES[factor].title}`))}.`,
  );
  return remarks;
}

function meanEnd({ runs }: FactorLevel): number | null {
  return meanOf(runs.map((run) => accuracyCurve(run).at(-1)?.value ?? null));
}

function plotsOf(factor: Factor, settings: readonly FactorLevel[]): Section[] {
  const { title } = RULES[factor];
  const name = (value: number) => `${factor} ${figure(value)}`;
  return [
    {
      kind: 'plots',
      title: title[0]!.toUpperCase() + title.slice(1),
      plots: [
        sharePlot(
          'Accuracy of evaluations',
          settings.map(({ value, runs }) => overSeeds(name(value), runs.map(accuracyCurve))),
        ),
        sharePlot(
          'Reward accuracy, mean over 5 steps',
          settings.map(({ value, runs }) =>
            overSeeds(
              name(value),
              metricCurves(runs, (m) => m.rewardAccuracy, 5),
            ),
          ),
        ),
      ],
    },
  ];
}

function table(grid: FactorGrid): Section {
  return {
    kind: 'table',
    title: 'Numbers',
    note: `Fall: the first step from which the correctness of the rollouts (mean over ${WINDOW} steps) stays below 80% of its peak, and at least 5 points and three standard errors below it. > n: none by step n.`,
    columns: [
      'setting',
      'value',
      'fall, by run',
      'mean step',
      'accuracy, start',
      'peak',
      'end',
      'proxy, end',
      'KL, end',
    ],
    rows: FACTORS.flatMap((factor) =>
      grid[factor].map((setting) => {
        const last = (of: MetricOf) =>
          seedCell(metricCurves(setting.runs, of, WINDOW).map((curve) => curve.at(-1)?.value ?? null));
        return [
          RULES[factor].title,
          setting.value,
          fallText(setting),
          timeOf(setting),
          ...courseCells(setting.runs.map(accuracyCurve)),
          last((m) => m.proxyReward),
          last((m) => m.kl),
        ];
      }),
    ),
  };
}

export const hyperparameters: Experiment = {
  name: 'hyperparameters',
  title: 'Settings decide when, not whether',
  question: 'Which settings of majority voting make the fall come sooner, and does any prevent it?',
  finding:
    'Section 5, finding 8: a lower temperature collapses sooner; a mini-batch of 1 collapses within 20 steps; a KL coefficient of 0.005 hardly helps; 16 or more rollouts collapse sooner than 8.',
  method:
    'Majority voting on a large set of problems. One setting at a time is changed from a common center: sampling temperature, problems per mini-batch, rollouts per problem, KL coefficient. The measure is the step at which the correctness of the rollouts falls for good. All evaluations are sampled in the same way.',
  defaults: { ...largeSetDefaults({ steps: 120, lr: 3.5e-4, save: 50 }), reward: 'majority-vote' },
  seeds: 2,
  minutes: 10,
  async run(context) {
    return findings(await gridOf(context));
  },
};
