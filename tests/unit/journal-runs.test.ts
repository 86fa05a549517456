import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Journal } from '../../engine/journal/journal.ts';
import { newRunName, runsRoot } from '../../engine/journal/locations.ts';
import { openJournal } from '../../engine/journal/open.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { tailRecords } from '../../engine/journal/tail.ts';
import { type JournalRecord, RunConfig, RunInfo } from '../../engine/protocol/index.ts';
import { listRuns, readRunInfo } from '../../engine/runs/list.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';
import { createFixtureJournal, playFixture, writeRunFixture } from '../support/run-fixture.ts';
import { until } from '../support/wait.ts';

const RUN = { problems: 2, votes: 2, steps: 2, every: 1 };

let root: string;
beforeEach(() => {
  root = temporaryFolder();
});

describe('the list of runs', () => {
  test('has each run with its state, newest first', async () => {
    const outcomes = ['completed', 'stopped', 'failed', 'interrupted', 'running'] as const;
    const open: Journal[] = [];
    for (const [day, outcome] of outcomes.entries()) {
      const created = new Date(Date.UTC(2026, 0, 1 + day));
      const { journal } = await writeRunFixture(join(root, outcome), { ...RUN, outcome, created });
      if (journal) open.push(journal);
    }
    const runs = await listRuns(root);
    for (const run of runs) expect(RunInfo.parse(run)).toEqual(run);
    expect(runs.map((run) => [run.run, run.status])).toEqual(outcomes.toReversed().map((item) => [item, item]));
    for (const journal of open) await journal.close();
    expect((await readRunInfo(join(root, 'running'))).status).toBe('interrupted');
  });

  test('takes step and accuracies from the two ends of the events', async () => {
    const folder = join(root, 'run');
    await writeRunFixture(folder, { dataset: '/data/sums.jsonl' });
    const evaluations = (await readRunFolder(folder)).records.filter((record) => record.type === 'evaluation');
    expect(await readRunInfo(folder)).toEqual({
      run: 'run',
      folder,
      created: '2026-11-24T19:30:12.000Z',
      job: 'train',
      model: 'embedded',
      dataset: '/data/sums.jsonl',
      reward: 'majority-vote',
      step: 10,
      steps: 10,
      origin: { engine: 'rollscope', version: '0.1.0', files: [] },
      status: 'completed',
      accuracyBefore: evaluations[0]!.accuracy!.mean,
      accuracyAfter: evaluations.at(-1)!.accuracy!.mean,
      diagnosis: { kind: 'unclear', since: null },
      skipped: null,
    });
  });

  test('has no accuracy without labels, before the first evaluation, and without any event', async () => {
    await writeRunFixture(join(root, 'unlabeled'), { ...RUN, labels: false });
    const fresh = await createFixtureJournal(join(root, 'fresh'), RUN);
    await fresh.close();
    expect(await readRunInfo(join(root, 'unlabeled'))).toMatchObject({
      accuracyBefore: null,
      accuracyAfter: null,
      step: 2,
    });
    const nothing = { accuracyBefore: null, accuracyAfter: null, step: 0, status: 'interrupted' };
    expect(await readRunInfo(join(root, 'fresh'))).toMatchObject(nothing);
  });

  test('ignores an incomplete end', async () => {
    const folder = join(root, 'run');
    await writeRunFixture(folder, RUN);
    const path = join(folder, 'events.jsonl');
    truncateSync(path, readFileSync(path).length - 10);
    expect(await readRunInfo(folder)).toMatchObject({
      status: 'interrupted',
      step: 2,
      accuracyAfter: expect.any(Number),
    });
  });

  test('reads lines longer than its chunks', async () => {
    const journal = await createFixtureJournal(join(root, 'run'), RUN);
    await playFixture(journal, { ...RUN, steps: 1, outcome: 'interrupted' });
    const message = 'x'.repeat(700_000);
    for (let i = 0; i < 3; i++) journal.append({ type: 'warning', code: 'x', message, step: null, problem: null });
    await journal.close();
    expect(await readRunInfo(join(root, 'run'))).toMatchObject({ step: 1, accuracyBefore: expect.any(Number) });
  });

  test('omits other folders, and lists unreadable runs', async () => {
    expect(await listRuns(join(root, 'nowhere'))).toEqual([]);
    mkdirSync(join(root, 'empty'));
    mkdirSync(join(root, 'newer'));
    writeFileSync(join(root, 'newer', 'run.json'), '{"format": 99}');
    writeFileSync(join(root, 'notes.txt'), '');
    await writeRunFixture(join(root, 'run'), RUN);
    expect((await listRuns(root)).map(({ run, status }) => [run, status])).toEqual([
      ['newer', 'unreadable'],
      ['run', 'completed'],
    ]);
  });
});

