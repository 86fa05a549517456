/** What is said about prompts and the model that gets them, before a run. */
import { expect, test } from 'vitest';
import { longestSequence } from '../../engine/model/config.ts';
import { openModel } from '../../engine/model/source.ts';
import { encodePrompts } from '../../engine/training/policy/prompts.ts';

const options = { date: new Date(0), maxTokens: 8 };
const prompts = [{ user: '1+2=' }];

test('a model without an end token is reported before its responses run to the limit', async () => {
  const model = await openModel('embedded');
  const warnings = (eosIds: number[]) =>
    encodePrompts(prompts, options, { ...model, tokenizer: { ...model.tokenizer, eosIds } }).warnings;
  expect(warnings(model.tokenizer.eosIds)).toEqual([]);
  for (const none of [[], [model.config.vocabularySize]]) {
    expect(warnings(none)).toEqual([expect.stringContaining('eos_token_id')]);
  }
});

test('a prompt is rendered once, with the date of the run; stored ones are kept', async () => {
  const model = await openModel('embedded');
  const encodePrompt: typeof model.tokenizer.encodePrompt = ({ user }, date) => ({
    text: `${date.toISOString()} ${user}`,
    tokens: Int32Array.of(1),
  });
  const at = { ...options, date: new Date(Date.UTC(2026, 10, 30, 7)) };
  const stored = { text: 'of yesterday', tokens: [1, 2] };
  const { encoded } = encodePrompts([...prompts, stored], at, {
    ...model,
    tokenizer: { ...model.tokenizer, encodePrompt },
  });
  expect(encoded).toEqual([{ text: '2026-11-30T07:00:00.000Z 1+2=', tokens: [1] }, stored]);
});

test('characters outside the vocabulary are counted', async () => {
  const model = await openModel('embedded');
  expect(encodePrompts([...prompts, { user: '你=' }], options, model).warnings).toHaveLength(1);
});

test("no sequence is longer than LongRoPE's original context, beyond which frequencies change", async () => {
  const model = await openModel('embedded');
  const [divisors, longDivisors] = [[1], [2]];
  const ropeScaling = {
    type: 'longrope',
    divisors,
    longDivisors,
    originalContextLength: 10,
    attentionFactor: 1,
  } as const;
  const config = { ...model.config, ropeScaling };
  expect(longestSequence(model.config)).toBe(model.config.contextLength);
  expect(longestSequence(config)).toBe(10);
  const tokens = model.tokenizer.encodePrompt(prompts[0]!, options.date).tokens.length;
  const given = { ...model, config };
  expect(encodePrompts(prompts, { ...options, maxTokens: 10 - tokens }, given).encoded).toHaveLength(1);
  expect(() => encodePrompts(prompts, { ...options, maxTokens: 11 - tokens }, given)).toThrow(
    "exceeds the model's original context of 10 tokens, up to which LongRoPE is supported",
  );
});
