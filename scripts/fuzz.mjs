#!/usr/bin/env node
// `npm run fuzz`: gives changed files, texts and messages to every reader (tests/fuzz). A finding is saved in
// tests/fuzz/cases, and tried first from then on.
//   npm run fuzz -- [--inputs 10000] [--seed 1] [vitest's arguments]
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runChild } from './child.mjs';
import { fail, root } from './install.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
  },
});
for (const [name, value] of Object.entries(values)) if (!/^\d+$/.test(value)) fail(`--${name} takes a whole number.`);
console.log(`${values.inputs} inputs, seed ${values.seed}`);
const env = { ...process.env, FUZZ_INPUTS: values.inputs, FUZZ_SEED: values.seed };
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
process.exitCode = await runChild(process.execPath, [vitest, 'run', '--project', 'fuzz', ...positionals], {
  cwd: root,
  env,
  stdio: 'inherit',
});
