import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { latestCheckpoint, listCheckpoints } from '../../engine/journal/checkpoints.ts';
import { encodeFrame } from '../../engine/journal/frame.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { openJournal } from '../../engine/journal/open.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import {
  type GroupDetail,
  type GroupRecord,
  groupSummary,
  type JournalRecord,
  NO_STATISTICS,
  type Rollout,
  tokenFacts,
} from '../../engine/protocol/index.ts';
import { expectRejection } from '../support/refusals.ts';
import { createFixtureJournal, writeRunFixture } from '../support/run-fixture.ts';
import { expectWords } from '../support/wording.ts';

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'journal-'));
  folder = join(root, 'run');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const SMALL = { problems: 2, votes: 2, steps: 2, every: 1 };

/** A group with these texts, a token per character. */
function group(...texts: string[]): GroupDetail {
  const rollouts = texts.map((text): Rollout => {
    const ids = Int32Array.from(text, (c) => c.codePointAt(0)!);
    const statistics = { ...NO_STATISTICS, logprob: Float32Array.from(ids, (id) => -id / 1000) };
    return {
      ...{
        text,
        answer: null,
        cluster: null,
        correct: null,
        reward: 1,
        advantage: 0,
        rewards: {},
        why: [],
        foreign: {},
      },
      ...{ finish: 'stop', ids, tokenTexts: [...text], statistics },
      ...tokenFacts(ids, statistics),
    };
  });
  return { phase: 'train', step: 1, problem: 0, clusters: [], majority: null, rollouts, evidence: {} };
}

describe('writer', () => {
  test('numbers and timestamps records and notifies listeners, and readers see the same', async () => {
    const journal = await createFixtureJournal(folder, SMALL, { now: () => new Date('2026-01-02T03:04:05Z') });
    const heard: JournalRecord[] = [];
    const stop = journal.onRecord((record) => heard.push(record));
    const first = journal.append({ type: 'lifecycle', event: 'paused' });
    const second = journal.append({ type: 'warning', code: 'x', message: 'y', step: null, problem: 3 });
    stop();
    const third = journal.append({ type: 'lifecycle', event: 'continued' });

    expect(first).toEqual({ type: 'lifecycle', seq: 0, time: '2026-01-02T03:04:05.000Z', event: 'paused' });
    expect(second.seq).toBe(1);
    expect(heard).toEqual([first, second]);
    expect((await readRunFolder(folder)).records).toEqual([first, second, third]);
    expect(journal.recordsFrom(1)).toEqual([second, third]);
    expect(journal.recordsFrom(0, 2)).toEqual([first, second]);
    expect(journal.recordsFrom(3)).toEqual([]);
    await journal.close();
    expect(journal.recordsFrom(2)).toEqual([third]);
  });

  test('stores groups where the pointer says, with their evidence', async () => {
    const journal = await createFixtureJournal(folder, SMALL);
    const groups = [group('ab'), { ...group('c', 'd'), evidence: { empo: { equal: [[0, 1] as [number, number]] } } }];
    const written = groups.map((item) => journal.appendGroup(item));
    await journal.close();
    expect(written[1]!.frame!.offset).toBe(written[0]!.frame!.length);
    for (const [index, record] of written.entries()) expect(await readGroup(folder, record)).toEqual(groups[index]);
    expect(written[1]).toMatchObject({ rollouts: 2, unanswered: 2, means: { reward: 1, tokens: 1 } });
  });

  test('starts a new rollout file when one is full', async () => {
    const one = group('ab');
    const size = encodeFrame(one).length;
    const journal = await createFixtureJournal(folder, SMALL, { rolloutFileBytes: 2 * size + 1 });
    const pointers = Array.from({ length: 5 }, () => journal.appendGroup(one).frame!);
    await journal.close();
    expect(pointers.map((pointer) => [pointer.file, pointer.offset])).toEqual([
      ['rollouts-000.bin', 0],
      ['rollouts-000.bin', size],
      ['rollouts-001.bin', 0],
      ['rollouts-001.bin', size],
      ['rollouts-002.bin', 0],
    ]);
    expect(await readGroup(folder, pointers[3]!)).toEqual(one);
  });

  test('refuses a record that could not be read back', async () => {
    const journal = await createFixtureJournal(folder, SMALL);
    const bad = { type: 'step', step: 0, metrics: { loss: Number.NaN } } as never;
    expect(() => journal.append(bad)).toThrow(/step record is not valid: .*metrics/);
    expect(journal.length).toBe(0);
    await journal.close();
    expect(() => journal.append({ type: 'lifecycle', event: 'paused' })).toThrow('closed');
  });

  test('starts a run in the folder of one that was killed before it had begun, but not where records exist', async () => {
    mkdirSync(folder);
    // No process has this id.
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: 2 ** 30, started: null, host: hostname() }));
    writeFileSync(join(folder, 'problems.jsonl.4242-0a1b2c3d.partial'), '{"index":');
    writeFileSync(join(folder, 'events.jsonl'), '');
    await (await createFixtureJournal(folder, SMALL)).close();
    expect((await readRunFolder(folder)).records).toEqual([]);
    rmSync(join(folder, 'run.json'));
    writeFileSync(join(folder, 'events.jsonl'), '{"type":"run"');
    await expectRejection(createFixtureJournal(folder, SMALL), 'usage', { reason: 'folder-not-empty', folder });
    expect(readFileSync(join(folder, 'events.jsonl'), 'utf8')).toBe('{"type":"run"');
  });

  test('does not start a run in a non-empty folder', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    await expectRejection(createFixtureJournal(folder, SMALL), 'usage', { reason: 'folder-not-empty', folder });
    expect(readdirSync(folder)).toEqual(['notes.txt']);
  });

  test('names the folder that is not a run', async () => {
    for (const open of [openJournal, readRunFolder]) {
      await expectRejection(open(folder), 'run-not-found', { reason: 'not-a-run', folder });
    }
  });
});

