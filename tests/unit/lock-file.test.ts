/** What npm installs: from the registry only, with hashes, without scripts that nobody looked at, under known licenses. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { lockedPackages, shippedPackages } from '../../scripts/generate/notices-page.ts';
import { ROOT } from '../support/processes.ts';

const locked = Object.entries(lockedPackages(ROOT)).filter(([place]) => place !== '');
const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

/** Packages with install scripts, none of which runs (`.npmrc`): each was looked at. */
const SCRIPTS = ['@vscode/vsce-sign', 'esbuild', 'keytar', 'onnxruntime-node'];
/** Licenses of what ships: permissive ones. */
const SHIPS = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', '(MIT OR CC0-1.0)'];
/** Licenses of what only development uses. */
const DEVELOPS = [
  ...SHIPS,
  '(BSD-2-Clause OR MIT OR Apache-2.0)',
  '(MIT OR WTFPL)',
  'Artistic-2.0',
  'BlueOak-1.0.0',
  'CC-BY-3.0',
  'CC0-1.0',
  'MIT OR Apache-2.0',
  'MPL-2.0',
  'Python-2.0',
  'SEE LICENSE IN LICENSE.txt',
  'WTFPL',
];

test('every package comes from the registry, with a hash', () => {
  expect(locked.length).toBeGreaterThan(300);
  for (const [place, { integrity, resolved, link }] of locked) {
    expect(integrity, place).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
    expect(resolved ?? 'https://registry.npmjs.org/', place).toMatch(/^https:\/\/registry\.npmjs\.org\//);
    expect(link, place).toBeUndefined();
  }
});

test('no other package has an install script, and none runs', () => {
  const found = locked.filter(([, { hasInstallScript }]) => hasInstallScript);
  expect(found.map(([place]) => place.replace(/^.*node_modules\//, '')).sort()).toEqual(SCRIPTS);
  expect(readFileSync(path.join(ROOT, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
});

test('licenses are among the approved ones', () => {
  for (const [place, { license }] of locked) expect([...DEVELOPS], `${place}: ${license}`).toContain(license);
  const shipped = shippedPackages(ROOT);
  expect(shipped.length).toBeGreaterThan(50);
  for (const { name, license } of shipped) expect(SHIPS, `${name}: ${license}`).toContain(license);
});

test('versions in package.json are exact', () => {
  const named = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies } as Record<string, string>);
  for (const [name, version] of named) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
    expect(lockedPackages(ROOT)[`node_modules/${name}`]?.version, name).toBe(version);
  }
  expect(Object.keys(manifest.dependencies)).toEqual(['onnxruntime-node']);
});
