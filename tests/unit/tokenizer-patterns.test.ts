/** Patterns of strangers in `tokenizer.json`: those of the usual tokenizers are taken, those that never end are not. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { preTokenizerOf } from '../../engine/model/gguf-pretokenizers.ts';
import { openModel } from '../../engine/model/source.ts';
import { mayNotTerminate, patternsIn } from '../../engine/model/tokenizer-patterns.ts';
import { EMBEDDED_MODEL } from '../support/crafted-models.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

test('of known tokenizers', () => {
  const known = ['llama-bpe', 'dbrx', 'qwen2', 'tekken', 'gpt-4o', 'default'].flatMap((name) =>
    patternsIn(preTokenizerOf(name)),
  );
  expect(known.length).toBeGreaterThan(6);
  const others = [
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    '\\p{N}{1,3}(?=(?:\\p{N}{3})*(?:\\P{N}|$))',
    '[一-龥぀-ゟ゠-ヿ]+',
    '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
    "[\\p{Han}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{M}&&[^\\p{Han}]]*[\\p{Ll}\\p{M}]+(?i:'s|'t|'re)?|\\p{N}{1,3}",
    '(?:\\r?\\n)+',
    '(?<=[\\p{L}\\p{M}])+',
    ' {2,}',
    '[[:alpha:]()*]+x',
    '\\(+a\\)+',
  ];
  for (const pattern of [...known, ...others]) expect(mayNotTerminate(pattern), pattern).toBe(false);
});

test.each([
  '(a+)+$',
  '(a*)*b',
  '(?:a|aa)+$',
  '(?:a{1,2})*b',
  '(a?a?)+b',
  '((?:ab+)?c)*d',
  '(?i:(x+x+)+y)',
  '(?:[^)]+|\\))*$',
  '(.*)(.*)(.*)(.*)=',
  '(?<n>\\s*a)*b',
  '(a+){2,}b',
  'a|'.repeat(10_000),
])('%s', async (pattern) => {
  expect(mayNotTerminate(pattern)).toBe(true);
  const model = path.join(temporaryFolder(), 'model');
  cpSync(EMBEDDED_MODEL, model, { recursive: true });
  const file = path.join(model, 'tokenizer.json');
  const tokenizer = JSON.parse(readFileSync(file, 'utf8'));
  const step = { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
  writeFileSync(file, JSON.stringify({ ...tokenizer, pre_tokenizer: { type: 'Sequence', pretokenizers: [step] } }));
  await expectRejection(openModel(model), 'model', { reason: 'endless-pattern' });
});

test.each([0, -1, 0.5, null])('pieces of length %s', async (length) => {
  const model = path.join(temporaryFolder(), 'model');
  cpSync(EMBEDDED_MODEL, model, { recursive: true });
  const file = path.join(model, 'tokenizer.json');
  const tokenizer = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...tokenizer, pre_tokenizer: { type: 'FixedLength', length } }));
  await expectRejection(openModel(model), 'model', { reason: 'bad-tokenizer', field: 'pre_tokenizer.length' });
});

test('an unknown kind of tokenizer', async () => {
  const model = path.join(temporaryFolder(), 'model');
  cpSync(EMBEDDED_MODEL, model, { recursive: true });
  const file = path.join(model, 'tokenizer.json');
  const tokenizer = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...tokenizer, model: { ...tokenizer.model, type: 'Evil' } }));
  await expectRejection(openModel(model), 'model', { reason: 'bad-tokenizer', field: 'model.type' });
});
