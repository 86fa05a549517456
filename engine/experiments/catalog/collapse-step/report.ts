/** Plots and tables of the collapse-step experiment. */
import type { Correlation } from '../../../analysis/correlation.ts';
import { metricCurves } from '../../parts/curves.ts';
import { LOSS_CRITERION } from '../../parts/failure.ts';
import { sharePlot } from '../../parts/plots.ts';
import { BANDS, overSeeds, seedCell } from '../../parts/seeds.ts';
import type { Cell, Section } from '../../report/section.ts';
import { type ModelMeasures, type ModelRuns, THRESHOLD } from './measures.ts';
import { COLLAPSE, OUTCOMES, PAPER, type Predictor, predictorsOf, rankCorrelationOf, sumOver } from './predictors.ts';

/** The sections of the report: the ranking, the curves of the runs, and tables of the models and of the predictors. */
export function sectionsOf(runs: readonly ModelRuns[], models: readonly ModelMeasures[]): Section[] {
  const predictors = predictorsOf(models);
  return [ranking(models, predictors), curves(runs), modelTable(models), predictorTable(models, predictors)];
}

type Outcome = (typeof OUTCOMES)[number];

/** Outcomes against the collapse step, and against the best of its rivals. */
function ranking(models: readonly ModelMeasures[], predictors: readonly Predictor[]): Section {
  const rival = predictors.at(-1)!;
  const scatter = (predictor: Predictor, { name, of }: Outcome) => ({
    kind: 'points' as const,
    title: `${predictor.name} vs. ${name}`,
    x: predictor.name,
    y: name,
    series: [
      {
        name: 'models',
        points: models.flatMap((m) => {
          const [x, y] = [predictor.of(m), of(m)];
          return x === null || y === null ? [] : { x, y, label: m.name };
        }),
      },
    ],
  });
  const own = OUTCOMES.map((outcome) => scatter(COLLAPSE, outcome));
  return {
    kind: 'plots',
    title: 'Ranking',
    plots: rival === PAPER ? own : [...own, scatter(rival, OUTCOMES[0])],
  };
}

function curves(runs: readonly ModelRuns[]): Section {
  return {
    kind: 'plots',
    title: 'Runs',
    note: `Means over 3 steps. ${BANDS}`,
    plots: [
      sharePlot(
        'Reward accuracy, majority vote, aggressive setting',
        runs.map(({ name, collapse }) =>
          overSeeds(
            name,
            metricCurves(collapse, (m) => m.rewardAccuracy, 3),
          ),
        ),
      ),
      sharePlot(
        'Correctness of rollouts, ground-truth reward',
        runs.map(({ name, oracle }) =>
          overSeeds(
            name,
            metricCurves(oracle, (m) => m.groundTruthReward, 3),
          ),
        ),
      ),
    ],
  };
}

function modelTable(models: readonly ModelMeasures[]): Section {
  const ks = [...new Set(models.flatMap(({ passAtK }) => [...passAtK.keys()]))].sort((a, b) => a - b);
  return {
    kind: 'table',
    title: 'Models',
    note: `Loss step: the first step at which the correctness of the rollouts (mean over ${LOSS_CRITERION.window} steps) is below ${LOSS_CRITERION.left * 100}% of its peak. Collapse step: the first step with a reward accuracy below ${THRESHOLD * 100}%. The reward of an outvoted wrong rollout is correct, so reward accuracy is that low only if votes are unanimous and wrong. Headroom: 1 - accuracy at the start.`,
    columns: [
      'model',
      'loss step, by run',
      'collapse step, by run',
      'accuracy',
      ...ks.filter((k) => k > 1).map((k) => `pass@${k}`),
      'reached',
      'gain',
      'gain / headroom',
      'tokens, loss',
      'tokens, gain',
    ],
    rows: models.map((m): Cell[] => [
      m.name,
      m.loss.texts.join(', '),
      m.paper.texts.join(', '),
      m.start,
      ...ks.filter((k) => k > 1).map((k) => m.passAtK.get(k) ?? null),
      m.reached,
      seedCell(m.gains),
      m.headroom,
      m.tokens.loss,
      m.tokens.oracle,
    ]),
  };
}

function predictorTable(models: readonly ModelMeasures[], predictors: readonly Predictor[]): Section {
  return {
    kind: 'table',
    title: 'Predictors',
    note: 'Rank correlations over models, with exact p-values (up to 8 models) and 95% bootstrap intervals over models. Tokens: total of all models.',
    columns: ['predictor', 'of', "Spearman's rho", 'p', "Kendall's tau", 'p', 'tokens'],
    rows: predictors.flatMap((predictor) =>
      OUTCOMES.map(({ name, of }): Cell[] => {
        const [rho, tau] = [
          rankCorrelationOf('spearman', models, predictor.of, of),
          rankCorrelationOf('kendall', models, predictor.of, of),
        ];
        return [
          predictor.name,
          name,
          correlationCell(rho),
          rho?.p ?? null,
          correlationCell(tau),
          tau?.p ?? null,
          sumOver(models, predictor.tokens),
        ];
      }),
    ),
  };
}

function correlationCell(found: Correlation | null): Cell {
  if (found === null) return null;
  const { value: mean, low, high } = found;
  return low === null || high === null ? mean : { mean, low, high };
}
