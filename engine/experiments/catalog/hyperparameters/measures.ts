/** The factors and their levels, and when the runs of each level fell. */
import { fallStep } from '../../../analysis/failure-mode.ts';
import type { RunConfig } from '../../../protocol/index.ts';
import type { Changes, ExperimentRun } from '../../experiment.ts';
import { accuracyCurve, stepsOf } from '../../parts/curves.ts';
import { nonFiniteStep } from '../../parts/failure.ts';
import { meanOf } from '../../parts/seeds.ts';

export const FACTORS = ['temperature', 'mini-batch', 'rollouts', 'kl'] as const;
export type Factor = (typeof FACTORS)[number];

interface FactorRule {
  title: string;
  /** Values in addition to the center's. */
  values: readonly number[];
  /** The value of the center. */
  of(config: RunConfig): number;
  changes(value: number): Changes;
  /** Whether a value makes sense for this configuration. */
  possible?(value: number, config: RunConfig): boolean;
}

export const RULES: Record<Factor, FactorRule> = {
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
export const WINDOW = 3;

export interface FactorLevel {
  /** The value that this setting changes. The center is a setting of every factor. */
  value: number;
  runs: ExperimentRun[];
}

/** Settings of each factor, ordered by value. */
export type FactorGrid = Record<Factor, FactorLevel[]>;

/** When a run's rollouts stopped being correct, or its weights became non-finite; `step` is null if neither happened. */
export interface Fall {
  step: number | null;
  last: number;
}

/**
 * The step from which correctness stays below 80% of its peak (null: never), and the last step of the run. Non-finite
 * weights count as a fall at that step.
 */
export function fallOf(run: ExperimentRun): Fall {
  const steps = stepsOf(run).map(({ step, metrics }) => ({ step, ...metrics }));
  return { step: fallStep(steps, WINDOW) ?? nonFiniteStep(run), last: steps.at(-1)?.step ?? 0 };
}

/** Mean step of the fall; a run without a fall counts with its last step, so that the mean is a lower bound. */
export function meanFallStep({ runs }: FactorLevel): number | null {
  return meanOf(runs.map(fallOf).map(({ step, last }) => step ?? last));
}

/** Steps of the falls by run; `> n` for a run of n steps that did not fall. */
export function fallText({ runs }: FactorLevel): string {
  return runs
    .map(fallOf)
    .map(({ step, last }) => (step === null ? `> ${last}` : String(step)))
    .join(', ');
}

/** Mean accuracy at the last evaluation, from 0 to 1; null if no run has one. */
export function meanEnd({ runs }: FactorLevel): number | null {
  return meanOf(runs.map((run) => accuracyCurve(run).at(-1)?.value ?? null));
}
