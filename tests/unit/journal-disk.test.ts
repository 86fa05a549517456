import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { latestCheckpoint } from '../../engine/journal/checkpoints.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { EVENTS_FILE, LOCK_FILE } from '../../engine/journal/layout.ts';
import { openJournal } from '../../engine/journal/open.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { isIncidental } from '../../engine/journal/replay.ts';
import type { JournalRecord, NewRecord } from '../../engine/protocol/index.ts';
import { listRuns } from '../../engine/runs/list.ts';
import { AppendFile } from '../../engine/system/append-file.ts';
import { type Disk, diskError, realDisk } from '../../engine/system/disk.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRefusal, expectRejection, expectThrow } from '../support/refusals.ts';
import { createFixtureJournal, playFixture, writeRunFixture } from '../support/run-fixture.ts';

const RUN = { problems: 2, votes: 2, steps: 3, every: 1 };
const FULL = { reason: 'disk-full' };
const RECORD: NewRecord = { type: 'warning', code: 'x', message: 'y'.repeat(100), step: null, problem: null };

let folder: string;
beforeEach(() => {
  folder = join(temporaryFolder(), 'run');
});

/** A disk with room for `left` more bytes; what fits of a piece is written before the error, as a real one does. */
class SmallDisk implements Disk {
  /** The file cannot be shortened either. */
  stuck = false;

  constructor(public left: number) {}

