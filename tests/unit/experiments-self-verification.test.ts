/** Findings on self-verification, from crafted runs: each result can come out, and the verifier decides, not the label. */
import { expect, test } from 'vitest';
import type { VerificationRuns } from '../../engine/experiments/catalog/self-verification/runs.ts';
import { findings, selfVerificationExperiment } from '../../engine/experiments/catalog/self-verification.ts';
import { reproductionOf } from '../../engine/experiments/experiment.ts';
import { fakeContext } from '../support/experiment-context.ts';
import { type CraftedGroup, type CraftedProblem, runWithGroups, split } from '../support/experiment-groups.ts';
import { expectReport } from '../support/report-wording.ts';

const PROBLEMS: CraftedProblem[] = [{ id: 'p', prompt: '2,5,7:17=', answer: '17' }];
const STEPS = [0, 20, 40];
const verify = (_: string, answer: string | null) => answer === '5*2+7';

/** A run in which these shares of the validation rollouts are solved, and the judge agrees in this share of the training. */
function runs(reward: VerificationRuns['reward'], solved: readonly number[], agrees = 1): VerificationRuns {
  const groups: CraftedGroup[] = STEPS.flatMap((step, i) => [
    { phase: 'evaluation' as const, step, problem: 0, answers: split(20, solved[i]!, '5*2+7', '5+5+7') },
    { phase: 'train' as const, step: step + 1, problem: 0, answers: split(20, 0.5, '5*2+7', '5+5+7') },
  ]);
  const run = runWithGroups(PROBLEMS, groups, { metrics: { proxyReward: [0.3, 0.6] } });
  const sampled = groups.map(({ answers, ...id }) => ({
    ...id,
    rollouts: answers.map((answer, i) => {
      const right = answer === '5*2+7';
      return { answer, reward: id.phase === 'train' ? Number(i % 20 < agrees * 20 ? right : !right) : null };
    }),
  }));
  return {
    reward,
    runs: [
      { ...run, groups: sampled },
      { ...run, groups: sampled },
    ],
  };
}

test('the paper’s curves reproduce it', async () => {
  const found = findings(
    [
      runs('self-verification', [0.2, 0.5, 0.6], 0.9),
      runs('trajectory-entropy', [0.2, 0.4, 0.1]),
      runs('countdown', [0.2, 0.6, 0.7]),
    ],
    verify,
  );
  expect(found.criteria.map(({ met }) => met)).toEqual(Array(6).fill(true));
  expect(reproductionOf(found.criteria)).toBe('reproduced');
  await expectReport(selfVerificationExperiment, found);
  expect(found.criteria.at(-1)!.measured).toContain('0.9');
  expect(JSON.stringify(found)).not.toMatch(/NaN|undefined/);
});

test('a judge that is fooled does not', () => {
  const found = findings(
    [
      runs('self-verification', [0.5, 0.55, 0.1], 0.2),
      runs('trajectory-entropy', [0.5, 0.6, 0.6]),
      runs('countdown', [0.5, 0.2, 0.05]),
    ],
    verify,
  );
  expect(reproductionOf(found.criteria)).toBe('not');
});

test('what was not run is not measured, and meets no criterion', () => {
  const found = findings([], verify);
  expect(found.criteria.map(({ met }) => met)).toEqual(Array(6).fill(null));
});

test('the embedded experiment trains on known problems, validates on unseen ones, and grades with the verifier', async () => {
  const context = fakeContext({
    base: { ...selfVerificationExperiment.defaults, dataset: { path: 'embedded', limit: 16 } },
  });
  const found = await selfVerificationExperiment.run(context);
  expect(context.asked.map(({ id }) => id).sort()).toEqual([
    'countdown-0',
    'countdown-1',
    'self-verification-0',
    'self-verification-1',
    'trajectory-entropy-0',
    'trajectory-entropy-1',
  ]);
  const prompts = (name: string) => context.files.get(name)!.map((row) => (row as { prompt: string }).prompt);
  expect(prompts('training')).toHaveLength(16);
  expect(prompts('validation').filter((prompt) => prompts('training').includes(prompt))).toEqual([]);
  for (const { config } of context.asked) {
    expect(config.dataset.path).toBe('/experiment/problems/training.jsonl');
    expect(config.evaluation.dataset?.path).toBe('/experiment/problems/validation.jsonl');
  }
  expect(found.criteria).toHaveLength(6);
});
