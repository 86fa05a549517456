/** How each run of a reward failed, and the mode that the paper assigns to it. */
import {
  classifyRun,
  curveOf,
  FAILURE_RULES,
  type FailureMode,
  type RunFailure,
} from '../../../analysis/failure-mode.ts';
import type { RewardName } from '../../../reward/index.ts';
import type { ExperimentRun } from '../../experiment.ts';
import { accuracyCurve, holdsFrom, type MetricOf, metricCurves, stepsOf } from '../../parts/curves.ts';
import { failureOf, lossStep } from '../../parts/failure.ts';
import type { RewardRuns } from '../../parts/reward-runs.ts';

/** The paper's assignment (section 5, finding 2), which does not cover the other rewards. */
export const ASSIGNED: Partial<Record<RewardName, FailureMode>> = {
  'self-certainty': 'gradual',
  'majority-vote': 'gradual',
  probability: 'length',
  'token-entropy': 'repetition',
  'trajectory-entropy': 'repetition',
};
/** A failure mode needs time to show: a run is judged up to this many times the step at which the model was lost. */
export const TIMES = 2;
/** Steps that curves are averaged over, in plots and for the order of events. */
export const WINDOW = 5;

export interface RunFailureSummary {
  /** How it failed, judged up to twice the step at which it was lost, or over all steps if it was not; null without steps. */
  failure: RunFailure | null;
  /** The same over all steps: what a lost model does later depends on how long the run is. */
  atEnd: RunFailure | null;
  /** The step at which the model was lost. */
  lost: number | null;
  /** Steps from which responses are repetitive, or short, to the end. */
  repeated: number | null;
  short: number | null;
}

export interface RewardFailureSummary {
  reward: RewardName;
  fates: RunFailureSummary[];
  /** The mode of more than half of the runs; null if there is none. */
  mode: FailureMode | null;
}

/**
 * The failure mode of each run. If the model was lost, only the steps up to `TIMES` times that step count: later ones say
 * nothing about how it failed.
 */
export function summarizeFailures({ reward, runs }: RewardRuns): RewardFailureSummary {
  const fates = runs.map((run): RunFailureSummary => {
    const atEnd = failureOf(run);
    const lost = lossStep(run).step;
    const curve = (of: MetricOf) => metricCurves([run], of, WINDOW)[0]!;
    const shorter = atEnd === null ? 0 : FAILURE_RULES.shorter * atEnd.length.start;
    return {
      failure: failureAroundLoss(run, atEnd, lost),
      atEnd,
      lost,
      repeated: holdsFrom(
        curve((m) => m.repetition),
        (value) => value >= FAILURE_RULES.repeated,
      ),
      short: holdsFrom(
        curve((m) => m.length),
        (value) => value <= shorter,
      ),
    };
  });
  return { reward, fates, mode: mostFrequent(fates.map(({ failure }) => failure?.mode ?? 'none')) };
}

/** `RunFailureSummary.failure`. Few steps are noisy: if they show no fall, the whole run decides. */
function failureAroundLoss(run: ExperimentRun, atEnd: RunFailure | null, lost: number | null): RunFailure | null {
  if (atEnd === null || atEnd.mode === 'none' || lost === null) return atEnd;
  const steps = stepsOf(run).filter(({ step }) => step <= TIMES * lost);
  const evaluations = accuracyCurve(run).filter(({ step }) => step <= TIMES * lost);
  const found = classifyRun(curveOf(steps), evaluations);
  return found.mode === 'none' ? atEnd : found;
}

function mostFrequent(modes: readonly FailureMode[]): FailureMode | null {
  return modes.find((mode) => modes.filter((other) => other === mode).length * 2 > modes.length) ?? null;
}
