/** Does the step at which majority voting collapses tell how much a model would gain from labels? */
import { existsSync } from 'node:fs';
import { type CollapseStep, collapseStep, collapseText } from '../../analysis/collapse.ts';
import { type Correlation, correlation } from '../../analysis/statistics.ts';
import { assetPath } from '../../assets.ts';
import { RECIPES } from '../embedded/recipes.ts';
import type { Criterion, Experiment, ExperimentContext, ExperimentRun, Findings } from '../experiment.ts';
import {
  accuracyCurve,
  BANDS,
  evaluationsOf,
  groupsOf,
  LOST,
  lossStep,
  meanOf,
  metricCurve,
  overSeeds,
  rankWords,
  SIGNIFICANT,
  seedCell,
  significant,
  smoothed,
  stepsOf,
} from '../parts/common.ts';
import { largeSet } from '../parts/problems.ts';
import type { Cell, Section } from '../report/page.ts';
import { figure } from '../report/text.ts';

/** Priors that ship and were trained on chains of the embedded world, strongest first. */
const PRIORS = ['S', 'S2000', 'S1000', 'W', 'P2000', 'P1000', 'P500'] as const;
/** The aggressive setting: this many times the rate, and this share of the batch in an update. */
const RATE = 4;
const PART = 8;
/** The paper's threshold of reward accuracy, without smoothing. */
const THRESHOLD = 0.01;
/** Fewest models that a rank correlation is computed for. */
const FEWEST = 3;

/** A model with its runs, one of each for each seed. */
export interface ModelRuns {
  name: string;
  /** Majority voting under the aggressive setting. */
  collapse: ExperimentRun[];
  /** The ground truth under the gentle one, with an evaluation before and after. */
  oracle: ExperimentRun[];
}

export interface Steps {
  mean: number | null;
  texts: string[];
}

/** What was measured of a model: means over seeds. */
export interface Measured {
  name: string;
  /** The paper's Model Collapse Step: mean, and by run. A run without one counts as one more than its last step. */
  paper: Steps;
  /** The same for the step at which the model was lost (`lossStep`). */
  loss: Steps;
  start: number | null;
  reached: number | null;
  gain: number | null;
  /** gain / (1 - start): the share of the way to the ceiling. */
  headRoom: number | null;
  gains: (number | null)[];
  passAtK: Map<number, number>;
  tokens: { loss: number; paper: number; sampling: number; oracle: number };
}

export function measure({ name, collapse, oracle }: ModelRuns): Measured {
  const losses = collapse.map(lossStep);
  const paper = collapse.map((run) =>
    collapseStep(
      stepsOf(run).map(({ step, metrics }) => ({ step, rewardAccuracy: metrics.rewardAccuracy })),
      { threshold: THRESHOLD },
    ),
  );
  const ends = oracle.map((run) => {
    const curve = accuracyCurve(run);
    return { start: curve[0]?.value ?? null, end: curve.length > 1 ? curve.at(-1)!.value : null };
  });
  const until = (found: readonly CollapseStep[]) =>
    meanOf(collapse.map((run, i) => trained(run, found[i]!.step ?? Number.POSITIVE_INFINITY))) ?? 0;
  const start = meanOf(ends.map((e) => e.start));
  const reached = meanOf(ends.map(({ end }) => end));
  const gains = ends.map((e) => (e.start === null || e.end === null ? null : e.end - e.start));
  const gain = meanOf(gains);
  const curves = oracle.flatMap((run) => evaluationsOf(run)[0]?.atK ?? []);
  const ks = [...new Set(curves.map(({ k }) => k))].sort((a, b) => a - b);
  return {
    name,
    paper: stepsFrom(paper),
    loss: stepsFrom(losses),
    start,
    reached,
    gain,
    headRoom: gain === null || start === null || start === 1 ? null : gain / (1 - start),
    gains,
    passAtK: new Map(ks.map((k) => [k, meanOf(curves.filter((at) => at.k === k).map(({ pass }) => pass.mean))!])),
    tokens: {
      loss: until(losses),
      paper: until(paper),
      sampling: meanOf(oracle.map((run) => evaluated(run, (step) => step === 0))) ?? 0,
      oracle: meanOf(oracle.map((run) => trained(run, Number.POSITIVE_INFINITY) + evaluated(run, () => true))) ?? 0,
    },
  };
}

function stepsFrom(found: readonly CollapseStep[]): Steps {
  const known = found.filter(({ last }) => last !== null);
  return { mean: meanOf(known.map(({ step, last }) => step ?? last! + 1)), texts: found.map(collapseText) };
}

