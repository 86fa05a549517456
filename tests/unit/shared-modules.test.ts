/** Files of this suite share loaded modules: one that replaced a module, or loaded it again, would do so for the others too. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

/** The one stand-in that all share. */
const SHARED = /\bvi\.mock\('vscode', async \(\) => \(await import\('(\.\.\/)+support\/editor\.ts'\)\)\.vscode\);/g;

test('only vscode is replaced, by the shared stand-in', () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.ts$/.test(name),
  );
  expect(files.length).toBeGreaterThan(200);
  const found = files.filter((name) => {
    const text = readFileSync(path.join(import.meta.dirname, name), 'utf8').replaceAll(SHARED, '');
    return name !== path.basename(import.meta.filename) && /\bvi\.(do)?(mock|resetModules)\(/i.test(text);
  });
  expect(found, 'they belong into tests/mocked').toEqual([]);
});
