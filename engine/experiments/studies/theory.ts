/** Predicted against measured shares of the majority answer: one exact step, many steps, and the optimum. */
import { bootstrap } from '../../analysis/estimates.ts';
import {
  type AnswerShare,
  answerShares,
  checkTheorem,
  fitCommonGrowth,
  fitGrowth,
  type GrowthFit,
  initialMajorityShares,
  optimum,
  predictionError,
  type ShareObservation,
  type StepGroup,
  shareAt,
  totalVariation,
} from '../../analysis/theory.ts';
import type { Estimate } from '../../protocol/index.ts';
import type { Cell } from '../report/page.ts';
import type { PlotSeries } from '../report/plots.ts';
import { figure, interval } from '../report/text.ts';
import type { Criterion, Findings, Study, StudyContext, StudyRun } from '../study.ts';
import { above, type Curve, meanOf, overSeeds } from './common.ts';
import { chosen, configOn, histories, type ProbedProblem, probe, sameAnswer } from './problems.ts';

const SINGLE_PROBLEMS = 12;
/** Bounds that the criteria state. */
const LARGEST_ERROR = 0.1;
const LEAST_END = 0.95;
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
  run: StudyRun;
}

async function theoryRuns(context: StudyContext): Promise<TheoryRun[]> {
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
  prompt: string;
  history: StepGroup[];
  /** Share of the first majority answer at each step. */
  shares: ShareObservation[];
  fit: GrowthFit | null;
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
    const kept = last !== null && sameAnswer(first.answer, last.answer);
    return { kind, seed, prompt: run.problems[problem]!.prompt, history, shares, fit: fitGrowth(shares), kept };
  });
}

/** What theory says of the tracks of one kind, with one growth for all of them. */
interface Summary {
  kind: Kind;
  tracks: Track[];
  common: GrowthFit | null;
  /** Errors with the common growth; with each problem's own; and what the votes' chance alone would give. */
  error: ReturnType<typeof predictionError>;
  ownError: number | null;
  chance: number | null;
  /** Distance of the last answers from pi* with the common growth, from the first answers, and from the limit. */
  toOptimum: number[];
  toStart: number[];
  toLimit: number[];
}

export function summarise(kind: Kind, tracks: Track[]): Summary {
  const common = fitCommonGrowth(tracks.map(({ shares }) => shares));
  const growth = common?.growth ?? 0;
  const distances = tracks.map((track) => distancesOf(track, growth));
  const fitted = tracks.filter(({ fit }) => fit !== null);
  return {
    kind,
    tracks,
    common,
    error: predictionError(
      tracks.map(({ shares }) => shares),
      growth,
    ),
    ownError: meanOf(fitted.map(({ shares, fit }) => predictionError([shares], fit!.growth)!.manySteps)),
    chance: meanOf(tracks.flatMap(({ shares }) => shares.slice(1).map(chanceError))),
    toOptimum: distances.map(({ best }) => best),
    toStart: distances.map(({ start }) => start),
    toLimit: distances.map(({ limit }) => limit),
  };
}

/** Mean absolute deviation of a share of n votes from its mean p: sqrt(2 p (1 - p) / (pi n)), by the normal limit. */
function chanceError({ share, votes }: ShareObservation): number {
  return Math.sqrt((2 * share * (1 - share)) / (Math.PI * votes));
}

