/** Values of options that are not settings, and options that have no effect next to others. */
import path from 'node:path';
import { beforeAll, test } from 'vitest';
import { find } from '../../engine/cli/commands/find.ts';
import { runs } from '../../engine/cli/commands/runs.ts';
import { show } from '../../engine/cli/commands/show.ts';
import { view } from '../../engine/cli/commands/view.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

const root = temporaryFolder();
const run = path.join(root, 'run');
beforeAll(async () => {
  await writeRunFixture(run, { problems: 2, votes: 2, steps: 1 });
});

test('a port that cannot exist is refused', async () => {
  await expectRejection(view(run, [], { port: '65536' }), 'usage', { reason: 'bad-value', field: '--port' });
});

test('a limit of 0 runs is refused: there would seem to be none', async () => {
  await expectRejection(runs({ out: root, limit: '0' }), 'usage', { reason: 'bad-value', field: '--limit' });
});

test.each([
  [
    { from: '5', to: '1' },
    { field: '--from', value: 5, other: '--to', most: 1 },
  ],
  [
    { minReward: '0.5', maxReward: '-1' },
    { field: '--min-reward', value: 0.5, other: '--max-reward', most: -1 },
  ],
])('a search with bounds that exclude everything is refused: %j', async (options, facts) => {
  await expectRejection(find(run, undefined, { ...options, limit: '1' }), 'usage', { reason: 'bad-range', ...facts });
});

test.each([
  [{ report: true, problem: 'x' }, '--problem', '--report'],
  [{ report: true, step: '1' }, '--step', '--report'],
  [{ report: true, disagreements: true }, '--disagreements', '--report'],
  [{ disagreements: true, problem: 'x', rollout: '1' }, '--problem', '--disagreements'],
  [{ disagreements: true, problem: 'x', phase: 'train' }, '--problem', '--disagreements'],
])('an option that would be ignored is refused: %j', async (options, field, other) => {
  await expectRejection(show(run, options), 'usage', { reason: 'options-exclude', field, other });
});
