/** How each intrinsic reward fails: gradually, by length, or by repetition. */
import { classifyRun, curveOf, FAILURE_RULES, type FailureMode, type RunFailure } from '../../analysis/collapse.ts';
import { figure } from '../../protocol/format.ts';
import type { RewardName } from '../../reward/index.ts';
import type { Criterion, Experiment, ExperimentRun, Findings } from '../experiment.ts';
import { listed } from '../parts/criteria.ts';
import { accuracyCurve, heldFrom, type MetricOf, metricCurves, scaledTogether, stepsOf } from '../parts/curves.ts';
import { failureOf, LOST, lossStep } from '../parts/failure.ts';
import { sharePlot, stepPlot } from '../parts/plots.ts';
import { INTRINSIC, type RewardRuns, runRewards } from '../parts/reward-runs.ts';
import { largeSetDefaults } from '../parts/runs.ts';
import { BANDS, overSeeds, seedCell } from '../parts/seeds.ts';
import type { Section } from '../report/section.ts';

/** The paper's assignment (section 5, finding 2), which does not cover the other rewards. */
export const ASSIGNED: Partial<Record<RewardName, FailureMode>> = {
  'self-certainty': 'gradual',
  'majority-vote': 'gradual',
  probability: 'length',
  'token-entropy': 'repetition',
  'trajectory-entropy': 'repetition',
};
/** Rewards that fail late on the embedded models, and the factor of their learning rate there: the others fail within tens of steps. */
const LATE: readonly RewardName[] = [
  'majority-vote',
  'co-reward',
  'rlccf',
  'empo',
  'trajectory-entropy',
  'probability',
];
const LATE_RATE = 3;
/** A failure mode needs time to show: a run is judged up to this many times the step at which the model was lost. */
const TIMES = 2;
/** Steps that curves are averaged over, in plots and for the order of events. */
const WINDOW = 5;

export interface RunFate {
  /** How it failed, judged up to twice the step at which it was lost, or over all steps if it was not; null without steps. */
  failure: RunFailure | null;
  /** The same over all steps: what a lost model does later depends on how long the run is. */
  atEnd: RunFailure | null;
  /** The step at which the model was lost. */
  lost: number | null;
  /** Steps from which responses are repetitive, or short, to the end. */
  repeated: number | null;
  short: number | null;
}

export interface RewardFate {
  reward: RewardName;
  fates: RunFate[];
  /** The mode of more than half of the runs; null if there is none. */
  mode: FailureMode | null;
}

export function fateOf({ reward, runs }: RewardRuns): RewardFate {
  const fates = runs.map((run): RunFate => {
    const atEnd = failureOf(run);
    const lost = lossStep(run).step;
    const curve = (of: MetricOf) => metricCurves([run], of, WINDOW)[0]!;
    const shorter = atEnd === null ? 0 : FAILURE_RULES.shorter * atEnd.length.start;
    return {
      failure: aroundLoss(run, atEnd, lost),
      atEnd,
      lost,
      repeated: heldFrom(
        curve((m) => m.repetition),
        (value) => value >= FAILURE_RULES.repeated,
      ),
      short: heldFrom(
        curve((m) => m.length),
        (value) => value <= shorter,
      ),
    };
  });
  return { reward, fates, mode: mostOf(fates.map(({ failure }) => failure?.mode ?? 'none')) };
}

/** `RunFate.failure`. Few steps are noisy: if they show no fall, the whole run decides. */
function aroundLoss(run: ExperimentRun, atEnd: RunFailure | null, lost: number | null): RunFailure | null {
  if (atEnd === null || atEnd.mode === 'none' || lost === null) return atEnd;
  const steps = stepsOf(run).filter(({ step }) => step <= TIMES * lost);
  const evaluations = accuracyCurve(run).filter(({ step }) => step <= TIMES * lost);
  const found = classifyRun(curveOf(steps), evaluations);
  return found.mode === 'none' ? atEnd : found;
}

function mostOf(modes: readonly FailureMode[]): FailureMode | null {
  return modes.find((mode) => modes.filter((other) => other === mode).length * 2 > modes.length) ?? null;
}

export function findings(found: readonly RewardRuns[]): Findings {
  const all = found.map(fateOf);
  const criteria = all.flatMap(({ reward, fates, mode }): Criterion[] => {
    const expected = ASSIGNED[reward];
    if (expected === undefined) return [];
    return [
      {
        expected: `Failure mode of ${reward}, in more than half of its runs: ${expected}.`,
        measured: fates.map(({ failure }) => (failure ? `${failure.mode} (${failure.reason})` : 'no steps')).join('; '),
        met: fates.every(({ failure }) => failure === null) ? null : mode === expected,
      },
    ];
  });
  const assigned = found.filter(({ reward }) => ASSIGNED[reward] !== undefined);
  const others = found.filter(({ reward }) => ASSIGNED[reward] === undefined);
  return { criteria, remarks: remarksOf(all), sections: [...plots(assigned, others), table(all)] };
}

