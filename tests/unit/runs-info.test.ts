/** What is said of a run in one line: the same from its journal, its columns and the command line. */
import { createCipheriv } from 'node:crypto';
import { readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { find } from '../../engine/cli/commands/find.ts';
import { runs } from '../../engine/cli/commands/runs.ts';
import { show } from '../../engine/cli/commands/show.ts';
import { runSummary } from '../../engine/cli/summary.ts';
import { restoreHint } from '../../engine/journal/missing-file.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import type { EvaluationRecord } from '../../engine/protocol/records.ts';
import { beforeAfter } from '../../engine/runs/diagnosis.ts';
import { listRuns, readRunInfo } from '../../engine/runs/list.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import { temporaryFolder } from '../support/processes.ts';
import { createFixtureJournal, playFixture, writeRunFixture } from '../support/run-fixture.ts';
import { expectWords } from '../support/wording.ts';

const RUN = { problems: 2, votes: 2, steps: 2, every: 1 };

test('before is the evaluation at step 0, after the last one at a later step', () => {
  const at = (...steps: number[]) => {
    const { before, after } = beforeAfter(steps.map((step) => ({ step }) as EvaluationRecord));
    return [before?.step ?? null, after?.step ?? null];
  };
  expect([at(), at(0), at(4), at(0, 4, 8), at(4, 8)]).toEqual([
    [null, null],
    [0, null],
    [null, 4],
    [0, 8],
    [null, 8],
  ]);
});

test.each([
  ['evaluated before and after', () => true],
  ['not evaluated before the first step', (step: number) => step > 0],
  ['evaluated before the first step only', (step: number) => step === 0],
])('list, panel and command line report the same about a run %s', async (_, kept) => {
  const folder = join(temporaryFolder(), 'run');
  await writeRunFixture(folder, RUN);
  const { records } = await readRunFolder(folder);
  const left = records.filter((record) => record.type !== 'evaluation' || kept(record.step));
  const lines = left.map((record, seq) => JSON.stringify({ ...record, seq }));
  writeFileSync(join(folder, 'events.jsonl'), `${lines.join('\n')}\n`);

  const listed = await readRunInfo(folder);
  expect((await OpenRun.read(folder)).info).toEqual(listed);
  const { before, after } = runSummary(await openColumns(folder));
  expect([before?.accuracy ?? null, after?.accuracy ?? null]).toEqual([listed.accuracyBefore, listed.accuracyAfter]);
  expect([listed.accuracyBefore !== null, listed.accuracyAfter !== null]).toEqual([kept(0), kept(1)]);
});

test('a step far from the end is found, using the index if there is one', async () => {
  const cache = temporaryFolder();
  vi.stubEnv('ROLLSCOPE_CACHE', cache);
  const folder = join(temporaryFolder(), 'run');
  const journal = await createFixtureJournal(folder, RUN);
  await playFixture(journal, { ...RUN, outcome: 'interrupted' });
  const message = 'x'.repeat(2 ** 20);
  for (let i = 0; i < 17; i++) journal.append({ type: 'warning', code: 'x', message, step: null, problem: null });
  await journal.close();
  const found = { step: 2, status: 'interrupted', accuracyAfter: expect.any(Number) };
  expect(await readRunInfo(folder)).toMatchObject(found);

  await openColumns(folder);
  expect(await readRunInfo(folder)).toMatchObject(found);
  vi.unstubAllEnvs();
});

test('list, panel and command line warn of a run with little to learn from, also after its end', async () => {
  const root = temporaryFolder();
  const folder = join(root, 'run');
  const journal = await createFixtureJournal(folder, RUN);
  const warnings = ['no-answers', 'no-signal', 'x'].map((code) => ({ code, message: `${code}: raise --max-tokens` }));
  for (const warning of warnings) journal.append({ type: 'warning', ...warning, step: 0, problem: null });
  await playFixture(journal, RUN);
  await journal.close();
  const listed = await readRunInfo(folder);
  expect(listed.warning).toBe('no-signal: raise --max-tokens');
  expect((await OpenRun.read(folder)).info).toEqual(listed);
  let printed = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  await runs({ out: root });
  await show('run', { out: root });
  write.mockRestore();
  expect(printed.split('no-signal: raise')).toHaveLength(3);
});

test('panel and command line report problems that are missing', async () => {
  const root = temporaryFolder();
  const folder = join(root, 'run');
  await writeRunFixture(folder, RUN);
  const file = join(folder, 'problems.jsonl');
  writeFileSync(file, `${readFileSync(file, 'utf8').split('\n')[0]}\n`);
  const { fault } = (await OpenRun.read(folder)).info;
  expectWords('warnings', 'problems missing', fault!);
  const printed: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  await show('run', { out: root });
  await find('run', 'x', { out: root });
  write.mockRestore();
  expect(printed.join('').split(`warning: ${fault}`)).toHaveLength(3);
});

/** More bytes than the list reads at once. */
const LARGE = 5 * 2 ** 20;

/** Many whole records that say nothing. */
const padding = (lines: string[]) => {
  const { time } = JSON.parse(lines[0]!);
  const message = 'x'.repeat(2 ** 20);
  for (let i = 0; i < LARGE / 2 ** 20; i++) {
    lines.push(
      JSON.stringify({ type: 'warning', seq: lines.length, time, code: 'x', message, step: null, problem: null }),
    );
  }
};
const garbage = (seed: string, bytes: number) => {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(bytes));
};