describe('following a run', () => {
  /** Folds batches as a client does: a number that came before replaces what was there from it on. */
  function follow(folder: string, from = 0) {
    const records: JournalRecord[] = [];
    const stop = new AbortController();
    const done = tailRecords(
      folder,
      from,
      (batch) => {
        records.length = Math.min(records.length, batch[0]!.seq - from);
        records.push(...batch);
      },
      stop.signal,
    );
    return { records, stop: () => stop.abort(), done };
  }

  test('returns existing records, then new ones, from a given number on', async () => {
    const folder = join(root, 'run');
    const journal = await createFixtureJournal(folder, RUN);
    journal.append({ type: 'lifecycle', event: 'paused' });
    journal.append({ type: 'lifecycle', event: 'continued' });
    const all = follow(folder);
    const later = follow(folder, 1);
    await until('the records are there', () => all.records.length === 2);
    await playFixture(journal, RUN);
    await until('the records are there', () => all.records.length === journal.length);
    await until('the records are there', () => later.records.length === journal.length - 1);
    expect(all.records).toEqual(journal.recordsFrom(0));
    expect(later.records).toEqual(journal.recordsFrom(1));
    all.stop();
    later.stop();
    await Promise.all([all.done, later.done]);
    journal.append({ type: 'lifecycle', event: 'paused' });
    const another = follow(folder);
    await until('a new follower has all records', () => another.records.length === journal.length);
    expect(all.records).toHaveLength(journal.length - 1);
    another.stop();
    await another.done;
    await journal.close();
  });

  test('notices that a resumed run replaced records, by fewer or by more', async () => {
    const folder = join(root, 'run');
    await writeRunFixture(folder, { ...RUN, steps: 4, every: 2, outcome: 'interrupted' });
    const { records, stop, done } = follow(folder);
    await until('the records are there', () => records.length > 0);
    const before = records.length;
    const journal = await openJournal(folder);
    expect(journal.checkpoint?.step).toBe(2);
    await playFixture(journal, { ...RUN, steps: 3, every: 2, seed: 99, outcome: 'interrupted' });
    expect(journal.length).toBeLessThan(before);
    await until('the records are there', () => records.length === journal.length);
    expect(records).toEqual(journal.recordsFrom(0));
    await journal.close();

    const again = await openJournal(folder);
    await playFixture(again, { ...RUN, steps: 6, every: 2, seed: 100 });
    await until('the records are there', () => records.length === again.length);
    expect(records).toEqual(again.recordsFrom(0));
    await again.close();
    stop();
    await done;
  });

  test('reports damage and a missing run', async () => {
    await expectRejection(follow(join(root, 'none')).done, 'run-not-found', { reason: 'not-found' });
    const folder = join(root, 'run');
    await writeRunFixture(folder, RUN);
    const path = join(folder, 'events.jsonl');
    const lines = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, lines.with(2, 'nonsense').join('\n'));
    await expectRejection(follow(folder).done, 'run-broken', { reason: 'bad-record', file: path, line: 3 });
  });

  test('ends with an error when the run is removed', async () => {
    const folder = join(root, 'run');
    await writeRunFixture(folder, RUN);
    const { records, done } = follow(folder);
    await until('the records are there', () => records.length > 0);
    rmSync(folder, { recursive: true });
    await expectRejection(done, 'run-not-found', { reason: 'not-found' });
  });
});

describe('places', () => {
  test('runs are in the home folder, or where the environment says', () => {
    vi.stubEnv('ROLLSCOPE_HOME', '');
    expect(runsRoot()).toBe(join(homedir(), '.rollscope', 'runs'));
    vi.stubEnv('ROLLSCOPE_HOME', root);
    expect(runsRoot()).toBe(join(root, 'runs'));
    vi.unstubAllEnvs();
  });

  test.each([
    ['/data/problems.jsonl', 'train', 'majority-vote-problems-20261124-193012'],
    ['C:\\Data\\GSM8K (test).parquet', 'train', 'majority-vote-gsm8k-test-20261124-193012'],
    ['/données/Énoncés été.csv', 'probe', 'probe-enonces-ete-20261124-193012'],
    ['embedded', 'probe', 'probe-embedded-20261124-193012'],
    ['/data/....jsonl', 'train', 'majority-vote-dataset-20261124-193012'],
    [`/${'long'.repeat(50)}.json`, 'train', `majority-vote-${'long'.repeat(10)}-20261124-193012`],
  ] as const)('a run on %s (%s) is named %s', (path, job, name) => {
    const config = RunConfig.parse({ job, dataset: { path } });
    expect(newRunName(config, new Date(2026, 10, 24, 19, 30, 12))).toBe(name);
    mkdirSync(join(root, name));
    expect(readdirSync(root)).toEqual([name]);
  });
});
