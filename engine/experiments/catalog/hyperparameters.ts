/** Majority voting with one setting changed at a time: when does accuracy fall? */
import type { Correlation } from '../../analysis/correlation.ts';
import { figure } from '../../protocol/format.ts';
import type { Changes, Criterion, Experiment, ExperimentContext, Findings } from '../experiment.ts';
import { joinedWithAnd, rankCorrelation, rankText, SIGNIFICANT, significantTrend } from '../parts/criteria.ts';
import { largeSetDefaults, runSeeds } from '../parts/runs.ts';
import { largeSet } from '../parts/sets.ts';
import {
  FACTORS,
  type Factor,
  type FactorGrid,
  type FactorLevel,
  fallOf,
  fallText,
  meanEnd,
  meanFallStep,
  RULES,
} from './hyperparameters/measures.ts';
import { plotsOf, table } from './hyperparameters/report.ts';

/** The paper's bound for a mini-batch of one problem, in steps. */
const MAX_EARLY_FALL_STEP = 20;
/** A penalty "hardly helps" if the fall comes at most by this factor later. */
const MAX_DELAY_FACTOR = 1.25;
const SMALL_KL = 0.005;

/** Whether `a` falls before `b` on average; null if no run fell. */
function fallsSooner(a: FactorLevel, b: FactorLevel): boolean | null {
  if ([...a.runs, ...b.runs].every((run) => fallOf(run).step === null)) return null;
  return meanFallStep(a)! < meanFallStep(b)!;
}

/** Rank correlation over all runs of a setting's value with the step of the fall (after the last step if none). */
function fallCorrelation(settings: readonly FactorLevel[]): Correlation | null {
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

/** A criterion per factor. One that a grid is too small or too short for is undecided (`met` null). */
export function findings(grid: FactorGrid): Findings {
  return {
    criteria: [temperature(grid), miniBatch(grid), penalty(grid), rollouts(grid)],
    remarks: remarksOf(grid),
    sections: [...FACTORS.flatMap((factor) => plotsOf(factor, grid[factor])), table(grid)],
  };
}

const by = (settings: readonly FactorLevel[]) =>
  settings.map((setting) => `${figure(setting.value)}: ${fallText(setting)}`).join('; ');

/** Rank correlation of temperature and step of the fall, over runs; undecided if no run fell. */
export function temperature({ temperature: settings }: FactorGrid): Criterion {
  const found = fallCorrelation(settings);
  const fell = settings.some(({ runs }) => runs.some((run) => fallOf(run).step !== null));
  return {
    expected: `A lower temperature falls sooner: over all runs, temperature correlates positively with the step of the fall (Spearman, p < ${SIGNIFICANT}).`,
    measured: `falls at step ${by(settings)}; ${rankText(found)}`,
    // Falls at the same step have no order, which decides the criterion.
    met: !fell ? null : found === null ? false : significantTrend(found, 1),
  };
}

/**
 * Whether every run with one problem per mini-batch falls early; undecided without such runs, or if they were too
 * short.
 */
export function miniBatch({ 'mini-batch': settings }: FactorGrid): Criterion {
  const smallest = settings[0]!;
  const falls = smallest.runs.map(fallOf);
  const shorter = falls.some(({ step, last }) => step === null && last < MAX_EARLY_FALL_STEP);
  return {
    expected: `Runs with mini-batches of one problem fall within ${MAX_EARLY_FALL_STEP} steps, in every run.`,
    measured: `falls at step ${by(settings)}`,
    met:
      smallest.value !== 1 || shorter ? null : falls.every(({ step }) => step !== null && step <= MAX_EARLY_FALL_STEP),
  };
}

function penalty({ kl: settings }: FactorGrid): Criterion {
  const without = settings.find(({ value }) => value === 0);
  const small = settings.find(({ value }) => value === SMALL_KL);
  const comparable = without && small && without.runs.every((run) => fallOf(run).step !== null);
  return {
    expected: `A KL coefficient of ${SMALL_KL} hardly helps: every run falls, on average at most ${Math.round((MAX_DELAY_FACTOR - 1) * 100)}% later than without a penalty.`,
    measured: `falls at step ${by(settings)}`,
    met: comparable
      ? small.runs.every((run) => fallOf(run).step !== null) &&
        meanFallStep(small)! <= MAX_DELAY_FACTOR * meanFallStep(without)!
      : null,
  };
}

function rollouts({ rollouts: settings }: FactorGrid): Criterion {
  const eight = settings.find(({ value }) => value === 8);
  const compared = eight ? settings.filter(({ value }) => value >= 16).map((more) => fallsSooner(more, eight)) : [];
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
    const times = grid[factor].map(meanFallStep).filter((time) => time !== null);
    return { factor, ratio: Math.max(...times) / Math.max(1, Math.min(...times)) };
  }).sort((a, b) => b.ratio - a.ratio);
  remarks.push(
    `Ratio of the largest to the smallest mean step of the fall: ${joinedWithAnd(moved.map(({ factor, ratio }) => `${figure(ratio)} for ${RULES[factor].title}`))}.`,
  );
  return remarks;
}

export const hyperparameters: Experiment = {
  name: 'hyperparameters',
  title: 'Settings decide when, not whether',
  question: 'Which settings of majority voting bring the fall forward, and does any prevent it?',
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
