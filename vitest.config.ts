import { defineConfig } from 'vitest/config';

// Two cores: files run one after another where they start engines; pure files may share the pool.
export default defineConfig({
  test: {
    globalSetup: ['tests/setup.ts'],
    reporters: ['default'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    include: ['tests/{unit,parity,engine}/**/*.test.ts'],
  },
});
