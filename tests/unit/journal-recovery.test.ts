import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listCheckpoints } from '../../engine/journal/checkpoints.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import type { Journal, JournalOptions } from '../../engine/journal/journal.ts';
import { openJournal } from '../../engine/journal/open.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { isIncidental, REPLAY_DIVERGED } from '../../engine/journal/replay.ts';
import type { GroupRecord, JournalRecord } from '../../engine/protocol/index.ts';
import { temporaryFolder } from '../support/processes.ts';
import { isReplaying } from '../support/records.ts';
import { expectRejection } from '../support/refusals.ts';
import { createFixtureJournal, playFixture, type RunFixtureOptions, writeRunFixture } from '../support/run-fixture.ts';
import { expectWarnings } from '../support/wording.ts';

const RUN: RunFixtureOptions = { problems: 3, votes: 2, steps: 6, every: 2 };
/** Small enough for the run to fill several rollout files. */
const SPLIT: JournalOptions = { rolloutFileBytes: 30_000 };

let root: string;
/** A run that nothing disturbed, and its parts. */
let whole: string;
let uninterrupted: unknown[];
let rollouts: Map<string, Buffer>;

beforeAll(async () => {
  root = temporaryFolder();
  whole = join(root, 'whole', 'run');
  const journal = await createFixtureJournal(whole, RUN, SPLIT);
  await playFixture(journal, RUN);
  await journal.close();
  uninterrupted = computed((await readRunFolder(whole)).records);
  rollouts = rolloutBytes(whole);
  expect(rollouts.size).toBeGreaterThan(2);
});

let folder: string;
beforeEach(() => {
  folder = join(root, 'run');
  rmSync(folder, { recursive: true, force: true });
});

/** What a run computed, without what befell it, and without times: equal for any two executions. */
function computed(records: JournalRecord[]): unknown[] {
  return records
    .filter((record) => !isIncidental(record) || record.type === 'checkpoint')
    .map((record) => ({ ...record, seq: 0, time: '', timing: null }));
}

function rolloutBytes(run: string): Map<string, Buffer> {
  const names = readdirSync(run).filter((name) => name.startsWith('rollouts-'));
  return new Map(names.sort().map((name) => [name, readFileSync(join(run, name))]));
}

/** A copy of the undisturbed run as it was when it had `checkpoints` checkpoints fewer. */
async function copyWithout(checkpoints: number): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  cpSync(whole, folder, { recursive: true });
  for (const { folder: newest } of (await listCheckpoints(folder)).reverse().slice(0, checkpoints)) {
    rmSync(newest, { recursive: true });
  }
}

async function finish(options: JournalOptions = SPLIT): Promise<Journal> {
  const journal = await openJournal(folder, options);
  await playFixture(journal, RUN);
  expect(isReplaying(journal)).toBe(false);
  await journal.close();
  return journal;
}

async function expectUninterrupted(): Promise<void> {
  const { records } = await readRunFolder(folder);
  expect(records.map((record) => record.seq)).toEqual(records.map((_, index) => index));
  expect(computed(records)).toEqual(uninterrupted);
  expectSameRollouts();
}

function expectSameRollouts(): void {
  const found = rolloutBytes(folder);
  expect([...found.keys()]).toEqual([...rollouts.keys()]);
  for (const [name, bytes] of found) expect(bytes.equals(rollouts.get(name)!), name).toBe(true);
}

