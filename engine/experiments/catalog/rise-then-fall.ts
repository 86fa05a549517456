/** Every intrinsic reward side by side: the proxy rises, the truth falls. */
import { REGISTRY, type RewardName, rewardOptionsOf } from '../../reward/index.ts';
import type { Changes, Criterion, Experiment, ExperimentContext, ExperimentRun, Findings } from '../experiment.ts';
import {
  accuracyCurve,
  BANDS,
  brokenAt,
  type Curve,
  failureOf,
  listed,
  meanOf,
  metricCurve,
  overSeeds,
  scaledTogether,
  seedCell,
  smoothed,
  words,
} from '../parts/common.ts';
import { type Change, evaluatedChanges, largeSet, meanChange, type ProblemChange } from '../parts/problems.ts';
import { figure } from '../report/text.ts';

/** The rewards that the model gives itself without help from outside; two policies are needed for `rlccf`. */
export const INTRINSIC: readonly RewardName[] = REGISTRY.flatMap(({ name, family }) =>
  family === 'external' ? [] : name,
);
const ORACLE = 'ground-truth';
/** Accuracy counts as lifted or fallen when it changed by this much at least ... */
const CHANGE = 0.05;
/** ... and by this many standard errors, so that ten rewards that do nothing do not look as if one of them did. */
const ERRORS = 3;
/** Widths of a 95% interval, in standard errors. */
const WIDTH = 2 * 1.96;
/** Steps averaged at both ends of a proxy reward, and to find the height of the truth. */
const WINDOW = 10;

export interface RewardRuns {
  reward: RewardName;
  runs: ExperimentRun[];
}

/** Whether a run of this reward can be made with this configuration. */
function possible(reward: RewardName, { base, embedded }: ExperimentContext): boolean {
  return reward !== 'rlccf' || embedded || rewardOptionsOf(base).rlccf.policies.length > 0;
}

/**
 * One run of every reward and seed on the same problems.
 * @param changesOf what a reward's runs have of their own
 */
export async function runRewards(
  context: ExperimentContext,
  rewards: readonly RewardName[],
  changesOf: (reward: RewardName) => Changes = () => ({}),
): Promise<RewardRuns[]> {
  const { dataset, evaluation } = await largeSet(context);
  const wanted = rewards.filter((reward) => possible(reward, context));
  context.expect(wanted.length * context.seeds.length);
  return Promise.all(
    wanted.map(async (reward) => ({
      reward,
      runs: await Promise.all(
        context.seeds.map((seed) =>
          context.run(
            `${reward}-${seed}`,
            context.config({
              ...changesOf(reward),
              reward,
              seed,
              dataset,
              evaluation,
              ...(reward === 'rlccf' &&
                rewardOptionsOf(context.base).rlccf.policies.length === 0 && {
                  rewardOptions: { rlccf: { policies: ['embedded'] } },
                }),
            }),
          ),
        ),
      ),
    })),
  );
}

export interface Outcome {
  reward: RewardName;
  /** Means over the first and the last steps, and the standard error of their difference. */
  proxy: { start: number; end: number; error: number }[];
  /** Accuracy on held-out problems. The height is at the evaluation next to the steps whose rollouts were right most. */
  accuracy: { start: number | null; height: number | null; heightStep: number; end: number | null }[];
  /** Change of held-out accuracy up to the height, and from there to the end, paired by problem. */
  lift: Change | null;
  fall: Change | null;
  /** Runs whose weights were no numbers any more. */
  broken: number;
  modes: string[];
}

