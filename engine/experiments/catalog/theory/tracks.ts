/** Shares of each problem's majority answer, with the theory's predictions. */
import { bootstrap, DIFFERENCES, MIN_VALUES } from '../../../analysis/estimates.ts';
import { type AnswerShare, answerShares, optimum, rolloutsOf, totalVariation } from '../../../analysis/optimum.ts';
import {
  changeRatio,
  fitCommonGrowth,
  fitGrowth,
  type GrowthFit,
  initialMajorityShares,
  oneStepChanges,
  type PredictionError,
  predictionError,
  type ShareObservation,
  type StepGroup,
  shareAt,
  splitInTime,
} from '../../../analysis/theory.ts';
import type { Estimate } from '../../../protocol/index.ts';
import type { ExperimentRun } from '../../experiment.ts';
import { sameAnswer, trainingHistories } from '../../parts/probe.ts';
import { meanOf } from '../../parts/seeds.ts';

/** The growth of a problem is fitted to this part of its steps, and predicts the others. */
const FITTED = 1 / 3;

export const KINDS = { single: 'single problems', set: 'a small set' } as const;
export type TheoryKind = keyof typeof KINDS;

export interface TheoryRun {
  kind: TheoryKind;
  seed: number;
  run: ExperimentRun;
}

/** One problem in one run. */
export interface Track {
  kind: TheoryKind;
  seed: number;
  id: string;
  text: string;
  history: StepGroup[];
  /** Share of the initial majority answer at each step. */
  shares: ShareObservation[];
  fit: GrowthFit | null;
  /** Shares after the first third of the steps, and the growth fitted to that third. */
  late: readonly ShareObservation[];
  early: GrowthFit | null;
  /** Whether the last majority is the initial one. */
  kept: boolean;
}

/** The problems of a run with a majority in at least two steps, each from its first such step. */
export function tracksOf({ kind, seed, run }: TheoryRun): Track[] {
  return [...trainingHistories(run)].flatMap(([problem, all]) => {
    const history = all.slice(
      Math.max(
        0,
        all.findIndex(({ group }) => group.majority !== null),
      ),
    );
    const shares = initialMajorityShares(history, sameAnswer);
    if (shares.length < 2) return [];
    const [first, last] = [history[0]!.group.majority!, history.at(-1)!.group.majority];
    const { early, late } = splitInTime(shares, FITTED);
    return {
      kind,
      seed,
      id: run.problems[problem]!.id,
      text: run.problems[problem]!.text,
      history,
      shares,
      fit: fitGrowth(shares),
      late,
      early: fitGrowth(early),
      kept: last !== null && sameAnswer(first.answer, last.answer),
    };
  });
}

/** A track with its out-of-sample predictions. */
export interface Predicted extends Track {
  /** The common growth of all other problems; null if there are none. */
  others: number | null;
  /** Prediction errors with this growth, and, after the first third, with the problem's own growth in that third. */
  error: PredictionError | null;
  ownError: PredictionError | null;
  distances: Distances;
}

export interface TheorySummary {
  kind: TheoryKind;
  tracks: Predicted[];
  common: GrowthFit | null;
  /** The error due to the finite number of votes alone. */
  chance: number | null;
  /** Rise of the shares, and improvement of predictions over "unchanged": over problems, null for too few. */
  rise: Estimate | null;
  gain: Estimate | null;
  ownGain: Estimate | null;
  /** How much closer the last answers are to pi* than to the first ones. */
  nearer: Estimate | null;
  /** Mean measured change in one step divided by the mean predicted one. */
  ratio: Estimate | null;
}

/**
 * Tracks with predictions out of sample: by the growth of the other problems, and by the problem's own growth in the
 * first third.
 */
export function summarize(kind: TheoryKind, own: readonly Track[]): TheorySummary {
  const ids = [...new Set(own.map(({ id }) => id))];
  const growths = new Map(
    ids.map((id) => [id, fitCommonGrowth(own.filter((t) => t.id !== id).map(({ shares }) => shares))?.growth ?? null]),
  );
  const tracks = own.map((track): Predicted => {
    const { shares, late, early } = track;
    const others = growths.get(track.id)!;
    return {
      ...track,
      others,
      error: others === null ? null : predictionError([shares], others),
      ownError: early && predictionError([late], early.growth),
      distances: distancesOf(track, others ?? 0),
    };
  });
  const gained = (error: PredictionError | null) => error && error.manyStepsUnchanged - error.manySteps;
  const changes = ids.map((id) =>
    tracks.filter((t) => t.id === id).flatMap(({ shares, others }) => oneStepChanges(shares, others ?? 0)),
  );
  return {
    kind,
    tracks,
    common: fitCommonGrowth(own.map(({ shares }) => shares)),
    chance: meanOf(own.flatMap(({ shares }) => shares.slice(1).map(samplingError))),
    rise: overProblems(tracks, shareRise),
    gain: overProblems(tracks, ({ error }) => gained(error)),
    ownGain: overProblems(tracks, ({ ownError }) => gained(ownError)),
    nearer: overProblems(tracks, ({ distances: { start, best } }) => start - best),
    ratio: ids.length < MIN_VALUES ? null : changeRatio(changes),
  };
}

