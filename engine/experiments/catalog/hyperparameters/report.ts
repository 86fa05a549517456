/** Plots and the table of the hyperparameters experiment. */

import { figure } from '../../../protocol/format.ts';
import { capitalized } from '../../../protocol/texts.ts';
import { accuracyCurve, type MetricOf, metricCurves } from '../../parts/curves.ts';
import { sharePlot } from '../../parts/plots.ts';
import { courseCells, overSeeds, seedCell } from '../../parts/seeds.ts';
import type { Section } from '../../report/section.ts';
import {
  FACTORS,
  type Factor,
  type FactorGrid,
  type FactorLevel,
  fallText,
  meanFallStep,
  RULES,
  WINDOW,
} from './measures.ts';

/** Correctness over the steps for each level of a factor, means over seeds with 95% bands. */
export function plotsOf(factor: Factor, settings: readonly FactorLevel[]): Section[] {
  const { title } = RULES[factor];
  const name = (value: number) => `${factor} ${figure(value)}`;
  return [
    {
      kind: 'plots',
      title: capitalized(title),
      plots: [
        sharePlot(
          'Accuracy of evaluations',
          settings.map(({ value, runs }) => overSeeds(name(value), runs.map(accuracyCurve))),
        ),
        sharePlot(
          'Reward accuracy, mean over 5 steps',
          settings.map(({ value, runs }) =>
            overSeeds(
              name(value),
              metricCurves(runs, (m) => m.rewardAccuracy, 5),
            ),
          ),
        ),
      ],
    },
  ];
}

/** One row per level of each factor; the center has a row in every factor. */
export function table(grid: FactorGrid): Section {
  return {
    kind: 'table',
    title: 'Numbers',
    note: `Fall: the first step from which the correctness of the rollouts (mean over ${WINDOW} steps) stays below 80% of its peak, and at least 5 points and three standard errors below it. > n: none by step n.`,
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
        const last = (of: MetricOf) =>
          seedCell(metricCurves(setting.runs, of, WINDOW).map((curve) => curve.at(-1)?.value ?? null));
        return [
          RULES[factor].title,
          setting.value,
          fallText(setting),
          meanFallStep(setting),
          ...courseCells(setting.runs.map(accuracyCurve)),
          last((m) => m.proxyReward),
          last((m) => m.kl),
        ];
      }),
    ),
  };
}
