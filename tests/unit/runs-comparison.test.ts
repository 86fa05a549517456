/** Runs against each other. References: scipy 1.x `binomtest`, statsmodels' Wilson intervals put together by hand, and print. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mcnemar, pairedOutcomes, pairedProportions } from '../../engine/analysis/paired.ts';
import { createProgram } from '../../engine/cli/program.ts';
import type { JournalRecord } from '../../engine/protocol/records.ts';
import { RunColumns } from '../../engine/runs/columns.ts';
import { compareRuns, type RunToCompare } from '../../engine/runs/comparison/compare.ts';
import { differingProblems } from '../../engine/runs/comparison/differing.ts';
import { matchProblems } from '../../engine/runs/comparison/match.ts';
import { differentSettings } from '../../engine/runs/comparison/settings.ts';
import { fold } from '../../engine/runs/fold.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { hasOtherAnswer } from '../../engine/runs/problem-view.ts';
import { keepPrinted } from '../support/printed.ts';
import { temporaryFolder } from '../support/processes.ts';
import { group } from '../support/records.ts';
import { expectRejection, expectThrow } from '../support/refusals.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

const outcomes = (bothRight: number, onlyFirst: number, onlySecond: number, bothWrong: number) => ({
  bothRight,
  onlyFirst,
  onlySecond,
  bothWrong,
});

describe('paired outcomes', () => {
  it('are counted by which run is right', () => {
    const pairs = [
      [true, true],
      [true, false],
      [true, false],
      [false, true],
      [false, false],
    ] as const;
    expect(pairedOutcomes(pairs)).toEqual(outcomes(1, 2, 1, 1));
  });

  it.each([
    [1, 7, 0.0703125],
    [0, 5, 0.0625],
    [6, 16, 0.052478790283203125],
    [300, 360, 0.02157234823197109],
    [5, 5, 1],
    [700, 1300, 1.6293497027602653e-41],
    [0, 0, 1],
  ])("%i against %i: scipy's p-value", (onlyFirst, onlySecond, p) => {
    const found = mcnemar(outcomes(3, onlyFirst, onlySecond, 4));
    expect(found / p).toBeCloseTo(1, 9);
    expect(mcnemar(outcomes(0, onlySecond, onlyFirst, 0))).toBe(found);
  });

  it.each([
    // Airway hyper-responsiveness before and after transplantation (Bentur 2009): 0.026 to 0.507 in print, the sign turned.
    [outcomes(1, 1, 7, 12), 0.2857142857142857, 0.025559124164859837, 0.506920226686141],
    // Altman, Machin, Bryant and Gardner 2000, table 6.2: 0.011 to 0.226 in print, the sign turned.
    [outcomes(14, 5, 0, 22), -0.12195121951219512, -0.2264926843512112, -0.011483241383033221],
    [outcomes(40, 3, 9, 12), 0.09375, -0.014824383768531346, 0.2007979728576625],
    [outcomes(3, 5, 6, 1), 0.06666666666666665, -0.3316426274326941, 0.44163483629649825],
    [outcomes(0, 0, 0, 5), 0, -0.43448246478317487, 0.43448246478317487],
    [outcomes(8, 0, 0, 0), 0, -0.32440756488388023, 0.32440756488388023],
  ])("%o: Newcombe's method 10", (table, mean, low, high) => {
    const found = pairedProportions(table)!;
    expect([found.mean, found.low, found.high].map((x, i) => x - [mean, low, high][i]!)).toEqual(
      [0, 0, 0].map(() => expect.closeTo(0, 12)),
    );
  });

  it('of no problems do not exist', () => {
    expect(pairedProportions(outcomes(0, 0, 0, 0))).toBeNull();
  });
});

const problem = (index: number, id: string, text: string, answer: string | null = null) => ({
  index,
  id,
  text,
  answer,
  source: 'x.jsonl',
  row: index,
  line: index + 1,
});

describe('the same problems of several runs', () => {
  it('have the same text, whatever their ids and white space', () => {
    const found = matchProblems([
      [problem(0, 'a', 'one'), problem(1, 'b', 'two  words'), problem(2, 'c', 'three')],
      [problem(0, '0', 'two words'), problem(1, '1', 'one'), problem(2, '2', 'four')],
    ]);
    expect(found.indices).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(found).toMatchObject({ byText: 2, unmatched: [1, 1], otherReferences: 0 });
  });

  it('have the same id, and a text that contains the other, or references that agree', () => {
    const system = (text: string) => `You are a helpful assistant.\n${text}`;
    const found = matchProblems([
      [
        problem(0, '1', 'one', '1'),
        problem(1, '2', 'two'),
        problem(2, 'q-3', 'three', '3'),
        problem(3, 'q-4', 'four', '4'),
      ],
      [
        problem(0, '1', system('one'), '2'),
        problem(1, '2', 'x'),
        problem(2, 'q-3', 'a rephrased one', '3'),
        problem(3, 'q-4', 'y', '5'),
      ],
    ]);
    expect(found).toMatchObject({
      indices: [
        [0, 0],
        [2, 2],
      ],
      byText: 0,
      otherReferences: 1,
      unmatched: [2, 2],
    });
  });

  it('are matched once each, those with the same id first', () => {
    const twice = [problem(0, 'a', 'one'), problem(1, 'b', 'one')];
    expect(matchProblems([twice, [problem(0, 'b', 'one'), problem(1, 'a', 'one')]]).indices).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(matchProblems([twice, [problem(0, 'c', 'one')]]).indices).toEqual([[0, 0]]);
  });

  it('are in all runs', () => {
    const some = (...texts: string[]) => texts.map((text, i) => problem(i, String(i), text));
    const found = matchProblems([some('a', 'b', 'c'), some('c', 'b'), some('b', 'd', 'c')]);
    expect(found.indices).toEqual([
      [1, 1, 0],
      [2, 0, 2],
    ]);
    expect(found.unmatched).toEqual([1, 0, 1]);
  });
});

function folded(...records: JournalRecord[]): RunColumns {
  const columns = new RunColumns();
  for (const record of records) fold(columns, record);
  return columns;
}

const FILE = {
  config: null,
  foreign: null,
  origin: { engine: 'TRL', version: '1.0', files: [] },
  modelFingerprint: null,
  dataFingerprint: null,
};

/** Each problem's answers at steps 1 and 2; the reference is always 7. */
function run(name: string, ...answers: [first: string[], second: string[]][]): RunToCompare {
  const records = [0, 1].flatMap((step) =>
    answers.map((answer, index) =>
      group(step * answers.length + index, step + 1, 'x', { problem: index, answers: answer[step]!, reference: '7' }),
    ),
  );
  const problems = answers.map((_, i) => problem(i, `p-${i}`, `problem ${i}`, '7'));
  return { run: name, folder: `/runs/${name}`, file: FILE, problems, columns: folded(...records), step: null };
}

