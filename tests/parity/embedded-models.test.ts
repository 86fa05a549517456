/**
 * The models that ship do what docs/embedded-model.md says of them, roughly: bounds are some five standard errors wide
 * and catch a wrong file, a wrong tokenizer or words that the model never saw.
 */
import { expect, test } from 'vitest';
import { judgePrompt, solves } from '../../engine/experiments/embedded/countdown.ts';
import { dualPrompt } from '../../engine/experiments/embedded/dual.ts';
import { chainSet, countdownSet } from '../../engine/experiments/embedded/problem-set.ts';
import { extractAnswer } from '../../engine/grading/extract.ts';
import { LossConfig, OptimizerConfig, SamplingConfig } from '../../engine/protocol/index.ts';
import { Policy } from '../../engine/training/policy/policy.ts';

const MAX_TOKENS = 40;

/** Responses to each prompt: `rows` of them, by a fixed seed. */
async function respond(model: string, prompts: string[], rows: number, temperature = 1): Promise<string[][]> {
  const hooks = { tick: () => {} };
  const policy = await Policy.open(
    {
      model,
      lora: null,
      loss: LossConfig.parse({ measureKl: false }),
      optimizer: OptimizerConfig.parse({}),
      device: 'cpu',
      threads: 1,
      memoryLimit: null,
      seed: 0,
      prompts: prompts.map((user) => ({ user })),
      temperature,
      maxTokens: MAX_TOKENS,
      trains: false,
      truncates: false,
      date: '2026-01-01T00:00:00Z',
      questionTokens: null,
      otherPolicies: [],
    },
    hooks,
  );
  try {
    const responses: string[][] = [];
    const problems = prompts.map((_, i) => i);
    const sampling = SamplingConfig.parse({ temperature, maxTokens: MAX_TOKENS });
    await policy.sample({ problems, rows, sampling, stream: 'probe', step: 0 }, hooks, (problem, rollouts) => {
      responses[problem] = rollouts.map(({ text }) => text);
    });
    return responses;
  } finally {
    await policy.release();
  }
}

const share = (right: readonly boolean[]) => right.filter(Boolean).length / right.length;

test('the chain models are better with longer pre-training on better demonstrations', async () => {
  const rows = chainSet({ seed: 11, count: 48, families: ['E', 'H', 'M'] });
  const accuracy: Record<string, number> = {};
  for (const model of ['embedded:P500', 'embedded:P1000', 'embedded:W', 'embedded']) {
    const responses = await respond(
      model,
      rows.map(({ prompt }) => prompt),
      16,
    );
    accuracy[model] = share(
      responses.flatMap((texts, i) => texts.map((text) => extractAnswer(text, 'strict') === rows[i]!.answer)),
    );
  }
  expect(accuracy['embedded:P500']!).toBeGreaterThan(0.02);
  expect(accuracy['embedded:P1000']!).toBeGreaterThan(accuracy['embedded:P500']!);
  expect(accuracy['embedded:W']!).toBeGreaterThan(accuracy['embedded:P1000']!);
  expect(accuracy.embedded!).toBeGreaterThan(accuracy['embedded:W']!);
});

test('countdown: a poor solver, and a fair judge of its own solutions', async () => {
  const rows = countdownSet(5, 'unseen', 64);
  const responses = await respond(
    'embedded:countdown',
    rows.map(({ prompt }) => prompt),
    8,
  );
  const solutions = responses.flatMap((texts, i) =>
    texts.map((text) => ({ row: rows[i]!, text, right: solves(rows[i]!, extractAnswer(text, 'strict') ?? '') })),
  );
  const solved = share(solutions.map(({ right }) => right));
  expect(solved).toBeGreaterThan(0.1);
  expect(solved).toBeLessThan(0.45);

  const prompts = solutions.map(({ row, text }) => judgePrompt(row.prompt, text));
  const judged = await respond('embedded:countdown', prompts, 1, 0.5);
  const verdicts = judged.map(([text]) => extractAnswer(text!, 'strict'));
  expect(verdicts.every((verdict) => verdict === '0' || verdict === '1')).toBe(true);
  const accepted = (truth: boolean) =>
    share(verdicts.filter((_, i) => solutions[i]!.right === truth).map((verdict) => verdict === '1'));
  expect(accepted(true)).toBeGreaterThan(0.8);
  expect(accepted(false)).toBeLessThan(0.3);
});

test('dual: returns the hidden term given a right answer, and another one given a wrong answer', async () => {
  const rows = chainSet({ seed: 12, count: 32, families: ['E', 'M'] });
  const ask = (offset: number) =>
    rows.map(({ prompt, answer }) => {
      const terms = prompt.match(/\d+/g)!.map(Number);
      const chain = { family: prompt.includes('-') ? 'M' : 'E', terms, prompt, answer } as const;
      return dualPrompt(chain, 1, Number(answer) + offset);
    });
  const given = async (offset: number) => {
    const responses = await respond('embedded:dual', ask(offset), 4, 0.5);
    const hidden = rows.map(({ prompt }) => prompt.match(/\d+/g)![1]);
    return share(responses.flatMap((texts, i) => texts.map((text) => extractAnswer(text, 'strict') === hidden[i])));
  };
  expect(await given(0)).toBeGreaterThan(0.9);
  expect(await given(2)).toBeLessThan(0.1);
});
