/**
 * The order of test files: the slowest first, so that none of them is left for the end, when the other worker has nothing to
 * do. Vitest itself goes by the size of files until it has seen how long each takes.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes, the slowest first. */
const SLOW = [
  'e2e/journey',
  'e2e/rewards',
  'engine/experiments',
  'engine/resume',
  'engine/faults',
  'engine/cli',
  'engine/rewards',
  'engine/rewards-smollm2',
  'engine/analysis-cli',
  'engine/watch',
  'unit/experiments-theory',
  'parity/smollm2',
  'engine/labels',
].map((name) => `/tests/${name}.test.ts`);

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = SLOW.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? SLOW.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
