/** Plots and the table of the generalization experiment. */
import type { Change } from '../../parts/changes.ts';
import { metricCurves } from '../../parts/curves.ts';
import { sharePlot } from '../../parts/plots.ts';
import { meanOf, overSeeds } from '../../parts/seeds.ts';
import type { Section } from '../../report/section.ts';
import { type GeneralizationSummary, nameOf, SIZES } from './measures.ts';

export const WINDOW = 5;

/** Bars with 95% intervals: change of label accuracy by size and kind of the training set. */
export function heldOutPlots(summaries: readonly GeneralizationSummary[]): Section {
  return {
    kind: 'plots',
    title: 'Held-out problems',
    note: 'Change of label accuracy (share of problems whose majority is right): of all held-out problems, and of those of the same kind as the set whose majority was wrong in the probe. Whiskers: 95% by bootstrap over problems.',
    plots: SIZES.flatMap((size) => {
      const own = summaries.filter(({ set }) => set.size === size);
      const plot = (title: string, of: (summary: GeneralizationSummary) => Change | null) => ({
        kind: 'bars' as const,
        title,
        y: 'change of label accuracy',
        bars: own.flatMap((s) => bar(nameOf(s.set), of(s))),
      });
      if (own.length === 0) return [];
      return [
        plot(`Trained on ${size}: all held-out problems`, ({ all }) => all),
        plot(`Trained on ${size}: same kind, wrong in the probe`, ({ alike }) => alike),
      ];
    }),
  };
}

/** Majority reward and correctness of the training problems over the steps. */
export function trainingPlots(summaries: readonly GeneralizationSummary[]): Section {
  return {
    kind: 'plots',
    title: 'Training problems',
    note: `Means over ${WINDOW} steps. Bands: 95% over seeds.`,
    plots: summaries.map((s) => {
      const runs = s.runs.map(({ run }) => run);
      return sharePlot(nameOf(s.set), [
        overSeeds(
          'true reward',
          metricCurves(runs, (m) => m.groundTruthReward, WINDOW),
        ),
        overSeeds(
          'majority reward',
          metricCurves(runs, (m) => m.proxyReward, WINDOW),
          true,
        ),
      ]);
    }),
  };
}

/** One row per kind of training set: held-out accuracy before, after, and how many problems turned. */
export function numbers(summaries: readonly GeneralizationSummary[]): Section {
  return {
    kind: 'table',
    title: 'Numbers',
    note: 'For the held-out problems. Changes: 95% by bootstrap over problems, each with its mean over seeds. Turned: mean number of problems per seed.',
    columns: [
      'trained on',
      'accuracy, before',
      'after',
      'label accuracy, before',
      'after',
      'change',
      'change, same kind and wrong',
      'turned right',
      'turned wrong',
    ],
    rows: summaries.map((s) => [
      nameOf(s.set),
      s.accuracy?.before ?? null,
      s.accuracy?.after ?? null,
      s.all?.before ?? null,
      s.all?.after ?? null,
      s.all?.overProblems ?? null,
      s.alike?.overProblems ?? null,
      meanOf(s.turned.map(({ up }) => up)),
      meanOf(s.turned.map(({ down }) => down)),
    ]),
  };
}

function bar(name: string, change: Change | null) {
  if (change === null) return [];
  const { mean, low, high } = change.overProblems;
  return [{ name, value: mean, low, high }];
}
