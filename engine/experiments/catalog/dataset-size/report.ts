/** Plots and the table of the dataset-size experiment. */
import type { ExperimentRun } from '../../experiment.ts';
import { accuracyCurve, type Curve, type MetricOf, metricCurve, smoothed, stepsOf } from '../../parts/curves.ts';
import { sharePlot, stepPlot } from '../../parts/plots.ts';
import { BANDS, courseCells, meanOf, overSeeds, seedCell } from '../../parts/seeds.ts';
import type { Section } from '../../report/section.ts';
import { type SizedRuns, sizeOutcome, unanimousShare, WINDOW } from './measures.ts';

/** Accuracy, KL and unanimous groups over the steps, by size of the set. */
export function plots(found: readonly SizedRuns[]): Section {
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
        series((run) => smoothed(unanimousShare(run), WINDOW)),
      ),
      stepPlot(
        'Gradient norm',
        'norm',
        metric((m) => m.gradientNorm),
      ),
    ],
  };
}

/** One row per size, with a value for each run. */
export function table(found: readonly SizedRuns[]): Section {
  return {
    kind: 'table',
    title: 'Numbers',
    note: 'Fell: the accuracy of evaluations ends below 80% of its peak, and at least 5 points below it. Epochs: how often each problem was trained on.',
    columns: ['problems', 'epochs', 'accuracy, start', 'peak', 'end', 'fell', 'KL, end', 'unanimous groups, end'],
    rows: found.map(({ size, runs }) => {
      const kept = runs.map(sizeOutcome);
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
