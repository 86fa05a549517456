#!/usr/bin/env node
// `npm test`: installs and builds what is missing, runs every test, lists what was skipped and why, and closes with the
// line 'N passed, N failed, N skipped'. Arguments go to vitest:
//   npm test -- tests/unit/grading
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fail, prepare, root } from './install.mjs';

const VITEST = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
const REPORTER = './tests/support/report.ts';
const REPORT = path.join(root, '.cache', 'test-report.json');

await prepare().catch((error) => fail(error.message));
fs.rmSync(REPORT, { force: true });
const { code, signal } = await runVitest(process.argv.slice(2));
const report = readReport();
// Vitest can fail beside its tests, for instance when it finds none.
if (code !== 0 && report.failed === 0) report.failed = 1;
listSkips(report.skips);
const mayNotSkip = process.env.CI === 'true' && report.skipped > 0;
if (mayNotSkip) console.log('\nIn CI nothing may be skipped.');
console.log(`\n${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
process.exitCode = report.failed > 0 || mayNotSkip || signal ? 1 : 0;

function runVitest(args) {
  const child = spawn(process.execPath, [VITEST, 'run', '--reporter=default', `--reporter=${REPORTER}`, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  // Ctrl+C reaches vitest through the terminal; other signals are handed on. Either way it ends what its tests started.
  process.on('SIGINT', () => {});
  for (const name of ['SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
}

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
    for (const reason of reasons) console.log(`    because ${reason}`);
    for (const test of tests) console.log(`    - ${test}`);
  }
}
