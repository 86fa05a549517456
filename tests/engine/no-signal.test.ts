/** A run that cannot learn: told after its first steps, and by what looks at it afterwards (`train-no-signal`). */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { runCli, temporaryFolder } from '../support/processes.ts';
import { recordsOf } from '../support/run-outcome.ts';

const home = temporaryFolder();
let folder: string;

async function cli(...args: string[]): Promise<string> {
  const ended = await runCli(args, { home });
  expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null });
  return ended.stdout;
}

beforeAll(async () => {
  const file = path.join(home, 'two.jsonl');
  const rows = ['1+1=', '2+3='].map((question, i) => ({ id: 'ab'[i], question, answer: ['2', '5'][i] }));
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const small = ['--steps', '5', '--votes', '4', '--group', '4', '--eval-samples', '0', '--device', 'cpu'];
  // One token is too few for any of the model's answers.
  const cut = ['--max-tokens', '1', '--answer', 'hash'];
  const args = ['train', file, '--model', 'embedded', ...small, ...cut, '--watch', 'stop', '--name', 'flat', '--json'];
  folder = JSON.parse(await cli(...args)).folder;
});

test('warns with the numbers and the remedy', () => {
  const warnings = recordsOf(folder).flatMap((record) => (record.type === 'warning' ? [record] : []));
  const found = warnings.filter(({ code }) => code === 'no-signal');
  expect(found).toMatchObject([{ step: 3 }]);
  for (const fact of ['6 groups', '24 responses', '1 token', '--max-tokens']) expect(found[0]!.message).toContain(fact);
});

test('reward accuracy is unknown if nothing was voted for', () => {
  const steps = recordsOf(folder).flatMap((record) => (record.type === 'step' ? [record.metrics] : []));
  expect(steps).toHaveLength(5);
  for (const step of steps) {
    expect(step).toMatchObject({ rewardAccuracy: null, truncated: 1, noAnswer: 1, skippedGroups: 2 });
  }
});

test('list, show and analyze report it', async () => {
  const { runs } = JSON.parse(await cli('runs', '--json'));
  expect(runs).toMatchObject([{ warning: expect.stringContaining('--max-tokens') }]);
  expect(await cli('show', 'flat')).toContain(runs[0].warning);
  const { ending } = JSON.parse(await cli('analyze', 'flat', '--json'));
  expect(ending.signal).toEqual({ steps: 5, equal: 5, truncated: 1, noAnswer: 1 });
  expect(await cli('analyze', 'flat')).toMatch(/^Outcome: /m);
});
