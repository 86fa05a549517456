#!/usr/bin/env node
// Makes this checkout runnable: installs the packages when they are missing or differ from the lock file, and builds when
// a source is newer than the build. Quick when there is nothing to do, and safe when several processes do it at once.
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
/** What the build reads. */
const SOURCES = ['engine', 'extension', 'webview', 'scripts/build.mjs', 'package.json', 'tsconfig.json'];
/** What the build writes, at least. */
const OUTPUTS = ['cli.js', 'compute.js', 'extension.cjs', 'panel.js'];

const say = (text) => process.stderr.write(`${text}\n`);

/** Ends the process with a message instead of a stack trace: what went wrong, and what to do. */
export function fail(message) {
  say(message);
  process.exit(1);
}

/** Installs and builds what is missing. Throws when the build fails; ends the process when there can be no build. */
export async function prepare() {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
    fail(
      `Rollscope needs Node ${OLDEST_NODE} or newer; this is ${process.version}. Install a newer one and try again.`,
    );
  }
  if (isInstalled() && isBuilt()) return;
  await withLock(path.join(root, '.cache', 'prepare.lock'), async () => {
    if (!isInstalled()) await install();
    if (!isBuilt()) await build();
  });
}

/** Whether node_modules holds every package of package-lock.json at its version, by npm's own note of what it installed. */
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
  // Development packages hold the bundler, and optional ones its binary: neither may be left out by the user's settings.
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  // Output goes to stderr: stdout belongs to the command that runs afterwards.
  const options = { cwd: root, stdio: ['ignore', 2, 2] };
  const status = await (npm?.endsWith('.js')
    ? runChild(process.execPath, [npm, ...args], options)
    : runChild('npm', args, { ...options, shell: process.platform === 'win32' })
  ).catch((error) => fail(`npm could not be started (${error.message}). Install npm, which comes with Node.`));
  if (status >= 128) process.exit(status);
  if (status !== 0 || !isInstalled()) {
    fail(
      'The packages could not be installed; npm says why above. Check the connection to the registry and try again.',
    );
  }
}

/** `npm ci` empties node_modules first: through a link it would take away the packages of another checkout. */
function refuseForeignPackages() {
  const folder = path.join(root, 'node_modules');
  if (!fs.lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  fail(
    `${folder} is a link to ${fs.readlinkSync(folder)}, whose packages differ from this package-lock.json. ` +
      'Install them there, or remove the link to install them here.',
  );
}

function isBuilt() {
  const built = OUTPUTS.map((name) => modified(path.join(root, 'dist', name)));
  return newest(SOURCES.map((name) => path.join(root, name))) <= Math.min(...built);
}

/** Builds aside and then moves each file into place, so that a process that starts meanwhile never reads half a file. */
async function build() {
  const started = new Date();
  const aside = path.join(root, '.cache', `build-${process.pid}`);
  const dist = path.join(root, 'dist');
  try {
    const status = await runChild(process.execPath, ['scripts/build.mjs', '--out', aside], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    });
    if (status !== 0) throw new Error('The build failed; the bundler says why above.');
    // Programs come after the chunks that they load.
    const chunks = fs.readdirSync(path.join(aside, 'chunks')).map((name) => path.join('chunks', name));
    const programs = fs.readdirSync(aside).filter((name) => name !== 'chunks');
    fs.mkdirSync(path.join(dist, 'chunks'), { recursive: true });
    for (const name of [...chunks, ...programs]) {
      // Sources that were saved while the build ran count as newer than it.
      fs.utimesSync(path.join(aside, name), started, started);
      fs.renameSync(path.join(aside, name), path.join(dist, name));
    }
    removeOldChunks(dist);
  } finally {
    fs.rmSync(aside, { recursive: true, force: true });
  }
}

/** Latest change among files and folders, at any depth; a folder changes when something in it is added or removed. */
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
