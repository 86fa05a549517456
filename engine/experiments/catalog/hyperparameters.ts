/** Majority voting under other settings, one changed at a time: when it falls. */
import { fallStep } from '../../analysis/collapse.ts';
import { type Correlation, correlation } from '../../analysis/statistics.ts';
import type { RunConfig } from '../../protocol/index.ts';
import type { Changes, Criterion, Experiment, ExperimentContext, ExperimentRun, Findings } from '../experiment.ts';
import {
  accuracyCurve,
  brokenAt,
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
} from '../parts/common.ts';
import { largeSet } from '../parts/problems.ts';
import type { Section } from '../report/page.ts';
import { figure } from '../report/text.ts';

export const FACTORS = ['temperature', 'mini-batch', 'rollouts', 'kl'] as const;
export type Factor = (typeof FACTORS)[number];

interface FactorRule {
  title: string;
  /** Values beside the center's own. */
  values: readonly number[];
  /** The center's own value. */
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
    title: 'problems in a mini-batch',
    values: [1, 8, 16],
    of: ({ loss, batch }) => loss.miniBatch ?? batch,
    changes: (miniBatch) => ({ loss: { miniBatch } }),
    possible: (value, { batch }) => value < batch,
  },
  rollouts: {
    title: 'rollouts of a problem',
    values: [4, 8, 16, 32],
    of: ({ group }) => group,
    changes: (count) => ({ votes: count, group: count }),
  },
  kl: {
    title: 'weight of the KL penalty',
    values: [0, 0.005, 0.1],
    of: ({ loss }) => loss.klCoefficient,
    changes: (klCoefficient) => ({ loss: { klCoefficient } }),
  },
};

/** Steps that the correctness of rollouts is averaged over before a fall is looked for. */
const WINDOW = 3;
/** The paper's bound for mini-batch 1. */
const SOON = 20;
/** A penalty "hardly helps" when the fall comes at most this much later. */
const HARDLY = 1.25;
const SMALL_KL = 0.005;

export interface Setting {
  /** The value that this setting changes. The center is a setting of every factor. */
  value: number;
  runs: ExperimentRun[];
}

/** Settings of each factor in the order of their values. */
export type Grid = Record<Factor, Setting[]>;

/** When the rollouts of a run stopped being right, or its weights broke; `step` is null where neither was by `last`. */
export interface Fall {
  step: number | null;
  last: number;
}

export function fallOf(run: ExperimentRun): Fall {
  const steps = stepsOf(run).map(({ step, metrics }) => ({ step, ...metrics }));
  return { step: fallStep(steps, WINDOW) ?? brokenAt(run), last: steps.at(-1)?.step ?? 0 };
}

/** Mean step of the fall; a run that did not fall counts as its last step, so that the mean is a lower bound. */
function timeOf({ runs }: Setting): number | null {
  return meanOf(runs.map(fallOf).map(({ step, last }) => step ?? last));
}

function fallWords({ runs }: Setting): string {
  return runs
    .map(fallOf)
    .map(({ step, last }) => (step === null ? `> ${last}` : String(step)))
    .join(', ');
}

/** Whether `a` falls before `b` on average; null where neither fell in any run. */
function sooner(a: Setting, b: Setting): boolean | null {
  if ([...a.runs, ...b.runs].every((run) => fallOf(run).step === null)) return null;
  return timeOf(a)! < timeOf(b)!;
}

/** Spearman's correlation over all runs between the value of a setting and the step of the fall (the last where none). */
function ordered(settings: readonly Setting[]): Correlation | null {
  const pairs = settings.flatMap(({ value, runs }) =>
    runs.map(fallOf).map(({ step, last }) => ({ value, time: step ?? last + 1 })),
  );
  return correlation(
    'spearman',
    pairs.map(({ value }) => value),
    pairs.map(({ time }) => time),
  );
}