/** Tokens of the rollouts up to a step, that one included. */
function trained(run: ExperimentRun, last: number): number {
  return stepsOf(run).reduce((sum, { step, metrics }) => (step <= last ? sum + (metrics.tokens ?? 0) : sum), 0);
}

function evaluated(run: ExperimentRun, at: (step: number) => boolean): number {
  return groupsOf(run, 'evaluation')
    .filter(({ step }) => at(step))
    .reduce((sum, { rollouts, means }) => sum + Math.round(rollouts * (means.tokens ?? 0)), 0);
}

interface Predictor {
  name: string;
  of(model: Measured): number | null;
  tokens(model: Measured): number;
}

const OUTCOMES = [
  { name: 'gain', of: (m: Measured) => m.gain },
  { name: 'accuracy reached', of: (m: Measured) => m.reached },
  { name: 'gain / head-room', of: (m: Measured) => m.headRoom },
] as const;

const COLLAPSE: Predictor = { name: 'step of the loss', of: (m) => m.loss.mean, tokens: (m) => m.tokens.loss };

const PAPER: Predictor = {
  name: 'collapse step (below 1%)',
  of: (m) => m.paper.mean,
  tokens: (m) => m.tokens.paper,
};

/** The collapse step, and its rivals: pass@k of the untrained model, of which k = 1 is its accuracy. */
function predictorsOf(models: readonly Measured[]): Predictor[] {
  const ks = [...new Set(models.flatMap(({ passAtK }) => [...passAtK.keys()]))].sort((a, b) => a - b);
  return [
    COLLAPSE,
    PAPER,
    ...ks.map((k) => ({
      name: k === 1 ? 'accuracy (pass@1)' : `pass@${k}`,
      of: (m: Measured) => m.passAtK.get(k) ?? null,
      tokens: (m: Measured) => m.tokens.sampling,
    })),
  ];
}

/** null for fewer than three models that have both, or where all are alike. */
function ranked(
  kind: 'spearman' | 'kendall',
  models: readonly Measured[],
  x: (m: Measured) => number | null,
  y: (m: Measured) => number | null,
): Correlation | null {
  const pairs = models.map((m) => ({ x: x(m), y: y(m) })).filter((pair) => pair.x !== null && pair.y !== null);
  if (pairs.length < FEWEST) return null;
  return correlation(
    kind,
    pairs.map((pair) => pair.x!),
    pairs.map((pair) => pair.y!),
  );
}

/** @param skipped models that were left out, with the reason */
export function findings(runs: readonly ModelRuns[], skipped: readonly string[] = []): Findings {
  const models = runs.map(measure);
  const rivals = predictorsOf(models).filter((predictor) => predictor !== COLLAPSE && predictor !== PAPER);
  const gain = OUTCOMES[0].of;
  const found = ranked('spearman', models, COLLAPSE.of, gain);
  const against = rivals.map(({ name, of }) => ({ name, found: ranked('spearman', models, of, gain) }));
  const collapse = total(models, COLLAPSE.tokens);
  const oracle = total(models, (m) => m.tokens.oracle);
  const alone = models.length < FEWEST ? `${models.length} of at least ${FEWEST} models: nothing to rank` : null;
  const all = models.flatMap(({ paper }) => paper.texts);
  const collapsed = all.filter((text) => !text.startsWith('>'));
  const criteria: Criterion[] = [
    {
      expected: `Majority voting collapses by the paper's definition, a reward accuracy below ${THRESHOLD * 100}%, in more than half of the runs.`,
      measured: `${collapsed.length} of ${all.length}: ${models.map((m) => `${m.name} ${m.paper.texts.join(', ')}`).join('; ')}`,
      met: models.every(({ paper }) => paper.mean === null) ? null : collapsed.length * 2 > all.length,
    },
    {
      expected: `The later a model is lost, the more it gains from the ground truth (Spearman, p < ${SIGNIFICANT}).`,
      measured:
        alone ??
        `${rankWords(found)}; ${models.map((m) => `${m.name}: step ${figure(m.loss.mean)}, gain ${figure(m.gain)}`).join('; ')}`,
      met: significant(found, 1),
    },
    {
      expected: 'The step of the loss ranks the gains better than pass@k of the untrained model does, for every k.',
      measured:
        alone ??
        `${rankWords(found)}, against ${against.map((rival) => `${rival.name}: ${rankWords(rival.found)}`).join('; ')}`,
      met:
        found === null || against.length === 0 || against.some((rival) => rival.found === null)
          ? null
          : against.every((rival) => found.value > rival.found!.value),
    },
    {
      expected: 'Finding the step of the loss costs fewer tokens than finding the gain.',
      measured: `${figure(collapse)} against ${figure(oracle)} tokens${collapse > 0 ? `, ${figure(oracle / collapse)} times` : ''}`,
      met: collapse === 0 || oracle === 0 ? null : collapse < oracle,
    },
  ];
  return { criteria, remarks: remarksOf(models, skipped), sections: sectionsOf(runs, models) };
}

