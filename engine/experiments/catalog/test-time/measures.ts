/** The effect of training on a small set: the course of its rewards, and changes of held-out problems. */
import type { ExperimentRun } from '../../experiment.ts';
import { type Change, changesBySort, evaluatedChanges, meanChange, type ProblemChange } from '../../parts/changes.ts';
import { type MetricOf, metricCurve, smoothed } from '../../parts/curves.ts';
import type { ProbeResult } from '../../parts/probe.ts';

/** Steps that curves are averaged over. */
export const WINDOW = 10;

export const KINDS = { any: 'random problems', wrong: 'wrong majorities' } as const;
export type TestTimeKind = keyof typeof KINDS;

export interface TestTimeRun {
  kind: TestTimeKind;
  seed: number;
  /** The training problems, as probed before training. */
  problems: readonly ProbeResult[];
  run: ExperimentRun;
}

/** Start, peak and end of a training curve, as means over a window. */
export function course(run: ExperimentRun, metric: MetricOf) {
  const curve = metricCurve(run, metric);
  const window = Math.max(1, Math.min(WINDOW, Math.floor(curve.length / 4)));
  const means = smoothed(curve, window).slice(window - 1);
  if (means.length === 0) return null;
  const values = means.map(({ value }) => value);
  return { start: values[0]!, peak: Math.max(...values), end: values.at(-1)! };
}
export type TestTimeCourse = NonNullable<ReturnType<typeof course>>;

export interface TestTimeSummary {
  kind: TestTimeKind;
  runs: readonly TestTimeRun[];
  proxy: TestTimeCourse[];
  correct: TestTimeCourse[];
  accuracy: Change | null;
  label: Change | null;
  /** Share of wrong majorities among the training problems, in the probe. */
  wrong: number | null;
  changes: ProblemChange[][];
}

/**
 * Runs of one kind together: rewards at the start, peak and end of each, and held-out problems before and after,
 * paired by problem.
 */
export function summarize(kind: TestTimeKind, runs: readonly TestTimeRun[]): TestTimeSummary {
  const changes = runs.map(({ run }) => evaluatedChanges(run));
  const judged = runs.flatMap(({ problems }) => problems.flatMap(({ right }) => right ?? []));
  return {
    kind,
    runs,
    changes,
    proxy: runs.flatMap(({ run }) => course(run, (m) => m.proxyReward) ?? []),
    correct: runs.flatMap(({ run }) => course(run, (m) => m.groundTruthReward) ?? []),
    accuracy: meanChange(changes, ({ accuracy }) => accuracy),
    label: meanChange(changes, ({ label }) => label),
    wrong: judged.length === 0 ? null : judged.filter((right) => !right).length / judged.length,
  };
}

/** Mean change of accuracy by sort of problem, over seeds. */
export const accuracyBySort = (changes: readonly ProblemChange[][]) =>
  changesBySort(changes, ({ accuracy }) => accuracy);
