/** Findings on predicted shares, from crafted runs: exact sharpening reproduces them, other courses do not. */
import { expect, test } from 'vitest';
import { mulberry32 } from '../../engine/analysis/estimates.ts';
import { predictShare } from '../../engine/analysis/theory.ts';
import { findings, type TheoryRun, theory } from '../../engine/experiments/catalog/theory.ts';
import { reproductionOf } from '../../engine/experiments/experiment.ts';
import { fakeContext } from '../support/experiment-context.ts';
import { type CraftedProblem, runWithGroups, split } from '../support/experiment-groups.ts';
import { expectReport } from '../support/report-wording.ts';

const VOTES = 128;
const STEPS = 50;

type CourseOf = (start: number, step: number) => number;
/** A problem, named by its number; the share of the answer `m` in `votes` votes goes as told. */
type Voted = (share: number) => string[];
const exactly: Voted = (share) => split(VOTES, share, 'm', 'z');

function run(
  kind: TheoryRun['kind'],
  seed: number,
  starts: readonly (readonly [number, number])[],
  course: CourseOf,
  voted: Voted,
): TheoryRun {
  const problems: CraftedProblem[] = starts.map(([i]) => ({ id: `p${i}`, answer: 'm' }));
  const groups = starts.flatMap(([, start], problem) =>
    Array.from({ length: STEPS }, (_, i) => ({
      phase: 'train' as const,
      step: i + 1,
      problem,
      answers: voted(course(start, i)),
    })),
  );
  return { kind, seed, run: runWithGroups(problems, groups) };
}

/** A whole experiment: two seeds of a set of 12 problems, and of each of them alone. */
function experiment(course: CourseOf, voted = exactly, count = 12): TheoryRun[] {
  const starts = Array.from({ length: count }, (_, i) => [i, 0.65 + (0.25 * i) / 12] as const);
  return [0, 1].flatMap((seed) => [
    run('set', seed, starts, course, voted),
    ...starts.map((start) => run('single', seed, [start], course, voted)),
  ]);
}

/** As many votes as in the experiment itself, with their chance. */
function byChance(seed: number): Voted {
  const random = mulberry32(seed);
  // In one order, whatever the chance: groups with equal counts are judged once.
  return (share) => Array.from({ length: 32 }, () => (random() < share ? 'm' : 'z')).sort();
}

const sharpened: CourseOf = (start, step) => predictShare(start, 10, step);
const met = (runs: TheoryRun[]) => findings(runs).criteria.map((criterion) => criterion.met);

test('exact sharpening meets all criteria, and its beta is found', async () => {
  const found = findings(experiment(sharpened));
  expect(found.criteria.map((criterion) => criterion.met)).toEqual(Array(8).fill(true));
  expect(reproductionOf(found.criteria)).toBe('reproduced');
  await expectReport(theory, found);
  // 128 votes resolve the shares to 0.004 at worst
  const error = Number(/single problems ([\d.e-]+)/.exec(found.criteria[4]!.measured)![1]);
  expect(error).toBeLessThan(0.01);
  const table = found.sections.find((s) => s.kind === 'table' && s.title === 'Growth and errors');
  const rows = table?.kind === 'table' ? table.rows : [];
  expect(rows.map(([kind, problems]) => [kind, problems])).toEqual([
    ['single problems', 24],
    ['a small set', 24],
  ]);
  for (const row of rows) {
    expect(row[3]).toBeGreaterThan(9);
    expect(row[3]).toBeLessThan(11);
    expect(row[4]).toBeGreaterThan(0.95);
  }
  expect(found.remarks.join(' ')).not.toMatch(/NaN|undefined|–/);
});

test.each([1, 2, 3])('sharpening is also found with the number of votes of the experiment, sample %i', (seed) => {
  expect(
    reproductionOf(findings(experiment((start, step) => predictShare(start, 14, step), byChance(seed))).criteria),
  ).toBe('reproduced');
});

test.each([1, 2, 3, 4])('a model that does not learn meets no criterion, sample %i', (seed) => {
  const found = findings(experiment((start) => start, byChance(seed)));
  expect(reproductionOf(found.criteria)).toBe('not');
  // the majorities stay because nothing changes
  expect(found.criteria[1]!.met).toBeNull();
});

test('nor does one that is certain from the start', () => {
  expect(reproductionOf(findings(experiment(() => 1)).criteria)).toBe('not');
});

test('nor do majorities that change', () => {
  // each begins with a majority for m; the odds of the other answer grow by e^2 per step
  const found = findings(experiment((start, step) => 1 - predictShare(1 - start, 0.5, step)));
  const [rises, keeps, ends, grows, , , , nearer] = found.criteria.map((criterion) => criterion.met);
  expect([rises, keeps, ends, grows, nearer]).toEqual([false, false, null, null, false]);
  expect(reproductionOf(found.criteria)).toBe('not');
});

test('growth that stops, and a jump, are not what the first third predicts', () => {
  const stops: CourseOf = (start, step) => sharpened(start, Math.min(step, 12));
  const jumps: CourseOf = (start, step) => (step < STEPS / 2 ? start : 0.98);
  for (const course of [stops, jumps]) {
    const found = findings(experiment(course));
    expect(found.criteria[0]!.met).toBe(true);
    expect(found.criteria[4]!.met).toBe(false);
    expect(reproductionOf(found.criteria)).toBe('partly');
  }
});

test('too few problems decide nothing about predictions', () => {
  const [rises, keeps, , , ...predictions] = met(experiment(sharpened, exactly, 7));
  expect([rises, keeps]).toEqual([null, null]);
  expect(predictions).toEqual([null, null, null, null]);
});

test('without data no criterion is met', () => {
  const found = findings([]);
  expect(found.criteria.every(({ met }) => met === null)).toBe(true);
  expect(reproductionOf(found.criteria)).toBe('not');
});

test('a set of one batch, and its first single problems, without evaluations', async () => {
  const context = fakeContext({ base: { batch: 20, votes: 32, group: 32 }, seeds: [3, 4] });
  const run = context.run;
  context.run = async (id, config) => {
    const made = await run(id, config);
    const count = config.job === 'probe' ? config.dataset.limit! : config.dataset.ids!.length;
    const problems = Array.from({ length: count }, (_, i) => ({ id: `p${i}`, answer: 'm' }));
    const phase = config.job === 'probe' ? ('probe' as const) : ('train' as const);
    const groups = (phase === 'probe' ? [0] : [1, 2, 3]).flatMap((step) =>
      problems.map((_, problem) => ({ phase, step, problem, answers: split(32, 0.5 + step / 10, 'm', 'z') })),
    );
    return { ...runWithGroups(problems, groups), id: made.id, config };
  };
  await theory.run(context);
  const trained = context.asked.filter(({ config }) => config.job === 'train');
  const sizes = trained.map(({ config }) => config.dataset.ids!.length);
  expect(sizes.filter((size) => size === 20)).toHaveLength(2);
  expect(sizes.filter((size) => size === 1)).toHaveLength(24);
  expect(new Set(trained.map(({ id }) => id)).size).toBe(26);
  for (const { config } of trained) {
    expect(config.evaluation.samples).toBe(0);
    expect(config.batch).toBe(config.dataset.ids!.length);
  }
  expect(context.expected.at(-1)).toBe(context.asked.length);
});
