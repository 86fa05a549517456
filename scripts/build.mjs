#!/usr/bin/env node
// Bundles the three programs: engine (command line and compute worker), extension host, webview.
//   node scripts/build.mjs [--production] [--out <folder>]
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: { production: { type: 'boolean', default: false }, out: { type: 'string', default: 'dist' } },
});
const { production } = values;
const outdir = path.resolve(root, values.out);
const common = {
  absWorkingDir: root,
  bundle: true,
  sourcemap: !production,
  minify: production,
  legalComments: production ? 'eof' : 'none',
  logLevel: 'warning',
  outdir,
};
// CommonJS packages inside an ES module bundle need `require`.
const requireBanner = "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);";
const external = ['onnxruntime-node', '@tensorflow/tfjs-node-gpu', 'vscode'];

fs.mkdirSync(outdir, { recursive: true });
const results = await Promise.allSettled([
  build({
    ...common,
    entryPoints: {
      cli: 'engine/cli/main.ts',
      compute: 'engine/training/worker.ts',
      // `npm run pretrain` makes the model that ships; it does not ship itself.
      ...(production ? {} : { pretrain: 'engine/experiments/pretrain.ts' }),
    },
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: requireBanner },
    external,
  }),
  build({
    ...common,
    entryPoints: { extension: 'extension/main.ts' },
    outExtension: { '.js': '.cjs' },
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external,
  }),
  build({
    ...common,
    entryPoints: { panel: 'webview/main.ts' },
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    loader: { '.css': 'text' },
    tsconfig: 'webview/tsconfig.json',
  }),
]);
// esbuild has said why
if (results.some(({ status }) => status === 'rejected')) process.exitCode = 1;
