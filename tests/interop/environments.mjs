/**
 * Makes the environments of the interop suite, one per group of packages from PyPI or npm that fit together; what is there
 * with the same pins is kept.
 *
 * usage: node tests/interop/environments.mjs [folder] [name ...]      without names: all but the large ones
 *
 * `folder` is where they lie (default: `.cache/interop` in the checkout, where the suite looks; else set ROLLSCOPE_INTEROP).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');
/** 6 GB with PyTorch: for the suite trainers. */
const LARGE = ['trl', 'verl'];
const pins = JSON.parse(readFileSync(path.join(import.meta.dirname, 'environments.json'), 'utf8'));
const [folder = process.env.ROLLSCOPE_INTEROP ?? path.join(root, '.cache', 'interop'), ...names] =
  process.argv.slice(2);

const small = Object.keys(pins).filter((name) => !LARGE.includes(name));
for (const name of names.length > 0 ? names : small) {
  if (!pins[name]) throw new Error(`no environment ${name}: there are ${Object.keys(pins).join(', ')}`);
  const home = path.join(folder, name);
  const done = path.join(home, 'pins.json');
  const wanted = JSON.stringify(pins[name]);
  if (existsSync(done) && readFileSync(done, 'utf8') === wanted) continue;
  rmSync(home, { recursive: true, force: true });
  if (pins[name].npm) fromNpm(home, pins[name].npm);
  else fromPypi(home, pins[name]);
  writeFileSync(done, wanted);
}

function fromPypi(home, packages) {
  run('python3', ['-m', 'venv', home]);
  run(path.join(home, 'bin', 'python'), [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    ...packages,
  ]);
}

/** Without what runs at installation, and without binaries for other systems. */
function fromNpm(home, packages) {
  mkdirSync(home, { recursive: true });
  writeFileSync(path.join(home, 'package.json'), '{"private":true}');
  run('npm', [
    'install',
    '--prefix',
    home,
    '--ignore-scripts',
    '--omit=optional',
    '--no-audit',
    '--no-fund',
    ...packages,
  ]);
}

function run(program, args) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' });
  if (status !== 0) throw error ?? new Error(`${program} ${args.join(' ')}: exit status ${status}`);
}