describe('two runs', () => {
  const right = ['7', '7', '7', '8'];
  const wrong = ['8', '8', '8', '7'];
  const a = run('a', [wrong, right], [wrong, right], [wrong, wrong], [wrong, ['7', '7', '7', '7']]);
  const b = run('b', [wrong, wrong], [wrong, right], [wrong, ['9', '9', '9', '7']], [wrong, right]);

  it('are measured and paired at their latest steps', () => {
    const found = compareRuns([a, b]);
    expect(found).toMatchObject({ phase: null, matched: { problems: 4, byText: 4 } });
    const [first, second] = found.runs;
    expect(first).toMatchObject({ asked: null, unmatched: 0, at: { step: 2, problems: 4, labeled: 4, samples: 4 } });
    expect(first!.at.accuracy!.mean).toBeCloseTo((0.75 + 0.75 + 0.25 + 1) / 4, 12);
    expect(first!.before.accuracy!.mean).toBeCloseTo(0.25, 12);
    expect(second!.at.majorityAccuracy!.mean).toBe(0.5);
    expect(found.pairs).toHaveLength(1);
    const [pair] = found.pairs;
    expect(pair).toMatchObject({ outcomes: outcomes(2, 1, 0, 1), problems: 4, p: 1, answered: 4, switched: 2 });
    expect(pair!.accuracy!.mean).toBeCloseTo((0.25 - 0.75 + 0 + 0 - 0.25) / 4, 12);
    expect(pair!.majorityAccuracy!.mean).toBeCloseTo(-0.25, 12);
  });

  it('may be compared at different steps, and may be the same run', () => {
    const found = compareRuns([
      { ...a, step: 1 },
      { ...a, step: 2 },
    ]);
    expect(found.pairs[0]!.outcomes).toEqual(outcomes(0, 0, 3, 1));
    expect(found.settings).toEqual([]);
  });

  it('list first the problems that only one of them has right', () => {
    const differing = differingProblems(compareRuns([a, b]), a.problems);
    expect(differing.map(({ id, changed }) => [id, changed])).toEqual([
      ['p-0', true],
      ['p-2', false],
    ]);
    expect(differing[0]).toMatchObject({ reference: '7', runs: [{ correct: true }, { correct: false, answer: '8' }] });
  });

  it('treat right answers as the same, however they are written', () => {
    const answer = (text: string, verdict: 'correct' | 'wrong') => ({ answer: text, verdict });
    expect(hasOtherAnswer(answer('1/2', 'correct'), answer('0.5', 'correct'))).toBe(false);
    expect(hasOtherAnswer(answer('1/2', 'wrong'), answer('0.5', 'correct'))).toBe(true);
    expect(hasOtherAnswer({ answer: null, verdict: 'wrong' }, answer('1', 'wrong'))).toBe(false);
  });

  it('without labels are compared by their answers', () => {
    const unlabeled = (answer: string): RunToCompare => ({
      ...a,
      problems: [problem(0, 'p', 'problem')],
      columns: folded(group(0, 1, answer)),
    });
    const found = compareRuns([unlabeled('1'), unlabeled('2')]);
    expect(found.runs[0]!.at).toMatchObject({ accuracy: null, majorityAccuracy: null, passAtK: null, labeled: 0 });
    expect(found.pairs[0]).toMatchObject({ p: null, accuracy: null, majorityAccuracy: null, answered: 1, switched: 1 });
  });

  it('may be two to six', () => {
    expectThrow(() => compareRuns([a]), 'usage', { reason: 'number-of-runs', value: 1 });
    expectThrow(() => compareRuns(new Array(7).fill(a)), 'usage', { reason: 'number-of-runs', value: 7 });
  });
});

