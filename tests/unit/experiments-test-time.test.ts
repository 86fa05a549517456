/** Findings on test-time training, and what experiments of chosen problems share, from crafted runs. */
import { describe, expect, test } from 'vitest';
import type { TestTimeRun } from '../../engine/experiments/catalog/test-time/measures.ts';
import { findings, testTime } from '../../engine/experiments/catalog/test-time.ts';
import { type ExperimentContext, reproductionOf } from '../../engine/experiments/experiment.ts';
import { evaluatedChanges, meanChange, type ProblemChange } from '../../engine/experiments/parts/changes.ts';
import { probeResults, sameAnswer } from '../../engine/experiments/parts/probe.ts';
import { poolOf, randomSample } from '../../engine/experiments/parts/sets.ts';
import { followsWrongRule, sortOf } from '../../engine/experiments/parts/sorts.ts';
import { type Course, fakeContext } from '../support/experiment-context.ts';
import { type CraftedGroup, runWithGroups, split } from '../support/experiment-groups.ts';
import { expectRejection } from '../support/refusals.ts';
import { expectReport } from '../support/report-wording.ts';

const HELD = 40;
const SAMPLES = 10;

interface Crafted {
  kind: TestTimeRun['kind'];
  seed: number;
  proxy: Course;
  truth: Course;
  /** Accuracy of every held-out problem; afterwards half of them may have this much more, the others less. */
  before: number;
  after: number;
  apart?: number;
}

function crafted({ kind, seed, proxy, truth, before, after, apart = 0 }: Crafted): TestTimeRun {
  const problems = Array.from({ length: HELD }, (_, i) => ({ id: `h${i}`, answer: 'r' }));
  const groups = [0, 150].flatMap((step) =>
    problems.map(
      (_, problem): CraftedGroup => ({
        phase: 'evaluation',
        step,
        problem,
        answers: split(SAMPLES, step === 0 ? before : after + (problem % 2 === 0 ? apart : -apart), 'r', 'x'),
      }),
    ),
  );
  const metrics = { proxyReward: proxy, groundTruthReward: truth };
  const trained = [{ id: 'a', text: '9-1-1=', answer: '11', share: 0.5, right: kind === 'any', accuracy: 0.5 }];
  return {
    kind,
    seed,
    problems: trained,
    run: runWithGroups(problems, groups, { steps: 150, metrics, accuracy: [before, after] }),
  };
}

const both = (any: Omit<Crafted, 'kind' | 'seed'>, wrong: Omit<Crafted, 'kind' | 'seed'>) =>
  [0, 1].flatMap((seed) => [crafted({ kind: 'any', seed, ...any }), crafted({ kind: 'wrong', seed, ...wrong })]);
const rises = { proxy: [0.6, 0.9, 0.95], truth: [0.6, 0.85, 0.88], before: 0.6, after: 0.8 };
const wrongly = { proxy: [0.5, 0.9], truth: [0.1, 0.05], before: 0.6, after: 0.7 };

describe('findings', () => {
  const met = (runs: TestTimeRun[]) => findings(runs).criteria.map((criterion) => criterion.met);

  test('both rewards rise and stay high, and wrong majorities do no harm: reproduced', async () => {
    const found = findings(both(rises, wrongly), { sorts: true });
    expect(found.criteria.map((criterion) => criterion.met)).toEqual(Array(7).fill(true));
    expect(reproductionOf(found.criteria)).toBe('reproduced');
    await expectReport(testTime, found);
    const numbers = found.criteria[3]!.measured.match(/\d+(?:\.\d+)?/g)!.map(Number);
    expect([...numbers.slice(0, 3), ...numbers.slice(5)]).toEqual([0.6, 0.8, 0.2, 40, 0.2, 0.2, 0.2]);
  });

  test('a rise that does not last, and harm to held-out problems: partly', () => {
    const falls = { ...rises, truth: [0.6, 0.9, 0.7] };
    expect(met(both(falls, { ...wrongly, after: 0.4 }))).toEqual([true, true, false, true, false, false, true]);
  });

  test('within the margin there is no harm, but no improvement', () => {
    const slightly = { ...wrongly, before: 0.6, after: 0.6, apart: 0.1 };
    expect(met(both(rises, slightly)).slice(4)).toEqual([true, false, true]);
  });

  test('too few held-out problems decide nothing about them', () => {
    const runs = both(rises, { ...wrongly, before: 0.6, after: 0.6 }).map((item) => ({
      ...item,
      run: { ...item.run, records: item.run.records.filter((r) => r.type !== 'group' || r.problem < 1) },
    }));
    const found = findings(runs);
    expect(found.criteria.map((criterion) => criterion.met)).toEqual([true, true, true, null, null, null, true]);
  });

  test('everything falls: not', () => {
    const falls = { proxy: [0.8, 0.3], truth: [0.6, 0.2], before: 0.6, after: 0.2 };
    const found = findings(both(falls, falls));
    expect(found.criteria.every((criterion) => criterion.met === false)).toBe(true);
    expect(reproductionOf(found.criteria)).toBe('not');
  });

  test('without wrong majorities that part is not measured, and the report says so', () => {
    const found = findings(both(rises, wrongly).filter(({ kind }) => kind === 'any'));
    expect(found.criteria.map((criterion) => criterion.met)).toEqual([true, true, true, true, null, null, null]);
    expect(found.remarks.length).toBeGreaterThan(0);
  });
});

