/** What stands before a text, compared with what `tokenizers` puts there (`tests/parity/oracle/post_processors.py`). */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { firstTokens } from '../../engine/model/first-token.ts';
import { ROOT } from '../support/processes.ts';

const NAMES = ['<unk>', '<s>', '</s>', '<a>', '<b>'];
const CASES = JSON.parse(
  readFileSync(path.join(ROOT, 'tests', 'parity', 'golden', 'post-processors.json'), 'utf8'),
) as { name: string; post_processor: unknown; tokens: string[] }[];

test.each(CASES)('$name', ({ post_processor, tokens }) => {
  expect(firstTokens(post_processor, (id) => NAMES[id])).toBe(tokens.slice(0, tokens.indexOf('world')).join(''));
});

test('there are cases with and without a first token', () => {
  const counts = CASES.map(({ tokens }) => tokens.indexOf('world'));
  expect([counts.length > 15, Math.min(...counts), Math.max(...counts) >= 3]).toEqual([true, 0, true]);
});

test('a template without the text puts nothing before it', () => {
  const special_tokens = { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } };
  const single = [{ SpecialToken: { id: '<s>', type_id: 0 } }];
  expect(firstTokens({ type: 'TemplateProcessing', single, pair: single, special_tokens })).toBe('');
});
