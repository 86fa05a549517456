#!/usr/bin/env node
// `npm run kills`: kills runs at many moments, resumes them, and compares what comes out with what the undisturbed runs
// give (tests/engine/resume.test.ts).
//   npm run kills -- [--count 1000]
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runChild } from './child.mjs';
import { fail, prepare, root } from './install.mjs';

const { values } = parseArgs({ options: { count: { type: 'string', default: '1000' } } });
if (!/^\d+$/.test(values.count)) fail('--count takes a whole number.');
await prepare().catch((error) => fail(error.message));
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
const tests = ['--project', 'engine', 'tests/engine/resume.test.ts', '-t', 'killed at any moment'];
process.exitCode = await runChild(process.execPath, [vitest, 'run', ...tests, '--testTimeout', '86400000'], {
  cwd: root,
  env: { ...process.env, PATIENCE: '1800000', KILLS: values.count },
  stdio: 'inherit',
});
