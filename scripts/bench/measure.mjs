// What the benchmarks share: bundling their programs, running them, and medians.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fail, root } from '../install.mjs';

/** `former`: the folder that imports from `former/` stand for. */
export async function bundle(source, alias = {}) {
  const { build } = await import('esbuild');
  const outfile = path.join(root, '.cache', `bench-${path.basename(source, path.extname(source))}.mjs`);
  await build({
    entryPoints: [path.join(root, 'tests', 'bench', source)],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
    external: ['onnxruntime-node'],
    // As in scripts/build.mjs.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js', ...alias },
    logLevel: 'warning',
    outfile,
  });
  return outfile;
}

/** Runs a program, which prints its result as JSON in the last line of stdout. Exits when it fails. */
export function measure(command, args, env = process.env) {
  const options = { encoding: 'utf8', maxBuffer: 2 ** 28, env };
  const { status, stdout, stderr } = spawnSync(command, args.map(String), options);
  if (status !== 0) fail(`${command} ${args.join(' ')} failed:\n${stderr.slice(-3000)}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** The median of each number separately. */
export function median(results) {
  const middle = (xs) => {
    const sorted = [...xs].sort((a, b) => a - b);
    return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  };
  const keys = Object.keys(results[0]).filter((key) => typeof results[0][key] === 'number');
  return Object.fromEntries(keys.map((key) => [key, middle(results.map((r) => r[key]))]));
}

export function mb(bytes) {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}

/** Whether a Python has these modules, separated by commas. */
export function hasModules(python, modules) {
  return spawnSync(python, ['-c', `import ${modules}`]).status === 0;
}

/** Calls `work` with a temporary folder, which is removed afterwards. */
export async function inTemporaryFolder(work) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rollscope-bench-'));
  try {
    return await work(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