describe.each([
  ['a small journal', () => {}],
  ['a journal that is not read at once', padding],
])('list, panel and command line agree on whether a run can be read: %s with', (_, pad) => {
  test.each<[string, (lines: string[]) => void, boolean]>([
    ['a line that was overwritten', (lines) => lines.splice(3, 1, `{"type":"group"${'\0'.repeat(20)}}`), true],
    ['a line that was cut', (lines) => lines.splice(3, 1, lines[3]!.slice(0, 20)), true],
    ['a line that is another object', (lines) => lines.splice(3, 1, '{"type": "step"}'), true],
    ['records that are missing', (lines) => lines.splice(3, 2), true],
    ['a last line that was cut by a kill', (lines) => lines.push('{"type":"group"'), false],
    ['a number that is a text', (lines) => lines.splice(3, 1, lines[3]!.replace(/"step":\d+/, '"step":"one"')), true],
    ['nothing damaged', () => {}, false],
  ])('%s', async (_, damage, unreadable) => {
    const root = temporaryFolder();
    const folder = join(root, 'run');
    await writeRunFixture(folder, RUN);
    const file = join(folder, 'events.jsonl');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    pad(lines);
    damage(lines);
    writeFileSync(file, `${lines.join('\n')}\n`);
    expect(await readableFor(root)).toEqual(everywhere(!unreadable));
  });
});

test.each([
  ['random bytes', garbage('a', 3000), false],
  ['as many as are not read at once', garbage('b', LARGE), false],
  ['text', Buffer.from('what is this\n'.repeat(40)), false],
  ['zeros', Buffer.alloc(4096), true],
  ['a text without a line', Buffer.from('{"type":"run"'), true],
  ['nothing', Buffer.alloc(0), true],
])('list, panel and command line agree on a journal of %s', async (_, bytes, readable) => {
  const root = temporaryFolder();
  await writeRunFixture(join(root, 'run'), RUN);
  writeFileSync(join(root, 'run', 'events.jsonl'), bytes);
  expect(await readableFor(root)).toEqual(everywhere(readable));
});

