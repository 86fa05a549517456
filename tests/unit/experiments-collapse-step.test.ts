/** The experiment of collapse steps: its measures, and each of the three results from crafted runs. */
import { expect, test } from 'vitest';
import { type ModelRuns, measure } from '../../engine/experiments/catalog/collapse-step/measures.ts';
import { collapseStepExperiment, findings } from '../../engine/experiments/catalog/collapse-step.ts';
import { reproductionOf } from '../../engine/experiments/experiment.ts';
import type { EvaluationRecord } from '../../engine/protocol/index.ts';
import { craftedRun, fakeContext } from '../support/experiment-context.ts';
import { expectReport } from '../support/report-wording.ts';

const STEPS = 50;

interface Crafted {
  /** The first step without a right rollout; null for a model that stays. */
  lost: number | null;
  /** Reward accuracy from there on. */
  low?: number;
  start?: number;
  reached?: number;
  pass4?: number;
}

function modelRuns(name: string, { lost, low = 0, start = 0.3, reached = 0.6, pass4 = 0.9 }: Crafted): ModelRuns {
  const after = (value: number, before: number) =>
    Array.from({ length: STEPS }, (_, i) => (lost !== null && i + 1 >= lost ? value : before));
  const at = (mean: number) => ({ mean, low: mean, high: mean });
  const atK: EvaluationRecord['atK'] = [
    { k: 1, pass: at(start), majority: at(start) },
    { k: 4, pass: at(pass4), majority: at(start) },
  ];
  return {
    name,
    collapse: [
      craftedRun({
        steps: STEPS,
        metrics: { groundTruthReward: after(0, 0.5), rewardAccuracy: after(low, 0.5), tokens: 100 },
      }),
    ],
    oracle: [craftedRun({ steps: STEPS, metrics: { tokens: 100 }, accuracy: [start, reached], evaluation: { atK } })],
  };
}

/** Gains in the order of the losses; pass@4 against it. */
const PAPER = [
  modelRuns('a', { lost: 5, start: 0.2, reached: 0.25, pass4: 0.9 }),
  modelRuns('b', { lost: 10, start: 0.22, reached: 0.35, pass4: 0.8 }),
  modelRuns('c', { lost: 15, start: 0.28, reached: 0.55, pass4: 0.7 }),
  modelRuns('d', { lost: 20, start: 0.25, reached: 0.65, pass4: 0.6 }),
  modelRuns('e', { lost: 30, start: 0.3, reached: 0.8, pass4: 0.5 }),
];

const metOf = (models: readonly ModelRuns[]) => findings(models).criteria.map(({ met }) => met);

test('measures steps, gain, headroom, pass@k and tokens', () => {
  const found = measure(modelRuns('m', { lost: 10, start: 0.2, reached: 0.6 }));
  // The first mean of three that is below a fifth of the peak has no right rollout in it.
  expect(found.loss).toEqual({ mean: 12, texts: ['12'] });
  expect(found.paper).toEqual({ mean: 10, texts: ['10'] });
  expect(found.gain).toBeCloseTo(0.4, 12);
  expect(found.headroom).toBeCloseTo(0.5, 12);
  expect([...found.passAtK]).toEqual([
    [1, 0.2],
    [4, 0.9],
  ]);
  expect(found.tokens).toEqual({ loss: 1200, paper: 1000, sampling: 0, oracle: 5000 });
});

test('a model that does not fall counts as lost after its last step', () => {
  expect(measure(modelRuns('m', { lost: null })).loss).toEqual({ mean: 51, texts: ['> 50'] });
  // Lost, but wrong rollouts that are outvoted still agree with the truth.
  expect(measure(modelRuns('m', { lost: 10, low: 0.2 })).paper.texts).toEqual(['> 50']);
});

