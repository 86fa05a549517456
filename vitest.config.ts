import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** A suite is a folder below `tests`; suites of a higher order start when those of lower ones are done. */
function suite(
  name: string,
  order: number,
  options: TestProjectInlineConfiguration['test'] = {},
): TestProjectInlineConfiguration {
  return {
    extends: true,
    test: { name, include: [`tests/${name}/**/*.test.ts`], sequence: { groupOrder: order }, ...options },
  };
}

/** Suites that start the built programs: they are built first, and files run one at a time. */
const programs = { globalSetup: ['tests/setup.ts'], fileParallelism: false };

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // They only bound what hangs: a test must pass while other work keeps every core busy.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    projects: [suite('unit', 0), suite('parity', 0), suite('engine', 1, programs), suite('e2e', 2, programs)],
  },
});
