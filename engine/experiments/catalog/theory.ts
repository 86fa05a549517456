/** Predicted against measured shares of the majority answer: one exact step, many steps, and the optimum. */
import { bootstrap, DIFFERENCES, FEWEST_VALUES } from '../../analysis/estimates.ts';
import {
  type AnswerShare,
  answerShares,
  changeRatio,
  checkTheorem,
  fitCommonGrowth,
  fitGrowth,
  type GrowthFit,
  initialMajorityShares,
  oneStepChanges,
  optimum,
  type PredictionError,
  predictionError,
  type ShareObservation,
  type StepGroup,
  shareAt,
  splitInTime,
  totalVariation,
  votersOf,
} from '../../analysis/theory.ts';
import type { Estimate } from '../../protocol/index.ts';
import type { Criterion, Experiment, ExperimentContext, ExperimentRun, Findings } from '../experiment.ts';
import { above, type Curve, meanOf, overSeeds } from '../parts/common.ts';
import { chosen, configOn, histories, type ProbedProblem, probe, sameAnswer } from '../parts/problems.ts';
import type { Cell } from '../report/page.ts';
import type { PlotPoint, PlotSeries } from '../report/plots.ts';
import { figure, interval } from '../report/text.ts';

const SINGLE_PROBLEMS = 12;
/** Bounds that the criteria state. */
const LARGEST_ERROR = 0.1;
const LEAST_END = 0.95;
/** Changes of one step are as predicted up to this factor either way. */
const LARGEST_FACTOR = 2;
/** The growth of a problem is fitted to this part of its steps, and the others are predicted. */
const FITTED = 1 / 3;
/** Growths this many standard errors above 0 count as growth. */
const ERRORS = 2;
/** Problems alone that the report draws. */
const DRAWN = 6;
/** Every so many steps, a point in the scatter plot. */
const THINNED = 5;

const KINDS = { single: 'problems alone', set: 'a small set' } as const;
type Kind = keyof typeof KINDS;

export interface TheoryRun {
  kind: Kind;
  seed: number;
  run: ExperimentRun;
}

async function theoryRuns(context: ExperimentContext): Promise<TheoryRun[]> {
  const { base, seeds } = context;
  const dataset = { ...base.dataset, limit: base.dataset.limit ?? base.batch };
  context.expect(1 + seeds.length * (1 + SINGLE_PROBLEMS));
  // The probe names the problems; its votes are those of a step.
  const problems = await probe(context, 'probe', { dataset, votes: base.votes });
  const alone = problems.slice(0, SINGLE_PROBLEMS);
  context.expect(1 + seeds.length * (1 + alone.length));
  const make = async (kind: Kind, name: string, of: readonly ProbedProblem[], seed: number) => {
    const changes = { seed, batch: Math.min(of.length, base.batch), evaluation: { samples: 0 } };
    const run = await context.run(`${name}-${seed}`, configOn(context, changes, chosen(dataset, of)));
    return { kind, seed, run };
  };
  return Promise.all(
    seeds.flatMap((seed) => [
      make('set', 'set', problems, seed),
      ...alone.map((problem, i) => make('single', `problem-${i + 1}`, [problem], seed)),
    ]),
  );
}

/** One problem in one run. */
interface Track {
  kind: Kind;
  seed: number;
  id: string;
  prompt: string;
  history: StepGroup[];
  /** Share of the first majority answer at each step. */
  shares: ShareObservation[];
  fit: GrowthFit | null;
  /** Shares behind the first third of the steps, and the growth that was fitted to that third. */
  late: readonly ShareObservation[];
  early: GrowthFit | null;
  /** Whether the last majority is the first one. */
  kept: boolean;
}

function tracksOf({ kind, seed, run }: TheoryRun): Track[] {
  return [...histories(run)].flatMap(([problem, all]) => {
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
      prompt: run.problems[problem]!.text,
      history,
      shares,
      fit: fitGrowth(shares),
      late,
      early: fitGrowth(early),
      kept: last !== null && sameAnswer(first.answer, last.answer),
    };
  });
}

/** A track of one kind, with what theory predicts of it without having seen it. */
interface Predicted extends Track {
  /** The one growth of all other problems; null where there are none. */
  others: number | null;
  /** Errors of predictions with it, and, behind the first third, with the problem's own growth in that third. */
  error: PredictionError | null;
  ownError: PredictionError | null;
  distances: Distances;
}

