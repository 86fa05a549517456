/** Vitest reporter for scripts/test.mjs: writes counts, skipped tests and the reasons to a JSON file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { clearRecords, unusedSentences, WORDING_VARIABLE } from './sentences.ts';

export const REPORT_FILE = '.cache/test-report.json';

export interface TestReport {
  passed: number;
  failed: number;
  skipped: number;
  /** Sentences of `tests/wording` that no test produced; null if unknown, since not every test ran and passed. */
  unheard: string[] | null;
  /** One entry per file with skipped tests. */
  skips: { file: string; tests: string[]; reasons: string[] }[];
}

export default class ReportFile implements Reporter {
  onInit(): void {
    clearRecords();
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const report: TestReport = { passed: 0, failed: unhandledErrors.length, skipped: 0, unheard: null, skips: [] };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      const skipped = tests.filter((test) => test.result().state === 'skipped');
      const failed = tests.filter((test) => test.result().state === 'failed').length;
      report.passed += tests.filter((test) => test.result().state === 'passed').length;
      report.skipped += skipped.length;
      // A file that fails outside its tests (an import, a hook) has no failed test, but it failed.
      report.failed += failed === 0 && module.state() === 'failed' ? 1 : failed;
      if (skipped.length > 0) {
        report.skips.push({
          file: module.relativeModuleId,
          tests: skipped.map((test) => test.fullName),
          reasons: [...new Set([...(module.meta().skipReasons ?? []), ...skipped.flatMap(note)])],
        });
      }
    }
    const watched = process.env[WORDING_VARIABLE];
    if (watched && report.failed + report.skipped === 0) report.unheard = unusedSentences(watched === 'renew');
    mkdirSync(path.dirname(REPORT_FILE), { recursive: true });
    writeFileSync(REPORT_FILE, JSON.stringify(report));
  }
}

function note(test: TestCase): string[] {
  const result = test.result();
  return result.state === 'skipped' && result.note ? [result.note] : [];
}