async function gridOf(context: ExperimentContext): Promise<Grid> {
  const { base, seeds } = context;
  const { dataset, evaluation } = await largeSet(context);
  const levels = FACTORS.map((factor) => {
    const { values, of, possible } = RULES[factor];
    const own = of(base);
    const others = values.filter((value) => value !== own && (possible?.(value, base) ?? true));
    return { factor, own, others };
  });
  context.expect((1 + levels.reduce((sum, { others }) => sum + others.length, 0)) * seeds.length);
  const runs = (name: string, changes: Changes) =>
    Promise.all(
      seeds.map((seed) => context.run(`${name}-${seed}`, context.config({ ...changes, seed, dataset, evaluation }))),
    );
  const center = runs('center', {});
  const settings = await Promise.all(
    levels.map(async ({ factor, own, others }) => {
      const made = others.map(async (value) => ({
        value,
        runs: await runs(`${factor}-${value}`, RULES[factor].changes(value)),
      }));
      const all = await Promise.all([...made, center.then((found) => ({ value: own, runs: found }))]);
      return [factor, all.sort((a, b) => a.value - b.value)] as [Factor, Setting[]];
    }),
  );
  return Object.fromEntries(settings) as Grid;
}

export function findings(grid: Grid): Findings {
  return {
    criteria: [temperature(grid), miniBatch(grid), penalty(grid), rollouts(grid)],
    remarks: remarksOf(grid),
    sections: [...FACTORS.flatMap((factor) => plotsOf(factor, grid[factor])), table(grid)],
  };
}

const by = (settings: readonly Setting[]) =>
  settings.map((setting) => `${figure(setting.value)}: ${fallWords(setting)}`).join('; ');

function temperature({ temperature: settings }: Grid): Criterion {
  const found = ordered(settings);
  const fell = settings.some(({ runs }) => runs.some((run) => fallOf(run).step !== null));
  return {
    expected: `A lower temperature falls sooner: over all runs, temperature and step of the fall are correlated positively (Spearman, p < ${SIGNIFICANT}).`,
    measured: `falls at step ${by(settings)}; ${rankWords(found)}`,
    // Falls at one and the same step have no order, and that is an answer.
    met: !fell ? null : found === null ? false : significant(found, 1),
  };
}

function miniBatch({ 'mini-batch': settings }: Grid): Criterion {
  const smallest = settings[0]!;
  const falls = smallest.runs.map(fallOf);
  const shorter = falls.some(({ step, last }) => step === null && last < SOON);
  return {
    expected: `Mini-batches of one problem fall within ${SOON} steps, in every run.`,
    measured: `falls at step ${by(settings)}`,
    met: smallest.value !== 1 || shorter ? null : falls.every(({ step }) => step !== null && step <= SOON),
  };
}

function penalty({ kl: settings }: Grid): Criterion {
  const without = settings.find(({ value }) => value === 0);
  const small = settings.find(({ value }) => value === SMALL_KL);
  const comparable = without && small && without.runs.every((run) => fallOf(run).step !== null);
  return {
    expected: `A KL penalty of ${SMALL_KL} hardly helps: every run falls, on average at most ${Math.round((HARDLY - 1) * 100)}% later than without.`,
    measured: `falls at step ${by(settings)}`,
    met: comparable
      ? small.runs.every((run) => fallOf(run).step !== null) && timeOf(small)! <= HARDLY * timeOf(without)!
      : null,
  };
}

function rollouts({ rollouts: settings }: Grid): Criterion {
  const eight = settings.find(({ value }) => value === 8);
  const compared = eight ? settings.filter(({ value }) => value >= 16).map((more) => sooner(more, eight)) : [];
  return {
    expected: '16 and more rollouts fall sooner on average than 8.',
    measured: `falls at step ${by(settings)}`,
    met: compared.length === 0 || compared.includes(null) ? null : compared.every(Boolean),
  };
}

