/** Prerequisites of tests, and what happens if the machine lacks them. */
import { TestRunner } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** Why tests of this file are skipped here; the final report of `npm test` prints it. */
    skipReasons?: string[];
  }
}

/**
 * Returns `present`, and records the reason for the report if it is false. Call it while tests are collected (top level
 * of a file or of a `describe`), and pass the result to `describe.runIf` or `test.runIf`:
 *
 *     const model = requireOrSkip('SmolLM2', existsSync(MODEL), '../shared/models is not on this machine');
 *     describe.runIf(model)('greedy decoding', () => { ... });
 *
 * With CI=true nothing may be skipped, so a missing prerequisite throws and fails the file.
 */
export function requireOrSkip(name: string, present: boolean, reason: string): boolean {
  if (present) return true;
  const text = `${name}: ${reason}`;
  if (process.env.CI === 'true')
    throw new Error(`A prerequisite of this test is missing, and CI may not skip. ${text}`);
  const { meta } = TestRunner.getCurrentSuite().file;
  meta.skipReasons ??= [];
  meta.skipReasons.push(text);
  return false;
}