interface Summary {
  kind: Kind;
  tracks: Predicted[];
  common: GrowthFit | null;
  /** What the votes' chance alone would give as an error. */
  chance: number | null;
  /** By how much the shares rise, and predictions are nearer than "unchanged": over problems, null for too few. */
  rise: Estimate | null;
  gain: Estimate | null;
  ownGain: Estimate | null;
  /** By how much the last answers are nearer to pi* than to the first ones. */
  nearer: Estimate | null;
  /** Mean measured over mean predicted change of one step. */
  ratio: Estimate | null;
}

export function summarize(kind: Kind, own: readonly Track[]): Summary {
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
    chance: meanOf(own.flatMap(({ shares }) => shares.slice(1).map(chanceError))),
    rise: overProblems(tracks, riseOf),
    gain: overProblems(tracks, ({ error }) => gained(error)),
    ownGain: overProblems(tracks, ({ ownError }) => gained(ownError)),
    nearer: overProblems(tracks, ({ distances: { start, best } }) => start - best),
    ratio: ids.length < FEWEST_VALUES ? null : changeRatio(changes),
  };
}

/** Mean of a difference over problems, each with its mean over seeds; null for too few problems to tell it from 0. */
function overProblems<T extends Track>(tracks: readonly T[], of: (track: T) => number | null): Estimate | null {
  const values = [...new Set(tracks.map(({ id }) => id))].flatMap(
    (id) => meanOf(tracks.filter((track) => track.id === id).map(of)) ?? [],
  );
  return values.length < FEWEST_VALUES ? null : bootstrap(values, 0, DIFFERENCES);
}

/** Mean share in the last third of the steps, less that in the first. */
function riseOf({ shares }: Track): number {
  const part = Math.ceil(shares.length / 3);
  const average = (of: readonly ShareObservation[]) => meanOf(of.map(({ share }) => share))!;
  return average(shares.slice(-part)) - average(shares.slice(0, part));
}

/** Mean absolute deviation of a share of n votes from its mean p: sqrt(2 p (1 - p) / (pi n)), by the normal limit. */
function chanceError({ share, votes }: ShareObservation): number {
  return Math.sqrt((2 * share * (1 - share)) / (Math.PI * votes));
}

/** Distances of the last step's answers from those of pi*, of the first step, and of the first majority alone. */
interface Distances {
  best: number;
  start: number;
  limit: number;
}

function distancesOf({ history, shares }: Track, growth: number): Distances {
  const [first, last] = [history[0]!.group, history.at(-1)!.group];
  const measured = answerShares(last);
  const steps = shares.at(-1)!.step - shares[0]!.step;
  // Without growth the policy stays what it is: an infinite beta.
  const beta = growth > 0 ? 1 / (growth * steps) : Number.POSITIVE_INFINITY;
  const voters = votersOf(first);
  const votes = voters.rollouts.map(({ cluster }) => (cluster === 0 ? 1 : 0));
  const { clusters } = optimum(voters, votes, beta);
  const best: AnswerShare[] = first.clusters.map(({ answer }, c) => ({ answer, share: clusters[c]! }));
  const distance = (to: AnswerShare[]) => totalVariation(to, measured, sameAnswer);
  const [majority] = first.clusters;
  return {
    best: distance(best),
    start: distance(answerShares(first)),
    limit: distance([{ answer: majority!.answer, share: 1 }]),
  };
}

const text = (estimate: Estimate | null) => (estimate ? interval(estimate) : 'not measured');

