/** The files of `tests/wording`: each belongs to something, and those of sentences are what they say they are. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { experiments } from '../../engine/experiments/catalog/index.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { fileOf, filtered, SURFACES, type Surface, sentencesIn, wordingFile } from '../support/sentences.ts';

const FOLDER = path.join(ROOT, 'tests', 'wording');

test('every file is the wording of a surface', () => {
  const tests = readdirSync(path.join(ROOT, 'tests'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ts$/.test(name) && !name.includes('wording-files'))
    .map((name) => readFileSync(path.join(ROOT, 'tests', name), 'utf8'))
    .join('\n');
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => /\.txt$/.test(name));
  const surfaces = files.map((name) =>
    name
      .replace(/\.txt$/, '')
      .split(path.sep)
      .join('/'),
  );
  expect(surfaces.length).toBeGreaterThan(20);
  const known = (surface: string) =>
    Object.hasOwn(SURFACES, surface) ||
    tests.includes(`wordingFile('${surface}')`) ||
    experiments.some(({ name }) => surface === `experiments/${name}`) ||
    (surface.startsWith('terminal/') && tests.includes(surface.slice('terminal/'.length)));
  expect(surfaces.filter((surface) => !known(surface))).toEqual([]);
});

describe('a wording file', () => {
  test.each(Object.keys(SURFACES) as Surface[])('%s is in its canonical form', (surface) => {
    const file = wordingFile(surface);
    expect(fileOf(SURFACES[surface], sentencesIn(file))).toBe(readFileSync(file, 'utf8'));
  });

  test('loses unproduced sentences, with their headings', () => {
    const file = path.join(temporaryFolder(), 'x.txt');
    const sentences = new Map([
      ['one', ['First.', 'Second\n→ with a hint.']],
      ['two', ['Third.']],
    ]);
    writeFileSync(file, fileOf('What it is.', sentences));
    expect(sentencesIn(file)).toEqual(sentences);
    expect(filtered(sentences, (heading, said) => heading === 'one' && said !== 'First.')).toEqual(
      new Map([['one', ['Second\n→ with a hint.']]]),
    );
  });
});
