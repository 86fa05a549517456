#!/usr/bin/env node
// `npm run generate`: updates what is generated from definitions: settings and commands in package.json, and pages of docs.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
// Inside the repository, so that packages that are not bundled are found.
fs.mkdirSync(path.join(root, '.cache'), { recursive: true });
const folder = fs.mkdtempSync(path.join(root, '.cache', 'generate-'));
try {
  const outfile = path.join(folder, 'generate.mjs');
  await build({
    entryPoints: [path.join(root, 'scripts', 'generate', 'main.ts')],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    // The CommonJS builds of some packages require their own files by paths that a bundler cannot resolve.
    mainFields: ['module', 'main'],
    outfile,
    logLevel: 'warning',
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
    external: ['onnxruntime-node', '@tensorflow/tfjs-node-gpu'],
  });
  await import(pathToFileURL(outfile).href);
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