test.each([
  ['missing', (file: string) => unlinkSync(file)],
  ['truncated', (file: string) => truncateSync(file, 1000)],
])('list, panel and command line report that rollouts are %s', async (what, damage) => {
  const root = temporaryFolder();
  const folder = join(root, 'run');
  await writeRunFixture(folder, RUN);
  expect((await readRunInfo(folder)).fault).toBeUndefined();
  const file = join(folder, 'rollouts-000.bin');
  damage(file);
  const { fault } = await readRunInfo(folder);
  expect(fault).toContain(file);
  expectWords('warnings', `rollouts ${what}`, fault!);
  expect(fault).toContain(restoreHint(folder, 'rollouts-000.bin'));
  expect((await OpenRun.read(folder)).info.fault).toBe(fault);
  const printed: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  await show('run', { out: root });
  await runs({ out: root });
  write.mockRestore();
  const text = printed.join('');
  expect(text).toContain(`warning: ${fault}`);
  expect(text).toContain(`run: ${fault}`);
});

test.each([
  ['and has the size that it had', Buffer.alloc(0)],
  ['and has grown since', Buffer.from(`${JSON.stringify({ type: 'later' })}\n`)],
])('a large journal that was changed in the middle is not read through its index: %s', async (_, more) => {
  const folder = join(temporaryFolder(), 'run');
  const journal = await createFixtureJournal(folder, RUN);
  const message = 'x'.repeat(2 ** 20);
  for (let i = 0; i < 6; i++) journal.append({ type: 'warning', code: 'x', message, step: null, problem: null });
  await playFixture(journal, RUN);
  await journal.close();
  await openColumns(folder);
  expect(await readRunInfo(folder)).toMatchObject({ status: 'completed' });
  const events = join(folder, 'events.jsonl');
  const bytes = readFileSync(events);
  bytes.fill(0, 2 ** 21, 2 ** 21 + 10);
  writeFileSync(events, Buffer.concat([bytes, more]));
  await expect(readRunInfo(folder)).rejects.toMatchObject({ code: 'run-broken' });
});

const everywhere = (readable: boolean) => ({ list: readable, columns: readable, panel: readable, terminal: readable });

/** Who can read the run `run`. Those who cannot call it broken, by its journal. */
async function readableFor(root: string): Promise<ReturnType<typeof everywhere>> {
  const folder = join(root, 'run');
  const [listed] = await listRuns(root);
  const reason = expect.stringMatching(/^(bad-record|out-of-order)$/);
  const broken = { code: 'run-broken', details: { reason } };
  if (listed!.status === 'unreadable') expect(listed!.error).toMatchObject(broken);
  const read = async (reading: Promise<unknown>) => {
    const error = await reading.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (error) expect(error).toMatchObject(broken);
    return !error;
  };
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const shown = await read(show('run', { out: root }));
  write.mockRestore();
  return {
    list: listed!.status !== 'unreadable',
    columns: await read(openColumns(folder)),
    panel: await read(OpenRun.read(folder)),
    terminal: shown,
  };
}

test('runs whose records one list does not check are checked by the next one', async () => {
  const root = join(temporaryFolder(), 'runs');
  const message = 'x'.repeat(2 ** 20);
  for (const name of ['a', 'b', 'c']) {
    const folder = join(root, name);
    const journal = await createFixtureJournal(folder, RUN);
    for (let i = 0; i < 3; i++) journal.append({ type: 'warning', code: 'x', message, step: null, problem: null });
    await playFixture(journal, RUN);
    await journal.close();
    const events = join(folder, 'events.jsonl');
    const lines = readFileSync(events, 'utf8').split('\n');
    const group = lines.findIndex((line) => line.startsWith('{"type":"group"'));
    lines[group] = lines[group]!.replace(/"step":\d+/, '"step":"one"');
    writeFileSync(events, lines.join('\n'));
  }
  vi.stubEnv('ROLLSCOPE_CACHE', join(root, '..', 'cache'));
  const unreadable = async () => (await listRuns(root)).filter(({ status }) => status === 'unreadable').length;
  // 8 MiB are checked at a time: two of these journals.
  expect(await unreadable()).toBe(2);
  expect(await unreadable()).toBe(3);
  expect(await unreadable()).toBe(3);
  vi.unstubAllEnvs();
});