export function outcomeOf({ reward, runs }: RewardRuns): Outcome {
  const heights = runs.map(heightStep);
  const changes = (of: (run: ExperimentRun, height: number) => ProblemChange[]) =>
    meanChange(
      runs.map((run, i) => of(run, heights[i]!)),
      ({ accuracy }) => accuracy,
    );
  return {
    reward,
    proxy: runs.flatMap((run) => proxyEnds(metricCurve(run, (m) => m.proxyReward)) ?? []),
    accuracy: runs.map((run, i) => {
      const curve = accuracyCurve(run);
      return {
        start: curve[0]?.value ?? null,
        height: curve.find(({ step }) => step === heights[i])?.value ?? null,
        heightStep: heights[i]!,
        end: curve.at(-1)?.value ?? null,
      };
    }),
    lift: changes((run, height) => evaluatedChanges(run, { to: height })),
    fall: changes((run, height) => evaluatedChanges(run, { from: height, to: lastEvaluation(run) })),
    broken: runs.filter((run) => brokenAt(run) !== null).length,
    modes: runs.map((run) => failureOf(run)?.mode ?? 'none'),
  };
}

function lastEvaluation(run: ExperimentRun): number {
  return accuracyCurve(run).at(-1)?.step ?? 0;
}

/**
 * The evaluation next to the steps whose rollouts were right most. The largest of several noisy evaluations would lie above
 * what it measures; the rollouts choose the step here, and the evaluation measures it.
 */
function heightStep(run: ExperimentRun): number {
  const truth = smoothed(
    metricCurve(run, (m) => m.groundTruthReward),
    WINDOW,
  ).slice(WINDOW - 1);
  const highest = truth.reduce((best, point) => (point.value > best.value ? point : best), { step: 0, value: -1 });
  // The middle of the steps that were averaged.
  const middle = Math.max(0, highest.step - WINDOW / 2);
  const evaluations = accuracyCurve(run).map(({ step }) => step);
  return evaluations.reduce((best, step) => (Math.abs(step - middle) < Math.abs(best - middle) ? step : best), 0);
}

/** The standard error is taken from differences of neighbouring steps, which a slow rise does not widen. */
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

/** Whether a change is at least as large as a number of standard errors and as `CHANGE`; null where none was measured. */
function changed(change: Change | null, sign: 1 | -1): boolean | null {
  if (change === null) return null;
  const { mean, low, high } = change.overProblems;
  return sign * mean >= Math.max(CHANGE, (ERRORS * (high - low)) / WIDTH);
}

/** Whether the proxy rose, on average over seeds; null where it was not measured. */
export function rose({ proxy }: Outcome): boolean | null {
  if (proxy.length === 0) return null;
  const rise = proxy.reduce((sum, { start, end }) => sum + end - start, 0) / proxy.length;
  const error = Math.sqrt(proxy.reduce((sum, p) => sum + p.error ** 2, 0)) / proxy.length;
  return rise > ERRORS * error;
}

/** Weights that are no numbers any more are a fall whatever was measured before. */
export function fell({ fall, broken }: Outcome): boolean | null {
  return broken > 0 || changed(fall, -1);
}

export function lifted({ lift }: Outcome): boolean | null {
  return changed(lift, 1);
}

function changeWords(change: Change | null): string {
  if (change === null) return 'not measured';
  const { mean, low, high } = change.overProblems;
  return `${figure(mean)} (${figure(low)} to ${figure(high)})`;
}

