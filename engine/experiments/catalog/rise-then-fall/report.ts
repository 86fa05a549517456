/** Plots and the table of the rise-then-fall experiment. */
import { accuracyCurve, metricCurves, scaledTogether } from '../../parts/curves.ts';
import { sharePlot } from '../../parts/plots.ts';
import type { RewardRuns } from '../../parts/reward-runs.ts';
import { BANDS, overSeeds, seedCell } from '../../parts/seeds.ts';
import type { Section } from '../../report/section.ts';
import { type RewardOutcome, WINDOW } from './measures.ts';

/** Held-out accuracy and the proxy reward, scaled to [0, 1] by reward, over the steps. */
export function curves(found: readonly RewardRuns[]): Section {
  return {
    kind: 'plots',
    title: 'Curves',
    note: `Proxy rewards have different scales; each is scaled from its minimum (0) to its maximum (1). ${BANDS}`,
    plots: found.map(({ reward, runs }) =>
      sharePlot(reward, [
        overSeeds('accuracy, held-out', runs.map(accuracyCurve)),
        overSeeds('proxy reward, scaled', scaledTogether(metricCurves(runs, (m) => m.proxyReward, 5)), true),
      ]),
    ),
  };
}

/** One row per reward: its ends, and accuracy at the start, peak and end. */
export function table(outcomes: readonly RewardOutcome[]): Section {
  return {
    kind: 'table',
    title: 'Numbers',
    note: `Peak: the evaluation nearest to the ${WINDOW} steps with the most correct rollouts. Changes are paired by problem, with an interval over problems. How a run ended follows the rules of engine/analysis/failure-mode.ts.`,
    columns: [
      'reward',
      'accuracy, start',
      'peak',
      'at step',
      'end',
      'change to the peak',
      'change after it',
      'proxy, start',
      'proxy, end',
      'outcome',
    ],
    rows: outcomes.map((o) => [
      o.reward,
      seedCell(o.accuracy.map((a) => a.start)),
      seedCell(o.accuracy.map((a) => a.peak)),
      o.accuracy.map((a) => a.peakStep).join(', '),
      seedCell(o.accuracy.map((a) => a.end)),
      o.lift?.overProblems ?? null,
      o.fall?.overProblems ?? null,
      seedCell(o.proxy.map((p) => p.start)),
      seedCell(o.proxy.map((p) => p.end)),
      [...new Set(o.modes)].join(', '),
    ]),
  };
}
