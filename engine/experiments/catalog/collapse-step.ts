/** Does the step at which majority voting collapses predict how much a model would gain from labels? */
import { existsSync } from 'node:fs';
import { assetPath } from '../../assets.ts';
import { EMBEDDED } from '../../protocol/embedded.ts';
import { figure } from '../../protocol/format.ts';
import { RECIPES } from '../embedded/recipes.ts';
import type { Criterion, Experiment, ExperimentContext, Findings } from '../experiment.ts';
import { rankText, SIGNIFICANT, significantTrend } from '../parts/criteria.ts';
import { runSeeds } from '../parts/runs.ts';
import { largeSet } from '../parts/sets.ts';
import { type ModelMeasures, type ModelRuns, measure, THRESHOLD } from './collapse-step/measures.ts';
import {
  COLLAPSE,
  MIN_MODELS,
  OUTCOMES,
  PAPER,
  predictorsOf,
  rankCorrelationOf,
  sumOver,
} from './collapse-step/predictors.ts';
import { sectionsOf } from './collapse-step/report.ts';

/** The embedded models that were pre-trained on chains, strongest first. */
const MODELS = ['S', 'S2000', 'S1000', 'W', 'P2000', 'P1000', 'P500'] as const;
/** The aggressive setting: the learning rate times RATE, and 1/PART of the batch per update. */
const RATE = 4;
const PART = 8;
/** The models to rank: the user's, or the embedded ones that are present. */
function modelsOf({ embedded, models }: ExperimentContext): {
  models: { name: string; model: string }[];
  skipped: string[];
} {
  if (!embedded || models.length > 1) {
    return { models: models.map((model) => ({ name: nameOf(model), model })), skipped: [] };
  }
  const missing = MODELS.filter((name) => !existsSync(assetPath('engine', 'embedded', RECIPES[name]!.folder)));
  return {
    models: MODELS.filter((name) => !missing.includes(name)).map((name) => ({
      name,
      model: name === 'S' ? EMBEDDED : `${EMBEDDED}:${name}`,
    })),
    skipped: missing.map((name) => `${name}, whose weights are missing`),
  };
}

function nameOf(model: string): string {
  return model.split(/[\\/]/).at(-1)!;
}

/** Run ids: a number, since names may be equal, then letters, digits, dots and hyphens. */
const idOf = (name: string, i: number) => `${String(i + 1).padStart(2, '0')}-${name.replace(/[^A-Za-z0-9.-]+/g, '-')}`;