/** `wanted` of what could be measured at all; null where nothing could. */
function among(
  outcomes: readonly Outcome[],
  holds: (o: Outcome) => boolean | null,
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
  const names = (of: readonly Outcome[]) => listed(of.map(({ reward }) => reward));
  const risen = intrinsic.filter((o) => rose(o) === true);
  const both = risen.filter((o) => fell(o) === true);
  const lifting = intrinsic.filter((o) => lifted(o) === true);
  const points = CHANGE * 100;
  const criteria: Criterion[] = [
    {
      expected: `The proxy reward of every intrinsic reward ends above its start, by more than ${ERRORS} standard errors.`,
      measured: `${risen.length} of ${intrinsic.length}; not: ${names(intrinsic.filter((o) => !risen.includes(o)))}`,
      met: among(intrinsic, rose, 'every'),
    },
    {
      expected: `Accuracy on held-out problems ends at least ${points} points and ${ERRORS} standard errors below its height, for every intrinsic reward whose proxy rose.`,
      measured: `${both.length} of ${risen.length}; not: ${listed(risen.filter((o) => !both.includes(o)).map((o) => `${o.reward} ${changeWords(o.fall)}`))}`,
      met: among(risen, fell, 'every'),
    },
    {
      expected: `At least one intrinsic reward first lifts accuracy by ${points} points and ${ERRORS} standard errors.`,
      measured: listed(lifting.map((o) => `${o.reward} ${changeWords(o.lift)}`)),
      met: among(intrinsic, lifted, 'some'),
    },
    {
      expected: `The oracle does not fall: it does not end ${points} points and ${ERRORS} standard errors below its height.`,
      measured: `height ${words(oracle.accuracy.map((a) => a.height))}, end ${words(oracle.accuracy.map((a) => a.end))}; change ${changeWords(oracle.fall)}${oracle.broken > 0 ? `; weights broke in ${oracle.broken}` : ''}`,
      met: negated(fell(oracle)),
    },
  ];
  return {
    criteria,
    remarks: [`Rise and fall together: ${names(both)}. Lifted the model before that: ${names(lifting)}.`],
    sections: [
      {
        kind: 'plots',
        title: 'Curves',
        note: `Proxy rewards have scales of their own; each is drawn from its least (0) to its largest (1) value. ${BANDS}`,
        plots: found.map(({ reward, runs }) => ({
          kind: 'lines' as const,
          title: reward,
          x: 'step',
          y: 'share',
          yRange: [0, 1] as const,
          series: [
            overSeeds('accuracy, held-out', runs.map(accuracyCurve)),
            overSeeds(
              'proxy reward, scaled',
              scaledTogether(
                runs.map((run) =>
                  smoothed(
                    metricCurve(run, (m) => m.proxyReward),
                    5,
                  ),
                ),
              ),
              true,
            ),
          ],
        })),
      },
      {
        kind: 'table',
        title: 'Numbers',
        note: `Height: the evaluation next to the ${WINDOW} steps whose rollouts were right most. Changes are paired by problem, with an interval over problems. How a run ended is told by the rules of engine/analysis/collapse.ts.`,
        columns: [
          'reward',
          'accuracy, start',
          'height',
          'at step',
          'end',
          'change to the height',
          'change from there',
          'proxy, start',
          'proxy, end',
          'ended',
        ],
        rows: outcomes.map((o) => [
          o.reward,
          seedCell(o.accuracy.map((a) => a.start)),
          seedCell(o.accuracy.map((a) => a.height)),
          o.accuracy.map((a) => a.heightStep).join(', '),
          seedCell(o.accuracy.map((a) => a.end)),
          o.lift?.overProblems ?? null,
          o.fall?.overProblems ?? null,
          seedCell(o.proxy.map((p) => p.start)),
          seedCell(o.proxy.map((p) => p.end)),
          [...new Set(o.modes)].join(', '),
        ]),
      },
    ],
  };
}

export const riseThenFall: Experiment = {
  name: 'rise-then-fall',
  title: 'Rise, then fall',
  question:
    'Does every reward that a model gives itself end by hurting the model, while the reward itself goes on rising?',
  finding:
    'Section 5, finding 1: the proxy reward goes on rising while reward accuracy and validation fall, for every method and hyperparameter; only the time differs. The oracle goes on.',
  method:
    'All intrinsic rewards and the ground truth train the same model on the same large set of problems, with the same settings and seeds. Accuracy is measured on problems that never train. The rate is one at which majority voting falls within the run; at lower ones it falls later.',
  defaults: {
    model: 'embedded:W',
    steps: 160,
    batch: 32,
    optimizer: { lr: 3.5e-4 },
    evaluation: { every: 20, samples: 4, greedy: false },
    checkpoint: { every: 40 },
  },
  seeds: 2,
  minutes: 15,
  async run(context) {
    return findings(await runRewards(context, [...INTRINSIC, ORACLE]));
  },
};
