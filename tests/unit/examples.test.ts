/** What is under `examples`: the files that a script writes are those of the script, and the configurations can run. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { configFromOptions } from '../../engine/cli/run-config.ts';
import { TRAIN_TOPICS } from '../../engine/config/settings.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';

const FACTS = path.join(ROOT, 'examples', 'facts');
const lines = (file: string): Record<string, string>[] =>
  readFileSync(path.join(FACTS, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('facts', () => {
  test.each(['problems.jsonl', 'held-out.jsonl'])('%s is what the script writes', (file) => {
    const folder = temporaryFolder();
    const { status, stderr } = spawnSync(process.execPath, [path.join(FACTS, 'make.mjs'), folder]);
    expect(String(stderr)).toBe('');
    expect(status).toBe(0);
    expect(readFileSync(path.join(folder, file), 'utf8')).toBe(readFileSync(path.join(FACTS, file), 'utf8'));
  });

  test('no held-out problem is a training problem, and all kinds have the same number', () => {
    const training = lines('problems.jsonl');
    const heldOut = lines('held-out.jsonl');
    const questions = new Set([...training, ...heldOut].map(({ question }) => question));
    expect(questions.size).toBe(training.length + heldOut.length);
    for (const [problems, each] of [
      [training, 12],
      [heldOut, 8],
    ] as const) {
      const kinds = [...new Set(problems.map(({ kind }) => kind))];
      expect(kinds.map((kind) => problems.filter((problem) => problem.kind === kind).length)).toEqual(
        Array(5).fill(each),
      );
    }
  });

  test.each(['rises', 'collapses'])('the configuration %s is valid', (name) => {
    const config = configFromOptions(
      'train',
      undefined,
      { config: `${path.join(FACTS, 'rollscope.json')}#${name}` },
      TRAIN_TOPICS,
    );
    expect(config).toMatchObject({ dataset: { path: path.join(FACTS, 'problems.jsonl') }, votes: 8 });
  });
});
