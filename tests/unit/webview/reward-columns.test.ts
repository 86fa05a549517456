/** Other rewards as columns of the rollouts, and what they are worth. */
import { beforeAll, expect, test } from 'vitest';
import type { RewardComparison } from '../../../engine/protocol/reward-comparison.ts';
import { rescoreArguments } from '../../../engine/view/computed.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { Store } from '../../../webview/store.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { until } from '../../support/wait.ts';
import { FakeWebview } from './fake-webview.ts';
import { conversationOf, readSelected, rendered } from './panel.ts';

let run: OpenRun;
beforeAll(async () => {
  const { folder } = await writeRunFixture(`${temporaryFolder()}/run`, { problems: 3, steps: 2, votes: 2 });
  run = await OpenRun.read(folder);
});

const interval = (low: number, high: number) => ({ mean: (low + high) / 2, low, high, groups: 7 });
const COMPARISON: RewardComparison = {
  trainedBy: 'majority-vote',
  groups: 3,
  rewards: [
    { reward: 'majority-vote', groups: 3, auroc: interval(0.4, 0.6), pushedRight: interval(0.4, 0.6) },
    { reward: 'empo', groups: 3, auroc: interval(0.7, 0.9), pushedRight: interval(0.7, 0.9) },
    { reward: 'probability', groups: 3, auroc: interval(0.5, 0.7), pushedRight: null },
  ],
  notComputed: { dual: 'It asks the model.' },
  byGroup: [0, 1, 2].map((problem) => ({
    problem,
    step: 1,
    scores: {
      empo: {
        ...{ values: [0.25, 0.75], ranks: [2, 1], advantages: [-1, 1], winner: 1, winnerCorrect: false },
        ...{ auroc: null, pushedRight: null },
      },
      probability: null,
    },
  })),
};

async function panel(rescore: () => Promise<RewardComparison>) {
  const webview = new FakeWebview();
  conversationOf(webview, { rescore }).show(run);
  const store = new Store(webview.page());
  await until('the run is shown', () => store.phase === 'run');
  store.selection.lookAt(1);
  await readSelected(store);
  return { store, webview };
}
const STEP = { phase: 'train', step: 1, problem: null } as const;

test('a chosen reward has value, rank and advantage, and its top rollout is marked; the choice is kept', async () => {
  const { store, webview } = await panel(async () => COMPARISON);
  store.selection.toggleReward('empo');
  expect(rendered(store, 'inspector')).toContain('data-other="empo"');
  store.rewards.ask(STEP);
  await until('it is there', () => store.rewards.known(STEP).state === 'read');
  const html = rendered(store, 'inspector');
  const cells = [...html.matchAll(/<td class="number" data-other="empo">(.*?)<\/td>/g)].map(([, cell]) =>
    cell!
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  );
  expect(cells.sort()).toEqual(['0.25 #2', '0.75 #1 ✗']);
  expect(html).toContain('Advantage that empo would have given');
  expect(webview.kept?.rewards).toEqual(['empo']);
  expect(new Store(webview.page()).selection.rewards).toEqual(['empo']);
});

test('the computation for a whole run that is no longer shown is canceled', async () => {
  const signals: AbortSignal[] = [];
  const webview = new FakeWebview();
  const rescore = (_: OpenRun, __: object, signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<RewardComparison>(() => {});
  };
  const host = conversationOf(webview, { rescore });
  host.show(run);
  const store = new Store(webview.page());
  await until('the run is shown', () => store.phase === 'run');
  store.rewards.ask({ ...STEP, step: null });
  await until('it is asked', () => signals.length === 1);
  host.show(null);
  await until('it is canceled', () => signals[0]!.aborted);
  expect(signals).toHaveLength(1);
});

test('computations for a step that is no longer shown are canceled', async () => {
  const signals: AbortSignal[] = [];
  const webview = new FakeWebview();
  const rescore = (_: OpenRun, __: object, signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<RewardComparison>(() => {});
  };
  conversationOf(webview, { rescore }).show(run);
  const store = new Store(webview.page());
  await until('the run is shown', () => store.phase === 'run');
  store.rewards.ask(STEP);
  await until('it is asked', () => signals.length === 1);
  store.rewards.ask(STEP);
  store.rewards.ask({ ...STEP, step: 2 });
  await until('the other is asked', () => signals.length === 2);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  expect(store.rewards.known(STEP).state).toBe('unread');
});

test('the command line computes a step, a problem or the run', () => {
  const problems = [{ id: 'a' }, { id: 'b' }];
  const of = (step: number | null, problem: number | null) =>
    rescoreArguments('/r', problems, { phase: 'train', step, problem }).slice(2).join(' ');
  expect(of(3, null)).toBe('--phase train --step 3');
  expect(of(null, 1)).toBe('--phase train --problem b');
  expect(of(null, null)).toBe('--phase train');
});
