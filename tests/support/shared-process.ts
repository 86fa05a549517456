/** Setup for a suite whose files share a process. */
import { afterAll, vi } from 'vitest';
import { cleanUp } from './processes.ts';

// Tests render pages immediately, including updates that arrive after the test.
Object.assign(globalThis, { requestAnimationFrame: (callback: () => void) => setImmediate(callback) });

// Modules that files share are loaded once, so that their own `afterAll` belongs to the first file.
afterAll(cleanUp);

// One file's stubs must not reach the next.
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});
