#!/usr/bin/env node
// Bundles the three programs: engine (command line and compute worker), extension host, webview. The engine is split:
// each command of the command line loads its own chunks, so that `--help` does not load the whole program.
//   node scripts/build.mjs [--production] [--out <folder>] [--metafile <file>] [--clean]
// --metafile writes esbuild's account of how many bytes each source takes in each output; --clean removes the chunks of
// all earlier builds, for a package.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { removeOldChunks } from './chunks.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    production: { type: 'boolean', default: false },
    out: { type: 'string', default: 'dist' },
    metafile: { type: 'string' },
    clean: { type: 'boolean', default: false },
  },
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
  metafile: true,
  outdir,
  // Its main entry is a UMD wrapper, which esbuild cannot analyze.
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
};
// CommonJS packages inside an ES module bundle need `require`.
const requireBanner = "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);";
const external = ['onnxruntime-node', '@tensorflow/tfjs-node-gpu', 'vscode'];

/** Modules whose values are put in instead of what computes them: their exports must be plain data. */
const EVALUATED = ['engine/config/reward-settings.ts', 'engine/reward/correctness-rewards.ts'];
const evaluate = {
  name: 'evaluate',
  setup({ onLoad }) {
    const files = EVALUATED.map((file) => path.join(root, file));
    onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
      if (!files.includes(file)) return null;
      const bundled = { entryPoints: [file], bundle: true, format: 'esm', platform: 'node', write: false };
      const { outputFiles } = await build({ absWorkingDir: root, ...bundled });
      const value = await import(
        `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
      );
      const lines = Object.entries(value).map(([name, data]) => `export const ${name} = ${JSON.stringify(data)};`);
      return { contents: lines.join('\n'), loader: 'js' };
    });
  },
};

/**
 * The editor's API as one module with a name for each of its members: otherwise esbuild copies all of them for every file
 * that imports it, which takes a good part of the time in which the extension is loaded.
 */
const editorApi = {
  name: 'editor-api',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^vscode$/, namespace: 'file' }, () => ({ path: 'vscode', namespace: 'editor-api' }));
    onLoad({ filter: /.*/, namespace: 'editor-api' }, () => {
      const types = fs.readFileSync(path.join(root, 'node_modules/@types/vscode/index.d.ts'), 'utf8');
      const members = /^\texport (?:abstract )?(?:class|namespace|enum|const|function) (\w+)/gm;
      const names = [...new Set([...types.matchAll(members)].map(([, name]) => name))];
      return { contents: `export const { ${names.join(', ')} } = require('vscode');` };
    });
  },
};

if (values.clean) fs.rmSync(path.join(outdir, 'chunks'), { recursive: true, force: true });
fs.mkdirSync(outdir, { recursive: true });
const results = await Promise.allSettled([
  build({
    ...common,
    entryPoints: {
      cli: 'engine/cli/main.ts',
      compute: 'engine/training/worker.ts',
      judge: 'engine/importers/judge-worker.ts',
      // `npm run pretrain` makes the embedded models; it does not ship.
      ...(production ? {} : { pretrain: 'engine/experiments/embedded/pretrain.ts' }),
    },
    platform: 'node',
    target: 'node20',
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    banner: { js: requireBanner },
    external,
    plugins: [evaluate],
  }),
  build({
    ...common,
    entryPoints: { extension: 'extension/main.ts' },
    outExtension: { '.js': '.cjs' },
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external,
    plugins: [editorApi],
  }),
  build({
    ...common,
    // The pages of the panel and of the comparison, and what takes the editor's place in a browser.
    entryPoints: { panel: 'webview/main.ts', compare: 'webview/compare/main.ts', browser: 'webview/browser/main.ts' },
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    loader: { '.css': 'text' },
    tsconfig: 'webview/tsconfig.json',
  }),
]);
// esbuild has printed why.
if (results.some(({ status }) => status === 'rejected')) process.exitCode = 1;
else if (values.metafile) writeMetafile(path.resolve(root, values.metafile));
removeOldChunks(outdir);

/** Writes one file for all programs, with names relative to the output folder. */
function writeMetafile(file) {
  const short = (name) => path.relative(outdir, path.resolve(root, name)).replaceAll(path.sep, '/');
  const outputs = {};
  for (const { value } of results) {
    for (const [name, output] of Object.entries(value.metafile.outputs)) {
      const imports = output.imports.map((one) => (one.external ? one : { ...one, path: short(one.path) }));
      outputs[short(name)] = { ...output, imports };
    }
  }
  fs.writeFileSync(file, JSON.stringify({ outputs }));
}