describe('a damaged end', () => {
  test('of events is cut at any byte of the last record', async () => {
    const path = join(whole, 'events.jsonl');
    const bytes = readFileSync(path);
    const lastLine = bytes.lastIndexOf('\n', bytes.length - 2) + 1;
    const count = (await readRunFolder(whole)).records.length;
    await copyWithout(0);
    const copy = join(folder, 'events.jsonl');
    for (let size = lastLine; size < bytes.length; size++) {
      writeFileSync(copy, bytes.subarray(0, size));
      expect((await readRunFolder(folder)).records, `${size}`).toHaveLength(count - 1);
      const journal = await openJournal(folder, SPLIT);
      expect([journal.length, journal.recovery?.eventBytes ?? 0], `${size}`).toEqual([count - 1, size - lastLine]);
      expect(statSync(copy).size).toBe(lastLine);
      await journal.close();
    }
  });

  test('of events is cut at any byte of the last group, with its rollouts', async () => {
    const bytes = readFileSync(join(whole, 'events.jsonl'));
    const { records } = await readRunFolder(whole);
    const last = records.findLast((record) => record.type === 'group')!;
    const lines = bytes.toString().split('\n');
    const start = Buffer.byteLength(`${lines.slice(0, last.seq).join('\n')}\n`);
    const end = start + Buffer.byteLength(`${lines[last.seq]}\n`);
    const frame = (last as GroupRecord).frame!;
    await copyWithout(1);
    for (let size = start; size <= end; size += 7) {
      writeFileSync(join(folder, 'events.jsonl'), bytes.subarray(0, size));
      writeFileSync(join(folder, frame.file), rollouts.get(frame.file)!);
      const journal = await openJournal(folder, SPLIT);
      expect([journal.length, journal.recovery?.rolloutBytes ?? 0]).toEqual(
        size < end ? [last.seq, frame.length] : [last.seq + 1, 0],
      );
      await journal.close();
    }
  });

  test('of rollouts removes its record too, at any byte', async () => {
    const { records } = await readRunFolder(whole);
    const group = records.findLast((record) => record.type === 'group')!;
    const frame = (group as GroupRecord).frame!;
    const lines = readFileSync(join(whole, 'events.jsonl'), 'utf8').split('\n');
    const events = `${lines.slice(0, group.seq + 1).join('\n')}\n`;
    await copyWithout(1);
    for (let missing = 1; missing <= frame.length; missing += 13) {
      writeFileSync(join(folder, 'events.jsonl'), events);
      writeFileSync(join(folder, frame.file), rollouts.get(frame.file)!);
      truncateSync(join(folder, frame.file), frame.offset + frame.length - missing);
      const journal = await openJournal(folder, SPLIT);
      expect(journal.length).toBe(group.seq);
      expect(journal.recovery).toMatchObject({ records: 1, rolloutBytes: frame.length - missing });
      await journal.close();
    }
    await finish();
    await expectUninterrupted();
  });

  test('of zeros, as after a power failure, is cut', async () => {
    await copyWithout(0);
    const path = join(folder, 'events.jsonl');
    const size = statSync(path).size;
    truncateSync(path, size - 20);
    truncateSync(path, size + 4096);
    await finish();
    await expectUninterrupted();
  });

  test('before the checkpoint is damage, reported with its file and record', async () => {
    await copyWithout(0);
    truncateSync(join(folder, 'events.jsonl'), statSync(join(folder, 'events.jsonl')).size - 1);
    truncateSync(join(folder, 'rollouts-000.bin'), 100);
    await expectRejection(openJournal(folder), 'run-broken', {
      ...{ reason: 'missing-rollouts', file: join(folder, 'rollouts-000.bin'), bytes: 100 },
      ...{ line: expect.any(Number), needed: expect.any(Number) },
    });
  });
});

