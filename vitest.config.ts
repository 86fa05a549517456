import path from 'node:path';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { interpreter } from './tests/support/interop.ts';
import { SlowFirst } from './tests/support/slow-first.ts';

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

/** In a real VS Code, where waiting for an element is a check of its own. */
const inEditor = { globalSetup: ['tests/e2e/setup.ts'], expect: { requireAssertions: false } };

/** The trainers' packages are too large for CI. */
const hasTrainers = process.env.CI !== 'true' || (interpreter('trl') !== null && interpreter('verl') !== null);

export default defineConfig({
  // As in tsconfig.json, which the build reads: the package exports all of its files at once.
  resolve: { alias: { 'vscode-jsonrpc/common': path.resolve('node_modules/vscode-jsonrpc/lib/common') } },
  test: {
    pool: 'forks',
    // One more than the cores of a CI machine, since tests that start programs also wait for them.
    maxWorkers: 3,
    sequence: { sequencer: SlowFirst },
    // A test whose checks all stood in loops and conditions that did not come about has tested nothing.
    expect: { requireAssertions: true },
    // They only bound what hangs: a test must pass while other work keeps every core busy.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    projects: [
      // Most of its time would be spent on loading the same modules for each file.
      suite('unit', 0, { isolate: false, setupFiles: ['tests/support/shared-process.ts'] }),
      suite('mocked', 0),
      suite('parity', 0),
      suite('fuzz', 0),
      suite('engine', 0, built),
      suite('interop', 0, built),
      ...(hasTrainers ? [suite('trainers', 0, built)] : []),
      suite('browser', 1, { ...built, expect: { requireAssertions: false } }),
      suite('e2e', 1, hasTrainers ? inEditor : { ...inEditor, exclude: ['tests/e2e/trl.test.ts'] }),
      ...(process.env.ROLLSCOPE_BENCH_RUN ? [suite('bench', 2, inEditor)] : []),
      ...(process.env.ROLLSCOPE_PICTURES ? [suite('pictures', 2, inEditor)] : []),
    ],
  },
});
