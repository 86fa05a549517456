import { defineConfig } from 'vitest/config';

// The suites that need no built program.
export default defineConfig({
  test: {
    root: '.',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    include: ['tests/{unit,parity}/**/*.test.ts'],
  },
});
