/** Real problem sets, as their authors publish them. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadDataset } from '../../engine/data/dataset.ts';
import { locateProblems } from '../../engine/data/locate.ts';
import { DatasetConfig } from '../../engine/protocol/index.ts';
import { requireOrSkip } from '../support/skip.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../../shared/datasets');
const present = requireOrSkip('data sets', existsSync(FOLDER), '../shared/datasets is not on this machine');

describe.runIf(present)('published datasets', () => {
  test.each([
    ['ttrl-aime.json', 30, '0', '204'],
    ['ttrl-amc.json', 83, '0', '142.0'],
    ['ttrl-math.json', 500, 'test/precalculus/807.json', '\\left( 3, \\frac{\\pi}{2} \\right)'],
    ['ttrl-math-l1.json', 43, 'test/precalculus/1303.json', '\\sqrt{51}'],
    ['ttrl-math-l5.json', 134, 'test/intermediate_algebra/1994.json', 'p - q'],
    ['gsm8k-test.jsonl', 1319, '0', '18'],
    ['gsm8k-example-model-solutions.jsonl', 1319, '0', '18'],
  ])('%s has %i problems', async (name, count, id, answer) => {
    const file = path.join(FOLDER, name);
    const { problems, prompts, warnings } = await loadDataset(DatasetConfig.parse({ path: file }));
    expect(problems).toHaveLength(count);
    expect(problems[0]).toMatchObject({ id, answer });
    expect(prompts.every(({ user }, i) => user === problems[i]!.text)).toBe(true);
    expect(problems.every((problem) => problem.answer !== null)).toBe(true);
    expect(warnings).toEqual([]);

    // the editor finds the same rows at the same places
    const text = readFileSync(file, 'utf8');
    const located = locateProblems(text, name.endsWith('l') ? 'jsonl' : 'json');
    expect(located.map(({ row, line }) => [row, line + 1])).toEqual(problems.map(({ row, line }) => [row, line]));
    expect(located.every(({ hasPrompt }) => hasPrompt)).toBe(true);
    const lines = text.split('\n');
    for (const { line, endLine, row } of located) {
      const source = lines
        .slice(line, endLine + 1)
        .join('\n')
        .replace(/,\s*$/, '');
      expect(Object.values(JSON.parse(source))).toContain(problems[row]!.text);
    }
  });
});
