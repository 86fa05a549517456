/** A lock on a full disk. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { FileLock } from '../../engine/system/lock.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

const disk = vi.hoisted(() => ({ full: false }));
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  const writeFileSync: typeof real.writeFileSync = (...args) => {
    // the system makes the file, and has no room for its content
    if (disk.full && typeof args[0] === 'number') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    return real.writeFileSync(...args);
  };
  return { ...real, writeFileSync };
});

test('leaves nothing behind that others would wait for', async () => {
  const path = join(temporaryFolder(), 'lock');
  const held = () => new Error('held');
  disk.full = true;
  await expectRejection(FileLock.acquire(path, held), 'disk', {});
  expect(existsSync(path)).toBe(false);
  disk.full = false;
  const lock = await FileLock.acquire(path, held);
  expect(existsSync(path)).toBe(true);
  lock.release();
});
