/** Plots and the table of the test-time experiment. */
import { accuracyCurve, metricCurves } from '../../parts/curves.ts';
import { failureOf } from '../../parts/failure.ts';
import { sharePlot } from '../../parts/plots.ts';
import { overSeeds, seedCell } from '../../parts/seeds.ts';
import type { Section } from '../../report/section.ts';
import { course, KINDS, type TestTimeSummary, WINDOW } from './measures.ts';

/** Rewards of training problems and accuracy of held-out ones over the steps, by kind of run. */
export function curves(summaries: readonly TestTimeSummary[]): Section {
  return {
    kind: 'plots',
    title: 'Curves',
    note: `Rewards of the training problems, means over ${WINDOW} steps; accuracy of the held-out problems at the evaluations. Bands: 95% over seeds.`,
    plots: summaries.map(({ kind, runs: own }) => {
      const runs = own.map(({ run }) => run);
      return sharePlot(KINDS[kind], [
        overSeeds('accuracy, held-out', runs.map(accuracyCurve)),
        overSeeds(
          'majority reward, training',
          metricCurves(runs, (m) => m.proxyReward, WINDOW),
          true,
        ),
        overSeeds(
          'true reward, training',
          metricCurves(runs, (m) => m.groundTruthReward, WINDOW),
        ),
      ]);
    }),
  };
}

/** One row per kind of run: its rewards, and the change of accuracy in points. */
export function numbers(summaries: readonly TestTimeSummary[]): Section {
  return {
    kind: 'table',
    title: 'Numbers',
    note: 'Change of accuracy: 95% by bootstrap over problems, each with its mean over seeds.',
    columns: [
      'trained on',
      'majority reward, start',
      'end',
      'true reward, start',
      'peak',
      'end',
      'held-out, before',
      'after',
      'change',
      'KL, end',
      'outcome',
    ],
    rows: summaries.map(({ kind, runs, proxy, correct, accuracy }) => [
      KINDS[kind],
      seedCell(proxy.map(({ start }) => start)),
      seedCell(proxy.map(({ end }) => end)),
      seedCell(correct.map(({ start }) => start)),
      seedCell(correct.map(({ peak }) => peak)),
      seedCell(correct.map(({ end }) => end)),
      accuracy?.before ?? null,
      accuracy?.after ?? null,
      accuracy?.overProblems ?? null,
      seedCell(runs.map(({ run }) => course(run, (m) => m.kl)?.end ?? null)),
      [...new Set(runs.flatMap(({ run }) => failureOf(run)?.mode ?? []))].join(', '),
    ]),
  };
}
