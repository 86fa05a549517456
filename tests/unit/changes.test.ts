/** Waiting for a file to change: woken by a change, by the signal, and in any case after a while. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { FileChanges } from '../../engine/system/changes.ts';
import { temporaryFolder } from '../support/processes.ts';

const LONG = 10 * 60_000;

test('a change ends the wait, even between two waits', async () => {
  const file = path.join(temporaryFolder(), 'log');
  writeFileSync(file, 'a');
  const changes = new FileChanges(file, { poll: LONG });
  const waiting = changes.next();
  writeFileSync(file, 'b', { flag: 'a' });
  await waiting;
  changes.close();
  expect(true).toBe(true);
});

test('the signal ends it', async () => {
  const giveUp = new AbortController();
  const changes = new FileChanges(temporaryFolder(), { poll: LONG, watch: false, signal: giveUp.signal });
  const waiting = changes.next();
  giveUp.abort();
  await waiting;
  // From then on nobody waits.
  await changes.next();
  changes.close();
  expect(giveUp.signal.aborted).toBe(true);
});

test('what does not exist yet, or sends no event, is checked after a while', async () => {
  vi.useFakeTimers();
  try {
    for (const watch of [true, false]) {
      const changes = new FileChanges(path.join(temporaryFolder(), 'none'), { poll: 1000, watch });
      let woken = false;
      const waiting = changes.next().then(() => {
        woken = true;
      });
      await vi.advanceTimersByTimeAsync(999);
      expect(woken).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      await waiting;
      changes.close();
    }
  } finally {
    vi.useRealTimers();
  }
});