describe('checkpoints', () => {
  test('are put in place completely, recorded, and pruned to the newest', async () => {
    const { records } = await written({ problems: 1, votes: 2, steps: 4, every: 1 });
    const found = await listCheckpoints(folder);
    expect(found.map(({ step }) => step)).toEqual([3, 4]);
    expect((await latestCheckpoint(folder))?.folder).toBe(join(folder, 'checkpoints', '4'));
    expect(records.filter((record) => record.type === 'checkpoint')).toMatchObject(
      [1, 2, 3, 4].map((step) => ({ step, path: `checkpoints/${step}` })),
    );
  });

  test('that are referred to are not pruned', async () => {
    const journal = await createFixtureJournal(folder, SMALL);
    for (let step = 1; step <= 8; step++) {
      await journal.writeCheckpoint(
        step,
        async () => {},
        undefined,
        (saved) => saved === 2 || saved === 3,
      );
    }
    expect((await listCheckpoints(folder)).map(({ step }) => step)).toEqual([2, 3, 7, 8]);
    await journal.close();
  });

  test('leave nothing when writing one fails', async () => {
    const journal = await createFixtureJournal(folder, SMALL);
    await journal.writeCheckpoint(1, async (aside) => writeFileSync(join(aside, 'weights'), 'good'));
    const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
    const failing = journal.writeCheckpoint(2, async (aside) => {
      writeFileSync(join(aside, 'weights'), 'ha');
      throw full;
    });
    await expectRejection(failing, 'disk', { reason: 'disk-full' });
    expect(readdirSync(join(folder, 'checkpoints'))).toEqual(['1']);
    await journal.writeCheckpoint(1, async (aside) => writeFileSync(join(aside, 'weights'), 'better'));
    expect(readFileSync(join(folder, 'checkpoints', '1', 'weights'), 'utf8')).toBe('better');
    await journal.close();
  });

  test('that are incomplete are removed on opening', async () => {
    const { journal } = await writeRunFixture(folder, { ...SMALL, outcome: 'running' });
    await journal!.close();
    const torn = join(folder, 'checkpoints', '.tmp-2');
    mkdirSync(torn);
    writeFileSync(join(torn, 'weights'), 'half');
    const again = await openJournal(folder);
    expect(existsSync(torn)).toBe(false);
    expect(again.recovery).toMatchObject({ checkpoints: 1, eventBytes: 0, rolloutBytes: 0, records: 0 });
    expectWords('warnings', 'recovery', again.recovery!.message);
    expect(again.checkpoint?.step).toBe(1);
    await again.close();
  });
});

