import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { liveWriter, lockRun } from '../../engine/journal/lock.ts';
import { openJournal } from '../../engine/journal/open.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { isProcessAlive, processStart } from '../../engine/system/liveness.ts';
import type { LockOwner } from '../../engine/system/lock.ts';
import { cleanEnvironment } from '../support/environment.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { isReplaying } from '../support/records.ts';
import { expectRejection } from '../support/refusals.ts';
import { playFixture, writeRunFixture } from '../support/run-fixture.ts';
import { until } from '../support/wait.ts';

let root: string;
let folder: string;
let lock: string;
beforeEach(() => {
  root = temporaryFolder();
  folder = join(root, 'run');
  lock = join(folder, 'lock');
});

/** The id of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid!;
}

async function interruptedRun(owner?: LockOwner | string): Promise<void> {
  await writeRunFixture(folder, { problems: 2, votes: 2, steps: 1, outcome: 'interrupted' });
  if (owner) writeFileSync(lock, typeof owner === 'string' ? owner : JSON.stringify(owner));
}

const here = { started: null, host: hostname() };

describe('the lock', () => {
  test('is held while a journal is open and gone when it is closed', async () => {
    const { journal } = await writeRunFixture(folder, { problems: 2, votes: 2, steps: 1, outcome: 'running' });
    expect(liveWriter(folder)).toMatchObject({
      pid: process.pid,
      started: processStart(process.pid),
      host: hostname(),
    });
    await expectRejection(openJournal(folder), 'run-in-use', {
      ...{ reason: 'in-use', folder, by: `process ${process.pid}` },
    });
    await journal!.close();
    await journal!.close();
    expect(existsSync(lock)).toBe(false);
    expect(liveWriter(folder)).toBeNull();
  });

  test('of a process that is gone is taken over', async () => {
    await interruptedRun({ pid: await endedProcess(), ...here });
    expect(liveWriter(folder)).toBeNull();
    const journal = await openJournal(folder);
    expect(JSON.parse(readFileSync(lock, 'utf8')).pid).toBe(process.pid);
    await journal.close();
  });

  test.runIf(process.platform !== 'win32')('of a process whose id another one has now is taken over', async () => {
    await interruptedRun({ pid: process.pid, started: 'long ago', host: hostname() });
    expect(isProcessAlive(process.pid, 'long ago')).toBe(false);
    await (await openJournal(folder)).close();
  });

  test('that is being written is waited for, and taken over if it is not finished after two seconds', async () => {
    await interruptedRun('{"pid":');
    const now = Date.now();
    const clock = vi.spyOn(Date, 'now').mockReturnValue(now);
    let opened = false;
    const opening = openJournal(folder).finally(() => {
      opened = true;
    });
    await until('it has looked again and again', () => clock.mock.calls.length > 3);
    clock.mockReturnValue(now + 1900);
    const before = clock.mock.calls.length;
    await until('it still looks', () => clock.mock.calls.length > before + 2);
    expect(opened).toBe(false);
    clock.mockReturnValue(now + 2100);
    await (await opening).close();
    clock.mockRestore();
  });

  test('moves with the folder; a copy of the folder has no writer, and can be resumed next to it', async () => {
    const { journal } = await writeRunFixture(folder, { problems: 2, votes: 2, steps: 1, outcome: 'running' });
    const copy = join(root, 'copy');
    cpSync(folder, copy, { recursive: true });
    expect(readFileSync(join(copy, 'lock'))).toEqual(readFileSync(lock));
    expect(liveWriter(copy)).toBeNull();
    await (await openJournal(copy)).close();
    expect(existsSync(lock)).toBe(true);

    const moved = join(root, 'moved');
    renameSync(folder, moved);
    expect(liveWriter(moved)?.pid).toBe(process.pid);
    await expectRejection(openJournal(moved), 'run-in-use', { reason: 'in-use', folder: moved });
    renameSync(moved, folder);
    await journal!.close();
  });

  test('of another machine is valid as long as it is touched', async () => {
    await interruptedRun({ pid: 1, started: null, host: 'elsewhere' });
    await expectRejection(openJournal(folder), 'run-in-use', { reason: 'in-use', by: 'process 1 on elsewhere' });
    const old = new Date(Date.now() - 10 * 60_000);
    utimesSync(lock, old, old);
    await (await openJournal(folder)).close();
  });

  test('goes to one of many that find it abandoned', async () => {
    mkdirSync(folder);
    for (let round = 0; round < 10; round++) {
      writeFileSync(lock, JSON.stringify({ pid: await endedProcess(), ...here }));
      const tried = await Promise.allSettled(Array.from({ length: 8 }, () => lockRun(folder)));
      const got = tried.filter((item) => item.status === 'fulfilled');
      expect(got).toHaveLength(1);
      got[0]!.value.release();
      expect(readdirSync(folder)).toEqual([]);
    }
  });
});

test('a writer that is killed leaves a run that another process resumes', async () => {
  const program = join(root, 'writer.mjs');
  buildSync({
    stdin: {
      contents: `
        import { createFixtureJournal, playFixture } from './tests/support/run-fixture.ts';
        const options = { problems: 2, votes: 2, steps: 4, every: 2 };
        const journal = await createFixtureJournal(${JSON.stringify(folder)}, options);
        journal.onRecord((record) => {
          if (record.type !== 'step' || record.step !== 3) return;
          console.log('ready');
          // Busy, as in the middle of a step, until the kill.
          for (;;);
        });
        await playFixture(journal, options);`,
      resolveDir: ROOT,
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: program,
  });
  const child = spawn(process.execPath, [program], { env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(child.stdout!, 'data');
    expect(liveWriter(folder)?.pid).toBe(child.pid);
    await expectRejection(openJournal(folder), 'run-in-use', { reason: 'in-use', by: `process ${child.pid}` });
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  expect(liveWriter(folder)).toBeNull();
  const journal = await openJournal(folder);
  expect([journal.checkpoint?.step, isReplaying(journal)]).toEqual([2, true]);
  await playFixture(journal, { problems: 2, votes: 2, steps: 4, every: 2 });
  await journal.close();
  const { records } = await readRunFolder(folder);
  expect(records.at(-1)).toMatchObject({ type: 'end', reason: 'completed' });
  expect(records.filter((record) => record.type === 'step').map((record) => record.step)).toEqual([1, 2, 3, 4]);
});