describe('a resumed run', () => {
  test('equals the uninterrupted one, wherever events and rollouts were cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 2 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (without, eventsShare, rolloutsShare) => {
          await copyWithout(without);
          const checkpoint = (await listCheckpoints(folder)).at(-1);
          const lines = readFileSync(join(whole, 'events.jsonl'), 'utf8').split('\n');
          // What a checkpoint needs was durable before it; anything after it may be lost.
          const durable = Buffer.byteLength(
            lines
              .slice(0, checkpoint?.position.nextSeq ?? 0)
              .map((line) => `${line}\n`)
              .join(''),
          );
          const path = join(folder, 'events.jsonl');
          truncateSync(path, durable + Math.floor(eventsShare * (statSync(path).size - 1 - durable)));
          const from = checkpoint?.position.frames ?? { file: 0, offset: 0 };
          const names = [...rollouts.keys()].slice(from.file);
          const torn = Math.min(names.length - 1, Math.floor(rolloutsShare * names.length));
          for (const [index, name] of names.entries()) {
            const least = index === 0 ? from.offset : 0;
            const size = rollouts.get(name)!.length;
            if (index === torn) truncateSync(join(folder, name), least + Math.floor(eventsShare * (size - least)));
            if (index > torn) rmSync(join(folder, name));
          }
          await finish();
          await expectUninterrupted();
        },
      ),
      { numRuns: 30, seed: 3 },
    );
  });

  test('equals the uninterrupted one after many kills', async () => {
    class Killed extends Error {}
    let kills = 0;
    let journal = await createFixtureJournal(folder, RUN, SPLIT);
    for (let left = 4; ; left = 1 + ((kills * 7) % 6)) {
      const heard: JournalRecord[] = [];
      journal.onRecord((record) => {
        heard.push(record);
        if (record.type !== 'lifecycle' && --left === 0) throw new Killed();
      });
      const ended = await playFixture(journal, RUN).catch((error) => error);
      await journal.close();
      if (!ended) break;
      expect(ended).toBeInstanceOf(Killed);
      // Only what is new is heard.
      const seqs = heard.map((record) => record.seq);
      expect(seqs).toEqual(seqs.map((_, index) => seqs[0]! + index));
      kills++;
      journal = await openJournal(folder, SPLIT);
      journal.append({ type: 'lifecycle', event: 'resumed' });
    }
    expect(kills).toBeGreaterThan(15);
    await expectUninterrupted();
  });

  test('recognizes existing records, and writes none twice', async () => {
    await copyWithout(1);
    const path = join(folder, 'events.jsonl');
    const text = readFileSync(path, 'utf8');
    const kept = text.slice(0, text.lastIndexOf('{"type":"end"'));
    writeFileSync(path, kept);
    const { records } = await readRunFolder(folder);
    const journal = await openJournal(folder, SPLIT);
    const expected = records[journal.position().nextSeq] as GroupRecord;
    expect(isReplaying(journal)).toBe(true);
    expect(journal.checkpoint?.step).toBe(4);
    expect(journal.appendGroup(await readGroup(folder, expected))).toEqual(expected);
    expect(readFileSync(path, 'utf8')).toBe(kept);
    await journal.close();
  });

  test('starts over without a checkpoint', async () => {
    await copyWithout(2);
    truncateSync(join(folder, 'events.jsonl'), statSync(join(folder, 'events.jsonl')).size - 1);
    const journal = await finish();
    expect(journal.checkpoint).toBeNull();
    await expectUninterrupted();
  });

  test('writes the missing record of a checkpoint after a kill', async () => {
    await copyWithout(0);
    const path = join(folder, 'events.jsonl');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, text.lastIndexOf('{"type":"checkpoint"')));
    const journal = await openJournal(folder, SPLIT);
    expect(journal.recordsFrom(journal.length - 1)).toMatchObject([{ type: 'checkpoint', step: 6 }]);
    expect(isReplaying(journal)).toBe(false);
    await journal.close();
    await finish();
    await expectUninterrupted();
  });

  test('skips a stop, a failure and what users did', async () => {
    const stopped = { ...RUN, steps: 3, outcome: 'stopped' } as const;
    // The same run in two parts: the first one ends with a checkpoint at step 3.
    const journal = await createFixtureJournal(folder, RUN, SPLIT);
    await playFixture(journal, stopped);
    await journal.close();
    let again = await openJournal(folder, SPLIT);
    expect(again.checkpoint?.step).toBe(2);
    expect(isReplaying(again)).toBe(true);
    again.append({ type: 'lifecycle', event: 'resumed' });
    again.append({ type: 'end', reason: 'failed', step: 2, error: { code: 'disk', message: 'full' } });
    expect(isReplaying(again)).toBe(true);
    await again.close();
    again = await openJournal(folder, SPLIT);
    again.append({ type: 'lifecycle', event: 'resumed' });
    await playFixture(again, RUN);
    await again.close();
    await expectUninterrupted();
    const befell = (await readRunFolder(folder)).records.filter(isIncidental).map((record) => record.type);
    expect(befell.filter((type) => type === 'lifecycle')).toHaveLength(3);
    expect(befell.filter((type) => type === 'end')).toHaveLength(2);
  });

  test('that is stopped during the replay continues from there', async () => {
    await copyWithout(1);
    truncateSync(join(folder, 'events.jsonl'), statSync(join(folder, 'events.jsonl')).size - 1);
    const journal = await openJournal(folder, SPLIT);
    // Step 5 comes again, then the user stops, while step 6 is still expected.
    await playFixture(journal, { ...RUN, steps: 5, outcome: 'interrupted' });
    expect(isReplaying(journal)).toBe(true);
    await journal.writeCheckpoint(5, (aside) => writeFile(join(aside, 'state.json'), '{}'));
    journal.append({ type: 'end', reason: 'stopped', step: 5 });
    await journal.close();

    const again = await finish();
    expect(again.checkpoint?.step).toBe(5);
    const { records } = await readRunFolder(folder);
    const without = records.filter((record) => !(record.type === 'checkpoint' && record.step === 5));
    expect(computed(without)).toEqual(
      uninterrupted.filter((record) => (record as JournalRecord).type !== 'end').concat(uninterrupted.at(-1)),
    );
    expectSameRollouts();
  });

  test('is refused if the run is complete', async () => {
    await copyWithout(0);
    const before = readFileSync(join(folder, 'events.jsonl'));
    await expectRejection(openJournal(folder), 'usage', { reason: 'complete' });
    expect(readFileSync(join(folder, 'events.jsonl'))).toEqual(before);
    expect(readdirSync(folder)).not.toContain('lock');
  });
});

