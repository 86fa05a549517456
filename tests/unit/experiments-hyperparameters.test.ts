/** The experiment of settings: its grid, and each of the three results from crafted curves. */
import { describe, expect, test } from 'vitest';
import {
  FACTORS,
  type FactorGrid,
  type FactorLevel,
  fallOf,
} from '../../engine/experiments/catalog/hyperparameters/measures.ts';
import { findings, hyperparameters } from '../../engine/experiments/catalog/hyperparameters.ts';
import { reproductionOf } from '../../engine/experiments/experiment.ts';
import type { RunConfig } from '../../engine/protocol/index.ts';
import { type CraftedRun, craftedRun, fakeContext } from '../support/experiment-context.ts';
import { expectReport } from '../support/report-wording.ts';

const STEPS = 100;

/** Right in half of its rollouts up to a step, then never: null for a run that does not fall. */
function falling(step: number | null): CraftedRun {
  const truth = Array.from({ length: STEPS }, (_, i) => (step !== null && i + 1 >= step ? 0 : 0.5));
  return { steps: STEPS, metrics: { groundTruthReward: truth }, accuracy: [0.4, 0.5, step === null ? 0.5 : 0] };
}

const setting = (value: number, ...falls: (number | null)[]): FactorLevel => ({
  value,
  runs: falls.map((step, i) => craftedRun({ id: `${value}-${i}`, ...falling(step) })),
});

/** As the paper found. */
const PAPER: FactorGrid = {
  temperature: [setting(0.6, 20, 22), setting(0.8, 40, 42), setting(1, 60, 62), setting(1.2, 80, 82)],
  'mini-batch': [setting(1, 8, 9), setting(8, 30, 30), setting(16, 40, 40), setting(32, 60, 62)],
  rollouts: [setting(4, 80, 80), setting(8, 60, 62), setting(16, 50, 50), setting(32, 40, 40)],
  kl: [setting(0, 60, 62), setting(0.005, 65, 65), setting(0.1, null, null)],
};

const metOf = (grid: FactorGrid) => findings(grid).criteria.map(({ met }) => met);

