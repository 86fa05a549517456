/** The tokenizer in a GGUF file, in the format of `tokenizer.json`. */
import { RollscopeError } from '../protocol/errors.ts';
import { startsWith } from './first-token.ts';
import type { GgufFile } from './gguf.ts';
import { byteLevel, type PreTokenizer, preTokenizerOf, recognizedPreTokenizer } from './gguf-pretokenizers.ts';
import { type Described, type Piece, sentencePiece } from './gguf-sentencepiece.ts';
import { TOKEN_TYPE } from './gguf-token-types.ts';
import type { TokenizerParts } from './tokenizer.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** Tokens that end a turn if the vocabulary contains them, regardless of the file's settings: from llama.cpp's list. */
const ENDS = new Set([
  '<|eot_id|>',
  '<|im_end|>',
  '<|end|>',
  '<|return|>',
  '<|call|>',
  '<|end_of_text|>',
  '<|eom_id|>',
  '<end_of_turn>',
  '<end_of_utterance>',
  '<｜end▁of▁sentence｜>',
  '<EOT>',
  '_<EOT>',
]);

function unsupported(file: string, field: string, what: string, value?: unknown): RollscopeError {
  return new RollscopeError('model', `${file}: ${what}.`, 'Use the Hugging Face folder of the model instead.', {
    details: { reason: 'unsupported', file, field, value },
  });
}

type Kinds = { string: string; number: number; boolean: boolean };

/** Type-checked access to the tokenizer's fields. */
class TokenizerFields {
  constructor(
    private readonly file: string,
    private readonly metadata: GgufFile['metadata'],
  ) {}

  /** The field, or undefined if it is missing. Throws RollscopeError `model` for a value of the wrong type. */
  optional<K extends keyof Kinds>(name: string, kind: K): Kinds[K] | undefined {
    const value = this.metadata[name];
    if (value === undefined || typeof value === kind) return value as Kinds[K] | undefined;
    throw this.bad(name, `a ${kind}`);
  }

  /** Like `optional`, for a list. */
  list<K extends keyof Kinds>(name: string, kind: K): Kinds[K][] | undefined {
    const value = this.metadata[name];
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((item) => typeof item === kind)) return value as Kinds[K][];
    throw this.bad(name, `a list of ${kind}s`);
  }

  private bad(field: string, wanted: string): RollscopeError {
    const message = `${this.file}: ${field} is not ${wanted}.`;
    return new RollscopeError('model', message, 'The file is damaged or incomplete; download it again.', {
      details: { reason: 'bad-field', file: this.file, field },
    });
  }
}

/** Reads the tokenizer. Throws RollscopeError `model` if the file has none, one of an unknown type, or damaged fields. */
export function ggufTokenizer({ file, metadata }: GgufFile): TokenizerParts {
  const fields = new TokenizerFields(file, metadata);
  const tokens = fields.list('tokenizer.ggml.tokens', 'string');
  if (!tokens)
    throw unsupported(file, 'tokenizer.ggml.tokens', 'the file contains no tokenizer (tokenizer.ggml.tokens)');
  const types = fields.list('tokenizer.ggml.token_type', 'number') ?? [];
  const flag = (name: string, fallback: boolean) => fields.optional(`tokenizer.ggml.${name}`, 'boolean') ?? fallback;
  const kind = metadata['tokenizer.ggml.model'];
  if (kind !== 'llama' && kind !== 'gpt2')
    throw unsupported(file, 'tokenizer.ggml.model', `tokenizer type ${JSON.stringify(kind)} is not supported`, kind);
  /** A special token's id; `usual` is llama.cpp's default if a SentencePiece file does not set one. */
  const idOf = (name: string, usual = -1): number[] => {
    const id = fields.optional(`tokenizer.ggml.${name}`, 'number') ?? (kind === 'llama' ? usual : -1);
    return id in tokens ? [id] : [];
  };
  const text = ([id]: number[]) => (id === undefined ? null : tokens[id]!);
  const [bos, eos, unknown] = [idOf('bos_token_id', 1), idOf('eos_token_id', 2), idOf('unknown_token_id', 0)];
  const pre = kind === 'llama' ? null : preTokenizer(file, metadata['tokenizer.ggml.pre'], tokens);
  const addsBos = bos.length > 0 && flag('add_bos_token', pre?.addsBos ?? true);
  const described = pre
    ? bytePairs(tokens, fields.list('tokenizer.ggml.merges', 'string') ?? [], pre)
    : sentencePiece(
        pieces(tokens, types, fields.list('tokenizer.ggml.scores', 'number') ?? []),
        text(unknown),
        flag('add_space_prefix', true),
      );
  return {
    json: {
      version: '1.0',
      added_tokens: addedTokens(tokens, types),
      post_processor: addsBos ? startsWith(text(bos)!, bos[0]!) : null,
      ...described,
    },
    chatTemplate: fields.optional('tokenizer.chat_template', 'string') ?? null,
    namedTemplates: namedTemplates(metadata),
    bosToken: text(bos),
    eosToken: text(eos),
    eosIds: [
      ...new Set([
        ...eos,
        ...idOf('eot_token_id'),
        ...idOf('eom_token_id'),
        ...commonEnds(tokens, types, pre?.endsOnText ?? false),
      ]),
    ],
    addsBos: null,
  };
}