  write(fd: number, bytes: Uint8Array, position: number): number {
    if (this.left === 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const written = realDisk.write(fd, bytes.subarray(0, this.left), position);
    this.left -= written;
    return written;
  }

  truncate(fd: number, length: number): void {
    if (this.stuck) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
    realDisk.truncate(fd, length);
  }
}

const computed = (records: JournalRecord[]) =>
  records.filter((record) => !isIncidental(record)).map((record) => ({ ...record, seq: 0, time: '', timing: null }));

describe('a full disk', () => {
  test('leaves only whole records, at any moment, and the run can be resumed', async () => {
    const whole = join(temporaryFolder(), 'run');
    const disk = new SmallDisk(Number.MAX_SAFE_INTEGER);
    const journal = await createFixtureJournal(whole, RUN, { disk });
    const header = Number.MAX_SAFE_INTEGER - disk.left;
    await playFixture(journal, RUN);
    await journal.close();
    const size = Number.MAX_SAFE_INTEGER - disk.left;
    const expected = computed((await readRunFolder(whole)).records);

    for (let share = 0; share < 1; share += 0.043) {
      const run = join(temporaryFolder(), 'run');
      const small = new SmallDisk(header + Math.floor(share * (size - header)));
      const full = await createFixtureJournal(run, RUN, { disk: small });
      await expectRejection(playFixture(full, RUN), 'disk', FULL);
      await full.close();
      const { records } = await readRunFolder(run);
      expect(records).toHaveLength(full.length);

      const again = await openJournal(run);
      expect(again.recovery?.eventBytes ?? 0).toBe(0);
      await playFixture(again, RUN);
      await again.close();
      expect(computed((await readRunFolder(run)).records)).toEqual(expected);
    }
  });

  test('uses up no number, and the same journal continues once there is space', async () => {
    const disk = new SmallDisk(1e6);
    const journal = await createFixtureJournal(folder, RUN, { disk });
    const heard: JournalRecord[] = [];
    journal.onRecord((record) => heard.push(record));
    journal.append(RECORD);
    disk.left = 30;
    expectThrow(() => journal.append(RECORD), 'disk', FULL);
    disk.left = 1e6;
    expect(journal.append(RECORD).seq).toBe(1);
    await journal.close();
    expect((await readRunFolder(folder)).records).toEqual(heard);
  });

  test('that cannot even be cleaned up shows readers nothing broken', async () => {
    const disk = new SmallDisk(1e6);
    const journal = await createFixtureJournal(folder, RUN, { disk });
    journal.append(RECORD);
    disk.left = 30;
    disk.stuck = true;
    expectThrow(() => journal.append(RECORD), 'disk', FULL);
    expect((await readRunFolder(folder)).records).toHaveLength(1);
    disk.left = 1e6;
    disk.stuck = false;
    journal.append(RECORD);
    await journal.close();
    expect((await readRunFolder(folder)).records.map((record) => record.seq)).toEqual([0, 1]);
  });

  test('leaves no remainder before what is written next', () => {
    const disk = new SmallDisk(1e6);
    const name = join(temporaryFolder(), 'file');
    const file = new AppendFile(name, disk);
    file.append(Buffer.from('first\n'));
    disk.left = 30;
    disk.stuck = true;
    expectThrow(() => file.append(Buffer.from('x'.repeat(100))), 'disk', FULL);
    expect(readFileSync(name, 'utf8')).toBe(`first\n${'x'.repeat(30)}`);
    disk.left = 1e6;
    disk.stuck = false;
    file.append(Buffer.from('second\n'));
    file.close();
    expect(readFileSync(name, 'utf8')).toBe('first\nsecond\n');
  });

  test('stores rollouts completely or not at all', async () => {
    const source = join(temporaryFolder(), 'run');
    await writeRunFixture(source, RUN);
    const { records } = await readRunFolder(source);
    const group = records.find((record) => record.type === 'group') as Extract<JournalRecord, { type: 'group' }>;
    const detail = await readGroup(source, group);
    const disk = new SmallDisk(1e6);
    const journal = await createFixtureJournal(folder, RUN, { disk });
    const { frame: first } = journal.appendGroup(detail);
    disk.left = first!.length - 1;
    expectThrow(() => journal.appendGroup(detail), 'disk', FULL);
    disk.left = 1e6;
    const second = journal.appendGroup(detail);
    expect(second.frame!.offset).toBe(first!.length);
    expect(await readGroup(folder, second)).toEqual(detail);
    await journal.close();
  });

  test.each([0, 10, 400, 1000])('starts no run that has room for %i bytes, and leaves nothing of it', async (left) => {
    const creating = createFixtureJournal(folder, RUN, { disk: new SmallDisk(left) });
    await expectRejection(creating, 'disk', FULL);
    expect(existsSync(folder)).toBe(false);
    mkdirSync(folder);
    const inPlace = createFixtureJournal(folder, RUN, { disk: new SmallDisk(left) });
    await expectRejection(inPlace, 'disk', FULL);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('during the record of a checkpoint keeps the checkpoint to resume from', async () => {
    const disk = new SmallDisk(1e6);
    const journal = await createFixtureJournal(folder, RUN, { disk });
    await playFixture(journal, { ...RUN, outcome: 'interrupted' });
    disk.left = 10;
    const writing = journal.writeCheckpoint(3, (aside) => writeFile(join(aside, 'state.json'), '{}'));
    await expectRejection(writing, 'disk', FULL);
    await journal.close();
    const again = await openJournal(folder);
    expect(again.checkpoint?.step).toBe(3);
    expect(again.recordsFrom(again.length - 1)).toMatchObject([{ type: 'checkpoint', step: 3 }]);
    await again.close();
  });
});

describe('a run folder that disappears while a run writes to it', () => {
  test.each([
    { what: 'moved', away: (run: string) => renameSync(run, `${run}-moved`) },
    { what: 'deleted', away: (run: string) => rmSync(run, { recursive: true }) },
    {
      what: 'moved, with another in its place',
      away: (run: string) => {
        renameSync(run, `${run}-moved`);
        cpSync(`${run}-moved`, run, { recursive: true });
      },
    },
  ])('because it is $what ends the run with that error, and nothing is created in its place', async ({ away }) => {
    const journal = await createFixtureJournal(folder, RUN);
    await playFixture(journal, { ...RUN, outcome: 'interrupted' });
    const [lines, there] = [journal.length, () => (existsSync(folder) ? readdirSync(folder).sort() : null)];
    away(folder);
    const before = there();
    const moved = { reason: 'moved', file: join(folder, EVENTS_FILE) };
    expectThrow(() => journal.append(RECORD), 'disk', moved);
    const saving = journal.writeCheckpoint(9, (aside) => writeFile(join(aside, 'state.json'), '{}'));
    await expectRejection(saving, 'disk', { reason: 'moved' });
    await journal.close().catch(() => {});
    expect(there()?.filter((name) => name !== LOCK_FILE)).toEqual(before?.filter((name) => name !== LOCK_FILE));
    if (!existsSync(`${folder}-moved`)) return;
    // Where it is now, all is there.
    expect((await readRunFolder(`${folder}-moved`)).records).toHaveLength(lines);
    expect((await latestCheckpoint(`${folder}-moved`))?.step).toBe(2);
  });
});

test('other system errors are disk errors with the file', async () => {
  const disk: Disk = {
    ...realDisk,
    write: () => {
      throw Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' });
    },
  };
  const facts = { reason: 'write-failed', file: expect.stringContaining('problems.jsonl'), errno: 'EIO' };
  await expectRejection(createFixtureJournal(folder, RUN, { disk }), 'disk', facts);
  expect(() => readFileSync(folder)).toThrow('ENOENT');
});

test('the error about an unwritable path says what is in the way', async () => {
  const file = join(temporaryFolder(), 'file');
  await writeFile(file, '');
  const isFolder = Object.assign(new Error(''), { code: 'EISDIR' });
  expectRefusal(diskError(isFolder, '/place'), 'disk', { reason: 'is-folder', file: '/place' });
  const below = join(file, 'run');
  const refused = createFixtureJournal(below, RUN);
  await expectRejection(refused, 'disk', { reason: 'file-in-the-way', file: below });
  await expectRejection(listRuns(file), 'usage', { reason: 'not-a-folder', folder: file });
});
