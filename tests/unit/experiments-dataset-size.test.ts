/** The experiment of sizes: its sets, and each of the three results from crafted curves. */
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type SizedRuns, sizeOutcome } from '../../engine/experiments/catalog/dataset-size/measures.ts';
import { datasetSize, findings, sizesFor } from '../../engine/experiments/catalog/dataset-size.ts';
import { reproductionOf } from '../../engine/experiments/experiment.ts';
import { type CraftedRun, craftedRun, fakeContext } from '../support/experiment-context.ts';
import { expectReport } from '../support/report-wording.ts';

const STAYS = (kl: number, end = 0.6): CraftedRun => ({
  accuracy: [0.4, 0.6, 0.6, 0.6, end],
  metrics: { kl: [0, kl], skippedGroups: [0, 32] },
});
const FALLS = (kl: number, end = 0.1): CraftedRun => ({
  accuracy: [0.4, 0.6, 0.5, 0.3, end],
  metrics: { kl: [0, kl], skippedGroups: 8 },
});

const sized = (size: number, ...runs: CraftedRun[]): SizedRuns => ({
  size,
  runs: runs.map((run, i) => craftedRun({ id: `size-${size}-${i}`, config: { batch: 32 }, ...run })),
});

const PAPER = [
  sized(32, STAYS(0.05), STAYS(0.06)),
  sized(128, STAYS(0.08, 0.58), STAYS(0.09, 0.57)),
  sized(512, FALLS(0.5, 0.2), FALLS(0.6, 0.15)),
  sized(2048, FALLS(2), FALLS(3, 0.05)),
];

const metOf = (found: readonly SizedRuns[]) => findings(found).criteria.map(({ met }) => met);

test('sizes are limited by the dataset', () => {
  expect(sizesFor(5000)).toEqual([32, 128, 512, 2048]);
  expect(sizesFor(512)).toEqual([32, 128, 512]);
  expect(sizesFor(300)).toEqual([32, 128, 300]);
  expect(sizesFor(7)).toEqual([7]);
});

test('records a fall, the KL of the last steps, and unanimous groups', () => {
  const [{ runs }] = PAPER as [SizedRuns];
  const kept = sizeOutcome(runs[0]!);
  expect(kept.fell).toBe(false);
  expect(kept.end).toBe(0.6);
  // The last 10 of 40 steps of a line from 0 to 0.05: the mean of its points 30 to 39 of 39.
  expect(kept.kl).toBeCloseTo((0.05 * 34.5) / 39, 10);
  expect(kept.agreed).toBeCloseTo(34.5 / 39, 10);
  expect(sizeOutcome(craftedRun({ metrics: { groundTruthReward: null }, accuracy: [null, null] })).fell).toBeNull();
});

test('reproduced: small sets are stable, large ones fall, and KL grows', async () => {
  const found = findings(PAPER);
  await expectReport(datasetSize, found);
  const { criteria, remarks } = found;
  expect(criteria.map(({ met }) => met)).toEqual([true, true, true, true]);
  expect(reproductionOf(criteria)).toBe('reproduced');
  expect(criteria[1]!.measured.match(/\d+/g)!.map(Number)).toEqual([512, 2, 2, 2048, 2, 2]);
  expect(remarks[0]).toContain('32: 0.885');
});

test('partly: the smallest set falls too', () => {
  const found = [sized(32, FALLS(0.05, 0.2), STAYS(0.06)), ...PAPER.slice(1)];
  expect(metOf(found)[0]).toBe(false);
  expect(reproductionOf(findings(found).criteria)).toBe('partly');
});

test('not: everything is reversed', () => {
  const found = PAPER.map(({ size }, i) => ({ size, runs: PAPER[3 - i]!.runs }));
  expect(metOf(found)).toEqual([false, false, false, false]);
  expect(reproductionOf(findings(found).criteria)).toBe('not');
});

test('one size says nothing about sizes', () => {
  expect(metOf([sized(20, STAYS(0.1), STAYS(0.2))])).toEqual([true, null, null, null]);
});

test('draws sets from one pool, a different one for each seed, and evaluates on others', async () => {
  const context = fakeContext({ base: datasetSize.defaults, seeds: [0, 1], answer: () => STAYS(0.1) });
  const { sections } = await datasetSize.run(context);
  expect(context.asked.map(({ id }) => id)).toEqual(
    [32, 128, 512, 2048].flatMap((size) => [`size-${size}-0`, `size-${size}-1`]),
  );
  for (const { id, config } of context.asked) {
    expect(new Set(config.dataset.ids).size).toBe(Number(id.split('-')[1]));
    expect(config.optimizer.lr).toBe(context.base.optimizer.lr);
  }
  const [first, second] = context.asked.map(({ config }) => config);
  expect(first!.dataset.ids).not.toEqual(second!.dataset.ids);
  const prompts = (name: string) => context.files.get(name)!.map((row) => (row as { prompt: string }).prompt);
  expect(first!.evaluation.dataset!.path).toContain('held-out');
  expect(prompts('held-out').filter((prompt) => prompts('training').includes(prompt))).toEqual([]);
  const table = sections.at(-1)!;
  expect(table.kind === 'table' && table.rows.every((row) => row.length === table.columns.length)).toBe(true);
});

test('holds out some of the user’s problems, or uses the user’s own evaluation set', async () => {
  const file = path.join(os.tmpdir(), `dataset-size-${process.pid}.jsonl`);
  await writeFile(
    file,
    Array.from({ length: 90 }, (_, i) => `{"id":"p${i}","prompt":"${i}+1=","answer":"${i + 1}"}\n`).join(''),
  );
  const base = { ...datasetSize.defaults, dataset: { path: file, limit: 60 } };
  const context = fakeContext({ base, seeds: [0], embedded: false });
  await datasetSize.run(context);
  expect(context.asked.map(({ id }) => id)).toEqual(['size-32-0', 'size-40-0']);
  const { dataset, evaluation } = context.asked[1]!.config;
  const held = evaluation.dataset!.ids!;
  expect(new Set(held).size).toBe(20);
  expect(dataset.ids!.filter((id) => held.includes(id))).toEqual([]);
  expect(dataset.limit).toBeUndefined();

  const own = fakeContext({
    base: { ...base, evaluation: { dataset: { path: '/own.jsonl' } } },
    seeds: [0],
    embedded: false,
  });
  await datasetSize.run(own);
  expect(own.asked.map(({ id }) => id)).toEqual(['size-32-0', 'size-60-0']);
  expect(own.asked[0]!.config.evaluation.dataset!.path).toBe('/own.jsonl');
});
