#!/usr/bin/env node
// Builds what users install: the extension for a platform (a production build with the native library of that platform),
// or the command line for npm.
//   node scripts/package.mjs [--target linux-x64 | all | npm] [--out <file, or folder for all and npm>]
// Every platform's package can be built on any machine, since onnxruntime-node contains the libraries of all platforms that
// it supports. Platforms of VS Code that it does not support have no package: darwin-x64 (Intel Macs), alpine-x64 and
// alpine-arm64 (its libraries need glibc), linux-armhf, and web, where the engine cannot run.
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
/** Maximum size of a package, bytes. */
const LIMIT = 100e6;

const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
const { values } = parseArgs({ options: { target: { type: 'string' }, out: { type: 'string' } } });
const target = values.target ?? `${process.platform}-${process.arch}`;
const stage = path.join(root, '.cache', `package-${process.pid}`);
try {
  if (target === 'npm') packForNpm(path.resolve(values.out ?? '.'));
  else await packForEditor(target);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  fs.rmSync(stage, { recursive: true, force: true });
}

/** `prepack` builds, so scripts run here, although .npmrc disables the install scripts of packages. */
function packForNpm(folder) {
  fs.mkdirSync(folder, { recursive: true });
  run('npm', ['pack', '--ignore-scripts=false', '--pack-destination', folder]);
}

async function packForEditor(wanted) {
  const available = targetsOfRuntime();
  const chosen = wanted === 'all' ? available : [wanted];
  if (!available.includes(chosen[0]))
    throw new Error(`onnxruntime does not support ${wanted}. Available targets: ${available.join(', ')}, all, npm.`);
  run(process.execPath, ['scripts/build.mjs', '--production', '--out', path.join(stage, 'dist')]);
  for (const name of sourcesThatShip()) copy(name);
  writeManifest();
  copy('.vscodeignore'); // vsce applies it to the stage
  for (const one of chosen) {
    copyRuntime(one);
    const name = `${manifest.name}-${manifest.version}-${one}.vsix`;
    const out = wanted === 'all' ? path.resolve(values.out ?? '.', name) : path.resolve(values.out ?? name);
    fs.mkdirSync(path.dirname(out), { recursive: true });
    await createVSIX({ cwd: stage, packagePath: out, target: one, rewriteRelativeLinks: false });
    const { size } = fs.statSync(out);
    console.log(`${out} (${(size / 1e6).toFixed(1)} MB)`);
    if (size > LIMIT) throw new Error(`${out} is larger than ${LIMIT / 1e6} MB.`);
  }
}

/** The files and folders that .vscodeignore lets through and that are neither built nor written here. */
function sourcesThatShip() {
  const lines = fs.readFileSync(path.join(root, '.vscodeignore'), 'utf8').split(/\r?\n/);
  const named = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1).replace(/\/\*\*$/, ''));
  return named.filter((name) => name !== 'package.json' && name !== 'dist' && !name.startsWith('node_modules/'));
}

/** Platforms that onnxruntime-node has libraries for, as VS Code names them. */
function targetsOfRuntime() {
  const folder = path.join(root, LIBRARIES);
  return fs.readdirSync(folder).flatMap((os) => fs.readdirSync(path.join(folder, os)).map((cpu) => `${os}-${cpu}`));
}

function copy(name, filter = () => true) {
  fs.cpSync(path.join(root, name), path.join(stage, name), { recursive: true, filter });
}

/** The runtime part of onnxruntime: its JavaScript and one platform's libraries, without its installer. */
function copyRuntime(platform) {
  fs.rmSync(path.join(stage, 'node_modules'), { recursive: true, force: true });
  const code = (file) => !/\.(d\.ts|map)$/.test(file);
  copy(`${RUNTIME}/dist`, code);
  // On macOS the library is there twice; the binding loads the one with the short version.
  copy(`${LIBRARIES}/${platform.replace('-', '/')}`, (file) => !/\.\d+\.\d+\.\d+\.dylib$/.test(file));
  copy(`${COMMON}/package.json`);
  copy(`${COMMON}/dist/cjs`, code);
  const { name, version, license, main, dependencies } = JSON.parse(
    fs.readFileSync(path.join(root, RUNTIME, 'package.json'), 'utf8'),
  );
  const needed = { 'onnxruntime-common': dependencies['onnxruntime-common'] };
  const trimmed = { name, version, license, main, dependencies: needed };
  fs.writeFileSync(path.join(stage, RUNTIME, 'package.json'), JSON.stringify(trimmed, null, 2));
}

/** Writes the manifest without what only development and npm need. */
function writeManifest() {
  const { scripts, devDependencies, peerDependencies, peerDependenciesMeta, bin, files, ...shipped } = manifest;
  fs.writeFileSync(path.join(stage, 'package.json'), JSON.stringify(shipped, null, 2));
}

function run(command, args) {
  const shell = process.platform === 'win32' && command === 'npm';
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell });
  if (status !== 0) throw new Error(`${command} ${args[0]} failed; see its output above.`);
}
