/** Setup for a suite whose files share a process. */
import { afterAll, vi } from 'vitest';

// Tests render pages immediately, including updates that arrive after the test.
Object.assign(globalThis, { requestAnimationFrame: (callback: () => void) => setImmediate(callback) });

// One file's stubs must not reach the next.
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});