describe('changes', () => {
  const change = (id: string, before: number, after: number): ProblemChange => ({
    id,
    text: id,
    accuracy: { before, after },
    label: { before: before > 0.5, after: after > 0.5 },
  });

  test('a problem counts once, with its mean over the seeds; seeds count once each', () => {
    const found = meanChange(
      [
        [change('a', 0, 1), change('b', 0.5, 0.5)],
        [change('a', 0, 0.5), change('b', 0.5, 0.5)],
      ],
      ({ accuracy }) => accuracy,
    )!;
    // a: 0.75 and 0 of b; seeds: 0.5 and 0.25, t(0.975, 1) = 12.706, sd 0.1768
    expect(found).toMatchObject({ before: 0.25, after: 0.625, problems: 2 });
    expect(found.overProblems.mean).toBeCloseTo(0.375, 12);
    // two problems say next to nothing of others
    expect(found.overProblems.high - found.overProblems.low).toBeGreaterThan(0.75);
    expect(found.overSeeds.mean).toBeCloseTo(0.375, 12);
    expect(found.overSeeds.high! - 0.375).toBeCloseTo((12.706 * 0.17678) / Math.SQRT2, 2);
    expect(meanChange([[]], ({ accuracy }) => accuracy)).toBeNull();
  });

  test('are read from the first and the last evaluation of problems with labels', () => {
    const problems = [
      { id: 'a', answer: 'r' },
      { id: 'b', answer: null },
    ];
    const at = (step: number, part: number) =>
      [0, 1].map(
        (problem): CraftedGroup => ({ phase: 'evaluation', step, problem, answers: split(4, part, 'r', 'x') }),
      );
    const run = runWithGroups(problems, [...at(0, 0.25), ...at(5, 0.5), ...at(10, 0.75)]);
    expect(evaluatedChanges(run)).toEqual([
      {
        id: 'a',
        text: 'a?',
        accuracy: { before: 0.25, after: 0.75 },
        label: { before: false, after: true },
      },
    ]);
    expect(evaluatedChanges(runWithGroups(problems, at(0, 0.5)))).toEqual([]);
  });
});

describe('choosing problems', () => {
  test('a probe gives the majority of each problem in order, and its correctness only with a label', () => {
    const groups = [2, 0, 1].map(
      (problem): CraftedGroup => ({
        phase: 'probe',
        step: 0,
        problem,
        answers: problem === 1 ? [null, null] : ['7', '7', '9'],
      }),
    );
    const found = probeResults(
      runWithGroups(
        [
          { id: 'a', answer: '7' },
          { id: 'b', answer: '7' },
          { id: 'c', answer: null },
        ],
        groups,
      ),
    );
    expect(found.map(({ id, answer, right }) => [id, answer, right])).toEqual([
      ['a', '7', true],
      ['b', null, false],
      ['c', '7', null],
    ]);
    expect(found.map(({ share }) => share)).toEqual([2 / 3, 0, 2 / 3]);
    expect(found.map(({ accuracy }) => accuracy)).toEqual([2 / 3, 0, null]);
  });

  test('each seed draws other problems, none twice, and the same seed the same ones', () => {
    const all = Array.from({ length: 50 }, (_, i) => i);
    expect(randomSample(1, all, 10)).toEqual(randomSample(1, all, 10));
    expect(randomSample(2, all, 10)).not.toEqual(randomSample(1, all, 10));
    expect(new Set(randomSample(1, all, 10)).size).toBe(10);
    expect(randomSample(1, all, 99)).toHaveLength(50);
  });

  test('wrong rules are: adding in a difference, and the last term; a slip is not a rule', () => {
    const follows = (text: string, answer: string | null) => followsWrongRule({ text, answer });
    expect([follows('9-3-1=', '13'), follows('9-3-1=', '1'), follows('2+3+4=', '4')]).toEqual([true, true, true]);
    expect([follows('9-3-1=', '6'), follows('2+3+4=', '9'), follows('2+3+4=', null)]).toEqual([false, false, false]);
  });

  test('answers are compared by value, kinds follow from the text', () => {
    expect([sameAnswer('1/2', '0.5'), sameAnswer('a', 'a'), sameAnswer('1', '2')]).toEqual([true, true, false]);
    expect(['9-1-1=', '1+2+3='].map(sortOf)).toEqual(['differences', 'sums']);
  });
});

