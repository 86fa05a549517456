/** Measures of a run on a set of some size: whether accuracy fell, how far the policy moved, how many groups agree. */
import type { Correlation } from '../../../analysis/correlation.ts';
import type { ExperimentRun } from '../../experiment.ts';
import { rankCorrelation } from '../../parts/criteria.ts';
import { accuracyCurve, type Curve, metricCurve } from '../../parts/curves.ts';
import { failureOf } from '../../parts/failure.ts';
import { meanOf } from '../../parts/seeds.ts';

/** Steps averaged at the end and in curves. */
export const WINDOW = 10;

export interface SizedRuns {
  size: number;
  runs: ExperimentRun[];
}

export interface SizeOutcome {
  /** Whether accuracy fell, by the rules of `classifyRun`; null without labels. */
  fell: boolean | null;
  /** KL to the reference over the last steps. */
  kl: number | null;
  end: number | null;
  /** Share of unanimous groups in the last steps: they have no gradient. */
  agreed: number | null;
}

/** Whether accuracy fell (null without labels), and KL, accuracy and share of unanimous groups at the end. */
export function sizeOutcome(run: ExperimentRun): SizeOutcome {
  const failure = failureOf(run);
  return {
    fell: failure?.truth ? failure.mode !== 'none' : null,
    kl: last(metricCurve(run, (m) => m.kl)),
    end: accuracyCurve(run).at(-1)?.value ?? null,
    agreed: last(unanimousShare(run)),
  };
}

function last(curve: Curve): number | null {
  return meanOf(curve.slice(-WINDOW).map(({ value }) => value));
}

/** Share of unanimous groups in each step. */
export function unanimousShare(run: ExperimentRun): Curve {
  const groups = Math.min(run.config.batch, run.config.dataset.ids?.length ?? run.config.batch);
  return metricCurve(run, (m) => m.skippedGroups && m.skippedGroups / groups);
}

/** Rank correlation of a number with the size, over all runs that have one. */
export function correlationWithSize(
  found: readonly SizedRuns[],
  of: (kept: SizeOutcome) => number | null,
): Correlation | null {
  return rankCorrelation(
    found.flatMap(({ size, runs }) =>
      runs.flatMap((run) => {
        const value = of(sizeOutcome(run));
        return value === null ? [] : [[size, value] as const];
      }),
    ),
  );
}
