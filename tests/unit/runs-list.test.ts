import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EVENTS_FILE, inRun, LOCK_FILE, PROBLEMS_FILE, RUN_FILE } from '../../engine/journal/layout.ts';
import { lockRun } from '../../engine/journal/lock.ts';
import { listRuns } from '../../engine/runs/list.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

const RUNS = 80;
let root: string;
let cache: string;
const run = (i: number) => join(root, `run-${i}`);

beforeEach(async () => {
  const folder = temporaryFolder();
  root = join(folder, 'runs');
  cache = join(folder, 'cache');
  vi.stubEnv('ROLLSCOPE_CACHE', cache);
  mkdirSync(root);
  await writeRunFixture(run(0), { problems: 2, steps: 2, votes: 2, every: 1, outcome: 'stopped' });
  for (let i = 1; i < RUNS; i++) cpSync(run(0), run(i), { recursive: true });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** The list, and how many texts were parsed for it. */
async function list() {
  const parse = vi.spyOn(JSON, 'parse');
  const runs = await listRuns(root);
  const parsed = parse.mock.calls.length;
  parse.mockRestore();
  return { runs, parsed, one: (i: number) => runs.find(({ folder }) => folder === run(i)) };
}

test('of many runs is not read again, but for the runs that have changed', async () => {
  const first = await list();
  expect(first.runs).toHaveLength(RUNS);
  expect(first.parsed).toBeGreaterThan(RUNS);
  const second = await list();
  expect(second.runs).toEqual(first.runs);
  expect(second.parsed).toBe(1);

  const events = inRun(run(3), EVENTS_FILE);
  const seq = readFileSync(events, 'utf8').split('\n').length - 1;
  const end = { type: 'end', seq, time: new Date(0).toISOString(), reason: 'completed', step: 2 };
  appendFileSync(events, `${JSON.stringify(end)}\n`);
  unlinkSync(inRun(run(4), PROBLEMS_FILE));
  rmSync(run(5), { recursive: true });
  writeFileSync(inRun(run(6), RUN_FILE), '{}');
  const changed = await list();
  expect(changed.runs).toHaveLength(RUNS - 1);
  expect(changed.one(2)).toEqual(first.one(2));
  expect(changed.one(3)).toMatchObject({ status: 'completed' });
  expect(changed.one(4)).toMatchObject({ status: 'unreadable', error: { details: { reason: 'missing-file' } } });
  expect(changed.one(6)).toMatchObject({ status: 'unreadable' });
});

test('asks again whether the writer of a run lives', async () => {
  // A dead writer left its lock.
  writeFileSync(inRun(run(1), LOCK_FILE), JSON.stringify({ pid: 999_999_999, started: null, host: hostname() }));
  await list();
  expect((await list()).one(1)).toMatchObject({ status: 'stopped' });
  rmSync(inRun(run(1), LOCK_FILE));
  const lock = await lockRun(run(1));
  expect((await list()).one(1)).toMatchObject({ status: 'running' });
  lock.release();
  expect((await list()).one(1)).toMatchObject({ status: 'stopped' });
});

test.each([
  ['damaged', '[["run-1",{"stamp":"'],
  ['of another version', 'rollscope-list 0 0.0.0 0\n[]'],
])('does not trust what it kept where that is %s', async (_, text) => {
  const first = await list();
  for (const name of readdirSync(join(cache, 'lists'))) writeFileSync(join(cache, 'lists', name), text);
  expect((await list()).runs).toEqual(first.runs);
});

test.each<[string, (line: string) => string]>([
  ['a key in front', (line) => line.replace('{', '{"note":1,')],
  ['a key behind', (line) => line.replace(/\}$/, ',"note":{"of":"somebody"}}')],
  ['spaces', (line) => line.replaceAll(/":(?=["{[\d])/g, '": ').replace('{', '{ ')],
  ['another order', (line) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line)).reverse()))],
  ['carriage returns', (line) => `${line}\r`],
])('says the same of a journal that another program wrote with %s', async (_how, rewritten) => {
  const before = (await list()).one(1);
  const events = inRun(run(1), EVENTS_FILE);
  const lines = readFileSync(events, 'utf8').trimEnd().split('\n');
  writeFileSync(events, `${lines.map(rewritten).join('\n')}\n`);
  const after = (await list()).one(1);
  expect(after).toEqual(before);
});