/** Mean of a difference over problems, each with its mean over seeds; null for too few problems. */
function overProblems<T extends Track>(tracks: readonly T[], of: (track: T) => number | null): Estimate | null {
  const values = [...new Set(tracks.map(({ id }) => id))].flatMap(
    (id) => meanOf(tracks.filter((track) => track.id === id).map(of)) ?? [],
  );
  return values.length < MIN_VALUES ? null : bootstrap(values, 0, DIFFERENCES);
}

/** Mean share in the last third of the steps minus that in the first. */
function shareRise({ shares }: Track): number {
  const part = Math.ceil(shares.length / 3);
  const average = (of: readonly ShareObservation[]) => meanOf(of.map(({ share }) => share))!;
  return average(shares.slice(-part)) - average(shares.slice(0, part));
}

/** Mean absolute deviation of a share of n votes from its mean p: sqrt(2 p (1 - p) / (pi n)), normal approximation. */
function samplingError({ share, votes }: ShareObservation): number {
  return Math.sqrt((2 * share * (1 - share)) / (Math.PI * votes));
}

/** Distances of the last step's answers from pi*, from the first step's, and from the initial majority alone. */
export interface Distances {
  best: number;
  start: number;
  limit: number;
}

function distancesOf({ history, shares }: Track, growth: number): Distances {
  const [first, last] = [history[0]!.group, history.at(-1)!.group];
  const measured = answerShares(last);
  const steps = shares.at(-1)!.step - shares[0]!.step;
  // Without growth, the policy does not change: beta is infinite.
  const beta = growth > 0 ? 1 / (growth * steps) : Number.POSITIVE_INFINITY;
  const sampled = rolloutsOf(first);
  const votes = sampled.rollouts.map(({ cluster }) => (cluster === 0 ? 1 : 0));
  const { clusters } = optimum(sampled, votes, beta);
  const best: AnswerShare[] = first.clusters.map(({ answer }, c) => ({ answer, share: clusters[c]! }));
  const distance = (to: AnswerShare[]) => totalVariation(to, measured, sameAnswer);
  const [majority] = first.clusters;
  return {
    best: distance(best),
    start: distance(answerShares(first)),
    limit: distance([{ answer: majority!.answer, share: 1 }]),
  };
}

/** Mean prediction errors, each next to that of "unchanged". */
export function errorsOf({ tracks }: TheorySummary): Record<'one' | 'many' | 'late', [number | null, number | null]> {
  const mean = (of: 'error' | 'ownError', key: keyof PredictionError) =>
    meanOf(tracks.map((track) => track[of]?.[key] ?? null));
  return {
    one: [mean('error', 'oneStep'), mean('error', 'oneStepUnchanged')],
    many: [mean('error', 'manySteps'), mean('error', 'manyStepsUnchanged')],
    late: [mean('ownError', 'manySteps'), mean('ownError', 'manyStepsUnchanged')],
  };
}

/** The shares from which a track is predicted, and the growth; null if nothing was fitted. */
export type PredictionBasis = (track: Predicted) => { from: readonly ShareObservation[]; growth: number } | null;

/** From the first share, with the growth that fits all other problems. */
export const fromOtherProblems: PredictionBasis = ({ shares, others }) =>
  others === null ? null : { from: shares, growth: others };

/** From the first share after the first third of the steps, with the growth that fits this third. */
export const fromOwnHistory: PredictionBasis = ({ late, early }) => early && { from: late, growth: early.growth };

/** Predicted and measured shares, without the share that a prediction starts from. */
export function predictions(
  track: Predicted,
  basis: PredictionBasis,
): { step: number; predicted: number; measured: number }[] {
  const found = basis(track);
  if (found === null) return [];
  const [start, ...later] = found.from;
  return later.map(({ step, share }) => ({ step, predicted: shareAt(start!, found.growth, step), measured: share }));
}
