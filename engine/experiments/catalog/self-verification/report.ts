/** Plots and the table of the self-verification experiment. */
import { type Curve, metricCurves, scaledTogether } from '../../parts/curves.ts';
import { sharePlot, stepPlot } from '../../parts/plots.ts';
import { BANDS, courseCells, overSeeds } from '../../parts/seeds.ts';
import type { Section } from '../../report/section.ts';
import { WINDOW } from './measures.ts';
import { REWARDS, runsOf, SELF, TITLES, type VerificationRuns } from './runs.ts';

/**
 * @param curves share of validation problems that were solved, by reward and run
 * @param agreement share of rollouts on which judge and verifier agree, by run of self-verification
 */
export function sectionsOf(
  found: readonly VerificationRuns[],
  curves: Readonly<Record<VerificationRuns['reward'], Curve[]>>,
  agreement: readonly Curve[],
): Section[] {
  return [
    {
      kind: 'plots',
      title: 'Curves',
      note: `Solved: by the rule of the verifier, every number once and the target reached. ${BANDS}`,
      plots: [
        sharePlot(
          'Validation problems solved',
          REWARDS.map((reward) => overSeeds(TITLES[reward], curves[reward])),
          'share of rollouts',
        ),
        sharePlot('Self-verification: reward, and its agreement with the verifier', [
          overSeeds('reward accuracy', agreement),
          overSeeds(
            'accepted by the judge',
            metricCurves(runsOf(found, SELF), (m) => m.proxyReward, WINDOW),
            true,
          ),
        ]),
        sharePlot(
          'Proxy rewards, each scaled from its minimum to its maximum',
          REWARDS.map((reward) =>
            overSeeds(
              TITLES[reward],
              scaledTogether(metricCurves(runsOf(found, reward), (m) => m.proxyReward, WINDOW)),
            ),
          ),
          'scaled',
        ),
        stepPlot(
          'Response length',
          'tokens',
          REWARDS.map((reward) =>
            overSeeds(
              TITLES[reward],
              metricCurves(runsOf(found, reward), (m) => m.length, WINDOW),
            ),
          ),
        ),
      ],
    },
    {
      kind: 'table',
      title: 'Numbers',
      columns: ['reward', 'solved, start', 'peak', 'end'],
      rows: REWARDS.map((reward) => [TITLES[reward], ...courseCells(curves[reward])]),
    },
  ];
}
