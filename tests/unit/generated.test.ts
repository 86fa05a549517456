/** What is generated from definitions is current: `npm run generate` renews it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { generatedFiles } from '../../scripts/generate/pages.ts';
import { ROOT } from '../support/processes.ts';

test.each(generatedFiles(ROOT).map(({ file, text }) => [file, text] as const))('%s is current', (file, text) => {
  const stored = readFileSync(path.join(ROOT, file), 'utf8');
  // The texts themselves would be a diff of thousands of lines.
  expect(stored === text, `${file} is not current: npm run generate`).toBe(true);
});

const pages = generatedFiles(ROOT).filter(({ file }) => file.endsWith('.md'));

test.each(pages)('$file is complete: nothing is cut, no code is broken', ({ text }) => {
  expect(text.match(/.*(?:\.\.\.|…)'.*/g)).toBeNull();
  // Code blocks aside, every placeholder is in a code span of its own words.
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
  // A span may continue in the next line, unless that is a row of a table or an item of a list.
  for (const line of prose.split(/\n(?=\n|\||- )/)) {
    expect(line).not.toMatch(/[^`\s|(]``|``[^`\s|).,;:]/);
    const outside = line.replace(/`[^`]*`/g, '');
    expect(outside, line).not.toMatch(/`|\{\{|\}\}/);
  }
});

test('the names of other trainers refer to one setting each', () => {
  const rows = generatedFiles(ROOT)
    .find(({ file }) => file === 'docs/settings.md')!
    .text.split('\n')
    .filter((line) => line.startsWith('| ') && line.includes('`'));
  const verl = rows
    .map((row) =>
      row
        .split(' | ')
        .at(-1)!
        .replaceAll(/[`|\s]/g, ''),
    )
    .filter((name) => name !== '');
  expect(verl.length).toBeGreaterThan(20);
  expect(verl.filter((name, i) => name.startsWith('data.') && verl.indexOf(name) !== i)).toEqual([]);
});
