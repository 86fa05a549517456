/** The experiment of failures: modes from crafted curves, and each of the three results. */
import { describe, expect, test } from 'vitest';
import { ASSIGNED, summarizeFailures } from '../../engine/experiments/catalog/failure-modes/measures.ts';
import { failureModes, findings } from '../../engine/experiments/catalog/failure-modes.ts';
import { reproductionOf } from '../../engine/experiments/experiment.ts';
import { INTRINSIC, type RewardRuns } from '../../engine/experiments/parts/reward-runs.ts';
import type { RewardName } from '../../engine/reward/index.ts';
import { type CraftedRun, craftedRun, fakeContext } from '../support/experiment-context.ts';
import { expectReport } from '../support/report-wording.ts';

/** Curves of 40 steps that end in each of the ways, the truth lost on the way. */
const WAYS = {
  none: { metrics: { groundTruthReward: [0.4, 0.8], proxyReward: [0.4, 0.9] } },
  gradual: { metrics: { groundTruthReward: [0.4, 0.6, 0.05, 0], proxyReward: [0.4, 0.9] } },
  length: { metrics: { groundTruthReward: [0.4, 0.05, 0], proxyReward: [0.2, 0.9], length: [12, 3, 3] } },
  repetition: { metrics: { groundTruthReward: [0.4, 0.05, 0], proxyReward: [-0.3, -0.1], repetition: [0, 0.8, 0.9] } },
  breakdown: { metrics: { groundTruthReward: [0.6, 0.05, 0], proxyReward: [0.9, 0.2] } },
} satisfies Record<string, CraftedRun>;

const runsOf = (reward: RewardName, ...ways: CraftedRun[]): RewardRuns => ({
  reward,
  runs: ways.map((way, i) => craftedRun({ id: `${reward}-${i}`, ...way })),
});

const asInThePaper = () =>
  Object.entries(ASSIGNED).map(([reward, way]) => runsOf(reward as RewardName, WAYS[way], WAYS[way]));

describe('failure-modes', () => {
  test.each(Object.entries(WAYS))('recognizes %s', (way, curves) => {
    expect(summarizeFailures(runsOf('majority-vote', curves)).mode).toBe(way);
  });

  test('a mode needs more than half of the runs', () => {
    expect(summarizeFailures(runsOf('majority-vote', WAYS.gradual, WAYS.length)).mode).toBeNull();
    expect(summarizeFailures(runsOf('majority-vote', WAYS.gradual, WAYS.length, WAYS.gradual)).mode).toBe('gradual');
  });

  test('is classified up to twice the step of the loss, whatever the model does later', () => {
    const late = runsOf('self-certainty', {
      steps: 151,
      metrics: {
        groundTruthReward: [0.5, 0, 0, 0, 0, 0, 0],
        proxyReward: [0.4, 0.9],
        length: [12, 12, 12, 12, 12, 3, 3],
      },
    });
    const [{ failure, atEnd, lost, short }] = summarizeFailures(late).fates as [
      ReturnType<typeof summarizeFailures>['fates'][number],
    ];
    // 0.02 less a step from 0.5 on, so 0 at step 26. Of three steps, the first mean is 0.48, a fifth of it 0.096: at
    // step 22 the middle one has 0.1, at step 23 0.08.
    expect(lost).toBe(23);
    expect(failure!.mode).toBe('gradual');
    expect(atEnd!.mode).toBe('length');
    expect(short).toBeGreaterThan(2 * lost!);
    expect(findings([late]).remarks.join(' ')).toMatch(/self-certainty .*\b46\b/);
  });

  test('reproduced: every reward fails as in the paper', async () => {
    const found = findings(asInThePaper());
    await expectReport(failureModes, found);
    const { criteria } = found;
    expect(criteria).toHaveLength(5);
    expect(reproductionOf(criteria)).toBe('reproduced');
  });

  test('partly: one reward fails in another way, which a remark describes', () => {
    const found = findings([...asInThePaper().slice(1), runsOf('self-certainty', WAYS.length, WAYS.length)]);
    expect(reproductionOf(found.criteria)).toBe('partly');
    const missed = found.criteria.find(({ met }) => met === false)!;
    expect(missed.expected).toContain('self-certainty');
    expect(missed.measured.match(/\blength \(/g)).toHaveLength(2);
    expect(missed.measured).toMatch(/ 1\d.* 3\.0 tokens/);
    expect(found.remarks.some((remark) => remark.startsWith('self-certainty'))).toBe(true);
  });

  test('not: nothing fails, and a remark says so', () => {
    const found = findings(Object.keys(ASSIGNED).map((reward) => runsOf(reward as RewardName, WAYS.none)));
    expect(reproductionOf(found.criteria)).toBe('not');
    expect(found.remarks[0]).toContain('5 of 5');
  });

  test('rewards without a mode in the paper do not count', () => {
    expect(findings([runsOf('covo', WAYS.breakdown)]).criteria).toEqual([]);
  });

  test('runs every intrinsic reward with each seed on the same problems', async () => {
    const context = fakeContext({ base: failureModes.defaults, seeds: [3, 4], answer: () => WAYS.gradual });
    const { sections } = await failureModes.run(context);
    expect(context.asked.map(({ id }) => id)).toEqual(INTRINSIC.flatMap((reward) => [`${reward}-3`, `${reward}-4`]));
    expect(new Set(context.asked.map(({ config }) => config.dataset.path)).size).toBe(1);
    const rate = (id: string) => context.asked.find((asked) => asked.id === id)!.config.optimizer.lr;
    expect(rate('token-entropy-3')).toBe(context.base.optimizer.lr);
    expect(rate('majority-vote-3')).toBeCloseTo(3 * context.base.optimizer.lr, 12);
    expect(sections.map(({ kind }) => kind)).toEqual(['plots', 'plots', 'table']);
    const table = sections.at(-1)!;
    expect(table.kind === 'table' && table.rows.every((row) => row.length === table.columns.length)).toBe(true);
  });

  test("trains a user's model with one learning rate", async () => {
    const context = fakeContext({ base: failureModes.defaults, seeds: [0], embedded: false });
    await failureModes.run(context);
    expect(new Set(context.asked.map(({ config }) => config.optimizer.lr))).toEqual(new Set([1.5e-4]));
    expect(context.files.size).toBe(0);
    // No second policy was named.
    expect(context.asked.map(({ config }) => config.reward)).not.toContain('rlccf');
  });
});
