/** Plots and tables of the theory experiment. */
import { bootstrap } from '../../../analysis/estimates.ts';
import type { GrowthFit } from '../../../analysis/theory.ts';
import type { Curve } from '../../parts/curves.ts';
import { sharePlot } from '../../parts/plots.ts';
import { overSeeds } from '../../parts/seeds.ts';
import type { PlotPoint, PlotSeries } from '../../report/plots.ts';
import type { Cell, Section } from '../../report/section.ts';
import {
  errorsOf,
  fromOtherProblems,
  fromOwnHistory,
  KINDS,
  type Predicted,
  type PredictionBasis,
  predictions,
  type TheorySummary,
  type Track,
} from './tracks.ts';

/** Single problems that the report draws. */
const MAX_PLOTTED_PROBLEMS = 6;
/** Steps between the points of the scatter plot. */
const SCATTER_STRIDE = 5;

/** @param seed the first seed, whose single problems are drawn */
export function sectionsOf(
  tracks: readonly Track[],
  summaries: readonly TheorySummary[],
  seed: number | undefined,
): Section[] {
  return [...plots(summaries, seed), growthTable(summaries), distanceTable(summaries), problemTable(tracks)];
}

function plots(summaries: readonly TheorySummary[], first: number | undefined): Section[] {
  const single = summaries.find(({ kind }) => kind === 'single')?.tracks ?? [];
  return [
    {
      kind: 'plots',
      title: 'Mean share of the initial majority answer',
      note: 'Measured; predicted from the first step with the common growth of all other problems; and predicted after the first third of the steps, with the growth of each problem in that third. Bands: 95% over problems and seeds.',
      plots: summaries.map(({ kind, tracks }) => sharePlot(KINDS[kind], curvesOf(tracks))),
    },
    {
      kind: 'plots',
      title: 'Predicted vs. measured',
      note: `Shares at every ${SCATTER_STRIDE}th step, predicted as above.`,
      plots: summaries.map(({ kind, tracks }) => ({
        kind: 'points' as const,
        title: KINDS[kind],
        x: 'predicted',
        y: 'measured',
        xRange: [0, 1] as const,
        yRange: [0, 1] as const,
        diagonal: true,
        series: [
          { name: 'growth of the others', points: scatterPoints(tracks, fromOtherProblems) },
          { name: 'own growth', points: scatterPoints(tracks, fromOwnHistory) },
        ],
      })),
    },
    {
      kind: 'plots',
      title: 'Single problems',
      note: 'The first problems of the first seed. Predicted after the first third of the steps, with the growth of each problem in that third.',
      plots: single
        .filter(({ seed }) => seed === first)
        .slice(0, MAX_PLOTTED_PROBLEMS)
        .map((track) =>
          sharePlot(track.text, [
            { name: 'measured', points: track.shares.map(({ step, share }) => ({ x: step, y: share })) },
            ...predictedSeries('predicted', [track], fromOwnHistory),
          ]),
        ),
    },
  ];
}

function growthTable(summaries: readonly TheorySummary[]): Section {
  return {
    kind: 'table',
    title: 'Growth and errors',
    note: 'Growth: of the logit of the share per step, one for all problems; its inverse is beta. Errors: mean absolute difference of predicted and measured shares; "unchanged" predicts a constant share. Predicted with the common growth of all other problems, from the share of the previous step or of the first step; and after the first third of the steps, with the growth of each problem in that third, from the share at its end. Chance: the error due to the finite number of votes alone.',
    columns: [
      '',
      'problems',
      'growth',
      'beta',
      'explained variance',
      'one step: error',
      'unchanged',
      'many steps: error',
      'unchanged',
      'own growth: error',
      'unchanged',
      'chance',
    ],
    rows: summaries.map((summary) => {
      const { kind, tracks, common, chance } = summary;
      const { one, many, late } = errorsOf(summary);
      return [
        KINDS[kind],
        tracks.length,
        growthCell(common),
        common?.beta ?? null,
        common?.explained ?? null,
        ...one,
        ...many,
        ...late,
        chance,
      ];
    }),
  };
}

function distanceTable(summaries: readonly TheorySummary[]): Section {
  return {
    kind: 'table',
    title: 'Distance from the last answers',
    note: 'Total variation, mean over problems and seeds: 0 for the same distribution of answers, 1 for disjoint ones. The beta is that of all other problems.',
    columns: ['', 'pi* at the beta of the others', 'answers of the first step', 'initial majority alone'],
    rows: summaries.map(({ kind, tracks }) => [
      KINDS[kind],
      bootstrap(tracks.map(({ distances }) => distances.best)),
      bootstrap(tracks.map(({ distances }) => distances.start)),
      bootstrap(tracks.map(({ distances }) => distances.limit)),
    ]),
  };
}

function problemTable(tracks: readonly Track[]): Section {
  return {
    kind: 'table',
    title: 'Each single problem',
    columns: [
      'problem',
      'seed',
      'majority',
      'verdict',
      'kept',
      'share, first',
      'last',
      'growth',
      'beta',
      'explained variance',
    ],
    rows: tracks
      .filter(({ kind }) => kind === 'single')
      .map(({ text, seed, history, shares, fit, kept }) => {
        const { answer, correct } = history[0]!.group.majority!;
        return [
          text,
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
  };
}

function growthCell(fit: GrowthFit | null): Cell {
  if (fit === null || fit.error === null) return fit?.growth ?? null;
  return { mean: fit.growth, low: fit.growth - 1.96 * fit.error, high: fit.growth + 1.96 * fit.error };
}

function predictedSeries(name: string, tracks: readonly Predicted[], basis: PredictionBasis): PlotSeries[] {
  const curves = tracks.flatMap((track): Curve[] => {
    const curve = predictions(track, basis).map(({ step, predicted }) => ({ step, value: predicted }));
    return curve.length > 0 ? [curve] : [];
  });
  const { points, ...series } = overSeeds(name, curves, true);
  // Without a band, which would hide the band of the measured shares.
  return curves.length === 0 ? [] : [{ ...series, points: points.map(({ x, y }) => ({ x, y })) }];
}

function curvesOf(tracks: readonly Predicted[]): PlotSeries[] {
  return [
    overSeeds(
      'measured',
      tracks.map(({ shares }) => shares.map(({ step, share }) => ({ step, value: share }))),
    ),
    ...predictedSeries('predicted, growth of the others', tracks, fromOtherProblems),
    ...predictedSeries('predicted, own growth', tracks, fromOwnHistory),
  ];
}

function scatterPoints(tracks: readonly Predicted[], basis: PredictionBasis): PlotPoint[] {
  return tracks.flatMap((track) =>
    predictions(track, basis)
      .filter(({ step }) => (step - track.shares[0]!.step) % SCATTER_STRIDE === 0)
      .map(({ predicted, measured }) => ({ x: predicted, y: measured })),
  );
}