export function findings(runs: readonly TheoryRun[]): Findings {
  const tracks = runs.flatMap(tracksOf);
  const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => tracks.some((track) => track.kind === kind));
  const summaries = kinds.map((kind) =>
    summarize(
      kind,
      tracks.filter((track) => track.kind === kind),
    ),
  );
  return {
    criteria: criteriaOf(tracks, summaries),
    remarks: summaries.flatMap(remarkOf),
    sections: [
      {
        kind: 'plots',
        title: 'Mean share of the first majority answer',
        note: 'Measured; predicted from the first step with the one growth of all other problems; and predicted behind the first third of the steps, with the growth of each problem in that third. Bands: 95% over problems and seeds.',
        plots: summaries.map(({ kind, tracks: own }) => ({
          kind: 'lines' as const,
          title: KINDS[kind],
          x: 'step',
          y: 'share',
          yRange: [0, 1] as const,
          series: curvesOf(own),
        })),
      },
      {
        kind: 'plots',
        title: 'Predicted against measured',
        note: `Shares at every ${THINNED}th step, predicted as above.`,
        plots: summaries.map(({ kind, tracks: own }) => ({
          kind: 'points' as const,
          title: KINDS[kind],
          x: 'predicted',
          y: 'measured',
          xRange: [0, 1] as const,
          yRange: [0, 1] as const,
          diagonal: true,
          series: [
            { name: 'growth of the others', points: scattered(own, byOthers) },
            { name: 'growth of each', points: scattered(own, byOwn) },
          ],
        })),
      },
      {
        kind: 'plots',
        title: 'Problems alone',
        note: 'The first problems, of the first seed. Predicted behind the first third of the steps, with the growth of each in that third.',
        plots: (summaries.find(({ kind }) => kind === 'single')?.tracks ?? [])
          .filter(({ seed }) => seed === runs[0]?.seed)
          .slice(0, DRAWN)
          .map((track) => ({
            kind: 'lines' as const,
            title: track.prompt,
            x: 'step',
            y: 'share',
            yRange: [0, 1] as const,
            series: [
              { name: 'measured', points: track.shares.map(({ step, share }) => ({ x: step, y: share })) },
              ...predictedSeries('predicted', [track], byOwn),
            ],
          })),
      },
      {
        kind: 'table',
        title: 'Growth and errors',
        note: 'Growth: of the logit of the share, a step, with one for all; its inverse is beta. Errors: mean absolute difference of predicted and measured shares; "unchanged" predicts that the share stays. Predicted with the one growth of all other problems, from the share of the step before or of the first step; and behind the first third of the steps, with the growth of each problem in that third, from the share at its end. Chance: what the finite number of votes alone would give.',
        columns: [
          '',
          'problems',
          'growth',
          'beta',
          'explained',
          'one step: error',
          'unchanged',
          'many steps: error',
          'unchanged',
          'own growth: error',
          'unchanged',
          'chance',
        ],
        rows: summaries.map((summary) => {
          const { kind, tracks: own, common, chance } = summary;
          const { one, many, late } = errorsOf(summary);
          return [
            KINDS[kind],
            own.length,
            growthCell(common),
            common?.beta ?? null,
            common?.explained ?? null,
            ...one,
            ...many,
            ...late,
            chance,
          ];
        }),
      },
      {
        kind: 'table',
        title: 'Distance from the last answers',
        note: 'Total variation, mean over problems and seeds: 0 for the same distribution of answers, 1 for none in common. The beta is that of all other problems.',
        columns: ['', 'pi* at the beta of the others', 'answers of the first step', 'first majority alone'],
        rows: summaries.map(({ kind, tracks: own }) => [
          KINDS[kind],
          bootstrap(own.map(({ distances }) => distances.best)),
          bootstrap(own.map(({ distances }) => distances.start)),
          bootstrap(own.map(({ distances }) => distances.limit)),
        ]),
      },
      {
        kind: 'table',
        title: 'Each problem alone',
        columns: ['problem', 'seed', 'majority', 'is', 'kept', 'share, first', 'last', 'growth', 'beta', 'explained'],
        rows: tracks
          .filter(({ kind }) => kind === 'single')
          .map(({ prompt, seed, history, shares, fit, kept }) => {
            const { answer, correct } = history[0]!.group.majority!;
            return [
              prompt,
              seed,
              answer,
              correct === null ? null : correct ? 'right' : 'wrong',
              kept ? 'yes' : 'no',
              shares[0]!.share,
              shares.at(-1)!.share,
              growthCell(fit),
              fit?.beta ?? null,
              fit?.explained ?? null,
            ];
          }),
      },
    ],
  };
}

/** Mean errors of predictions, each beside that of "unchanged". */
function errorsOf({ tracks }: Summary): Record<'one' | 'many' | 'late', [number | null, number | null]> {
  const mean = (of: 'error' | 'ownError', key: keyof PredictionError) =>
    meanOf(tracks.map((track) => track[of]?.[key] ?? null));
  return {
    one: [mean('error', 'oneStep'), mean('error', 'oneStepUnchanged')],
    many: [mean('error', 'manySteps'), mean('error', 'manyStepsUnchanged')],
    late: [mean('ownError', 'manySteps'), mean('ownError', 'manyStepsUnchanged')],
  };
}