/** Templates with a name after `tokenizer.chat_template`. */
function namedTemplates(metadata: GgufFile['metadata']): Map<string, string> {
  const texts = Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const named = texts.flatMap(([key, text]): [string, string][] => {
    const [, name] = /^tokenizer\.chat_template\.(.+)$/.exec(key) ?? [];
    return name === undefined ? [] : [[name, text]];
  });
  return new Map(named);
}

/** The parts of `tokenizer.json` that describe a byte-level vocabulary. */
function bytePairs(tokens: readonly string[], merges: string[], pre: PreTokenizer): Described {
  return {
    normalizer: pre.normalizer,
    pre_tokenizer: pre.preTokenizer,
    decoder: byteLevel(true),
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
      unk_token: null,
      byte_fallback: false,
      ignore_merges: pre.ignoreMerges,
    } as TokenizerJson['model'],
  };
}

function pieces(tokens: readonly string[], types: readonly number[], scores: readonly number[]): Piece[] {
  return tokens.map((text, id) => ({ text, score: scores[id] ?? 0, type: types[id] ?? TOKEN_TYPE.normal }));
}

/** The pre-tokenizer. Unknown names are refused, since a different one would tokenize prompts differently. */
function preTokenizer(file: string, named: unknown, tokens: readonly string[]): PreTokenizer {
  const field = 'tokenizer.ggml.pre';
  const name = named === undefined ? recognizedPreTokenizer(tokens) : String(named);
  if (name === null) throw unsupported(file, field, 'the file does not name a pre-tokenizer (tokenizer.ggml.pre)');
  const rule = preTokenizerOf(name);
  if (!rule) throw unsupported(file, field, `pre-tokenizer ${JSON.stringify(name)} is not supported`, name);
  return rule;
}

function addedTokens(tokens: readonly string[], types: readonly number[]): NonNullable<TokenizerJson['added_tokens']> {
  return tokens.flatMap((content, id) => {
    const type = types[id] ?? TOKEN_TYPE.normal;
    if (type !== TOKEN_TYPE.unknown && type !== TOKEN_TYPE.control && type !== TOKEN_TYPE.userDefined) return [];
    const special = type !== TOKEN_TYPE.userDefined;
    return [{ id, content, special, single_word: false, lstrip: false, rstrip: false, normalized: false }];
  });
}

/** Ids of tokens that end a response in any vocabulary. */
function commonEnds(tokens: readonly string[], types: readonly number[], onText: boolean): number[] {
  const ends = (text: string) => ENDS.has(text) || (onText && text === '<|endoftext|>');
  return tokens.flatMap((text, id) => (ends(text) && types[id] !== TOKEN_TYPE.normal ? [id] : []));
}
