#!/usr/bin/env node
// Makes the extension's package for one platform: a production build and the one native library that it needs.
//   node scripts/package.mjs [--target linux-x64] [--out rollscope.vsix]
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createVSIX } from '@vscode/vsce';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const RUNTIME = 'node_modules/onnxruntime-node';
const COMMON = 'node_modules/onnxruntime-common';
const LIBRARIES = `${RUNTIME}/bin/napi-v6`;
/** What ships besides the build and onnxruntime. */
const SHIPPED = ['engine/embedded', 'media', 'docs/images', 'README.md', 'CHANGELOG.md', 'LICENSE'];

const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
const { values } = parseArgs({ options: { target: { type: 'string' }, out: { type: 'string' } } });
const target = values.target ?? `${process.platform}-${process.arch}`;
const out = path.resolve(values.out ?? `${manifest.name}-${manifest.version}-${target}.vsix`);
const [platform, arch] = target.split('-');
const library = `${LIBRARIES}/${platform}/${arch}`;
if (!fs.existsSync(path.join(root, library))) {
  console.error(`onnxruntime has no library for ${target}; it has ${availableTargets().join(', ')}.`);
  process.exit(1);
}

const stage = path.join(root, '.cache', `package-${process.pid}`);
try {
  buildInto(path.join(stage, 'dist'));
  for (const name of SHIPPED) copy(name);
  copyRuntime();
  writeManifest();
  fs.writeFileSync(path.join(stage, '.vscodeignore'), ''); // everything staged ships
  await createVSIX({
    cwd: stage,
    packagePath: out,
    target,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  console.log(`${out} (${(fs.statSync(out).size / 2 ** 20).toFixed(1)} MiB)`);
} finally {
  fs.rmSync(stage, { recursive: true, force: true });
}

function availableTargets() {
  const folder = path.join(root, LIBRARIES);
  return fs.readdirSync(folder).flatMap((os) => fs.readdirSync(path.join(folder, os)).map((cpu) => `${os}-${cpu}`));
}

function buildInto(folder) {
  const args = ['scripts/build.mjs', '--production', '--out', folder];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('The build failed; the bundler says why above.');
}

function copy(name, filter = () => true) {
  fs.cpSync(path.join(root, name), path.join(stage, name), { recursive: true, filter });
}

/** onnxruntime as it is needed at run time: its JavaScript and this platform's library, without its installer. */
function copyRuntime() {
  const code = (file) => !/\.(d\.ts|map)$/.test(file);
  copy(`${RUNTIME}/dist`, code);
  copy(library);
  copy(`${COMMON}/package.json`);
  copy(`${COMMON}/dist/cjs`, code);
  const { name, version, license, main, dependencies } = JSON.parse(
    fs.readFileSync(path.join(root, RUNTIME, 'package.json'), 'utf8'),
  );
  const trimmed = {
    name,
    version,
    license,
    main,
    dependencies: { 'onnxruntime-common': dependencies['onnxruntime-common'] },
  };
  fs.writeFileSync(path.join(stage, RUNTIME, 'package.json'), JSON.stringify(trimmed, null, 2));
}

/** The manifest without what only development needs. */
function writeManifest() {
  const { scripts, devDependencies, peerDependencies, peerDependenciesMeta, ...shipped } = manifest;
  fs.writeFileSync(path.join(stage, 'package.json'), JSON.stringify(shipped, null, 2));
}
