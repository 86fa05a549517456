#!/usr/bin/env node
// Bundles the three programs: engine (command line and compute worker), extension host, webview.
//   node scripts/build.mjs [--production]
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const production = process.argv.includes('--production');
const common = {
  absWorkingDir: root,
  bundle: true,
  sourcemap: !production,
  minify: production,
  legalComments: production ? 'eof' : 'none',
  logLevel: 'warning',
  outdir: 'dist',
};
// CommonJS packages inside an ES module bundle need `require`.
const requireBanner = "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);";
const external = ['onnxruntime-node', '@tensorflow/tfjs-node-gpu', 'vscode'];

fs.mkdirSync(path.join(root, 'dist'), { recursive: true });
await Promise.all([
  build({
    ...common,
    entryPoints: { cli: 'engine/cli/main.ts', compute: 'engine/runtime/worker.ts' },
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