describe('settings', () => {
  it('are listed if they differ, those of a run of another trainer with its names', () => {
    const foreign = (lr: number | null) => ({
      ...FILE,
      foreign: {
        job: 'train' as const,
        model: 'm',
        dataset: 'd',
        reward: 'r',
        steps: 5,
        settings: { learning_rate: lr, beta: 0 },
      },
    });
    expect(differentSettings([foreign(1e-5), foreign(2e-5), foreign(null)])).toEqual([
      { setting: 'learning_rate', values: ['0.00001', '0.00002', null] },
    ]);
    expect(differentSettings([foreign(1), { ...foreign(1), dataFingerprint: 'f' }])).toEqual([
      { setting: 'dataFingerprint', values: [null, 'f'] },
    ]);
  });
});

describe('rollscope compare', () => {
  const home = temporaryFolder();
  const runs = path.join(home, 'runs');
  const printed = keepPrinted();

  beforeAll(async () => {
    process.env.ROLLSCOPE_HOME = home;
    await writeRunFixture(path.join(runs, 'one'), { seed: 7 });
    await writeRunFixture(path.join(runs, 'two'), { seed: 7, steps: 5 });
    await writeRunFixture(path.join(runs, 'other'), { seed: 8, problems: 3 });
    await writeRunFixture(path.join(runs, 'unlabeled'), { seed: 7, labels: false });
  });
  afterAll(() => {
    delete process.env.ROLLSCOPE_HOME;
  });

  const compare = async (...args: string[]) => {
    printed.text = '';
    await createProgram(() => {}).parseAsync(['compare', ...args], { from: 'user' });
    return printed.text;
  };
  const json = async (...args: string[]) =>
    JSON.parse((await compare(...args, '--json')).trimEnd().split('\n').at(-1)!);

  it('prints the evaluations, the pair, and the settings that differ', async () => {
    const text = await compare('one', 'two');
    expect(text).toContain('12 problems in both runs, matched by text · evaluation rollouts');
    expect(text).toContain('A: one');
    expect(text).toMatch(/steps +10 +5\n/);
    expect(text).toContain("McNemar's exact test: p = ");
    const found = await json('one', 'two');
    const { evaluations } = (await openColumns(path.join(runs, 'one'))).head;
    const last = evaluations.at(-1)!;
    expect(found.runs[0].at).toMatchObject({
      step: 10,
      accuracy: { mean: last.accuracy!.mean },
      majorityAccuracy: { mean: last.majorityAccuracy!.mean },
    });
    expect(found.runs[0].before.passAtK.mean).toBe(evaluations[0]!.passAtK!.mean);
    expect(found.runs[1].at.step).toBe(5);
    expect(found.settings).toEqual([{ setting: 'steps', values: ['10', '5'] }]);
    expect(found.problems.length + found.matched.alike).toBe(12);
  });

  it('accepts one step per run, and another phase', async () => {
    const found = await json('one', 'one', '--step', '0,10');
    expect(found.runs.map(({ at }: { at: { step: number } }) => at.step)).toEqual([0, 10]);
    expect(found.settings).toEqual([]);
    expect((await json('one', 'two', '--step', '3', '--phase', 'train')).runs[1]).toMatchObject({
      asked: 3,
      at: { step: 3 },
    });
    expect(await compare('one', 'unlabeled')).toContain('another answer: ');
  });

  it('refuses runs that cannot be compared', async () => {
    const facts = { reason: 'no-common-problem' };
    await expectRejection(compare('one', 'other', '--step', '1'), 'usage', facts);
    await expectRejection(compare('one', 'two', '--step', '1,2,3'), 'usage', { field: '--step' });
    await expectRejection(compare('one', 'two', '--step', 'x'), 'usage', { field: '--step' });
    await expectRejection(compare('one', 'none'), 'run-not-found', { value: 'none' });
    await expectRejection(compare(...new Array<string>(7).fill('one')), 'usage', { reason: 'number-of-runs' });
  });
});