test('reproduced: losses have the same order as gains, and pass@k has not', async () => {
  const found = findings(PAPER);
  await expectReport(collapseStepExperiment, found);
  const { criteria, sections } = found;
  expect(criteria.map(({ met }) => met)).toEqual([true, true, true, true]);
  expect(reproductionOf(criteria)).toBe('reproduced');
  expect(criteria[1]!.measured).toContain('rho 1, p 0.0167');
  expect(criteria[3]!.measured).toMatch(/9,000 .*25,000/);
  const table = sections.at(-1)!;
  const tokens = table.kind === 'table' && table.rows.map((row) => [row[0], row.at(-1)]);
  expect(tokens).toContainEqual(['loss step', 9000]);
  expect(tokens).toContainEqual(['collapse step (below 1%)', 8000]);
});

test('partly: pass@k ranks equally well', () => {
  const models = PAPER.map((model, i) => ({
    ...model,
    oracle: modelRuns('', { lost: 1, start: 0.2, reached: 0.25 + 0.1 * i, pass4: 0.5 + 0.1 * i }).oracle,
  }));
  expect(metOf(models)).toEqual([true, true, null, true]);
  const distinct = models.map((model, i) => ({
    ...model,
    oracle: modelRuns('', { lost: 1, start: 0.2 + 0.01 * i, reached: 0.25 + 0.1 * i, pass4: 0.5 + 0.1 * i }).oracle,
  }));
  expect(metOf(distinct)).toEqual([true, true, false, true]);
  expect(reproductionOf(findings(distinct).criteria)).toBe('partly');
});

test('not: no loss, no order, no saving', () => {
  const models = [0.2, 0.3, 0.4].map((start, i) => modelRuns(`${i}`, { lost: null, low: 0.3, start, reached: 0.9 }));
  const costly = models.map((model) => ({
    ...model,
    oracle: [craftedRun({ steps: 50, metrics: { tokens: 1 }, accuracy: [0.3, 0.9] })],
  }));
  expect(metOf(costly)).toEqual([false, null, null, false]);
  expect(reproductionOf(findings(costly).criteria)).toBe('not');
  expect(findings(models).remarks.join(' ')).toContain('3 of 3');
});

test('a single model is measured, but not ranked', () => {
  const { criteria, sections } = findings(PAPER.slice(0, 1), ['P500, missing']);
  expect(criteria.map(({ met }) => met)).toEqual([true, null, null, true]);
  expect(criteria[1]!.measured).not.toContain('rho');
  const tables = sections.filter((section) => section.kind === 'table');
  for (const { rows, columns } of tables) expect(rows.every((row) => row.length === columns.length)).toBe(true);
  expect(findings(PAPER.slice(0, 1), ['P500, missing']).remarks[0]).toContain('P500, missing');
});

test('ranks the embedded models, each under both settings', async () => {
  const context = fakeContext({ base: collapseStepExperiment.defaults, seeds: [0] });
  await collapseStepExperiment.run(context);
  const models = new Set(context.asked.map(({ config }) => config.model));
  expect(models).toContain('embedded');
  expect(models).toContain('embedded:W');
  expect(context.asked).toHaveLength(2 * models.size);
  const { config: collapse } = context.asked[0]!;
  expect([collapse.reward, collapse.optimizer.lr, collapse.loss.miniBatch]).toEqual(['majority-vote', 4e-4, 4]);
  const { config: oracle } = context.asked[1]!;
  expect([oracle.reward, oracle.optimizer.lr, oracle.loss.miniBatch]).toEqual(['ground-truth', 1e-4, undefined]);
  expect(oracle.evaluation.samples).toBe(16);
});

test('ranks the models of --against', async () => {
  const context = fakeContext({
    embedded: false,
    base: { model: 'a/b', batch: 4 },
    against: ['/models/b'],
    seeds: [0],
  });
  await collapseStepExperiment.run(context);
  expect(context.asked.map(({ id, config }) => [id, config.model])).toEqual([
    ['01-b-collapse-0', 'a/b'],
    ['01-b-oracle-0', 'a/b'],
    ['02-b-collapse-0', '/models/b'],
    ['02-b-oracle-0', '/models/b'],
  ]);
  expect(context.asked[0]!.config.loss.miniBatch).toBe(1);
});
