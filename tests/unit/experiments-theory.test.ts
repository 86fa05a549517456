/** Findings on predicted shares, from crafted runs: exact sharpening reproduces them, other courses do not. */
import { expect, test } from 'vitest';
import { predictShare } from '../../engine/analysis/theory.ts';
import { findings, type TheoryRun, theory } from '../../engine/experiments/studies/theory.ts';
import { verdictOf } from '../../engine/experiments/study.ts';
import { fakeContext } from '../support/study-context.ts';
import { type CraftedProblem, runWithGroups, split } from '../support/study-groups.ts';

const VOTES = 200;
const STEPS = 50;

/** A run whose problems' shares of the answer `m` go as told. */
function run(kind: TheoryRun['kind'], seed: number, courses: ((step: number) => number)[]): TheoryRun {
  const problems: CraftedProblem[] = courses.map((_, i) => ({ id: `p${i}`, answer: 'm' }));
  const groups = courses.flatMap((course, problem) =>
    Array.from({ length: STEPS }, (_, i) => ({
      phase: 'train' as const,
      step: i + 1,
      problem,
      answers: split(VOTES, course(i), 'm', 'z'),
    })),
  );
  return { kind, seed, run: runWithGroups(problems, groups) };
}

const sharpened = (start: number, beta: number) => (step: number) => predictShare(start, beta, step);
const starts = [0.55, 0.6, 0.65, 0.7, 0.75, 0.8];

test('exact sharpening reproduces all of it, and its beta is found', () => {
  const runs = [0, 1].flatMap((seed) => [
    run(
      'set',
      seed,
      starts.map((start) => sharpened(start, 10)),
    ),
    ...starts.map((start) => run('single', seed, [sharpened(start, 10)])),
  ]);
  const found = findings(runs);
  expect(found.criteria.map(({ met }) => met)).toEqual(Array(7).fill(true));
  expect(verdictOf(found.criteria)).toBe('reproduced');
  // 200 votes resolve the shares to 0.0025 at worst
  const error = Number(/problems alone ([\d.e-]+)/.exec(found.criteria[3]!.measured)![1]);
  expect(error).toBeLessThan(0.005);
  const table = found.sections.find((s) => s.kind === 'table' && s.title === 'Growth and errors');
  const rows = table?.kind === 'table' ? table.rows : [];
  expect(rows.map(([kind, problems]) => [kind, problems])).toEqual([
    ['problems alone', 12],
    ['a small set', 12],
  ]);
  for (const row of rows) {
    expect(row[3]).toBeGreaterThan(9);
    expect(row[3]).toBeLessThan(11);
    expect(row[4]).toBeGreaterThan(0.95);
  }
  expect(found.remarks.join(' ')).not.toMatch(/lost their first majority|NaN|undefined|–/);
});

test('majorities that give way do not', () => {
  // each begins with a majority for m; the odds of the other answer grow by e^2 a step
  const courses = starts.map((start) => (step: number) => 1 - predictShare(1 - start, 0.5, step));
  const found = findings([run('set', 0, courses), run('single', 0, courses.slice(0, 1))]);
  const [keeps, ends, grows, , , , nearer] = found.criteria.map(({ met }) => met);
  expect([keeps, ends, grows, nearer]).toEqual([false, null, null, false]);
  expect(found.remarks.join(' ')).toContain('the shares do not grow');
  expect(verdictOf(found.criteria)).not.toBe('reproduced');
});

test('shares that jump about are kept, but predicted badly', () => {
  const jumping = (step: number) => (step % 2 === 0 ? 0.6 : 0.98);
  const found = findings([run('set', 0, [jumping, jumping, jumping, jumping, jumping]), run('single', 0, [jumping])]);
  const met = found.criteria.map((criterion) => criterion.met);
  expect(met[0]).toBe(true);
  expect(met[3]).toBe(false);
  expect(met[5]).toBe(false);
  expect(verdictOf(found.criteria)).toBe('partly');
});

test('nothing to look at is nothing met', () => {
  const found = findings([]);
  expect(found.criteria.every(({ met }) => met === null)).toBe(true);
  expect(verdictOf(found.criteria)).toBe('not');
});

test('a set of one batch, and its first problems alone, without evaluations', async () => {
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
