import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EVENTS_FILE, inRun, LOCK_FILE, PROBLEMS_FILE, RUN_FILE } from '../../engine/journal/layout.ts';
import { lockRun } from '../../engine/journal/lock.ts';
import { isReadable, listRuns, RunList } from '../../engine/runs/list.ts';
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

test('of many runs is not read again, except for runs that have changed', async () => {
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

test('checks again whether the writer of a run is alive', async () => {
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

test('treats a writer on another machine that touches its lock again as alive', async () => {
  const lock = inRun(run(1), LOCK_FILE);
  writeFileSync(lock, JSON.stringify({ pid: 1, started: null, host: 'elsewhere' }));
  utimesSync(lock, new Date(0), new Date(0));
  await list();
  expect((await list()).one(1)).toMatchObject({ status: 'stopped' });
  // it touches its lock, which changes nothing else
  utimesSync(lock, new Date(), new Date());
  expect((await list()).one(1)).toMatchObject({ status: 'running' });
});

test.each([
  ['damaged', '[["run-1",{"stamp":"'],
  ['of another version', 'rollscope-list 0 0.0.0 0\n[]'],
])('does not trust its cache if that is %s', async (_, text) => {
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

describe('a page of the list', () => {
  /** Run i begins i minutes after the first one; the names say nothing of it. */
  function begin(count: number): void {
    for (let i = 0; i < count; i++) {
      const file = JSON.parse(readFileSync(inRun(run(i), RUN_FILE), 'utf8')) as object;
      const created = new Date(Date.UTC(2026, 0, 1, 0, (i * 37) % count)).toISOString();
      writeFileSync(inRun(run(i), RUN_FILE), `${JSON.stringify({ ...file, created }, null, 2)}\n`);
    }
  }

  test('has the newest runs, as in the whole list, and reads no others', async () => {
    begin(RUNS);
    const all = await listRuns(root);
    rmSync(cache, { recursive: true, force: true });
    const parse = vi.spyOn(JSON, 'parse');
    const list = await RunList.open(root);
    expect(list.total).toBe(RUNS);
    expect(parse).not.toHaveBeenCalled();
    expect(await list.newest(5)).toEqual(all.slice(0, 5));
    const parsed = parse.mock.calls.length;
    // some records of each
    expect(parsed).toBeLessThan((5 * RUNS) / 2);
    parse.mockRestore();
    expect(await list.newest(12)).toEqual(all.slice(0, 12));
    expect(await list.newest()).toEqual(all);
  });

  test('puts unreadable runs, and those of other programs, where the whole list does', async () => {
    begin(RUNS);
    const text = (i: number) => readFileSync(inRun(run(i), RUN_FILE), 'utf8');
    // the key elsewhere, with an escape, cut off, of no format; and no run at all
    const { created, ...rest } = JSON.parse(text(1)) as { created: string };
    writeFileSync(inRun(run(1), RUN_FILE), JSON.stringify({ ...rest, created }));
    writeFileSync(inRun(run(2), RUN_FILE), text(2).replace('"created": "2', '"created": "\\u0032'));
    writeFileSync(inRun(run(3), RUN_FILE), text(3).slice(0, 300));
    writeFileSync(inRun(run(4), RUN_FILE), '[]');
    unlinkSync(inRun(run(5), RUN_FILE));
    mkdirSync(join(root, 'empty'));
    const all = await listRuns(root);
    expect(all.map(({ created: time }) => time)).toEqual([...all.map(({ created: time }) => time)].sort().reverse());
    expect(all).toHaveLength(RUNS);
    for (const count of [1, 7, RUNS]) {
      rmSync(cache, { recursive: true, force: true });
      const list = await RunList.open(root);
      expect(list.total).toBe(RUNS);
      expect(await list.newest(count)).toEqual(all.slice(0, count));
    }
  });

  test('is cached for the next list without losing what it did not read', async () => {
    begin(RUNS);
    const all = await listRuns(root);
    writeFileSync(inRun(run(7), EVENTS_FILE), '');
    const page = await (await RunList.open(root)).newest(70);
    expect(page).toHaveLength(70);
    const again = await list();
    expect(again.runs).toHaveLength(all.length);
    expect(again.one(8)).toEqual(all.find(({ folder }) => folder === run(8)));
    expect(again.parsed).toBeLessThan(RUNS);
  });

  test('finds the newest run that fits', async () => {
    begin(RUNS);
    const all = await listRuns(root);
    writeFileSync(inRun(all[0]!.folder, RUN_FILE), '{');
    const opened = await RunList.open(root);
    expect((await opened.find(isReadable))?.run).toBe(all[1]!.run);
    const isLast = (item: (typeof all)[number]): item is (typeof all)[number] => item.run === all.at(-1)!.run;
    expect((await opened.find(isLast))?.folder).toBe(all.at(-1)!.folder);
    const isNone = (_: (typeof all)[number]): _ is never => false;
    expect(await opened.find(isNone)).toBeUndefined();
  });
});
