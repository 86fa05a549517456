/** Findings on single problems, from crafted runs: what they say, and that each result can come out. */
import { expect, test } from 'vitest';
import type { SingleRun } from '../../engine/experiments/catalog/per-problem/measures.ts';
import { findings, perProblem } from '../../engine/experiments/catalog/per-problem.ts';
import { reproductionOf } from '../../engine/experiments/experiment.ts';
import { fakeContext } from '../support/experiment-context.ts';
import { runWithGroups, split } from '../support/experiment-groups.ts';
import { expectReport } from '../support/report-wording.ts';

interface Single {
  id: string;
  /** Answers of the majority at the steps 1, 2, ...; `r` is right, anything else wrong. */
  majorities: string[];
  shares: number[];
  before: number;
  model?: string;
  labeled?: boolean;
}

function single({ id, majorities, shares, before, model = 'S', labeled = true }: Single): SingleRun {
  const answer = labeled ? 'r' : null;
  const groups = majorities.map((majority, i) => ({
    phase: 'train' as const,
    step: i + 1,
    problem: 0,
    answers: split(16, shares[i]!, majority, 'z'),
  }));
  const right = labeled ? majorities[0] === 'r' : null;
  return {
    model,
    problem: { id, text: `${id}=`, answer: majorities[0]!, share: before, right, accuracy: labeled ? before : null },
    run: runWithGroups([{ id, answer }], groups),
  };
}

const many = (count: number, of: Omit<Single, 'id'>, name: string) =>
  Array.from({ length: count }, (_, i) => single({ ...of, id: `${name}${i}`, before: of.before + i / 1000 }));
const right = { majorities: ['r', 'r', 'r'], shares: [0.6, 0.8, 1], before: 0.7 };
const wrong = { majorities: ['x', 'x', 'x'], shares: [0.6, 0.75, 1], before: 0.3 };
const met = (runs: SingleRun[]) => findings(runs).criteria.map((criterion) => criterion.met);

test('problems that amplify their initial majority, right and wrong, reproduce the finding', async () => {
  const found = findings([...many(14, right, 'a'), ...many(6, wrong, 'b')]);
  expect(reproductionOf(found.criteria)).toBe('reproduced');
  await expectReport(perProblem, found);
  // 20 of 20 by Wilson: 1 / (1 + 1.96^2 / 20)
  expect(found.criteria[0]!.measured).toContain('1 (0.839 to 1)');
  // 0.6 of 16 votes are 10: all rise from 10 of 16 to 16 of 16
  expect(found.criteria[3]!.measured).toContain('by 0.375');
  // a perfect order of 14 against 6, by Wilson: 1 / (1 + 1.96^2 / 6)
  expect(found.criteria[4]!.measured).toBe('1 (0.61 to 1)');
});

test('problems that all flip do not', () => {
  const up = { majorities: ['x', 'r'], shares: [0.6, 0.6], before: 0.4 };
  const down = { majorities: ['r', 'x'], shares: [0.6, 0.6], before: 0.6 };
  const found = findings([...many(10, up, 'a'), ...many(10, down, 'b')]);
  expect(found.criteria.map(({ met: is }) => is)).toEqual([false, false, false, false, false]);
  expect(reproductionOf(found.criteria)).toBe('not');
});

test('a wrong answer that is replaced by another wrong one neither flips nor is kept', () => {
  const other = { majorities: ['x', 'y'], shares: [0.6, 0.9], before: 0.2 };
  const runs = [...many(18, right, 'a'), ...many(4, other, 'b')];
  expect(met(runs)).toEqual([true, true, false, true, true]);
  expect(reproductionOf(findings(runs).criteria)).toBe('partly');
  const table = findings(runs).sections.find((s) => s.kind === 'table' && s.title === 'Outcomes');
  expect(table?.kind === 'table' && table.rows[0]!.slice(0, 6)).toEqual(['S', 18, 0, 4, 0, 0]);
});

test('too few problems decide nothing, even if all agree', () => {
  const three = findings([...many(1, right, 'a'), ...many(2, wrong, 'b')]);
  expect(three.criteria.map((criterion) => criterion.met)).toEqual([null, null, null, null, null]);
  expect(three.criteria[4]!.measured).toContain('1 (0.207 to 1)');
  expect(reproductionOf(three.criteria)).toBe('not');
  // other models and seeds do not add problems
  const again = [right, right, right].flatMap((of, i) =>
    ['S', 'W', 'W'].map((model) => single({ ...of, id: `p${i}`, model })),
  );
  expect(met(again)).toEqual([null, null, null, null, null]);
  expect(met([...many(14, right, 'a'), ...many(3, wrong, 'b')])).toEqual([true, true, null, true, null]);
});

test('seeds of a problem do not count as further problems', () => {
  const runs = many(10, right, 'a');
  const twice = findings([...runs, ...runs]);
  // 10 of 10 by Wilson, not 20 of 20
  expect(twice.criteria[0]!.measured).toContain('1 (0.722 to 1)');
});

test('without labels nothing is measured, and no criterion is met', () => {
  const runs = many(10, { ...right, labeled: false }, 'a');
  expect(met(runs)).toEqual([null, null, null, null, null]);
  expect(reproductionOf(findings(runs).criteria)).toBe('not');
});

test('every problem of the probe trains alone, on every model and with every seed', async () => {
  const context = fakeContext({ base: { dataset: { path: 'embedded', limit: 3 }, votes: 16, group: 16, steps: 5 } });
  const probes = ['a', 'b', 'c'].map((id) => ({ id, answer: 'r' }));
  const run = context.run;
  context.run = async (id, config) => {
    const made = await run(id, config);
    const of = config.job === 'probe' ? probes : probes.filter((p) => config.dataset.ids?.includes(p.id));
    const steps = config.job === 'probe' ? [0] : [1, 2];
    const groups = steps.flatMap((step) =>
      of.map((_, problem) => ({
        phase: config.job === 'probe' ? ('probe' as const) : ('train' as const),
        step,
        problem,
        answers: split(config.votes, 0.75, 'r', 'z'),
      })),
    );
    return { ...runWithGroups(of, groups), id: made.id, config };
  };
  const found = await perProblem.run(context);
  expect(found.criteria[0]!.measured).toMatch(/\b6\b/);
  const probed = context.asked.filter(({ config }) => config.job === 'probe');
  expect(probed.map(({ config }) => [config.model, config.votes, config.dataset.limit])).toEqual([
    ['embedded', 64, 3],
    ['embedded:W', 64, 3],
  ]);
  const trained = context.asked.filter(({ config }) => config.job === 'train');
  expect(trained).toHaveLength(2 * 3 * 2);
  expect(new Set(trained.map(({ id }) => id)).size).toBe(12);
  for (const { id, config } of trained) {
    expect(id).toMatch(/^[\w.-]+$/);
    expect(config).toMatchObject({ steps: 5, batch: 1, votes: 16, evaluation: { samples: 0 } });
    expect(config.dataset.ids).toHaveLength(1);
    expect(config.dataset.limit).toBeUndefined();
  }
  expect(context.expected.at(-1)).toBe(context.asked.length);
});

test('another model is examined alone', async () => {
  const context = fakeContext({ base: { model: 'embedded:W' } });
  await perProblem.run(context);
  expect(context.asked.map(({ config }) => config.model)).toEqual(['embedded:W']);
});
