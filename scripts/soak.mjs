#!/usr/bin/env node
// `npm run soak`: lets an engine work for long, and compares its handles, threads and memory at the end with those at the
// beginning (tests/engine/soak.test.ts).
//   npm run soak -- [--minutes 60]
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runChild } from './child.mjs';
import { fail, prepare, root } from './install.mjs';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } });
if (!/^\d+(\.\d+)?$/.test(values.minutes)) fail('--minutes takes a number.');
await prepare().catch((error) => fail(error.message));
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
process.exitCode = await runChild(
  process.execPath,
  [vitest, 'run', '--project', 'engine', 'tests/engine/soak.test.ts', '--testTimeout', '86400000'],
  { cwd: root, env: { ...process.env, PATIENCE: '1800000', SOAK_MINUTES: values.minutes }, stdio: 'inherit' },
);