function remarksOf(grid: Grid): string[] {
  const everything = [...new Set(FACTORS.flatMap((factor) => grid[factor].flatMap(({ runs }) => runs)))];
  const standing = everything.filter((run) => fallOf(run).step === null);
  const remarks = [
    `${everything.length - standing.length} of ${everything.length} runs fell. Those that did not count with their last step in means, and as later than all others in the rank correlation.`,
  ];
  const largest = grid.kl.at(-1)!;
  const none = grid.kl.find(({ value }) => value === 0);
  if (none && largest.value > SMALL_KL) {
    const [with_, without] = [meanEnd(largest), meanEnd(none)];
    remarks.push(
      `With a KL penalty of ${figure(largest.value)} accuracy ends at ${figure(with_)}, without one at ${figure(without)}.`,
    );
  }
  const moved = FACTORS.map((factor) => {
    const times = grid[factor].map(timeOf).filter((time) => time !== null);
    return { factor, ratio: Math.max(...times) / Math.max(1, Math.min(...times)) };
  }).sort((a, b) => b.ratio - a.ratio);
  remarks.push(
    `Largest against smallest mean step of the fall: ${listed(moved.map(({ factor, ratio }) => `${figure(ratio)} times by ${RULES[factor].title}`))}.`,
  );
  return remarks;
}

function meanEnd({ runs }: Setting): number | null {
  return meanOf(runs.map((run) => accuracyCurve(run).at(-1)?.value ?? null));
}

function plotsOf(factor: Factor, settings: readonly Setting[]): Section[] {
  const { title } = RULES[factor];
  const name = (value: number) => `${factor} ${figure(value)}`;
  return [
    {
      kind: 'plots',
      title: title[0]!.toUpperCase() + title.slice(1),
      plots: [
        {
          kind: 'lines',
          title: 'Accuracy of evaluations',
          x: 'step',
          y: 'share',
          yRange: [0, 1],
          series: settings.map(({ value, runs }) => overSeeds(name(value), runs.map(accuracyCurve))),
        },
        {
          kind: 'lines',
          title: 'Reward accuracy, mean over 5 steps',
          x: 'step',
          y: 'share',
          yRange: [0, 1],
          series: settings.map(({ value, runs }) =>
            overSeeds(
              name(value),
              runs.map((run) =>
                smoothed(
                  metricCurve(run, (m) => m.rewardAccuracy),
                  5,
                ),
              ),
            ),
          ),
        },
      ],
    },
  ];
}

function table(grid: Grid): Section {
  return {
    kind: 'table',
    title: 'Numbers',
    note: `A fall: the first step from which the correctness of the rollouts, a mean over ${WINDOW} steps, stays below 80% of its peak, by 5 points and three standard errors at least. > n: none by step n.`,
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
        const curves = setting.runs.map(accuracyCurve);
        const last = (of: Parameters<typeof metricCurve>[1]) =>
          seedCell(setting.runs.map((run) => smoothed(metricCurve(run, of), WINDOW).at(-1)?.value ?? null));
        return [
          RULES[factor].title,
          setting.value,
          fallWords(setting),
          timeOf(setting),
          seedCell(curves.map((curve) => curve[0]?.value ?? null)),
          seedCell(curves.map((curve) => (curve.length === 0 ? null : Math.max(...curve.map(({ value }) => value))))),
          seedCell(curves.map((curve) => curve.at(-1)?.value ?? null)),
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
  question: 'Which settings of majority voting bring the fall sooner, and does any prevent it?',
  finding:
    'Section 5, finding 8: a lower temperature collapses sooner; mini-batch 1 collapses within 20 steps; a KL penalty of 0.005 hardly helps; 16 and more rollouts collapse sooner than 8.',
  method:
    'Majority voting on a large set of problems. From one center, one setting at a time is changed: sampling temperature, problems in a mini-batch, rollouts of a problem, weight of the KL penalty. Measured is the step at which the correctness of the rollouts falls for good. Evaluations are sampled alike for all.',
  defaults: {
    model: 'embedded:W',
    reward: 'majority-vote',
    steps: 120,
    batch: 32,
    optimizer: { lr: 3.5e-4 },
    evaluation: { every: 20, samples: 4, greedy: false },
    checkpoint: { every: 50 },
  },
  seeds: 2,
  minutes: 10,
  async run(context) {
    return findings(await gridOf(context));
  },
};