function criteriaOf(tracks: readonly Track[], summaries: readonly Summary[]): Criterion[] {
  const seeds = [...new Set(tracks.map(({ seed }) => seed))];
  const checks = seeds.map((seed) =>
    checkTheorem(
      tracks.filter((t) => t.seed === seed).map(({ history: h }) => ({ first: h[0]!.group, last: h.at(-1)!.group })),
      sameAnswer,
    ),
  );
  const kept = tracks.filter((track) => track.kept);
  const fitted = kept.filter(({ fit }) => fit !== null && fit.error !== null);
  const growing = fitted.filter(({ fit }) => fit!.growth > ERRORS * fit!.error!);
  const explained = median(fitted.flatMap(({ fit }) => fit!.explained ?? []));
  const ends = meanOf(kept.map(({ shares }) => shares.at(-1)!.share));
  const each = (of: (summary: Summary) => string) => summaries.map((s) => `${KINDS[s.kind]} ${of(s)}`).join('; ');
  const all = (of: (summary: Summary) => boolean | null) => {
    const met = summaries.map(of);
    if (met.includes(false)) return false;
    return met.length === 0 || met.includes(null) ? null : true;
  };
  const positive = (estimate: Estimate | null) => estimate && estimate.low > 0;
  const rises = all(({ rise }) => positive(rise));
  // What stays as it is keeps its majority, and predictions of no change come true: neither speaks for the theory.
  const learned = (criterion: Criterion): Criterion =>
    criterion.met && !rises
      ? { ...criterion, measured: `${criterion.measured} (not decided: the share does not rise)`, met: null }
      : criterion;
  const against = ([error, unchanged]: [number | null, number | null], gain: Estimate | null) =>
    `${figure(error)} against ${figure(unchanged)}, nearer by ${text(gain)}`;
  return [
    {
      expected:
        'The share of the first majority answer rises: from the first third of the steps to the last, the interval over problems lies above 0.',
      measured: each(({ rise }) => `by ${text(rise)}`) || 'not measured',
      met: rises,
    },
    learned({
      expected:
        'Most problems end with the majority that they began with: in every seed the interval lies above one half.',
      measured: checks.map((check) => `${text(check.kept)} of ${check.problems}`).join('; '),
      met: checks.length === 0 ? null : checks.every((check) => check.kept !== null && check.kept.low > 0.5),
    }),
    learned({
      expected: `A majority that stays goes to 1: the shares of kept answers end above ${LEAST_END} on average (0.985 to 0.998 in the paper).`,
      measured: `${figure(ends)}, over ${kept.length} problems and seeds`,
      met: ends === null ? null : ends > LEAST_END,
    }),
    learned(
      above(
        `It goes there geometrically: for most kept answers the logit of the share grows by more than ${ERRORS} standard errors a step.`,
        fitted.length === 0 ? null : growing.length / fitted.length,
        0.5,
        `${growing.length} of ${fitted.length}; a straight line explains ${figure(explained)} of the logits' variance (median)`,
      ),
    ),
    learned({
      expected: `With the growth that a problem had in the first third of the steps, predictions of the others are off by less than ${LARGEST_ERROR} on average, and nearer than the share at the end of that third: the interval over problems lies above 0.`,
      measured: each((s) => `${against(errorsOf(s).late, s.ownGain)} (chance alone ${figure(s.chance)})`),
      met: all((s) => {
        const [error] = errorsOf(s).late;
        return s.ownGain && s.ownGain.low > 0 && error! < LARGEST_ERROR;
      }),
    }),
    learned({
      expected:
        'With the one growth of all other problems, predictions from the first step are nearer to the measured shares than the share of that step: the interval over problems lies above 0.',
      measured: each((s) => against(errorsOf(s).many, s.gain)),
      met: all(({ gain }) => positive(gain)),
    }),
    learned({
      expected: `Shares change in one step as predicted with the growth of all other problems: the interval of the mean measured over the mean predicted change, over problems, lies between ${figure(1 / LARGEST_FACTOR)} and ${LARGEST_FACTOR}.`,
      measured: each((s) => {
        const [error, unchanged] = errorsOf(s).one;
        return `${text(s.ratio)} (single predictions tell little: off by ${figure(error)}, "unchanged" by ${figure(unchanged)}, by chance alone about ${figure(s.chance === null ? null : s.chance * Math.SQRT2)})`;
      }),
      met: all(({ ratio }) => ratio && ratio.low > 1 / LARGEST_FACTOR && ratio.high < LARGEST_FACTOR),
    }),
    learned({
      expected:
        'The last answers are nearer to the optimum pi* at the beta of all other problems than to the first answers: the interval of the difference of the distances, over problems, lies above 0.',
      measured: each(({ nearer }) => text(nearer)),
      met: all(({ nearer }) => positive(nearer)),
    }),
  ];
}