async function runModels(context: ExperimentContext, models: readonly { name: string; model: string }[]) {
  const { base, seeds } = context;
  const { dataset, evaluation } = await largeSet(context);
  context.expect(models.length * seeds.length * 2);
  return Promise.all(
    models.map(async ({ name, model }, i): Promise<ModelRuns> => {
      const id = idOf(name, i);
      const [collapse, oracle] = await Promise.all([
        runSeeds(context, `${id}-collapse`, (seed) =>
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
        runSeeds(context, `${id}-oracle`, (seed) =>
          context.config({
            model,
            seed,
            dataset,
            reward: 'ground-truth',
            loss: { measureKl: false },
            evaluation: { ...evaluation, every: 0 },
          }),
        ),
      ]);
      return { name, collapse, oracle };
    }),
  );
}

/** @param skipped omitted models, with the reason */
export function findings(runs: readonly ModelRuns[], skipped: readonly string[] = []): Findings {
  const models = runs.map(measure);
  const rivals = predictorsOf(models).filter((predictor) => predictor !== COLLAPSE && predictor !== PAPER);
  const gain = OUTCOMES[0].of;
  const found = rankCorrelationOf('spearman', models, COLLAPSE.of, gain);
  const against = rivals.map(({ name, of }) => ({ name, found: rankCorrelationOf('spearman', models, of, gain) }));
  const collapse = sumOver(models, COLLAPSE.tokens);
  const oracle = sumOver(models, (m) => m.tokens.oracle);
  const alone =
    models.length < MIN_MODELS ? `${models.length} of at least ${MIN_MODELS} models: nothing to rank` : null;
  const all = models.flatMap(({ paper }) => paper.texts);
  const collapsed = all.filter((text) => !text.startsWith('>'));
  const criteria: Criterion[] = [
    {
      expected: `Majority voting collapses by the paper's definition (reward accuracy below ${THRESHOLD * 100}%) in more than half of the runs.`,
      measured: `${collapsed.length} of ${all.length}: ${models.map((m) => `${m.name} ${m.paper.texts.join(', ')}`).join('; ')}`,
      met: models.every(({ paper }) => paper.mean === null) ? null : collapsed.length * 2 > all.length,
    },
    {
      expected: `The later a model is lost, the more it gains from ground-truth rewards (Spearman, p < ${SIGNIFICANT}).`,
      measured:
        alone ??
        `${rankText(found)}; ${models.map((m) => `${m.name}: step ${figure(m.loss.mean)}, gain ${figure(m.gain)}`).join('; ')}`,
      met: significantTrend(found, 1),
    },
    {
      expected: 'The loss step ranks the gains better than pass@k of the untrained model, for every k.',
      measured:
        alone ??
        `${rankText(found)}, vs. ${against.map((rival) => `${rival.name}: ${rankText(rival.found)}`).join('; ')}`,
      met:
        found === null || against.length === 0 || against.some((rival) => rival.found === null)
          ? null
          : against.every((rival) => found.value > rival.found!.value),
    },
    {
      expected: 'Finding the loss step costs fewer tokens than measuring the gain.',
      measured: `${figure(collapse)} vs. ${figure(oracle)} tokens${collapse > 0 ? `, a factor of ${figure(oracle / collapse)}` : ''}`,
      met: collapse === 0 || oracle === 0 ? null : collapse < oracle,
    },
  ];
  return { criteria, remarks: remarksOf(models, skipped), sections: sectionsOf(runs, models) };
}

function remarksOf(models: readonly ModelMeasures[], skipped: readonly string[]): string[] {
  const remarks = skipped.length > 0 ? [`Left out: ${skipped.join('; ')}.`] : [];
  const all = models.flatMap(({ loss }) => loss.texts);
  const standing = all.filter((text) => text.startsWith('>')).length;
  if (standing > 0) {
    remarks.push(
      `${standing} of ${all.length} runs were not lost by their last step. They count as lost at the next step, so models without a loss are tied; more steps (--steps) would separate them.`,
    );
  }
  if (models.length >= MIN_MODELS) {
    const ceiling = OUTCOMES.map(
      ({ name, of }) => `${name}: ${rankText(rankCorrelationOf('spearman', models, COLLAPSE.of, of))}`,
    );
    const start = rankCorrelationOf('spearman', models, (m) => m.start, OUTCOMES[0].of);
    remarks.push(
      `Ceiling effect: a model that starts at ${figure(Math.max(...models.map((m) => m.start ?? 0)))} can gain at most ${figure(1 - Math.max(...models.map((m) => m.start ?? 0)))}. Start vs. gain: ${rankText(start)}. Loss step vs. ${ceiling.join('; ')}.`,
    );
  }
  const sampling = sumOver(models, (m) => m.tokens.sampling);
  remarks.push(
    `Tokens generated for all models: loss steps ${figure(sumOver(models, COLLAPSE.tokens))}, pass@k ${figure(sampling)}, gains ${figure(sumOver(models, (m) => m.tokens.oracle))}. Labels: the loss step needs them for measuring, not for training; pass@k and the gain need them too.`,
  );
  return remarks;
}

export const collapseStepExperiment: Experiment = {
  name: 'collapse-step',
  title: 'The collapse step ranks models',
  question: 'Does the step at which majority voting collapses predict how much a model would gain from labels?',
  finding:
    'Section 5, finding 7: the Model Collapse Step (first step with a reward accuracy below 1%) ranks seven models like the gain from ground-truth RL, better than pass@k, with 5.6 times fewer tokens; aggressive settings keep the ranking.',
  method: `Each model trains twice on the same large set of problems: by majority voting with aggressive settings (${RATE} times the learning rate, 1/${PART} of the batch per update), which shows its collapse step; and with the ground-truth reward at the normal learning rate, which shows its gain on held-out problems. Accuracy and pass@k of the untrained model are competing predictors.`,
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
