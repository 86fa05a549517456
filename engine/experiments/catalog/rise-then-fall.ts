/** Every intrinsic reward side by side: the proxy reward rises, true accuracy falls. */
import type { RewardName } from '../../reward/index.ts';
import type { Criterion, Experiment, ExperimentRun, Findings } from '../experiment.ts';
import { type Change, evaluatedChanges, meanChange, type ProblemChange } from '../parts/changes.ts';
import { estimateText, listed } from '../parts/criteria.ts';
import { accuracyCurve, type Curve, metricCurve, metricCurves, scaledTogether } from '../parts/curves.ts';
import { brokenAt, failureOf } from '../parts/failure.ts';
import { sharePlot } from '../parts/plots.ts';
import { INTRINSIC, type RewardRuns, runRewards } from '../parts/reward-runs.ts';
import { largeSetDefaults } from '../parts/runs.ts';
import { BANDS, meanOf, overSeeds, seedCell, seedText } from '../parts/seeds.ts';
import type { Section } from '../report/section.ts';

const ORACLE = 'ground-truth';
/** Accuracy counts as lifted or fallen when it changed by at least this much ... */
const CHANGE = 0.05;
/** ... and by this many standard errors, so that among ten rewards without effect none seems to have one. */
const ERRORS = 3;
/** Widths of a 95% interval, in standard errors. */
const WIDTH = 2 * 1.96;
/** Steps averaged at both ends of a proxy reward, and to find the peak of true accuracy. */
const WINDOW = 10;

export interface RewardOutcome {
  reward: RewardName;
  /** Means over the first and the last steps, and the standard error of their difference. */
  proxy: { start: number; end: number; error: number }[];
  /** Accuracy on held-out problems; the peak is that of the evaluation nearest to the steps with the most correct rollouts. */
  accuracy: { start: number | null; peak: number | null; peakStep: number; end: number | null }[];
  /** Change of held-out accuracy up to the peak, and from the peak to the end, paired by problem. */
  lift: Change | null;
  fall: Change | null;
  /** Runs whose weights became non-finite. */
  broken: number;
  modes: string[];
}

export function outcomeOf({ reward, runs }: RewardRuns): RewardOutcome {
  const peaks = runs.map(peakStep);
  const changes = (of: (run: ExperimentRun, peak: number) => ProblemChange[]) =>
    meanChange(
      runs.map((run, i) => of(run, peaks[i]!)),
      ({ accuracy }) => accuracy,
    );
  return {
    reward,
    proxy: runs.flatMap((run) => proxyEnds(metricCurve(run, (m) => m.proxyReward)) ?? []),
    accuracy: runs.map((run, i) => {
      const curve = accuracyCurve(run);
      return {
        start: curve[0]?.value ?? null,
        peak: curve.find(({ step }) => step === peaks[i])?.value ?? null,
        peakStep: peaks[i]!,
        end: curve.at(-1)?.value ?? null,
      };
    }),
    lift: changes((run, peak) => evaluatedChanges(run, { to: peak })),
    fall: changes((run, peak) => evaluatedChanges(run, { from: peak, to: lastEvaluation(run) })),
    broken: runs.filter((run) => brokenAt(run) !== null).length,
    modes: runs.map((run) => failureOf(run)?.mode ?? 'none'),
  };
}

function lastEvaluation(run: ExperimentRun): number {
  return accuracyCurve(run).at(-1)?.step ?? 0;
}

/**
 * The evaluation nearest to the steps with the most correct rollouts. The maximum of several noisy evaluations would be
 * biased upward; here the rollouts choose the step, and the evaluation measures it.
 */
function peakStep(run: ExperimentRun): number {
  const [correctness] = metricCurves([run], (m) => m.groundTruthReward, WINDOW) as [Curve];
  const whole = correctness.slice(WINDOW - 1);
  const highest = whole.reduce((best, point) => (point.value > best.value ? point : best), { step: 0, value: -1 });
  // The middle of the steps that were averaged.
  const middle = Math.max(0, highest.step - WINDOW / 2);
  const evaluations = accuracyCurve(run).map(({ step }) => step);
  return evaluations.reduce((best, step) => (Math.abs(step - middle) < Math.abs(best - middle) ? step : best), 0);
}

/** The standard error comes from differences of adjacent steps, which a slow rise does not widen. */
function proxyEnds(curve: Curve): { start: number; end: number; error: number } | null {
  if (curve.length < 2) return null;
  const values = curve.map(({ value }) => value);
  const window = Math.max(1, Math.min(WINDOW, Math.floor(values.length / WINDOW)));
  const squares = values.slice(1).map((value, i) => (value - values[i]!) ** 2);
  return {
    start: meanOf(values.slice(0, window))!,
    end: meanOf(values.slice(-window))!,
    error: Math.sqrt(meanOf(squares)! / window),
  };
}

/** Whether a change is at least `CHANGE` and `ERRORS` standard errors; null if it was not measured. */
function changed(change: Change | null, sign: 1 | -1): boolean | null {
  if (change === null) return null;
  const { mean, low, high } = change.overProblems;
  return sign * mean >= Math.max(CHANGE, (ERRORS * (high - low)) / WIDTH);
}