describe('reader', () => {
  test('reads what was written, including rollouts', async () => {
    const { runFile, problems, records } = await written({});
    expect(problems).toHaveLength(12);
    expect(runFile.config?.votes).toBe(8);
    expect(records.map((record) => record.seq)).toEqual(records.map((_, index) => index));
    const groups = records.filter((record): record is GroupRecord => record.type === 'group');
    expect(groups).toHaveLength(12 * 10 + 3 * 24);
    for (const group of groups.slice(0, 20)) {
      const detail = await readGroup(folder, group);
      expect(group).toMatchObject(groupSummary(detail));
      for (const one of detail.rollouts) expect(one.tokenTexts!.join('')).toBe(one.text);
    }
  });

  test('names line and field of a broken record', async () => {
    const path = join(folder, 'events.jsonl');
    const { records } = await written(SMALL);
    const lines = readFileSync(path, 'utf8').split('\n');
    const spoil = (index: number, text: string) => writeFileSync(path, lines.with(index, text).join('\n'));

    spoil(3, '{"type":"gr');
    const line4 = { reason: 'bad-record', file: path, line: 4 };
    await expectRejection(readRunFolder(folder), 'run-broken', line4);
    await expectRejection(openJournal(folder), 'run-broken', line4);
    spoil(3, JSON.stringify({ ...records[3], step: 'two' }));
    const fault = expect.stringMatching(/^step: .*number/);
    await expectRejection(readRunFolder(folder), 'run-broken', { ...line4, fault });
    writeFileSync(path, lines.toSpliced(3, 1).join('\n'));
    const order = { ...line4, reason: 'out-of-order', value: 4, expected: 3 };
    await expectRejection(readRunFolder(folder), 'run-broken', order);
  });

  test('names line and field of a broken problem and of a broken run.json', async () => {
    await written(SMALL);
    const problems = join(folder, 'problems.jsonl');
    const text = readFileSync(problems, 'utf8');
    writeFileSync(problems, text.replace('"row":1', '"row":"b"'));
    const bad = (place: string, field: RegExp) => ({
      reason: 'bad-record',
      place,
      fault: expect.stringMatching(field),
    });
    await expectRejection(readRunFolder(folder), 'run-broken', bad(`${problems} line 2`, /^row: /));
    rmSync(problems);
    await expectRejection(readRunFolder(folder), 'run-broken', { reason: 'missing-file', file: problems });

    const path = join(folder, 'run.json');
    const run = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...run, config: { ...run.config, votes: 0 } }));
    await expectRejection(readRunFolder(folder), 'run-broken', bad(path, /^config\.votes: /));
    writeFileSync(path, JSON.stringify({ format: 99, anything: 'else' }));
    const newer = { reason: 'newer-format', file: path, format: 99 };
    for (const open of [readRunFolder, openJournal]) await expectRejection(open(folder), 'run-version', newer);
  });

  test('says when stored rollouts are missing, damaged, or outside the run', async () => {
    const { records } = await written(SMALL);
    const frame = records.find((record): record is GroupRecord => record.type === 'group')!.frame!;
    const path = join(folder, frame.file);
    const bytes = readFileSync(path);
    bytes[frame.offset + 30]! ^= 1;
    writeFileSync(path, bytes);
    const { file } = frame;
    await expectRejection(readGroup(folder, frame), 'run-broken', { reason: 'damaged-rollouts' });
    const beyond = { ...frame, offset: 10 ** 9 };
    await expectRejection(readGroup(folder, beyond), 'run-broken', {
      reason: 'missing-rollouts',
      file,
      offset: 10 ** 9,
    });
    const outside = { ...frame, file: '../run/rollouts-000.bin' };
    await expectRejection(readGroup(folder, outside), 'run-broken', { reason: 'missing-rollouts', file: outside.file });
  });
});

async function written(options: Parameters<typeof writeRunFixture>[1]) {
  await writeRunFixture(folder, options);
  return readRunFolder(folder);
}

test('the fixture is the same, byte for byte, each time', async () => {
  const other = join(root, 'again', 'run');
  await writeRunFixture(folder, SMALL);
  await writeRunFixture(other, SMALL);
  for (const name of ['run.json', 'problems.jsonl', 'events.jsonl', 'rollouts-000.bin']) {
    expect(readFileSync(join(other, name)).equals(readFileSync(join(folder, name))), name).toBe(true);
  }
});