function total(models: readonly Measured[], of: (m: Measured) => number): number {
  return models.reduce((sum, m) => sum + of(m), 0);
}

function remarksOf(models: readonly Measured[], skipped: readonly string[]): string[] {
  const remarks = skipped.length > 0 ? [`Left out: ${skipped.join('; ')}.`] : [];
  const all = models.flatMap(({ loss }) => loss.texts);
  const standing = all.filter((text) => text.startsWith('>')).length;
  if (standing > 0) {
    remarks.push(
      `${standing} of ${all.length} models were not lost by their last step. They count as one step more, so models that stand are tied; more steps (--steps) would tell them apart.`,
    );
  }
  if (models.length >= FEWEST) {
    const ceiling = OUTCOMES.map(
      ({ name, of }) => `${name}: ${rankWords(ranked('spearman', models, COLLAPSE.of, of))}`,
    );
    const start = ranked('spearman', models, (m) => m.start, OUTCOMES[0].of);
    remarks.push(
      `The ceiling: a model that starts at ${figure(Math.max(...models.map((m) => m.start ?? 0)))} can gain ${figure(1 - Math.max(...models.map((m) => m.start ?? 0)))} at most. Start against gain: ${rankWords(start)}. Step of the loss against ${ceiling.join('; ')}.`,
    );
  }
  const sampling = total(models, (m) => m.tokens.sampling);
  remarks.push(
    `Tokens generated for all models: steps of the loss ${figure(total(models, COLLAPSE.tokens))}, pass@k ${figure(sampling)}, gains ${figure(total(models, (m) => m.tokens.oracle))}. Labels: the step of the loss needs them to be measured, not to train; pass@k and the gain need them too.`,
  );
  return remarks;
}