function remarkOf(summary: Summary): string[] {
  const { kind, common, chance, tracks } = summary;
  const of = `Of ${KINDS[kind]}`;
  if (!common || common.beta === null) return [`${of}, the shares do not grow, so that there is no beta.`];
  const distance = (to: keyof Distances) => figure(meanOf(tracks.map(({ distances }) => distances[to])));
  const [lost, kept] = [tracks.filter((track) => !track.kept), tracks.filter((track) => track.kept)];
  const start = (own: readonly Track[]) => figure(meanOf(own.map(({ shares }) => shares[0]!.share)));
  return [
    `${of}: beta is ${figure(common.beta)}, so that 1 - share falls by the factor ${figure(common.rate)} a step while it is small. The answers of the last step are ${distance('best')} away from pi* (total variation), ${distance('limit')} from the first majority alone.`,
    `${of}: a step changes a share by ${figure(errorsOf(summary).one[1])}, of which the finite number of votes would give about ${figure(chance === null ? null : chance * Math.SQRT2)} alone: two measured shares differ so much by chance.`,
    ...(lost.length > 0
      ? [
          `${of}: ${lost.length} of ${tracks.length} lost their first majority. Its share began at ${start(lost)} there, and at ${start(kept)} elsewhere.`,
        ]
      : []),
  ];
}

function growthCell(fit: GrowthFit | null): Cell {
  if (fit === null || fit.error === null) return fit?.growth ?? null;
  return { mean: fit.growth, low: fit.growth - 1.96 * fit.error, high: fit.growth + 1.96 * fit.error };
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** From which share on, and with which growth, a track is predicted; null where nothing was fitted. */
type Basis = (track: Predicted) => { from: readonly ShareObservation[]; growth: number } | null;
const byOthers: Basis = ({ shares, others }) => (others === null ? null : { from: shares, growth: others });
const byOwn: Basis = ({ late, early }) => early && { from: late, growth: early.growth };

/** Predicted beside measured shares: none for the share that a prediction starts from. */
function predictions(track: Predicted, basis: Basis): { step: number; predicted: number; measured: number }[] {
  const found = basis(track);
  if (found === null) return [];
  const [start, ...later] = found.from;
  return later.map(({ step, share }) => ({ step, predicted: shareAt(start!, found.growth, step), measured: share }));
}

function predictedSeries(name: string, tracks: readonly Predicted[], basis: Basis): PlotSeries[] {
  const curves = tracks.flatMap((track): Curve[] => {
    const curve = predictions(track, basis).map(({ step, predicted }) => ({ step, value: predicted }));
    return curve.length > 0 ? [curve] : [];
  });
  const { points, ...series } = overSeeds(name, curves, true);
  // Without a band, which would hide that of what was measured.
  return curves.length === 0 ? [] : [{ ...series, points: points.map(({ x, y }) => ({ x, y })) }];
}

function curvesOf(tracks: readonly Predicted[]): PlotSeries[] {
  return [
    overSeeds(
      'measured',
      tracks.map(({ shares }) => shares.map(({ step, share }) => ({ step, value: share }))),
    ),
    ...predictedSeries('predicted, growth of the others', tracks, byOthers),
    ...predictedSeries('predicted, growth of each', tracks, byOwn),
  ];
}

function scattered(tracks: readonly Predicted[], basis: Basis): PlotPoint[] {
  return tracks.flatMap((track) =>
    predictions(track, basis)
      .filter(({ step }) => (step - track.shares[0]!.step) % THINNED === 0)
      .map(({ predicted, measured }) => ({ x: predicted, y: measured })),
  );
}

export const theory: Experiment = {
  name: 'theory',
  title: 'Predicted and measured shares',
  question: 'Does the share of the majority answer grow as the theory of sharpening says?',
  finding:
    'Section 4: an exact step multiplies the odds of the majority answer by e^(1/beta). Where the majority stays the same, its share goes to 1 geometrically with the rate e^(-1/beta), and the policy becomes the first one given the first majority answer; in the paper the share reached 98.5 to 99.8% within 50 steps.',
  method:
    'Problems alone, and a small set of them, train with the majority vote. The share of the answer that was the majority at the first step is measured at every step. Growth of its logit (1/beta) is fitted to the first third of a problem’s steps, and the others are predicted with it; and to all other problems, with which its shares are predicted from the step before and from the first. Either prediction has to be nearer than that the share stays. The optimum pi* is the first step’s rollouts re-weighted at the beta of the other problems.',
  defaults: {
    model: 'embedded',
    // The paper's shares are those of step 50.
    steps: 50,
    votes: 32,
    group: 32,
    evaluation: { samples: 0 },
    checkpoint: { every: 100 },
  },
  seeds: 2,
  minutes: 6,
  async run(context) {
    return findings(await theoryRuns(context));
  },
};
