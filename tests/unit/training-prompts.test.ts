/** What is said about prompts and the model that gets them, before a run. */
import { expect, test } from 'vitest';
import { openModel } from '../../engine/model/source.ts';
import { encodePrompts } from '../../engine/training/policy/prompts.ts';

const options = { date: new Date(0), maxTokens: 8 };
const prompts = [{ user: '1+2=' }];

test('a model without an end token among its tokens is named before its responses run to the limit', async () => {
  const model = await openModel('embedded');
  const warnings = (eosIds: number[]) =>
    encodePrompts(prompts, options, { ...model, tokenizer: { ...model.tokenizer, eosIds } }).warnings;
  expect(warnings(model.tokenizer.eosIds)).toEqual([]);
  for (const none of [[], [model.config.vocabularySize]]) {
    expect(warnings(none)).toEqual([expect.stringContaining('eos_token_id')]);
  }
});

test('characters that a vocabulary lacks are counted', async () => {
  const model = await openModel('embedded');
  expect(encodePrompts([...prompts, { user: '你=' }], options, model).warnings).toHaveLength(1);
});
