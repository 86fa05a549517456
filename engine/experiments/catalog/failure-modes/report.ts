/** Plots and the table of the failure-modes experiment. */
import { FAILURE_RULES, type RunFailure } from '../../../analysis/failure-mode.ts';
import { accuracyCurve, type MetricOf, metricCurves, scaledTogether } from '../../parts/curves.ts';
import { LOSS_CRITERION } from '../../parts/failure.ts';
import { sharePlot, stepPlot } from '../../parts/plots.ts';
import type { RewardRuns } from '../../parts/reward-runs.ts';
import { BANDS, overSeeds, seedCell } from '../../parts/seeds.ts';
import type { Section } from '../../report/section.ts';
import { ASSIGNED, type RewardFailureSummary, type RunFailureSummary, TIMES, WINDOW } from './measures.ts';

const MEASURES: readonly {
  title: string;
  y: string;
  of: MetricOf;
  /** Scaled from the minimum to the maximum of each reward, since scales differ. */
  scaled?: boolean;
}[] = [
  { title: 'Proxy reward', y: 'scaled', of: (m) => m.proxyReward, scaled: true },
  { title: 'Response length', y: 'tokens', of: (m) => m.length },
  { title: 'Repeated trigrams', y: 'share', of: (m) => m.repetition },
  { title: 'Token entropy of the policy', y: 'nats', of: (m) => m.entropy },
];

/** Correctness, length and repetition over the steps by reward, those with a mode in the paper first. */
export function plots(assigned: readonly RewardRuns[], others: readonly RewardRuns[]): Section[] {
  return [
    { title: 'Rewards with a failure mode in the paper', rewards: assigned },
    { title: 'Other rewards', rewards: others },
  ]
    .filter(({ rewards }) => rewards.length > 0)
    .map(({ title, rewards }) => ({
      kind: 'plots',
      title,
      note: `Means over ${WINDOW} steps. ${BANDS} Each proxy reward is scaled from its minimum (0) to its maximum (1).`,
      plots: [
        sharePlot(
          'True accuracy (evaluations)',
          rewards.map(({ reward, runs }) => overSeeds(reward, runs.map(accuracyCurve))),
        ),
        ...MEASURES.map(({ title: name, y, of, scaled }) =>
          stepPlot(
            name,
            y,
            rewards.map(({ reward, runs }) => {
              const curves = metricCurves(runs, of, WINDOW);
              return overSeeds(reward, scaled ? scaledTogether(curves) : curves);
            }),
          ),
        ),
      ],
    }));
}

/** One row per reward with the numbers that decided its mode. */
export function table(all: readonly RewardFailureSummary[]): Section {
  const cell = (fates: readonly RunFailureSummary[], of: (failure: RunFailure) => number | null | undefined) =>
    seedCell(fates.map(({ failure }) => (failure ? (of(failure) ?? null) : null)));
  const steps = (fates: readonly RunFailureSummary[], of: (fate: RunFailureSummary) => number | null) =>
    fates.map((fate) => of(fate) ?? 'never').join(', ');
  const { ofPeak, drop, repeated, repeatedMore, shorter } = FAILURE_RULES;
  const left = LOSS_CRITERION.left * 100;
  return {
    kind: 'table',
    title: 'How each reward failed',
    note: `A model is lost when the correctness of its rollouts (mean over ${LOSS_CRITERION.window} steps) is below ${left}% of its peak; the rules are applied up to ${TIMES} times that step, or to all steps. A run failed if true accuracy ends below ${ofPeak * 100}% of its peak and at least ${drop * 100} points below it. Repetition: the last steps repeat at least ${repeated * 100}% of trigrams, and ${repeatedMore * 100} points more than the first steps. Length: the last responses are at most ${shorter * 100}% as long as the first. Gradual: neither, and the proxy reward did not end below its start. Breakdown: neither, and the proxy reward fell too. Repetitive from, short from: the step from which it stayed so.`,
    columns: [
      'reward',
      'in the paper',
      'measured, by run',
      'over all steps',
      'lost at step',
      'true accuracy, peak',
      'end',
      'length, start',
      'end',
      'repeated, start',
      'end',
      'repetitive from',
      'short from',
    ],
    rows: all.map(({ reward, fates }) => [
      reward,
      ASSIGNED[reward] ?? null,
      fates.map(({ failure }) => failure?.mode ?? 'no steps').join(', '),
      fates.map(({ atEnd }) => atEnd?.mode ?? 'no steps').join(', '),
      steps(fates, ({ lost }) => lost),
      cell(fates, (f) => f.truth?.peak),
      cell(fates, (f) => f.truth?.end),
      cell(fates, (f) => f.length.start),
      cell(fates, (f) => f.length.end),
      cell(fates, (f) => f.repetition?.start),
      cell(fates, (f) => f.repetition?.end),
      steps(fates, ({ repeated: from }) => from),
      steps(fates, ({ short }) => short),
    ]),
  };
}
