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

/** Builds first, for a suite that starts the built programs. */
const built = { globalSetup: ['tests/setup.ts'] };

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // A test whose checks all stood in loops and conditions that did not come about has tested nothing.
    expect: { requireAssertions: true },
    // They only bound what hangs: a test must pass while other work keeps every core busy.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    projects: [
      suite('unit', 0),
      suite('parity', 0),
      suite('engine', 0, built),
      // Waiting for an element is a check of its own there.
      suite('e2e', 1, { globalSetup: ['tests/e2e/setup.ts'], expect: { requireAssertions: false } }),
    ],
  },
});