describe('hyperparameters', () => {
  test('finds the step of a fall, and runs without one', () => {
    // A mean over 3 steps that holds one step of 0 is 0.33, which is below 0.8 of 0.5.
    expect(fallOf(craftedRun(falling(50)))).toEqual({ step: 50, last: STEPS });
    expect(fallOf(craftedRun(falling(null)))).toEqual({ step: null, last: STEPS });
    // Broken after the first step: still a fall.
    expect(fallOf(craftedRun(falling(2))).step).toBe(4);
  });

  test('reproduced: all as in the paper', async () => {
    const found = findings(PAPER);
    await expectReport(hyperparameters, found);
    const { criteria } = found;
    expect(criteria.map(({ met }) => met)).toEqual([true, true, true, true]);
    expect(reproductionOf(criteria)).toBe('reproduced');
    expect(criteria[0]!.measured).toContain('0.6: 20, 22');
  });

  test('partly: the order of temperatures is reversed', () => {
    const temperature = [...PAPER.temperature].map(({ runs }, i) => ({
      value: PAPER.temperature[3 - i]!.value,
      runs,
    }));
    const grid = { ...PAPER, temperature: temperature.reverse() };
    expect(metOf(grid)).toEqual([false, true, true, true]);
    expect(reproductionOf(findings(grid).criteria)).toBe('partly');
  });

  test('no order of temperatures does not count as an order', () => {
    const temperature = [setting(0.6, 60, 20), setting(0.8, 40, 61), setting(1, 21, 59), setting(1.2, 62, 41)];
    expect(metOf({ ...PAPER, temperature })[0]).toBe(false);
  });

  test('not: no criterion is met', () => {
    const grid: FactorGrid = {
      temperature: [setting(0.6, 80, 80), setting(0.8, 70, 70), setting(1, 60, 60), setting(1.2, 50, 50)],
      'mini-batch': [setting(1, 30), setting(32, 60)],
      rollouts: [setting(4, 50), setting(8, 60), setting(16, 70), setting(32, 40)],
      kl: [setting(0, 60), setting(0.005, 90)],
    };
    expect(metOf(grid)).toEqual([false, false, false, false]);
    expect(reproductionOf(findings(grid).criteria)).toBe('not');
  });

  test('decides nothing if nothing falls', () => {
    const still = (values: readonly number[]) => values.map((value) => setting(value, null, null));
    const grid: FactorGrid = {
      temperature: still([0.6, 1]),
      'mini-batch': still([8, 32]),
      rollouts: still([8, 16]),
      kl: still([0, 0.005]),
    };
    expect(metOf(grid)).toEqual([null, null, null, null]);
  });

  test('four runs are too few for an order of temperatures', () => {
    const temperature = [setting(0.6, 20), setting(0.8, 40), setting(1, 60), setting(1.2, 80)];
    const [criterion] = findings({ ...PAPER, temperature }).criteria;
    expect(criterion!.met).toBeNull();
    expect(criterion!.measured).toContain('rho 1, p 0.0833');
  });

  test('a run that ends before the bound without a fall decides nothing', () => {
    const short: FactorLevel = { value: 1, runs: [craftedRun({ steps: 10 })] };
    expect(metOf({ ...PAPER, 'mini-batch': [short, ...PAPER['mini-batch'].slice(1)] })[1]).toBeNull();
  });

  test('a small penalty that prevents the fall of one run helps', () => {
    expect(metOf({ ...PAPER, kl: [setting(0, 60, 62), setting(0.005, 60, null)] })[2]).toBe(false);
  });

  test('changes one setting at a time from one center, which is run once', async () => {
    const context = fakeContext({ base: hyperparameters.defaults, seeds: [0, 1], answer: () => falling(50) });
    const { criteria, sections } = await hyperparameters.run(context);
    const names = [...new Set(context.asked.map(({ id }) => id.replace(/-\d+$/, '')))];
    expect(names.sort()).toEqual(
      [
        'center',
        'kl-0.005',
        'kl-0.1',
        'mini-batch-1',
        'mini-batch-16',
        'mini-batch-8',
        'rollouts-16',
        'rollouts-32',
        'rollouts-4',
        'temperature-0.6',
        'temperature-0.8',
        'temperature-1.2',
      ].sort(),
    );
    expect(context.asked).toHaveLength(24);
    expect(context.expected).toEqual([24]);
    const config = (id: string) => context.asked.find((asked) => asked.id === id)!.config;
    const differences = (a: RunConfig, b: RunConfig) =>
      Object.keys(a).filter((key) => JSON.stringify(a[key as never]) !== JSON.stringify(b[key as never]));
    expect(differences(config('rollouts-16-0'), config('center-0')).sort()).toEqual(['group', 'votes']);
    expect(config('rollouts-16-0').group).toBe(16);
    expect(differences(config('mini-batch-1-1'), config('center-1'))).toEqual(['loss']);
    expect(config('mini-batch-1-1').loss.miniBatch).toBe(1);
    expect(config('kl-0.1-0').loss.klCoefficient).toBe(0.1);
    expect(config('temperature-0.6-0').sampling.temperature).toBe(0.6);
    // All alike: no order.
    expect(criteria.map(({ met }) => met)).toEqual([false, false, true, false]);
    const table = sections.at(-1)!;
    expect(table.kind === 'table' && table.rows).toHaveLength(4 + 4 + 4 + 3);
  });

  test('starts from the user’s center', async () => {
    const base = { ...hyperparameters.defaults, batch: 8, group: 4, votes: 4, sampling: { temperature: 0.8 } };
    const context = fakeContext({ base, seeds: [0], embedded: false });
    await hyperparameters.run(context);
    const names = context.asked.map(({ id }) => id);
    expect(names).toContain('temperature-1-0');
    expect(names).not.toContain('temperature-0.8-0');
    expect(names).toContain('rollouts-8-0');
    expect(names).not.toContain('rollouts-4-0');
    // Mini-batches are smaller than the batch.
    expect(names.filter((name) => name.startsWith('mini-batch'))).toEqual(['mini-batch-1-0']);
    expect(context.files.size).toBe(0);
    expect(FACTORS).toHaveLength(4);
  });
});
