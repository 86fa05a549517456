#!/usr/bin/env node
// `npm test`: installs and builds what is missing, runs every test, lists what was skipped and why, and ends with the
// line 'N passed, N failed, N skipped'. Arguments are passed to vitest:
//   npm test -- tests/unit/grading
import fs from 'node:fs';
import path from 'node:path';
import { runChild } from './child.mjs';
import { fail, prepare, root } from './install.mjs';

const VITEST = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
const REPORTER = './tests/support/report.ts';
/** Arguments that leave out no test. */
const RENEWING = ['-u', '--update'];
const REPORT = path.join(root, '.cache', 'test-report.json');

await prepare().catch((error) => fail(error.message));
fs.rmSync(REPORT, { force: true });
const given = process.argv.slice(2);
const args = ['run', '--reporter=default', `--reporter=${REPORTER}`, ...given];
const renews = given.some((one) => RENEWING.includes(one));
const env = { ...process.env };
// Only a run of all tests knows which sentences of tests/wording are no longer used.
if (given.every((one) => RENEWING.includes(one))) env.ROLLSCOPE_WORDING = renews ? 'renew' : 'check';
const status = await runChild(process.execPath, [VITEST, ...args], { cwd: root, env, stdio: 'inherit' });
const report = readReport();
// Vitest can fail without a failed test, for example when it finds none.
if (status !== 0 && report.failed === 0) report.failed = 1;
listSkips(report.skips);
if (report.unheard?.length > 0) {
  console.log(
    renews
      ? '\nRemoved, since no test produced them:'
      : '\nSentences of tests/wording that no test produced; `npm test -- -u` removes them:',
  );
  for (const one of report.unheard) console.log(`  ${one}`);
}
const mayNotSkip = process.env.CI === 'true' && report.skipped > 0;
if (mayNotSkip) console.log('\nIn CI, skipped tests count as failures.');
console.log(`\n${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
process.exitCode = report.failed > 0 || mayNotSkip ? 1 : 0;

function readReport() {
  try {
    return JSON.parse(fs.readFileSync(REPORT, 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return { passed: 0, failed: 1, skipped: 0, skips: [] };
  }
}

function listSkips(skips) {
  if (skips.length === 0) return;
  console.log('\nSkipped on this machine:');
  for (const { file, tests, reasons } of skips) {
    console.log(`  ${file} (${tests.length})`);
    for (const reason of reasons) console.log(`    reason: ${reason}`);
    for (const test of tests) console.log(`    - ${test}`);
  }
}
