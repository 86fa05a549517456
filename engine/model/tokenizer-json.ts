/** The contents of `tokenizer.json`, as far as they are used here. */
import { RollscopeError } from '../protocol/errors.ts';
import { growsUnboundedly, mayNotTerminate, patternsIn, splitsForever } from './tokenizer-patterns.ts';

export interface TokenizerJson {
  added_tokens?: { id: number; content: string; special: boolean }[];
  pre_tokenizer?: unknown;
  decoder?: unknown;
  model: { type: string; vocab: Record<string, number> | [string, number][]; unk_token?: string | null };
  [key: string]: unknown;
}

/** Above any vocabulary size, and small enough for a table by id. */
const MAX_TOKENS = 2 ** 24;

/** Supported types of tokenizers. */
const MODELS: readonly unknown[] = ['BPE', 'WordPiece', 'WordLevel', 'Unigram'];

function endlessPatternError(file: string, pattern: string): RollscopeError {
  return new RollscopeError(
    'model',
    `${file}: the pattern ${pattern.slice(0, 80)} of its tokenizer may never finish on some texts.`,
    'Use a model with another tokenizer.',
    { details: { reason: 'endless-pattern', file, value: pattern.slice(0, 80) } },
  );
}

/** Throws RollscopeError `model` if the vocabulary's entries are not tokens with ids; `file` is named in the error. */
export function checkTokenizerJson(json: TokenizerJson, file: string): void {
  const wrong = (field: string, expected: string) =>
    new RollscopeError(
      'model',
      `${file}: ${field} is not ${expected}.`,
      'The file is damaged; download the model again.',
      {
        details: { reason: 'bad-tokenizer', file, field, expected },
      },
    );
  const token = `a token with an id below ${MAX_TOKENS}`;
  const isId = (id: unknown) => typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < MAX_TOKENS;
  const { type, vocab } = json.model;
  if (type !== undefined && !MODELS.includes(type)) throw wrong('model.type', `one of ${MODELS.join(', ')}`);
  const pattern = patternsIn([json.normalizer, json.pre_tokenizer, json.decoder]).find(mayNotTerminate);
  if (pattern !== undefined) throw endlessPatternError(file, pattern);
  for (const field of ['normalizer', 'decoder']) {
    if (growsUnboundedly(json[field])) throw wrong(field, 'one that makes texts at most 64 times as long');
  }
  if (splitsForever(json.pre_tokenizer)) throw wrong('pre_tokenizer.length', 'a whole number of at least 1');
  if (typeof vocab !== 'object' || vocab === null) throw wrong('model.vocab', 'a vocabulary');
  if (!Array.isArray(vocab)) {
    for (const [text, id] of Object.entries(vocab))
      if (!isId(id)) throw wrong(`model.vocab[${JSON.stringify(text)}]`, token);
  } else {
    const at = vocab.findIndex((entry) => !Array.isArray(entry) || typeof entry[0] !== 'string');
    if (at >= 0) throw wrong(`model.vocab[${at}]`, 'a token with a score');
  }
  const { added_tokens: added = [] } = json;
  if (!Array.isArray(added)) throw wrong('added_tokens', 'a list of tokens');
  for (const [at, entry] of added.entries()) {
    if (typeof entry?.content !== 'string' || !isId(entry.id)) throw wrong(`added_tokens[${at}]`, token);
  }
}

/** The id of a token; undefined if the text is not a token. */
export function tokenId({ added_tokens, model: { vocab } }: TokenizerJson, token: string): number | undefined {
  const added = added_tokens?.find(({ content }) => content === token);
  if (added) return added.id;
  if (!Array.isArray(vocab)) return Object.hasOwn(vocab, token) ? vocab[token] : undefined;
  const at = vocab.findIndex(([text]) => text === token);
  return at < 0 ? undefined : at;
}
