/** Of a large group the page gets the tokens of the rollout that is shown, and those of another one when that is shown. */
import { expect, test, vi } from 'vitest';
import type { GroupId } from '../../../engine/protocol/group.ts';
import { forkPoint, logprobUnder } from '../../../engine/runs/fork-point.ts';
import type { GroupPage } from '../../../engine/runs/panel-contract.ts';
import { groupPage } from '../../../engine/view/group-page.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { GroupReader } from '../../../webview/group-reader.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { until } from '../../support/wait.ts';

async function smallGroup() {
  const folder = `${temporaryFolder()}/run`;
  await writeRunFixture(folder, { steps: 1 });
  const run = await OpenRun.read(folder);
  const id = run.columns.idOf(0);
  return { id, explained: await run.readGroup(id) };
}

/** The same with responses that are not sent all at once. */
async function largeGroup() {
  const { id, explained } = await smallGroup();
  const { detail } = explained;
  const rollouts = detail.rollouts.map((rollout) => ({ ...rollout, text: `${rollout.text}${' so'.repeat(60_000)}` }));
  const large = { ...explained, detail: { ...detail, rollouts } };
  return { id, large, run: { readGroup: async () => large } as unknown as OpenRun };
}

test('a small group arrives whole', async () => {
  const { id, explained } = await smallGroup();
  const page = await groupPage({ readGroup: async () => explained } as unknown as OpenRun, id, 2);
  expect(page.whole).toBeNull();
  expect(page.detail.rollouts).toEqual(explained.detail.rollouts);
});

test('a large one arrives with the tokens of one rollout, its fork point, and what it is compared by', async () => {
  const { id, large, run } = await largeGroup();
  const { detail, whole, why } = await groupPage(run, id, 2);
  expect(whole).toEqual({ rollout: 2, fork: forkPoint(large.detail, 2) });
  expect(detail.rollouts.map(({ text }) => text !== '')).toEqual(detail.rollouts.map((_, i) => i === 2));
  expect(detail.rollouts[2]).toEqual(large.detail.rollouts[2]);
  expect(why).toEqual(large.why);
  const { text: _, tokenTexts: __, statistics, ...numbers } = large.detail.rollouts[0]!;
  expect(detail.rollouts[0]).toMatchObject(numbers);
  expect(detail.rollouts[0]!.statistics).toMatchObject({ logprob: statistics.logprob, entropy: null, top1: null });
  // The shading by what has changed needs ids and log-probabilities of the others.
  const [shown] = detail.rollouts.slice(2);
  expect(logprobUnder(shown!, detail.rollouts)).toEqual(logprobUnder(large.detail.rollouts[2]!, large.detail.rollouts));
});

test('a file without a host contains all of it', async () => {
  const { id, large, run } = await largeGroup();
  expect((await groupPage(run, id)).detail.rollouts).toEqual(large.detail.rollouts);
});

test('the tokens of another rollout are requested when it is shown; meanwhile the group stays visible', async () => {
  const { id, run } = await largeGroup();
  const asked: unknown[] = [];
  interface Asked {
    group: GroupId;
    rollout: number;
    isKnown: boolean;
  }
  const request = (_: string, { group, rollout, isKnown }: Asked): Promise<GroupPage> => {
    asked.push([rollout, isKnown]);
    return groupPage(run, group, rollout, isKnown);
  };
  const groups = new GroupReader(
    { request } as never,
    () => 'run',
    vi.fn(),
    undefined,
    () => 1,
  );
  groups.of(id);
  await until('the group is read', () => groups.of(id).state === 'read');
  expect(groups.of(id, 1)).toMatchObject({ state: 'read', whole: { rollout: 1 } });
  expect(groups.of(id, 3)).toEqual({ state: 'reading' });
  expect([groups.of(id, 3).state, groups.of(id).state]).toEqual(['reading', 'read']);
  await until('its tokens are read', () => groups.of(id, 3).state === 'read');
  expect(groups.of(id)).toMatchObject({ state: 'read', whole: { rollout: 3 } });
  expect(asked).toEqual([
    [1, false],
    [3, true],
  ]);
  // It is as if all of it had been read again.
  const { detail, whole } = await groupPage(run, id, 3);
  expect(groups.of(id, 3)).toMatchObject({ detail, whole });
});
