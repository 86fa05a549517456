#!/usr/bin/env node
// `npm run pictures`: takes pictures of every view into tests/e2e/shots. Arguments are passed to vitest:
//   npm run pictures -- -t foreign
import path from 'node:path';
import { runChild } from './child.mjs';
import { fail, prepare, root } from './install.mjs';

await prepare().catch((error) => fail(error.message));
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
const args = [vitest, 'run', '--project', 'pictures', ...process.argv.slice(2)];
const env = { ...process.env, ROLLSCOPE_PICTURES: '1' };
process.exitCode = await runChild(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
