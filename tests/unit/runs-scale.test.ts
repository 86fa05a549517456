/**
 * What opening a large run may do, counted, so that the machine does not matter: a twentieth of 1,000 problems x 1,000
 * steps x 64 groups of 16 rollouts. `npm run bench -- runs` measures seconds and memory at full size.
 */
import { appendFileSync, existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { JournalRecord } from '../../engine/protocol/records.ts';
import { fold } from '../../engine/runs/fold.ts';
import { INDEX_FILE } from '../../engine/runs/index-file.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { markOf, pack, unpack } from '../../engine/runs/packed.ts';
import { problemView } from '../../engine/runs/problem-view.ts';
import { temporaryFolder } from '../support/processes.ts';
import { group, step } from '../support/records.ts';
import { createFixtureJournal } from '../support/run-fixture.ts';

const PROBLEMS = 1000;
const STEPS = 50;
const GROUPS = 64;
const ROLLOUTS = 16;

let folder: string;
let events: string;
let records = 0;

beforeAll(async () => {
  folder = join(temporaryFolder(), 'run');
  events = join(folder, 'events.jsonl');
  await (await createFixtureJournal(folder)).close();
  for (let n = 1; n <= STEPS; n++) append(recordsOf(n));
  // Reading a rollout fails.
  expect(existsSync(join(folder, 'rollouts-000.bin')) && statSync(join(folder, 'rollouts-000.bin')).size > 0).toBe(
    false,
  );
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** The groups of a step and the step; what a problem answers differs from step to step. */
function recordsOf(n: number): JournalRecord[] {
  const groups = Array.from({ length: GROUPS }, (_, i) => {
    const problem = (n * GROUPS + i) % PROBLEMS;
    const answers = Array.from({ length: ROLLOUTS }, (_, r) => String(problem + (r < 8 + (n % 5) ? 0 : 1 + (r % 3))));
    return group(records + i, n, answers[0]!, { problem, answers, reference: String(problem) });
  });
  return [...groups, step(records + GROUPS, n)];
}

function append(lines: readonly object[]): void {
  appendFileSync(events, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  records += lines.length;
}

/** How many texts were parsed as JSON while something was done. */
async function parsed(action: () => Promise<unknown>): Promise<number> {
  const parse = vi.spyOn(JSON, 'parse');
  await action();
  const { length } = parse.mock.calls;
  parse.mockRestore();
  return length;
}

/** Bytes of all arrays and texts in a plain object. */
function bytesIn(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value === 'string') return 2 * value.length;
  if (typeof value !== 'object' || value === null) return 8;
  return Object.values(value).reduce((sum: number, item) => sum + bytesIn(item), 0);
}

test('the first opening reads each record once, and later ones read none', async () => {
  rmSync(join(folder, INDEX_FILE), { force: true });
  expect(await parsed(() => openColumns(folder))).toBeLessThanOrEqual(records + 2);
  // The header of the index, and what says how far it goes.
  expect(await parsed(() => openColumns(folder))).toBeLessThanOrEqual(3);
});

test('only what was added after the index is read', async () => {
  await openColumns(folder);
  const more = recordsOf(STEPS + 1);
  append(more);
  expect(await parsed(() => openColumns(folder))).toBeLessThanOrEqual(more.length + 3);
  const { groups, series } = await openColumns(folder);
  expect([groups.length, series.steps.length]).toEqual([GROUPS * (STEPS + 1), STEPS + 1]);
});

test('columns and index take a few hundred bytes per group', async () => {
  rmSync(join(folder, INDEX_FILE), { force: true });
  const columns = await openColumns(folder);
  expect(bytesIn(pack(columns)) / columns.groups.length).toBeLessThan(300);
  expect(statSync(join(folder, INDEX_FILE)).size / columns.groups.length).toBeLessThan(300);
});

test('the page is sent everything once, then one step at a time', async () => {
  const host = await openColumns(folder);
  const page = unpack(structuredClone(pack(host)), null);
  expect(page.sampled.map((problem) => problemView(page, problem))).toEqual(
    host.sampled.map((problem) => problemView(host, problem)),
  );
  const mark = markOf(host);
  for (const record of recordsOf(STEPS + 2)) fold(host, record);
  const news = pack(host, mark);
  expect(news.whole).toBe(false);
  expect(bytesIn(news)).toBeLessThan(GROUPS * 400 + 4096);
});
