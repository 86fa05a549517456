/**
 * Self-verification on Countdown: checking a solution is easier than finding one, so a model that judges its own solutions
 * has a reward that does not come from its confidence. Compared with trajectory-level entropy and with the verifier as oracle.
 */
import { mean } from '../../protocol/values.ts';
import type { Criterion, Experiment, Findings } from '../experiment.ts';
import { type Curve, metricCurves, smoothed } from '../parts/curves.ts';
import { sampledEvery } from '../parts/runs.ts';
import { seedText } from '../parts/seeds.ts';
import {
  agreementCurve,
  type CurveSummary,
  summarizeCurves,
  validationCurve,
  WINDOW,
} from './self-verification/measures.ts';
import { sectionsOf } from './self-verification/report.ts';
import {
  ENTROPY,
  ORACLE,
  REWARDS,
  run,
  runsOf,
  SELF,
  type VerificationRuns,
  type VerifyAnswer,
} from './self-verification/runs.ts';

/** Smallest change of accuracy that counts: 5 points. */
const MARGIN = 0.05;

/** Compares the course of accuracy under self-verification with that under entropy and under the verifier itself. */
export function findings(found: readonly VerificationRuns[], verify: VerifyAnswer): Findings {
  const of = (reward: VerificationRuns['reward']) => runsOf(found, reward);
  const curves = Object.fromEntries(
    REWARDS.map((reward) => [reward, of(reward).map((r) => validationCurve(r, verify))]),
  ) as Record<VerificationRuns['reward'], Curve[]>;
  const course = Object.fromEntries(REWARDS.map((reward) => [reward, summarizeCurves(curves[reward])])) as Record<
    VerificationRuns['reward'],
    CurveSummary
  >;
  const agreement = of(SELF).map((r) => smoothed(agreementCurve(r, verify), WINDOW));
  const agreed = summarizeCurves(agreement);
  const lowest = agreement.map((curve) => Math.min(...curve.map(({ value }) => value)));
  const [self, entropy, oracle] = [course[SELF], course[ENTROPY], course[ORACLE]];
  const compared = (a: number[], b: number[], holds: (a: number, b: number) => boolean) => {
    const [x, y] = [mean(a), mean(b)];
    return x === null || y === null ? null : holds(x, y);
  };
  const criteria: Criterion[] = [
    {
      expected: `Self-verification raises validation accuracy by more than ${MARGIN * 100} points by the end.`,
      measured: `${seedText(self.start)} before, ${seedText(self.end)} at the end`,
      met: compared(self.end, self.start, (end, start) => end - start > MARGIN),
    },
    {
      expected: `It keeps its gain: it ends less than ${MARGIN * 100} points below its peak.`,
      measured: `peak ${seedText(self.peak)}, end ${seedText(self.end)}`,
      met: compared(self.peak, self.end, (peak, end) => peak - end < MARGIN),
    },
    {
      expected: `Trajectory-level entropy ends more than ${MARGIN * 100} points below self-verification.`,
      measured: `${seedText(entropy.end)} vs. ${seedText(self.end)}`,
      met: compared(self.end, entropy.end, (a, b) => a - b > MARGIN),
    },
    {
      expected: `Trajectory-level entropy collapses: it ends more than ${MARGIN * 100} points below its peak.`,
      measured: `peak ${seedText(entropy.peak)}, end ${seedText(entropy.end)}`,
      met: compared(entropy.peak, entropy.end, (peak, end) => peak - end > MARGIN),
    },
    {
      expected: `Self-verification does not beat the oracle: the oracle ends less than ${MARGIN * 100} points below it.`,
      measured: `${seedText(oracle.end)} vs. ${seedText(self.end)}`,
      met: compared(oracle.end, self.end, (a, b) => b - a < MARGIN),
    },
    {
      expected: 'The reward accuracy of self-verification ends above 0.5.',
      measured: `${seedText(agreed.start)} at the start, lowest ${seedText(lowest)}, ${seedText(agreed.end)} at the end`,
      met: mean(agreed.end) === null ? null : mean(agreed.end)! > 0.5,
    },
  ];
  const accepted = of(SELF).map((r) => summarizeCurves(metricCurves([r], (m) => m.proxyReward, WINDOW)));
  const ends = (which: keyof CurveSummary) => seedText(accepted.flatMap((c) => c[which]));
  return {
    criteria,
    remarks: [
      `The judge accepts ${ends('start')} of the solutions at the start and ${ends('end')} at the end; ${seedText(self.start)} and ${seedText(self.end)} of the solutions to validation problems are right. The difference is how much the judge overestimates the solver.`,
    ],
    sections: sectionsOf(found, curves, agreement),
  };
}

export const selfVerificationExperiment: Experiment = {
  name: 'self-verification',
  title: 'Self-verification on Countdown',
  question: "Does rewarding the model's own checks keep helping where rewarding its confidence collapses?",
  finding:
    'Section 5, finding 9: on Countdown, self-verification kept improving (validation about 0.65), trajectory-level entropy reached 0.35 to 0.40 and collapsed, the oracle 0.70 to 0.75; its reward accuracy dipped and recovered above 0.5.',
  method:
    'One model that solves Countdown problems poorly and judges solutions well trains with three rewards: its own judgments, its log-probabilities, and the verifier. The model has never seen the validation problems, neither to solve nor to judge them.',
  defaults: {
    model: 'embedded:countdown',
    steps: 150,
    batch: 32,
    optimizer: { lr: 1e-4 },
    evaluation: sampledEvery(15),
    checkpoint: { every: 50 },
  },
  seeds: 3,
  minutes: 8,
  async run(context) {
    const { found, verify } = await run(context);
    return findings(found, verify);
  },
};
