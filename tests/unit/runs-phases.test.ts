/** Which phase represents a run where groups of one phase are compared, and that commands name it. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../engine/cli/commands/analyze.ts';
import { rescore } from '../../engine/cli/commands/rescore.ts';
import { readGroups } from '../../engine/cli/groups.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { choosePhase } from '../../engine/runs/phases.ts';
import { problemView } from '../../engine/runs/problem-view.ts';
import { keepPrinted } from '../support/printed.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

const RUN = { problems: 4, votes: 4, steps: 3, every: 3 };
const printed = keepPrinted();

async function fixture(more: object = {}): Promise<string> {
  const folder = join(temporaryFolder(), 'run');
  await writeRunFixture(folder, { ...RUN, ...more });
  return folder;
}

test('training rollouts represent a run that has them, the given phase if there is one', async () => {
  const columns = await openColumns(await fixture());
  expect(choosePhase(columns)).toEqual({ phase: 'train', others: ['evaluation', 'greedy'] });
  expect(choosePhase(columns, 'evaluation')).toEqual({ phase: 'evaluation', others: ['train', 'greedy'] });
  expect(choosePhase(columns, 'probe')).toEqual({ phase: null, others: ['train', 'evaluation', 'greedy'] });
  // A problem by itself is spoken for by its latest group.
  expect(problemView(columns, 0).phase).toBe('evaluation');
});

describe('a command on the groups of one phase', () => {
  test.each([
    ['analyze', analyze],
    ['rescore', rescore],
  ] as const)('%s says which phase it used and how to use others, unless it was given', async (_, command) => {
    const folder = await fixture();
    const { chosenGroups } = await readGroups(folder, {});
    expect(chosenGroups).toContain('--phase');
    await command(folder, {});
    expect(printed.text).toContain(`${chosenGroups}\n`);
    expect((await readGroups(folder, { phase: 'train' })).chosenGroups).toBeNull();
  });
});

test('rescore computes no reward that reads labels if there are none', async () => {
  const folder = await fixture({ labels: false });
  await rescore(folder, { json: true });
  const { rewards, pairs, notComputed } = JSON.parse(printed.text.trimEnd().split('\n').at(-1)!);
  const row = rewards.find(({ reward }: { reward: string }) => reward === 'ground-truth');
  expect(row).toMatchObject({ groups: 0, mean: null, range: null, equal: null, accuracy: null, auroc: null });
  const pair = pairs.find((candidate: { rewards: string[] }) => candidate.rewards.includes('ground-truth'));
  expect(pair).toMatchObject({ groups: 0, top1Disagreement: null, signDisagreement: null });
  expect(notComputed['ground-truth']).toMatch(/reference/);
});
