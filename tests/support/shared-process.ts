/** For a suite whose files share a process. */
import { afterAll, vi } from 'vitest';

// A page in a test draws at once, also what comes in after the test.
Object.assign(globalThis, { requestAnimationFrame: (callback: () => void) => setImmediate(callback) });

// What one file has stubbed must not reach the next.
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});
