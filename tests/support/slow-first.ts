/**
 * The order of test files: the slowest first, so that none is left for the end, when the other worker is idle. Vitest sorts
 * by file size until it knows each file's duration.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The slowest files, in descending order of duration. */
const SLOWEST_FILES = [
  'e2e/instrument',
  'e2e/alarm',
  'e2e/workspaces',
  'browser/view',
  'e2e/interruptions',
  'e2e/compare',
  'e2e/rewards',
  'e2e/editor',
  'e2e/imports',
  'e2e/journey',
  'e2e/verl',
  'engine/experiments',
  'engine/gpu-check',
  'engine/resume',
  'engine/faults',
  'engine/cli',
  'parity/smollm2',
  'engine/rewards-smollm2',
  'interop/llama',
  'engine/watch',
  'engine/rewards',
  'fuzz/runs',
  'engine/analysis-cli',
  'engine/verl',
  'engine/labels',
  'engine/soak',
  'parity/decoder',
  'parity/layered',
  'fuzz/data',
  'engine/package',
  'mocked/patterns',
  'unit/experiments-theory',
].map((name) => `/tests/${name}.test.ts`);

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = SLOWEST_FILES.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? SLOWEST_FILES.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