/** Whether the proxy reward rose, on average over seeds; null if it was not measured. */
export function rose({ proxy }: RewardOutcome): boolean | null {
  if (proxy.length === 0) return null;
  const rise = proxy.reduce((sum, { start, end }) => sum + end - start, 0) / proxy.length;
  const error = Math.sqrt(proxy.reduce((sum, p) => sum + p.error ** 2, 0)) / proxy.length;
  return rise > ERRORS * error;
}

/** Non-finite weights count as a fall, whatever was measured before. */
export function fell({ fall, broken }: RewardOutcome): boolean | null {
  return broken > 0 || changed(fall, -1);
}

export function lifted({ lift }: RewardOutcome): boolean | null {
  return changed(lift, 1);
}

/** Whether a condition holds for every or some of the rewards; null if none was measured. */
function among(
  outcomes: readonly RewardOutcome[],
  holds: (o: RewardOutcome) => boolean | null,
  wanted: 'every' | 'some',
): boolean | null {
  const found = outcomes.map(holds);
  if (found.length === 0 || found.every((value) => value === null)) return null;
  return wanted === 'some' ? found.includes(true) : found.every((value) => value === true);
}

function negated(value: boolean | null): boolean | null {
  return value === null ? null : !value;
}

export function findings(found: readonly RewardRuns[]): Findings {
  const outcomes = found.map(outcomeOf);
  const intrinsic = outcomes.filter(({ reward }) => reward !== ORACLE);
  const oracle = outcomes.find(({ reward }) => reward === ORACLE)!;
  const names = (of: readonly RewardOutcome[]) => listed(of.map(({ reward }) => reward));
  const risen = intrinsic.filter((o) => rose(o) === true);
  const both = risen.filter((o) => fell(o) === true);
  const lifting = intrinsic.filter((o) => lifted(o) === true);
  const points = CHANGE * 100;
  const criteria: Criterion[] = [
    {
      expected: `The proxy reward of every intrinsic reward ends above its start by more than ${ERRORS} standard errors.`,
      measured: `${risen.length} of ${intrinsic.length}; not: ${names(intrinsic.filter((o) => !risen.includes(o)))}`,
      met: among(intrinsic, rose, 'every'),
    },
    {
      expected: `Accuracy on held-out problems ends at least ${points} points and ${ERRORS} standard errors below its peak, for every intrinsic reward whose proxy reward rose.`,
      measured: `${both.length} of ${risen.length}; not: ${listed(risen.filter((o) => !both.includes(o)).map((o) => `${o.reward} ${estimateText(o.fall?.overProblems ?? null)}`))}`,
      met: among(risen, fell, 'every'),
    },
    {
      expected: `At least one intrinsic reward first raises accuracy by ${points} points and ${ERRORS} standard errors.`,
      measured: listed(lifting.map((o) => `${o.reward} ${estimateText(o.lift?.overProblems ?? null)}`)),
      met: among(intrinsic, lifted, 'some'),
    },
    {
      expected: `The oracle does not fall: it does not end ${points} points and ${ERRORS} standard errors below its peak.`,
      measured: `peak ${seedText(oracle.accuracy.map((a) => a.peak))}, end ${seedText(oracle.accuracy.map((a) => a.end))}; change ${estimateText(oracle.fall?.overProblems ?? null)}${oracle.broken > 0 ? `; weights became non-finite in ${oracle.broken}` : ''}`,
      met: negated(fell(oracle)),
    },
  ];
  return {
    criteria,
    remarks: [`Proxy reward rose and accuracy fell: ${names(both)}. Raised accuracy first: ${names(lifting)}.`],
    sections: [curves(found), table(outcomes)],
  };
}

function curves(found: readonly RewardRuns[]): Section {
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

function table(outcomes: readonly RewardOutcome[]): Section {
  return {
    kind: 'table',
    title: 'Numbers',
    note: `Peak: the evaluation nearest to the ${WINDOW} steps with the most correct rollouts. Changes are paired by problem, with an interval over problems. How a run ended follows the rules of engine/analysis/collapse.ts.`,
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

export const riseThenFall: Experiment = {
  name: 'rise-then-fall',
  title: 'Rise, then fall',
  question: 'Does every intrinsic reward end up hurting the model, while the reward itself keeps rising?',
  finding:
    'Section 5, finding 1: the proxy reward keeps rising while reward accuracy and validation accuracy fall, for every method and hyperparameter; only the timing differs. The oracle keeps improving.',
  method:
    'All intrinsic rewards and the ground-truth reward train the same model on the same large set of problems, with the same settings and seeds. Accuracy is measured on held-out problems. At this learning rate majority voting falls within the run; at lower rates it falls later.',
  defaults: largeSetDefaults({ steps: 160, lr: 3.5e-4, save: 40 }),
  seeds: 2,
  minutes: 15,
  async run(context) {
    return findings(await runRewards(context, [...INTRINSIC, ORACLE]));
  },
};