/** Answers a probe: every third problem's majority is wrong. Trainings and evaluations stay empty. */
function probing(context: ReturnType<typeof fakeContext>, size: number): ReturnType<typeof fakeContext> {
  const run = context.run;
  context.run = async (id, config) => {
    const made = await run(id, config);
    if (config.job !== 'probe') return made;
    const count = Math.min(size, config.dataset.limit ?? size);
    const problems = Array.from({ length: count }, (_, i) => ({ id: `p${i}`, answer: 'r' }));
    const groups = problems.map(
      (_, problem): CraftedGroup => ({
        phase: 'probe',
        step: 0,
        problem,
        answers: split(4, 1, problem % 3 === 0 ? 'x' : 'r', ''),
      }),
    );
    return { ...runWithGroups(problems, groups), id: made.id, config };
  };
  return context;
}

describe('the plan', () => {
  const idsOf = (context: ReturnType<typeof fakeContext>, kind: string) =>
    context.asked.filter(({ id }) => id.startsWith(kind)).map(({ config }) => config.dataset.ids!);

  test('64 problems, and 32 with wrong majorities, both disjoint from those held out', async () => {
    const context = probing(fakeContext({ seeds: [1, 2, 3] }), 640);
    await testTime.run(context);
    expect(context.files.get('pool')).toHaveLength(640);
    const held = new Set(context.asked.at(-1)!.config.evaluation.dataset!.ids);
    expect(held.size).toBe(128);
    const [any, wrong] = [idsOf(context, 'any'), idsOf(context, 'wrong')];
    expect(any.map((ids) => ids.length)).toEqual([64, 64, 64]);
    expect(wrong.map((ids) => ids.length)).toEqual([32, 32, 32]);
    for (const id of [...any, ...wrong].flat()) expect(held.has(id)).toBe(false);
    for (const id of wrong.flat()) expect(Number(id.slice(1)) % 3).toBe(0);
    expect(any[0]).not.toEqual(any[1]);
    expect(context.expected.at(-1)).toBe(context.asked.length);
  });

  test("a user's small dataset is split; their limits apply", async () => {
    const context = probing(
      fakeContext({
        embedded: false,
        seeds: [0],
        base: { dataset: { path: '/data/mine.jsonl', template: 'Q: {{prompt}}', limit: 30 }, evaluation: { limit: 5 } },
      }),
      1000,
    );
    await testTime.run(context);
    expect(context.files.size).toBe(0);
    const [any] = context.asked.filter(({ id }) => id.startsWith('any'));
    expect(any!.config.dataset).toMatchObject({ path: '/data/mine.jsonl', template: 'Q: {{prompt}}' });
    expect(any!.config.dataset.ids).toHaveLength(25);
    const { path, ids: held } = any!.config.evaluation.dataset!;
    expect(path).toBe('/data/mine.jsonl');
    expect(new Set([...held!, ...any!.config.dataset.ids!]).size).toBe(30);
    // at random, not the first of the file
    expect(held).toHaveLength(5);
    expect(held).not.toEqual(['p0', 'p1', 'p2', 'p3', 'p4']);
    const wrong = idsOf(context, 'wrong')[0]!;
    const thirds = any!.config.dataset.ids!.filter((id) => Number(id.slice(1)) % 3 === 0);
    expect([...wrong].sort()).toEqual(thirds.sort());
  });

  test("a user's evaluation problems are the ones held out", async () => {
    const options = { size: 100, heldOut: 20, votes: 8 };
    const context = probing(
      fakeContext({
        embedded: false,
        base: { dataset: { path: '/data/a.jsonl' }, evaluation: { dataset: { path: '/data/b.jsonl' }, limit: 7 } },
      }),
      1000,
    );
    const pool = await poolOf(context as ExperimentContext, options);
    expect(pool.rest).toHaveLength(100);
    expect(pool.heldOut).toHaveLength(7);
    expect(pool.heldOutDataset).toMatchObject({ path: '/data/b.jsonl', limit: 7 });
  });

  test('too few problems to hold some out are refused', async () => {
    const context = probing(fakeContext({ base: { dataset: { path: 'embedded', limit: 2 } } }), 2);
    await expectRejection(testTime.run(context), 'usage', { reason: 'too-few-problems' });
  });
});
