/** How the collapse watch and the forecast performed over the runs of an experiment, measured with labels. */
import { fallStep } from '../analysis/failure-mode.ts';
import { IN_TIME, type WatchedRun, type WatchOutcome, watchOutcome } from '../analysis/watch.ts';
import { plural } from '../protocol/format.ts';
import type { ForecastScore, JournalRecord } from '../protocol/index.ts';
import { WATCH_WARNINGS } from '../protocol/warnings.ts';
import type { Section } from './report/section.ts';

/** The watch and the forecast of one run. */
export interface WatchedExperimentRun extends WatchedRun {
  forecast: ForecastScore | null;
}

/** null for runs that were not watched: probes, runs without labels, runs with the watch off. */
export function watchedRun(run: string, records: readonly JournalRecord[]): WatchedExperimentRun | null {
  const header = records.find((record) => record.type === 'run');
  const steps = records.flatMap((record) =>
    record.type === 'step' ? [{ step: record.step, groundTruthReward: record.metrics.groundTruthReward }] : [],
  );
  if (header?.config?.job !== 'train' || header.config.watch === 'off') return null;
  if (steps.every(({ groundTruthReward }) => groundTruthReward === null)) return null;
  const warning = records.find((record) => record.type === 'warning' && record.code === WATCH_WARNINGS.collapse);
  const scored = records.findLast((record) => record.type === 'forecast-score');
  return {
    run,
    alarm: warning?.type === 'warning' ? warning.step : null,
    fall: fallStep(steps),
    forecast: scored?.score ?? null,
  };
}

export interface WatchSummary {
  runs: number;
  /** Falls with an alarm in time, with a late one, and without one. */
  hits: number;
  late: number;
  misses: number;
  falseAlarms: number;
  /** Runs without a fall and without an alarm. */
  quiet: number;
  /** Steps from the alarm to the fall, of each hit: negative if the alarm came after the fall. */
  lead: number[];
}

/** Counts of outcomes over runs; `lead` has an entry per hit. */
export function watchSummary(runs: readonly WatchedExperimentRun[]): WatchSummary {
  const of = (outcome: WatchOutcome) => runs.filter((run) => watchOutcome(run) === outcome);
  const hits = of('hit');
  return {
    runs: runs.length,
    hits: hits.length,
    late: of('late').length,
    misses: of('miss').length,
    falseAlarms: of('false alarm').length,
    quiet: of('quiet').length,
    lead: hits.map(({ alarm, fall }) => fall! - alarm!),
  };
}

/** Tables of the runs with a fall or an alarm, and of the forecasts. */
export function watchSections(runs: readonly WatchedExperimentRun[]): Section[] {
  if (runs.length === 0) return [];
  const { hits, late, misses, falseAlarms, quiet, lead } = watchSummary(runs);
  const early = lead.filter((steps) => steps >= 0).length;
  const fallen = hits + late + misses;
  const detected =
    fallen === 0
      ? 'No run fell'
      : `Of the ${plural(fallen, 'run')} that fell, it raised the alarm in time for ${hits} (${early} before the fall, ${hits - early} at most ${IN_TIME} steps after it) and too late for ${late}`;
  const sections: Section[] = [
    {
      kind: 'table',
      title: 'Collapse watch over these runs',
      note: `The watch uses no labels. ${detected}; ${falseAlarms} of the ${plural(falseAlarms + quiet, 'run')} that did not fall had a false alarm. Falls are determined with labels, by the rules of engine/analysis/collapse.ts.`,
      columns: ['run', 'alarm at step', 'fell at step', 'outcome'],
      rows: runs
        .filter(({ alarm, fall }) => alarm !== null || fall !== null)
        .map((run) => [run.run, run.alarm, run.fall, watchOutcome(run)]),
    },
  ];
  const forecasts = runs.filter(({ forecast }) => forecast !== null);
  if (forecasts.length > 0) {
    sections.push({
      kind: 'table',
      title: 'Forecasts of these runs',
      note: 'Predicted before the first step without labels, scored after the last step. A Brier score below the base-rate baseline, which knows the mean outcome, shows skill.',
      columns: ['run', 'problems', 'expected right', 'right', 'AUROC', 'Brier score', 'base-rate baseline'],
      rows: forecasts.map(({ run, forecast }) => [
        run,
        forecast!.problems,
        forecast!.expected,
        forecast!.actual,
        forecast!.auroc,
        forecast!.brier,
        forecast!.baseBrier,
      ]),
    });
  }
  return sections;
}
