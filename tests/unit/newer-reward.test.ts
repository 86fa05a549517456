/** A run whose training reward this version does not know: the rest of it is read all the same. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { analyze } from '../../engine/cli/commands/analyze.ts';
import { rescore } from '../../engine/cli/commands/rescore.ts';
import { show } from '../../engine/cli/commands/show.ts';
import { RunConfig } from '../../engine/protocol/config.ts';
import { storedReward } from '../../engine/reward/index.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

const run = path.join(temporaryFolder(), 'run');
const printed: string[] = [];
let id: string;

beforeAll(async () => {
  const { problems } = await writeRunFixture(run, { problems: 2, votes: 2, steps: 2 });
  id = problems[0]!.id;
  for (const name of ['run.json', 'events.jsonl']) {
    const file = path.join(run, name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/"reward":( ?)"[^"]+"/g, '"reward":$1"wonder"'));
  }
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
});

test('it is null, and one that is known is not', () => {
  const config = RunConfig.parse({ dataset: { path: 'embedded' } });
  expect(storedReward({ ...config, reward: 'wonder + majority-vote' })).toBeNull();
  expect(storedReward(config)?.text).toBe('majority-vote');
});

test('confidence, other rewards and problems are shown, with its name', async () => {
  expect(await analyze(run, {})).toBe(0);
  expect(await rescore(run, { reward: [] })).toBe(0);
  expect(await show(run, { problem: id, phase: 'train' })).toBe(0);
  const text = printed.join('');
  expect(text).toContain('wonder (recorded)');
  expect(text).toContain('majority-vote');
  expect(text).toContain('Reward: wonder.');
});
