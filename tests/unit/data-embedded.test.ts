import { expect, test } from 'vitest';
import { loadDataset } from '../../engine/data/dataset.ts';
import { embeddedProblems } from '../../engine/experiments/embedded/problem-set.ts';
import { DatasetConfig } from '../../engine/protocol/index.ts';

test("the embedded problem set equals its generator's output (vitest -u writes it)", async () => {
  await expect(embeddedProblems()).toMatchFileSnapshot('../../engine/embedded/problems.jsonl');
});

test('it contains 64 different chains with their right answers', async () => {
  const { problems, prompts } = await loadDataset(DatasetConfig.parse({ path: 'embedded' }));
  expect(problems).toHaveLength(64);
  expect(new Set(problems.map(({ text }) => text)).size).toBe(64);
  for (const { text, answer, line, row, source } of problems) {
    expect(text).toMatch(/^\d+([+-]\d)+=$/);
    const terms = text.match(/[+-]?\d+/g)!.map(Number);
    expect(answer).toBe(String(terms.reduce((a, b) => a + b, 0)));
    expect(line).toBe(row + 1);
    expect(source).toBe('embedded');
  }
  expect(problems.filter(({ text }) => text.includes('-'))).toHaveLength(12);
  expect(prompts[0]!.user).toBe(problems[0]!.text);
});
