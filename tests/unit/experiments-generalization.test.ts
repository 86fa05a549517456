/** Findings on generalization from wrong majorities, from crafted runs: each result, and the sets that are drawn. */
import { expect, test } from 'vitest';
import type { GeneralizationRun, TrainedSet } from '../../engine/experiments/catalog/generalization/measures.ts';
import { findings, generalization } from '../../engine/experiments/catalog/generalization.ts';
import { reproductionOf } from '../../engine/experiments/experiment.ts';
import { fakeContext } from '../support/experiment-context.ts';
import { type CraftedGroup, runWithGroups, split } from '../support/experiment-groups.ts';
import { expectReport } from '../support/report-wording.ts';

const SUM = '1+1+1+1+1+1=';
const EASY = '1+2+3=';
/** 20 sums with wrong majorities, 20 with right ones, 10 differences with wrong ones. */
const UNSEEN = Array.from({ length: 50 }, (_, i) => ({
  id: `h${i}`,
  prompt: i < 40 ? SUM : '9-1-1=',
  answer: 'r',
  right: i >= 20 && i < 40,
}));
const heldOut = UNSEEN.map(({ id, prompt: text, right }) => ({
  id,
  text,
  answer: 'x',
  share: 0.5,
  right,
  accuracy: 0.25,
}));

/** A run that makes the majority of unseen problem i right or wrong, as told for before and after. */
function run(set: TrainedSet, seed: number, label: (i: number, after: boolean) => boolean): GeneralizationRun {
  const groups = [0, 40].flatMap((step) =>
    UNSEEN.map(
      (_, problem): CraftedGroup => ({
        phase: 'evaluation',
        step,
        problem,
        answers: split(4, 0.75, label(problem, step > 0) ? 'r' : 'x', 'z'),
      }),
    ),
  );
  const trained = {
    id: 't',
    text: set.sort === 'differences' ? '9-1-1=' : SUM,
    answer: '11',
    share: 0.5,
    right: false,
    accuracy: 0.25,
  };
  return { set, seed, problems: [trained], run: runWithGroups(UNSEEN, groups) };
}

const sums = (size: number): TrainedSet => ({ majorities: 'wrong', sort: 'sums', size });
const differences = (size: number): TrainedSet => ({ majorities: 'wrong', sort: 'differences', size });
const control: TrainedSet = { majorities: 'right', sort: null, size: 6 };
const stays = (i: number) => UNSEEN[i]!.right;
/** Half of the wrong sums turn right. */
const lifts = (i: number, after: boolean) => UNSEEN[i]!.right || (after && i < 10);
const ruins = (i: number, after: boolean) => UNSEEN[i]!.right && !(after && i < 30);
const numbersOf = (text: string) => (text.match(/\d+(?:\.\d+)?/g) ?? []).map(Number);
const both = (set: TrainedSet, label: typeof lifts) => [0, 1].map((seed) => run(set, seed, label));

test('unseen problems that turn right reproduce the finding', async () => {
  const found = findings([...both(sums(6), lifts), ...both(sums(16), lifts), ...both(control, stays)], heldOut);
  expect(found.criteria.map(({ met }) => met)).toEqual([true, true, true, true]);
  expect(reproductionOf(found.criteria)).toBe('reproduced');
  await expectReport(generalization, found);
  expect(numbersOf(found.criteria[0]!.measured)).toEqual(expect.arrayContaining([0, 0.5, 20]));
  expect(numbersOf(found.criteria[1]!.measured)).toEqual([10, 0, 10, 0]);
});

test('one kind that learns and one that does not: partly, and the wrong rule is counted', () => {
  const found = findings([...both(sums(6), lifts), ...both(differences(6), ruins)], heldOut, { sorts: true });
  expect(found.criteria.map(({ met }) => met)).toEqual([true, true, false, false]);
  expect(reproductionOf(found.criteria)).toBe('partly');
  expect(numbersOf(found.criteria[3]!.measured)).toEqual([0, 10, 0, 10]);
  const counted = found.remarks.flatMap((remark) =>
    remark.includes('6 differences') ? [numbersOf(remark).slice(0, 3)] : [],
  );
  expect(counted).toContainEqual([6, 1, 1]);
});

test('no changes: not reproduced', () => {
  const found = findings(both(sums(6), stays), heldOut);
  expect(found.criteria.map(({ met }) => met)).toEqual([false, false]);
  expect(reproductionOf(found.criteria)).toBe('not');
});

test('too few unseen problems of a kind decide nothing about it', () => {
  const few = heldOut.map((problem, i) => (i < 43 ? { ...problem, right: true } : problem));
  const all = (i: number, after: boolean) => UNSEEN[i]!.right || after;
  const found = findings(both(differences(6), all), few);
  expect(found.criteria[0]!.met).toBeNull();
  expect(numbersOf(found.criteria[0]!.measured)).toContain(7);
  expect(findings(both(differences(6), all), heldOut).criteria[0]!.met).toBe(true);
});

test('without labels nothing is measured', () => {
  const found = findings([], heldOut);
  expect(found.criteria.every(({ met }) => met === null)).toBe(true);
  expect(found.criteria.every(({ met }) => met === null)).toBe(true);
});

test.each([true, false])('sets are drawn by kind from what is not held out (embedded: %s)', async (embedded) => {
  const context = fakeContext({
    embedded,
    seeds: [1, 2],
    base: { dataset: { path: embedded ? 'embedded' : '/d.jsonl' } },
  });
  const ask = context.run;
  const prompts = [SUM, '9-1-1=', EASY, SUM];
  context.run = async (id, config) => {
    const made = await ask(id, config);
    if (config.job !== 'probe') return made;
    const count = config.dataset.limit!;
    const problems = Array.from({ length: count }, (_, i) => ({ id: `p${i}`, prompt: prompts[i % 4]!, answer: 'r' }));
    const groups = problems.map(
      ({ prompt }, problem): CraftedGroup => ({
        phase: 'probe',
        step: 0,
        problem,
        answers: split(4, 1, prompt === EASY ? 'r' : 'x', ''),
      }),
    );
    return { ...runWithGroups(problems, groups), id: made.id, config };
  };
  await generalization.run(context);
  const trained = context.asked.filter(({ config }) => config.job === 'train');
  const held = new Set(trained[0]!.config.evaluation.dataset!.ids);
  expect(held.size).toBe(128);
  expect(new Set(trained.map(({ id }) => id)).size).toBe(trained.length);
  // two sorts with wrong majorities (or one set of all) and the control, in two sizes and two seeds
  expect(trained).toHaveLength(embedded ? 12 : 8);
  for (const { id, config } of trained) {
    expect(id).toMatch(/^[a-z0-9-]+$/);
    const ids = config.dataset.ids!;
    expect([6, 16]).toContain(ids.length);
    const asked = ids.map((of) => prompts[Number(of.slice(1)) % 4]!);
    if (id.startsWith('right')) expect(new Set(asked)).toEqual(new Set([EASY]));
    else expect(asked).not.toContain(EASY);
    if (embedded && id.startsWith('wrong')) {
      expect(new Set(asked)).toEqual(new Set([id.startsWith('wrong-sums') ? SUM : '9-1-1=']));
    }
    expect(ids.some((of) => held.has(of))).toBe(false);
  }
  expect(context.expected.at(-1)).toBe(context.asked.length);
});