describe('a replay that diverges', () => {
  const OTHER = { ...RUN, seed: 8 };

  async function interrupted(): Promise<JournalRecord[]> {
    await copyWithout(1);
    const path = join(folder, 'events.jsonl');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, text.lastIndexOf('{"type":"end"')));
    return (await readRunFolder(folder)).records;
  }

  test('drops the old records from there on, says so, and continues', async () => {
    const before = await interrupted();
    const journal = await openJournal(folder, SPLIT);
    const heard: JournalRecord[] = [];
    journal.onRecord((record) => heard.push(record));
    journal.append({ type: 'lifecycle', event: 'resumed' });
    await playFixture(journal, OTHER);
    await journal.close();

    const { records } = await readRunFolder(folder);
    const cut = records.findIndex((record) => record.type === 'warning');
    // The lifecycle record of this session stays, in front of the warning.
    expect(records[cut - 1]).toMatchObject({ type: 'lifecycle', event: 'resumed' });
    expect(records.slice(0, cut - 1)).toEqual(before.slice(0, cut - 1));
    expect(records[cut]).toMatchObject({
      type: 'warning',
      code: REPLAY_DIVERGED,
      step: 5,
      problem: 0,
      message: expect.stringContaining('step 4'),
    });
    expect(heard[0]).toMatchObject({ event: 'resumed', seq: before.length });
    expect(heard.slice(1)).toEqual(records.slice(cut - 1));
    expect(records.filter((record) => record.type === 'step').map((record) => record.step)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const record of records) {
      if (record.type === 'group') expect((await readGroup(folder, record)).rollouts).toHaveLength(record.rollouts);
    }
    await expectRejection(openJournal(folder), 'usage', { reason: 'complete' });
  });

  test('names the field that differs, and keeps identical rollouts', async () => {
    const before = await interrupted();
    const journal = await openJournal(folder, SPLIT);
    const at = journal.position().nextSeq;
    const group = before[at] as GroupRecord;
    const detail = await readGroup(folder, group);
    const written = journal.appendGroup({ ...detail, majority: { ...detail.majority!, answer: 'x' } });
    expect(written.seq).toBe(at + 1);
    const [warning] = journal.recordsFrom(at);
    expect(warning).toMatchObject({
      code: REPLAY_DIVERGED,
      message: expect.stringMatching(`${at}: majority\\.answer: "x" .*"${group.majority!.answer}"`),
    });
    expectWarnings([warning!]);
    expect(written.frame).toEqual(group.frame);
    expect((await readGroup(folder, written)).rollouts).toHaveLength(group.rollouts);
    expect(isReplaying(journal)).toBe(false);
    await journal.close();
  });

  test('removes checkpoints whose records are gone', async () => {
    const records = await interrupted();
    // The last checkpoint is there, but its records are not.
    cpSync(join(whole, 'checkpoints', '6'), join(folder, 'checkpoints', '6'), { recursive: true });
    const path = join(folder, 'events.jsonl');
    const step = records.find((record) => record.type === 'step' && record.step === 5)!;
    writeFileSync(path, `${readFileSync(path, 'utf8').split('\n').slice(0, step.seq).join('\n')}\n`);
    let journal = await openJournal(folder, SPLIT);
    expect(journal.checkpoint?.step).toBe(4);
    await journal.close();
    expect((await listCheckpoints(folder)).map((item) => item.step)).toEqual([4, 6]);
    journal = await openJournal(folder, SPLIT);
    await playFixture(journal, { ...OTHER, steps: 5, outcome: 'interrupted' });
    await journal.close();
    expect((await listCheckpoints(folder)).map((item) => item.step)).toEqual([4]);
  });
});

test('the fixture ends as requested', async () => {
  for (const outcome of ['completed', 'stopped', 'failed', 'interrupted'] as const) {
    const run = join(root, outcome);
    await writeRunFixture(run, { ...RUN, outcome });
    const last = (await readRunFolder(run)).records.at(-1)!;
    expect(last.type === 'end' ? last.reason : 'interrupted').toBe(outcome);
  }
});