function sectionsOf(runs: readonly ModelRuns[], models: readonly Measured[]): Section[] {
  const predictors = predictorsOf(models);
  const rival = predictors.at(-1)!;
  const scatter = (predictor: Predictor, { name, of }: (typeof OUTCOMES)[number]) => ({
    kind: 'points' as const,
    title: `${predictor.name} against ${name}`,
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
  const ks = [...new Set(models.flatMap(({ passAtK }) => [...passAtK.keys()]))].sort((a, b) => a - b);
  return [
    {
      kind: 'plots',
      title: 'Rank',
      plots: [
        ...OUTCOMES.map((outcome) => scatter(COLLAPSE, outcome)),
        ...(rival === PAPER ? [] : [scatter(rival, OUTCOMES[0])]),
      ],
    },
    {
      kind: 'plots',
      title: 'Runs',
      note: `Means over 3 steps. ${BANDS}`,
      plots: [
        {
          kind: 'lines',
          title: 'Reward accuracy, majority vote, aggressive setting',
          x: 'step',
          y: 'share',
          yRange: [0, 1],
          series: runs.map(({ name, collapse }) =>
            overSeeds(
              name,
              collapse.map((run) =>
                smoothed(
                  metricCurve(run, (m) => m.rewardAccuracy),
                  3,
                ),
              ),
            ),
          ),
        },
        {
          kind: 'lines',
          title: 'Correctness of rollouts, ground truth, gentle setting',
          x: 'step',
          y: 'share',
          yRange: [0, 1],
          series: runs.map(({ name, oracle }) =>
            overSeeds(
              name,
              oracle.map((run) =>
                smoothed(
                  metricCurve(run, (m) => m.groundTruthReward),
                  3,
                ),
              ),
            ),
          ),
        },
      ],
    },
    {
      kind: 'table',
      title: 'Models',
      note: `Lost: the first step at which the correctness of the rollouts, a mean over ${LOST.window} steps, is below ${LOST.left * 100}% of its peak. Collapse step: the first with a reward accuracy below ${THRESHOLD * 100}%. A wrong rollout that is outvoted agrees with the truth, so reward accuracy comes that low only where votes are unanimous and wrong. Head-room: 1 - accuracy at the start.`,
      columns: [
        'model',
        'lost at step, by run',
        'collapse step, by run',
        'accuracy',
        ...ks.filter((k) => k > 1).map((k) => `pass@${k}`),
        'reached',
        'gain',
        'gain / head-room',
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
        m.headRoom,
        m.tokens.loss,
        m.tokens.oracle,
      ]),
    },
    {
      kind: 'table',
      title: 'Predictors',
      note: 'Rank correlations over models, with p from all orders (up to 8 models) and the 95% interval of a bootstrap over models. Tokens: of all models.',
      columns: ['predictor', 'of', "Spearman's rho", 'p', "Kendall's tau", 'p', 'tokens'],
      rows: predictors.flatMap((predictor) =>
        OUTCOMES.map(({ name, of }): Cell[] => {
          const [rho, tau] = [
            ranked('spearman', models, predictor.of, of),
            ranked('kendall', models, predictor.of, of),
          ];
          return [
            predictor.name,
            name,
            correlationCell(rho),
            rho?.p ?? null,
            correlationCell(tau),
            tau?.p ?? null,
            total(models, predictor.tokens),
          ];
        }),
      ),
    },
  ];
}

function correlationCell(found: Correlation | null): Cell {
  if (found === null) return null;
  const { value: mean, low, high } = found;
  return low === null || high === null ? mean : { mean, low, high };
}

/** The models to rank: the user's, or the priors that are there. */
function modelsOf({ embedded, models }: ExperimentContext): {
  models: { name: string; model: string }[];
  skipped: string[];
} {
  if (!embedded || models.length > 1) {
    return { models: models.map((model) => ({ name: nameOf(model), model })), skipped: [] };
  }
  const missing = PRIORS.filter((name) => !existsSync(assetPath('engine', 'embedded', RECIPES[name]!.folder)));
  return {
    models: PRIORS.filter((name) => !missing.includes(name)).map((name) => ({
      name,
      model: name === 'S' ? 'embedded' : `embedded:${name}`,
    })),
    skipped: missing.map((name) => `${name}, whose weights are not there`),
  };
}

function nameOf(model: string): string {
  return model.split(/[\\/]/).at(-1)!;
}

/** Names of runs: letters, digits, dots and hyphens, and the place, since names may be alike. */
const idOf = (name: string, i: number) => `${String(i + 1).padStart(2, '0')}-${name.replace(/[^A-Za-z0-9.-]+/g, '-')}`;

async function runModels(context: ExperimentContext, models: readonly { name: string; model: string }[]) {
  const { base, seeds } = context;
  const { dataset, evaluation } = await largeSet(context);
  context.expect(models.length * seeds.length * 2);
  return Promise.all(
    models.map(async ({ name, model }, i): Promise<ModelRuns> => {
      const id = idOf(name, i);
      const collapse = seeds.map((seed) =>
        context.run(
          `${id}-collapse-${seed}`,
          context.config({
            model,
            seed,
            dataset,
            reward: 'majority-vote',
            optimizer: { lr: Math.min(1, RATE * base.optimizer.lr) },
            loss: { miniBatch: base.loss.miniBatch ?? Math.max(1, Math.floor(base.batch / PART)), measureKl: false },
            evaluation: { samples: 0, greedy: false },
          }),
        ),
      );
      const oracle = seeds.map((seed) =>
        context.run(
          `${id}-oracle-${seed}`,
          context.config({
            model,
            seed,
            dataset,
            reward: 'ground-truth',
            loss: { measureKl: false },
            evaluation: { ...evaluation, every: 0 },
          }),
        ),
      );
      return { name, collapse: await Promise.all(collapse), oracle: await Promise.all(oracle) };
    }),
  );
}

export const collapseStepExperiment: Experiment = {
  name: 'collapse-step',
  title: 'The collapse step ranks models',
  question: 'Does the step at which majority voting collapses tell how much a model would gain from labels?',
  finding:
    'Section 5, finding 7: the Model Collapse Step (first step with a reward accuracy below 1%) ranks seven models as the gain of ground-truth RL does, better than pass@k, for 5.6 times fewer tokens; aggressive settings keep the ranking.',
  method: `Each model trains twice on the same large set of problems: by majority vote under an aggressive setting (${RATE} times the rate, 1/${PART} of the batch in an update), which shows the step of its collapse; and by the ground truth at the plain rate, which shows its gain on problems that never train. The untrained model's accuracy and pass@k are rival predictors.`,
  defaults: {
    model: 'embedded',
    steps: 100,
    batch: 32,
    optimizer: { lr: 1e-4 },
    evaluation: { samples: 16, greedy: false },
    checkpoint: { every: 50 },
  },
  seeds: 2,
  minutes: 12,
  compares: true,
  async run(context) {
    const { models, skipped } = modelsOf(context);
    return findings(await runModels(context, models), skipped);
  },
};
