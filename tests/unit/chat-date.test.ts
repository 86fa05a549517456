/** Chat templates that print the date: it is the run's, for problems and for questions that rewards ask. */
import { expect, test } from 'vitest';
import { strftime } from '../../engine/model/chat-date.ts';
import { createTokenizer, type Tokenizer } from '../../engine/model/tokenizer.ts';
import { PolicyQuestions, type PolicyQuestionsOptions } from '../../engine/training/policy/policy-questions.ts';

const DATE = new Date('2024-03-09T23:59:58Z');

function tokenizer(chatTemplate: string): Tokenizer {
  const characters = [...new Set('0123456789 What?/:%ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')];
  const vocab = Object.fromEntries(characters.map((character, id) => [character, id]));
  const json = {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: { type: 'BPE', vocab, merges: [], unk_token: null },
  };
  const tokens = { bosToken: null, eosToken: null, eosIds: [], addsBos: false };
  return createTokenizer({ json: json as never, chatTemplate, ...tokens }, 'tokenizer.json');
}

test('codes are those of Python, in UTC and English; others are kept', () => {
  expect(strftime(DATE, '%A %a %d %B %b %m %Y %y %H:%M:%S %% %Q')).toBe(
    'Saturday Sat 09 March Mar 03 2024 24 23:59:58 % %Q',
  );
});

test.each([
  ["{{ strftime_now('%d %b %Y') }} {{ messages[0].content }}", '09 Mar 2024 What?'],
  ["{% set today = strftime_now('%Y') %}{{ today }}", '2024'],
  ["{% macro day() %}{{ strftime_now('%d') }}{% endmacro %}{{ day() }}", '09'],
  ["{% if strftime_now is defined %}{{ strftime_now('%m') }}{% endif %}", '03'],
  ['\n {{ messages[0].content }}', '\n What?'],
])('%j prints the given date', (template, text) => {
  expect(tokenizer(template).encodePrompt({ user: 'What?' }, DATE).text).toBe(text);
});

test("a reward's question has the date of the run", async () => {
  const asked: string[] = [];
  const source = { tokenizer: tokenizer("{{ strftime_now('%d/%m/%Y') }} {{ messages[0].content }}") };
  const sampler = {
    sample: async ({ prompts }: { prompts: { tokens: Int32Array }[] }) => {
      for (const { tokens } of prompts) asked.push(source.tokenizer.decode(tokens));
    },
  };
  const asks = new PolicyQuestions({
    source,
    sampler,
    date: DATE,
    prompts: [],
    positions: 100,
    seed: 0,
  } as unknown as PolicyQuestionsOptions);
  const sampling = { temperature: 1, topP: 1, topK: 0, maxTokens: 4, stop: [], stopAtAnswer: false };
  const questions = [{ prompt: { user: 'What?' }, problem: 0 }];
  const asking = { questions, rows: 1, sampling, stream: 'judge', step: 0, policy: null, activity: 'asking' };
  await asks.ask(asking as never, () => {});
  expect(asked).toEqual(['09/03/2024 What?']);
});
