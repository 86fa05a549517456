#!/usr/bin/env node
// `npm run bench`: Rollscope against PyTorch, transformers, TRL and Math-Verify on the same machine, in the same run,
// alternating.
//   npm run bench -- [--model <file.gguf>] [--problems <file.jsonl>] [--datasets <folder>] [--python <path>]
//                    [--threads 2] [--rounds 2] [--llama <folder of environments>] [--former <checkout of 995e2a0>] [--megabytes 1000] [case…]
//   npm run bench -- panel [--rounds 3]   the panel in a browser; not among those that run without a name
//   npm run bench -- neighbor             decoding alone and beside two programs that use a core each; neither
//   npm run bench -- longest              what takes longest of a text of a megabyte, for each reader of texts; neither
//   npm run bench -- return               the panel of a real VS Code, hidden and shown again; neither
//   npm run bench -- gpu [--archive <file.tar.xz> | options of tests/bench/gpu/check.ts]
// Without Python only Rollscope's own numbers are printed. Each subject is a file of scripts/bench.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { grading, longest } from './bench/grading.mjs';
import { groupPath } from './bench/group-path.mjs';
import { importing } from './bench/import.mjs';
import { bundle } from './bench/measure.mjs';
import { peaks } from './bench/memory.mjs';
import { MODEL_CASES, models, neighbor, wholeStep } from './bench/models.mjs';
import { panel, returning } from './bench/panel.mjs';
import { largeRun, manyRuns } from './bench/runs.mjs';
import { packGpuCheck, runGpuCheck } from './gpu-check.mjs';
import { fail, prepare, root } from './install.mjs';

// It has options of its own.
if (process.argv[2] === 'gpu') await gpu(process.argv.slice(3));

/** Cases other than those on a model, in the order in which they run. */
const CASES = {
  step: wholeStep,
  grading,
  runs: largeRun,
  list: manyRuns,
  'group-path': groupPath,
  import: importing,
  memory: peaks,
};
/** Those that run only when they are named. */
const NAMED = { panel, return: returning, neighbor, longest };

const shared = path.join(root, '..', 'shared');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: path.join(shared, 'models', 'SmolLM2-135M-Instruct.Q4_1.gguf') },
    problems: { type: 'string', default: path.join(shared, 'datasets', 'gsm8k-test.jsonl') },
    datasets: { type: 'string', default: path.join(shared, 'datasets') },
    python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
    threads: { type: 'string', default: `${Math.min(2, os.cpus().length)}` },
    rounds: { type: 'string', default: '2' },
    former: { type: 'string' },
    llama: { type: 'string' },
    only: { type: 'string' },
    megabytes: { type: 'string', default: '1000' },
  },
});

await prepare().catch((error) => fail(error.message));
const wanted = (name) => positionals.length === 0 || positionals.some((p) => name.startsWith(p));
const known = [...MODEL_CASES, ...Object.keys(CASES), ...Object.keys(NAMED)];
if (!known.some(wanted)) fail(`Available cases: ${[...known, 'gpu'].join(', ')}.`);
const onModel = MODEL_CASES.some(wanted);
for (const file of onModel || wanted('step') || positionals.includes('neighbor') ? [values.model, values.problems] : [])
  if (!fs.existsSync(file)) fail(`${file} does not exist. Choose a file with --model or --problems.`);

console.log(`${os.cpus()[0].model}, ${values.threads} threads, medians of ${values.rounds} alternating rounds\n`);
if (onModel) await models(values, wanted);
for (const [name, run] of Object.entries(CASES)) if (wanted(name)) await run(values);
for (const [name, run] of Object.entries(NAMED)) if (positionals.includes(name)) await run(values);

/** `gpu [--archive <file.tar.xz>]`, or `gpu <options of the check>`. Does not return. */
async function gpu(args) {
  await prepare().catch((error) => fail(error.message));
  const program = await bundle(path.join('gpu', 'check.ts'));
  if (args[0] !== '--archive') process.exit(runGpuCheck(program, args));
  await packGpuCheck(args[1] ?? 'rollscope-gpu-check.tar.xz', program).catch((error) => fail(error.message));
  process.exit();
}
