/** Finding rollouts of a run: conditions, counts over the steps, excerpts, damage, limits and cancellation. */
import { truncateSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { findText } from '../../engine/cli/find/text.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import type { Rollout } from '../../engine/protocol/group.ts';
import { PHASES } from '../../engine/protocol/group-id.ts';
import type { Problem } from '../../engine/protocol/problem.ts';
import { RunColumns } from '../../engine/runs/columns.ts';
import { findRollouts } from '../../engine/runs/find.ts';
import type { FindQuery } from '../../engine/runs/find-query.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

let folder: string;
let columns: RunColumns;
let problems: Problem[];
/** All rollouts that count, with their group. */
let all: (Rollout & { phase: string; step: number; problem: number; index: number })[];

beforeAll(async () => {
  ({ folder, problems } = await writeRunFixture(path.join(temporaryFolder(), 'run'), {
    problems: 5,
    votes: 6,
    steps: 4,
    every: 2,
  }));
  columns = await openColumns(folder);
  all = [];
  for (const row of columns.countedRows) {
    const { rollouts, ...id } = await readGroup(folder, columns.frameOf(row)!);
    all.push(...rollouts.map((rollout, index) => ({ ...rollout, ...id, index })));
  }
});

const find = (query: FindQuery, limit = 10_000) => findRollouts(folder, columns, query, { limit });

/** Each condition, and what it means for a rollout. */
const CONDITIONS: readonly [name: string, query: FindQuery, holds: (rollout: (typeof all)[number]) => boolean][] = [
  ['nothing', {}, () => true],
  ['text in any case', { text: 'LET ME' }, ({ text }) => text.includes('Let me')],
  ['text in this case', { text: 'LET ME', matchCase: true }, () => false],
  ['text with signs', { text: '\\boxed{' }, ({ text }) => text.includes('\\boxed{')],
  ['a pattern', { regex: 'STEP +by' }, ({ text }) => /step +by/i.test(text)],
  ['a pattern in this case', { regex: 'STEP +by', matchCase: true }, () => false],
  ['text and pattern', { text: 'step', regex: '\\d+\\.$' }, ({ text }) => /step/i.test(text) && /\d+\.$/m.test(text)],
  ['without an answer', { answer: null }, ({ answer }) => answer === null],
  ['cut', { finish: 'length' }, ({ finish }) => finish === 'length'],
  ['correct', { correct: true }, ({ correct }) => correct === true],
  ['rewarded', { leastReward: 0.5 }, ({ reward }) => reward !== null && reward >= 0.5],
  ['not rewarded', { mostReward: 0 }, ({ reward }) => reward !== null && reward <= 0],
  ['a phase', { phase: 'greedy' }, ({ phase }) => phase === 'greedy'],
  ['steps', { firstStep: 2, lastStep: 3 }, ({ step }) => step >= 2 && step <= 3],
  ['a problem', { problem: 3, correct: false }, ({ problem, correct }) => problem === 3 && correct === false],
];

const keyOf = (item: { phase: string; step: number; problem: number }, index: number) =>
  `${item.step} ${item.phase} ${item.problem} ${index}`;

describe('finding rollouts', () => {
  test.each(CONDITIONS)('%s', async (_, query, holds) => {
    const found = await find(query);
    const wanted = all.filter(holds);
    expect(found.total).toBe(wanted.length);
    expect(new Set(found.hits.map((hit) => keyOf(hit, hit.rollout)))).toEqual(
      new Set(wanted.map((item) => keyOf(item, item.index))),
    );
    expect(found.groups).toBe(new Set(wanted.map((item) => keyOf(item, 0))).size);
    expect(found.problems).toBe(new Set(wanted.map(({ problem }) => problem)).size);
    expect(found.steps.reduce((sum, { hits }) => sum + hits, 0)).toBe(wanted.length);
    const order = found.steps.map(({ step, phase }) => step * PHASES.length + PHASES.indexOf(phase));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(new Set(order).size).toBe(order.length);
  });

  test('by an answer finds answers that the vote counts as equal', async () => {
    const answer = all.find((candidate) => candidate.answer !== null)!.answer!;
    const found = await find({ answer });
    expect(found.total).toBeGreaterThanOrEqual(all.filter((item) => item.answer === answer).length);
  });

  test('counts all matches and keeps the first ones', async () => {
    const [few, many] = await Promise.all([find({}, 3), find({})]);
    expect(few.hits).toEqual(many.hits.slice(0, 3));
    expect({ ...few, hits: [] }).toEqual({ ...many, hits: [] });
    expect(few.rollouts).toBe(all.length);
    expect((await find({}, 0)).hits).toEqual([]);
  });

  test('shows the first match with its context', async () => {
    const { hits } = await find({ text: 'answer is' });
    for (const { excerpt, at, ...hit } of hits) {
      const { text } = all.find((candidate) => keyOf(candidate, candidate.index) === keyOf(hit, hit.rollout))!;
      expect(excerpt.match).toBe('answer is');
      expect(at).toBe(text.indexOf('answer is'));
      expect(text).toContain(excerpt.before + excerpt.match + excerpt.after);
    }
  });

  test('reports progress, and can be canceled', async () => {
    const done: number[] = [];
    await findRollouts(folder, columns, {}, { onProgress: (progress) => done.push(progress.done / progress.of) });
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(done.at(-1)).toBe(1);
    const stop = new AbortController();
    const stopped = findRollouts(folder, columns, {}, { signal: stop.signal, onProgress: () => stop.abort() });
    await expectRejection(stopped, 'canceled', { reason: 'search' });
  });

  test('refuses an invalid pattern', async () => {
    await expectRejection(find({ regex: '(a' }), 'usage', { reason: 'bad-pattern', value: '(a' });
    await expectRejection(find({ regex: '(a)\\1' }), 'usage', { reason: 'bad-pattern' });
  });

  test('continues after a damaged group, and says so', async () => {
    const { folder: damaged } = await writeRunFixture(path.join(temporaryFolder(), 'damaged'), {
      problems: 3,
      steps: 2,
    });
    const open = await openColumns(damaged);
    const last = open.countedRows.map((row) => open.frameOf(row)!.offset).sort((a, b) => b - a)[0]!;
    truncateSync(path.join(damaged, 'rollouts-000.bin'), last + 8);
    const found = await findRollouts(damaged, open, {});
    expect(found).toMatchObject({ unreadable: 1, fault: expect.stringContaining('rollouts-000.bin') });
    expect(found.rollouts).toBeGreaterThan(0);
    expect(findText(found, [])).toContain(found.fault);
  });

  test('in a run without rollouts finds none', async () => {
    const found = await findRollouts(folder, new RunColumns(), { text: 'x' });
    expect(found).toMatchObject({ total: 0, rollouts: 0, hits: [], steps: [] });
  });

  test('is printed as text', async () => {
    const text = findText(await find({ text: 'let me' }, 5), problems);
    expect(text).toMatch(/^\d+ of \d+ rollouts found, in \d+ groups of \d+ problems\./);
    expect(text).toMatch(/\ntrain +1 to 4 /);
    expect(text).toContain('【Let me】');
    expect(text).toMatch(/\d+ more: --limit lists more of them\.$/);
    expect(findText(await find({ text: 'nowhere' }), problems)).toBe(`0 of ${all.length} rollouts found.`);
  });
});
