#!/usr/bin/env node
// Makes this checkout runnable: installs packages that are missing or differ from the lock file, and builds when a source
// is newer than the build. Fast when there is nothing to do, and safe when several processes run it at once.
//   node scripts/install.mjs
// Only Node built-ins: it runs before anything is installed.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild } from './child.mjs';
import { removeOldChunks } from './chunks.mjs';
import { withLock } from './lock.mjs';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = 20;
/** Inputs of the build. */
const SOURCES = ['engine', 'extension', 'webview', 'scripts/build.mjs', 'package.json', 'tsconfig.json'];
/** Outputs that every build has. */
const OUTPUTS = ['cli.js', 'compute.js', 'judge.js', 'extension.cjs', 'panel.js', 'compare.js', 'browser.js'];

const say = (text) => process.stderr.write(`${text}\n`);

/** Exits with a message instead of a stack trace: what went wrong, and what to do. */
export function fail(message) {
  say(message);
  process.exit(1);
}

/** Installs and builds what is missing. Throws when the build fails; exits when no build is possible. */
export async function prepare() {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
    fail(
      `Rollscope requires Node ${OLDEST_NODE} or newer; this is ${process.version}. Install a newer version and try again.`,
    );
  }
  if (isInstalled() && isBuilt()) return;
  await withLock(path.join(root, '.cache', 'prepare.lock'), async () => {
    if (!isInstalled()) await install();
    if (!isBuilt()) await build();
  });
}

/** Whether node_modules contains every package of package-lock.json at its version, according to npm's own record. */
function isInstalled() {
  const wanted = packages('package-lock.json');
  const present = packages('node_modules/.package-lock.json');
  return Object.entries(wanted).every(([name, { version, optional }]) =>
    name === '' ? true : present[name] ? present[name].version === version : optional,
  );
}

function packages(lockFile) {
  try {
    return JSON.parse(fs.readFileSync(path.join(root, lockFile), 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}

async function install() {
  refuseForeignPackages();
  say('Installing packages from the npm registry (once; about a minute)...');
  // The bundler is a development dependency and its binary an optional one: user settings must not exclude either.
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  // Output goes to stderr: stdout belongs to the command that runs afterwards.
  const options = { cwd: root, stdio: ['ignore', 2, 2] };
  const status = await (npm?.endsWith('.js')
    ? runChild(process.execPath, [npm, ...args], options)
    : runChild('npm', args, { ...options, shell: process.platform === 'win32' })
  ).catch((error) => fail(`npm could not be started (${error.message}). Install npm, which is part of Node.`));
  if (status >= 128) process.exit(status);
  if (status !== 0 || !isInstalled()) {
    fail(
      "Packages could not be installed; see npm's output above. Check the connection to the npm registry and try again.",
    );
  }
}

/** `npm ci` empties node_modules first: through a link it would delete the packages of another checkout. */
function refuseForeignPackages() {
  const folder = path.join(root, 'node_modules');
  if (!fs.lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  fail(
    `${folder} links to ${fs.readlinkSync(folder)}, whose packages differ from this package-lock.json. ` +
      'Install them there, or remove the link to install them here.',
  );
}

function isBuilt() {
  const built = OUTPUTS.map((name) => modified(path.join(root, 'dist', name)));
  return newest(SOURCES.map((name) => path.join(root, name))) <= Math.min(...built);
}

/** Builds into a temporary folder and then moves each file into place, so that no process ever reads a partial file. */
async function build() {
  const started = new Date();
  const aside = path.join(root, '.cache', `build-${process.pid}`);
  const dist = path.join(root, 'dist');
  try {
    const status = await runChild(process.execPath, ['scripts/build.mjs', '--out', aside], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    });
    if (status !== 0) throw new Error('The build failed; see the output of esbuild above.');
    // Chunks first, then the programs that load them.
    const chunks = fs.readdirSync(path.join(aside, 'chunks')).map((name) => path.join('chunks', name));
    const programs = fs.readdirSync(aside).filter((name) => name !== 'chunks');
    fs.mkdirSync(path.join(dist, 'chunks'), { recursive: true });
    for (const name of [...chunks, ...programs]) {
      // Sources that were saved during the build count as newer.
      fs.utimesSync(path.join(aside, name), started, started);
      fs.renameSync(path.join(aside, name), path.join(dist, name));
    }
    removeOldChunks(dist);
  } finally {
    fs.rmSync(aside, { recursive: true, force: true });
  }
}

/** Latest modification time of files and folders at any depth; a folder changes when an entry is added or removed. */
function newest(names) {
  return Math.max(
    ...names.map((name) => {
      const children = fs.statSync(name).isDirectory()
        ? fs.readdirSync(name).map((child) => path.join(name, child))
        : [];
      return Math.max(fs.statSync(name).mtimeMs, children.length > 0 ? newest(children) : 0);
    }),
  );
}

function modified(name) {
  return fs.statSync(name, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await prepare().catch((error) => fail(error.message));
}