function remarksOf(all: readonly RewardFate[]): string[] {
  const fates = all.flatMap((of) => of.fates.map((fate) => ({ reward: of.reward, ...fate })));
  const unhurt = fates.filter(({ failure }) => failure?.mode === 'none');
  const remarks: string[] = [];
  if (unhurt.length > 0) {
    remarks.push(
      `${unhurt.length} of ${fates.length} runs had not failed by their last step (${listed([...new Set(unhurt.map(({ reward }) => reward))])}). A higher learning rate (--lr) or more steps (--steps) would show how they fail.`,
    );
  }
  const missed = all.filter(({ reward, mode }) => ASSIGNED[reward] !== undefined && mode !== ASSIGNED[reward]);
  for (const { reward, fates: own } of missed) {
    const failed = own.flatMap(({ failure }) => failure ?? []);
    if (failed.length === 0) continue;
    const change = (of: (failure: RunFailure) => { start: number; end: number } | null) =>
      failed.map((failure) => of(failure)).map((ends) => `${figure(ends?.start)} to ${figure(ends?.end)}`);
    remarks.push(
      `${reward} did not fail as in the paper. By run: response length went from ${listed(change((f) => f.length))} tokens, repeated trigrams from ${listed(change((f) => f.repetition))}, the proxy reward from ${listed(change((f) => f.proxy))}.`,
    );
  }
  const changed = fates.filter(({ failure, atEnd }) => failure && atEnd && failure.mode !== atEnd.mode);
  if (changed.length > 0) {
    remarks.push(
      `The failure mode is judged up to twice the step at which the model was lost. Judged over all steps, it differs in ${listed(changed.map(({ reward, failure, atEnd, lost }) => `${reward} (${failure!.mode} by step ${TIMES * lost!}, ${atEnd!.mode} at the end)`))}.`,
    );
  }
  return remarks;
}

const MEASURES: readonly {
  title: string;
  y: string;
  of: MetricOf;
  /** Scaled from the minimum to the maximum of each reward: scales differ. */
  scaled?: boolean;
}[] = [
  { title: 'Proxy reward', y: 'scaled', of: (m) => m.proxyReward, scaled: true },
  { title: 'Response length', y: 'tokens', of: (m) => m.length },
  { title: 'Repeated trigrams', y: 'share', of: (m) => m.repetition },
  { title: 'Token entropy of the policy', y: 'nats', of: (m) => m.entropy },
];

function plots(assigned: readonly RewardRuns[], others: readonly RewardRuns[]): Section[] {
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

function table(all: readonly RewardFate[]): Section {
  const cell = (fates: readonly RunFate[], of: (failure: RunFailure) => number | null | undefined) =>
    seedCell(fates.map(({ failure }) => (failure ? (of(failure) ?? null) : null)));
  const steps = (fates: readonly RunFate[], of: (fate: RunFate) => number | null) =>
    fates.map((fate) => of(fate) ?? 'never').join(', ');
  const { ofPeak, drop, repeated, repeatedMore, shorter } = FAILURE_RULES;
  const left = LOST.left * 100;
  return {
    kind: 'table',
    title: 'How each reward failed',
    note: `A model is lost when the correctness of its rollouts (mean over ${LOST.window} steps) is below ${left}% of its peak; the rules are applied up to ${TIMES} times that step, or to all steps. A run failed if true accuracy ends below ${ofPeak * 100}% of its peak and at least ${drop * 100} points below it. Repetition: the last steps repeat at least ${repeated * 100}% of trigrams, and ${repeatedMore * 100} points more than the first steps. Length: the last responses are at most ${shorter * 100}% as long as the first. Gradual: neither, and the proxy reward did not end below its start. Breakdown: neither, and the proxy reward fell too. Repetitive from, short from: the step from which it stayed so.`,
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

export const failureModes: Experiment = {
  name: 'failure-modes',
  title: 'Three failure modes',
  question: 'How does each intrinsic reward break the model?',
  finding:
    'Section 5, finding 2: self-certainty and majority voting fail gradually; the probability reward by length, since short answers win; token-level and trajectory-level entropy by repetition, since padding with likely tokens pays off.',
  method: `All intrinsic rewards train the same model on the same large set of problems, at learning rates at which they fail soon. Each run is classified from its curves by fixed rules, listed below the table. On the embedded models the voting rewards, trajectory-level entropy and probability, which fail late, train with ${LATE_RATE} times the learning rate of the others: at one rate, either they would not fail, or the others would break before their reward could move the model.`,
  defaults: largeSetDefaults({ steps: 140, lr: 1.5e-4, save: 40 }),
  seeds: 2,
  minutes: 9,
  async run(context) {
    const late = { optimizer: { lr: Math.min(1, LATE_RATE * context.base.optimizer.lr) } };
    return findings(
      await runRewards(context, INTRINSIC, (reward) => (context.embedded && LATE.includes(reward) ? late : {})),
    );
  },
};
