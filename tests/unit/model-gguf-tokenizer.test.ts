/** Tokenizers from GGUF metadata: which rule a file names or shows, the first token, the end tokens, SentencePiece. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { preTokenizerOf } from '../../engine/model/gguf-pretokenizers.ts';
import { ggufTokenizer } from '../../engine/model/gguf-tokenizer.ts';
import { createTokenizer } from '../../engine/model/tokenizer.ts';
import { expectThrow } from '../support/refusals.ts';

const NOW = new Date(0);
const NORMAL = 1;
const CONTROL = 3;

/** A vocabulary of bytes with more tokens at given places. */
function byteTokens(more: Record<number, string> = {}): { tokens: string[]; types: number[] } {
  const printable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let shifted = 0;
  const tokens = Array.from({ length: 256 }, (_, b) => String.fromCodePoint(printable(b) ? b : 256 + shifted++));
  const types = tokens.map(() => NORMAL);
  const last = Math.max(-1, ...Object.keys(more).map(Number));
  while (tokens.length <= last) {
    types.push(NORMAL);
    tokens.push(`[unused ${tokens.length}]`);
  }
  for (const [id, token] of Object.entries(more)) {
    // the byte that gives its place to another token keeps one
    if (Number(id) < 256) tokens.push(tokens[Number(id)]!);
    tokens[Number(id)] = token;
    types[Number(id)] = CONTROL;
  }
  return { tokens, types: tokens.map((_, id) => types[id] ?? NORMAL) };
}

function parts(metadata: Record<string, unknown>, { tokens, types } = byteTokens()) {
  const tokenizer = Object.entries({ model: 'gpt2', tokens, token_type: types, merges: [], ...metadata });
  return ggufTokenizer({
    file: 'a.gguf',
    metadata: Object.fromEntries(tokenizer.map(([key, value]) => [`tokenizer.ggml.${key}`, value])),
    tensors: new Map(),
  } as unknown as Parameters<typeof ggufTokenizer>[0]);
}

const made = (...given: Parameters<typeof parts>) => createTokenizer(parts(...given), 'a.gguf');
const pieces = (pre: string, text: string) => {
  const { json } = parts({ pre, merges: [] });
  return createTokenizer({ ...parts({ pre }), json }, 'a.gguf').encode(text).length;
};

describe('the pre-tokenizer', () => {
  test.each([
    ['deepseek-r1-qwen', 'qwen2'],
    ['falcon3', 'llama-bpe'],
    ['llama3', 'llama-bpe'],
    ['lfm2', 'llama-bpe'],
    ['smaug-bpe', 'dbrx'],
    ['starcoder', 'smollm'],
    ['refact', 'smollm'],
    ['olmo', 'gpt-2'],
  ])('%s is that of %s', (alias, name) => {
    expect(preTokenizerOf(alias)).toBe(preTokenizerOf(name));
    expect(pieces(alias, 'ab')).toBe(2);
  });

  test.each([
    [{ 128000: '<|begin_of_text|>' }, 'llama-bpe'],
    [{ 151643: '<|endoftext|>' }, 'qwen2'],
    [{ 0: '<|endoftext|>', 3: '<repo_name>' }, 'smollm'],
  ])('of a file that names none is recognized by the vocabulary: %j', (tokens, name) => {
    const { json } = parts({}, byteTokens(tokens));
    expect(json.pre_tokenizer).toEqual(preTokenizerOf(name)!.preTokenizer);
  });

  test('groups three digits in Llama 3, and none in Qwen', () => {
    const merges = ['2 3', '23 5', '4 2', '42 3'];
    const vocabulary = byteTokens();
    for (const token of ['23', '235', '42', '423']) {
      vocabulary.tokens.push(token);
      vocabulary.types.push(NORMAL);
    }
    const texts = (pre: string) => {
      const tokenizer = made({ pre, merges }, vocabulary);
      return tokenizer.tokenTexts(tokenizer.encode('235423523'));
    };
    expect(texts('llama-bpe')).toEqual(['235', '423', '5', '23']);
    expect(texts('qwen2')).toEqual([...'235423523']);
  });

  test.each([
    ['one that is not known', { pre: 'of-tomorrow' }, 'of-tomorrow'],
    ['none, in a vocabulary that is not known', {}, undefined],
    ['the name of a property of every object', { pre: 'constructor' }, 'constructor'],
  ])('%s is refused with its name', (_, metadata, value) => {
    const facts = { reason: 'unsupported', file: 'a.gguf', field: 'tokenizer.ggml.pre', ...(value && { value }) };
    expectThrow(() => parts(metadata), 'model', facts);
  });
});

describe('the first token', () => {
  const vocabulary = byteTokens({ 300: '<|begin_of_text|>' });

  test.each([
    ['llama-bpe', {}, true],
    ['tekken', {}, true],
    ['llama-bpe', { add_bos_token: false }, false],
    ['qwen2', {}, false],
    ['qwen2', { add_bos_token: true }, true],
  ])('of %s with %j', (pre, metadata, first) => {
    const tokenizer = made({ pre, bos_token_id: 300, ...metadata }, vocabulary);
    expect([...tokenizer.encodePrompt({ user: 'a' }, NOW).tokens]).toEqual(first ? [300, 97] : [97]);
  });
});

describe('end tokens', () => {
  test('are those that the file names and those that every program treats as such', () => {
    const vocabulary = byteTokens({ 300: '<|endoftext|>', 301: '<|im_end|>', 302: '<|eom_id|>', 303: '<|other|>' });
    expect(made({ pre: 'qwen2', eos_token_id: 301 }, vocabulary).eosIds).toEqual([301, 300, 302]);
    // SmolLM2's own configuration does not end on <|endoftext|>
    expect(made({ pre: 'smollm', eos_token_id: 301 }, vocabulary).eosIds).toEqual([301, 302]);
  });

  test('an id outside the vocabulary is not one', () => {
    expect(made({ pre: 'qwen2', eos_token_id: 5000 }).eosIds).toEqual([]);
  });
});

describe('SentencePiece', () => {
  const golden = JSON.parse(
    readFileSync(path.join(import.meta.dirname, '..', 'parity', 'golden', 'gguf', 'sentencepiece.json'), 'utf8'),
  ) as {
    tokens: string[];
    scores: number[];
    types: number[];
    cases: { text: string; ids: number[] }[];
  };
  const metadata = { model: 'llama', scores: golden.scores };
  const tokenizer = made(metadata, golden);

  test.each(golden.cases)('$text has the same tokens as in sentencepiece', ({ text, ids }) => {
    expect([...tokenizer.encode(text)]).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(text);
  });

  test('a text begins with the BOS token unless the file disables it', () => {
    const { text, ids } = golden.cases[0]!;
    expect([...tokenizer.encodePrompt({ user: text }, NOW).tokens]).toEqual([1, ...ids]);
    expect([...made({ ...metadata, add_bos_token: false }, golden).encodePrompt({ user: text }, NOW).tokens]).toEqual(
      ids,
    );
    expect(tokenizer.eosIds).toEqual([2]);
  });

  test('without a space before the first word', () => {
    const bare = made({ ...metadata, add_space_prefix: false }, golden);
    const text = 'reward';
    const ids = bare.encode(text);
    expect(ids).not.toEqual(tokenizer.encode(text));
    expect(bare.decode(ids)).toBe(text);
    expect(bare.decode(bare.encode(' reward'))).toBe(' reward');
  });
});