/** Distances of the last step's answers from those of pi*, of the first step, and of the first majority alone. */
function distancesOf({ history, shares }: Track, growth: number): { best: number; start: number; limit: number } {
  const [first, last] = [history[0]!.group, history.at(-1)!.group];
  const measured = answerShares(last);
  const steps = shares.at(-1)!.step - shares[0]!.step;
  // Without growth the policy stays what it is: an infinite beta.
  const beta = growth > 0 ? 1 / (growth * steps) : Number.POSITIVE_INFINITY;
  const votes = first.rollouts.map(({ cluster }) => (cluster === 0 ? 1 : 0));
  const { clusters } = optimum(first, votes, beta);
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
    summarise(
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
        note: 'Measured, and predicted from the first step with one growth for all problems, and with the growth of each. Bands: 95% over problems and seeds.',
        plots: summaries.map(({ kind, tracks: own, common }) => ({
          kind: 'lines' as const,
          title: KINDS[kind],
          x: 'step',
          y: 'share',
          yRange: [0, 1] as const,
          series: curvesOf(own, common),
        })),
      },
      {
        kind: 'plots',
        title: 'Predicted against measured',
        note: `Shares at every ${THINNED}th step, predicted from the first.`,
        plots: summaries.map(({ kind, tracks: own, common }) => ({
          kind: 'points' as const,
          title: KINDS[kind],
          x: 'predicted',
          y: 'measured',
          xRange: [0, 1] as const,
          yRange: [0, 1] as const,
          diagonal: true,
          series: [
            { name: 'one growth', points: scattered(own, () => common?.growth ?? 0) },
            { name: 'growth of each', points: scattered(own, ({ fit }) => fit?.growth ?? null) },
          ],
        })),
      },
      {
        kind: 'plots',
        title: 'Problems alone',
        note: 'The first problems, of the first seed. Predictions with the growth of each.',
        plots: tracks
          .filter(({ kind, seed }) => kind === 'single' && seed === runs[0]?.seed)
          .slice(0, DRAWN)
          .map((track) => ({
            kind: 'lines' as const,
            title: track.prompt,
            x: 'step',
            y: 'share',
            yRange: [0, 1] as const,
            series: [
              { name: 'measured', points: track.shares.map(({ step, share }) => ({ x: step, y: share })) },
              ...(track.fit ? [{ ...predicted('predicted', track, track.fit.growth), dashed: true }] : []),
            ],
          })),
      },
      {
        kind: 'table',
        title: 'Growth and errors',
        note: 'Growth: of the logit of the share, a step, with one for all; its inverse is beta. Errors: mean absolute difference of predicted and measured shares; "unchanged" predicts that the share stays. Chance: what the finite number of votes alone would give.',
        columns: [
          '',
          'problems',
          'growth',
          'beta',
          'explained',
          'one step: error',
          'unchanged',
          'many steps: error',
          'own growth',
          'unchanged',
          'chance',
        ],
        rows: summaries.map(({ kind, tracks: own, common, error, ownError, chance }) => [
          KINDS[kind],
          own.length,
          growthCell(common),
          common?.beta ?? null,
          common?.explained ?? null,
          error?.oneStep ?? null,
          error?.oneStepUnchanged ?? null,
          error?.manySteps ?? null,
          ownError,
          error?.manyStepsUnchanged ?? null,
          chance,
        ]),
      },
      {
        kind: 'table',
        title: 'Distance from the last answers',
        note: 'Total variation, mean over problems and seeds: 0 for the same distribution of answers, 1 for none in common.',
        columns: ['', 'pi* at the common beta', 'answers of the first step', 'first majority alone'],
        rows: summaries.map(({ kind, toOptimum, toStart, toLimit }) => [
          KINDS[kind],
          bootstrap(toOptimum),
          bootstrap(toStart),
          bootstrap(toLimit),
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
    return met.length === 0 || met.includes(null) ? null : met.every((m) => m === true);
  };
  const nearer = summaries.map(({ toOptimum, toStart }) =>
    bootstrap(toOptimum.map((distance, i) => toStart[i]! - distance)),
  );
  return [
    {
      expected:
        'Most problems end with the majority that they began with: in every seed the interval lies above one half.',
      measured: checks.map((check) => `${text(check.kept)} of ${check.problems}`).join('; '),
      met: checks.length === 0 ? null : checks.every((check) => check.kept !== null && check.kept.low > 0.5),
    },
    {
      expected: `A majority that stays goes to 1: the shares of kept answers end above ${LEAST_END} on average (0.985 to 0.998 in the paper).`,
      measured: `${figure(ends)}, over ${kept.length} problems and seeds`,
      met: ends === null ? null : ends > LEAST_END,
    },
    above(
      `It goes there geometrically: for most kept answers the logit of the share grows by more than ${ERRORS} standard errors a step.`,
      fitted.length === 0 ? null : growing.length / fitted.length,
      0.5,
      `${growing.length} of ${fitted.length}; a straight line explains ${figure(explained)} of the logits' variance (median)`,
    ),
    {
      expected: `Predictions of many steps are off by less than ${LARGEST_ERROR} on average, with the growth of each problem.`,
      measured: each(({ ownError, chance }) => `${figure(ownError)} (chance alone ${figure(chance)})`),
      met: all(({ ownError }) => (ownError === null ? null : ownError < LARGEST_ERROR)),
    },
    {
      expected:
        'With one growth for all problems they are nearer to the measured shares than the shares of the first step.',
      measured: each(({ error }) => `${figure(error?.manySteps)} against ${figure(error?.manyStepsUnchanged)}`),
      met: all(({ error }) => error && error.manySteps < error.manyStepsUnchanged),
    },
    {
      expected: `Predictions of one step are off by less than ${LARGEST_ERROR} on average.`,
      measured: each(({ error }) => `${figure(error?.oneStep)} (unchanged ${figure(error?.oneStepUnchanged)})`),
      met: all(({ error }) => error && error.oneStep < LARGEST_ERROR),
    },
    {
      expected:
        'The last answers are nearer to the optimum pi* at the fitted beta than to the first answers: the interval of the difference of the distances lies above 0.',
      measured: each((s) => text(nearer[summaries.indexOf(s)]!)),
      met: all((s) => {
        const difference = nearer[summaries.indexOf(s)]!;
        return difference && difference.low > 0;
      }),
    },
  ];
}

function remarkOf({ kind, common, error, chance, toOptimum, toLimit, tracks }: Summary): string[] {
  const of = `Of ${KINDS[kind]}`;
  if (!common || common.beta === null) return [`${of}, the shares do not grow, so that there is no beta.`];
  const [lost, kept] = [tracks.filter((track) => !track.kept), tracks.filter((track) => track.kept)];
  const start = (own: readonly Track[]) => figure(meanOf(own.map(({ shares }) => shares[0]!.share)));
  return [
    `${of}: beta is ${figure(common.beta)}, so that 1 - share falls by the factor ${figure(common.rate)} a step while it is small. The answers of the last step are ${figure(meanOf(toOptimum))} away from pi* (total variation), ${figure(meanOf(toLimit))} from the first majority alone.`,
    `${of}: a step changes a share by ${figure(error?.oneStepUnchanged)}, of which the finite number of votes would give about ${figure(chance === null ? null : chance * Math.SQRT2)} alone: two measured shares differ so much by chance.`,
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

function predictedCurve({ shares }: Track, growth: number): Curve {
  return shares.map(({ step }, i) => ({ step, value: i === 0 ? shares[0]!.share : shareAt(shares[0]!, growth, step) }));
}

function predicted(name: string, track: Track, growth: number): PlotSeries {
  return { name, points: predictedCurve(track, growth).map(({ step, value }) => ({ x: step, y: value })) };
}

function curvesOf(tracks: readonly Track[], common: GrowthFit | null): PlotSeries[] {
  const fitted = tracks.filter(({ fit }) => fit !== null);
  const withoutBand = ({ points, ...series }: PlotSeries) => ({
    ...series,
    points: points.map(({ x, y }) => ({ x, y })),
  });
  return [
    overSeeds(
      'measured',
      tracks.map(({ shares }) => shares.map(({ step, share }) => ({ step, value: share }))),
    ),
    withoutBand(
      overSeeds(
        'predicted, one growth',
        tracks.map((track) => predictedCurve(track, common?.growth ?? 0)),
        true,
      ),
    ),
    withoutBand(
      overSeeds(
        'predicted, growth of each',
        fitted.map((track) => predictedCurve(track, track.fit!.growth)),
        true,
      ),
    ),
  ];
}

function scattered(tracks: readonly Track[], growthOf: (track: Track) => number | null) {
  return tracks.flatMap((track) => {
    const growth = growthOf(track);
    if (growth === null) return [];
    return track.shares
      .filter((_, i) => i > 0 && i % THINNED === 0)
      .map(({ step, share }) => ({ x: shareAt(track.shares[0]!, growth, step), y: share }));
  });
}

export const theory: Study = {
  name: 'theory',
  title: 'Predicted and measured shares',
  question: 'Does the share of the majority answer grow as the theory of sharpening says?',
  finding:
    'Section 4: an exact step multiplies the odds of the majority answer by e^(1/beta). Where the majority stays the same, its share goes to 1 geometrically with the rate e^(-1/beta), and the policy becomes the first one given the first majority answer; in the paper the share reached 98.5 to 99.8% within 50 steps.',
  method:
    'Problems alone, and a small set of them, train with the majority vote. The share of the answer that was the majority at the first step is measured at every step. Growth of its logit (1/beta) is fitted to each problem and to all of them, and with it shares are predicted from the step before, and from the first; the optimum pi* is the first step’s rollouts re-weighted at the fitted beta.',
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
