/** The tokenizer that a GGUF file carries, described as `tokenizer.json` would describe it. */
import { RollscopeError } from '../protocol/errors.ts';
import type { GgufFile } from './gguf.ts';
import type { TokenizerParts } from './tokenizer.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const LLAMA3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const QWEN2 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

const byteLevel = (useRegex: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});
const splitBy = (regex: string) => ({ type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false });
const sequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers });

/** llama.cpp's names of the ways to cut a text before byte pairs are merged. */
const PRE_TOKENIZERS: Record<string, object> = {
  'gpt-2': byteLevel(true),
  default: sequence(splitBy(GPT2), byteLevel(false)),
  smollm: sequence({ type: 'Digits', individual_digits: true }, byteLevel(true)),
  'llama-bpe': sequence(splitBy(LLAMA3), byteLevel(false)),
  // OLMo 2's too.
  dbrx: sequence(splitBy(LLAMA3), byteLevel(false)),
  qwen2: sequence(splitBy(QWEN2), byteLevel(false)),
};

/** llama.cpp's token types. */
const CONTROL = 3;
const USER_DEFINED = 4;

function unsupported(file: string, field: string, what: string, value?: unknown): RollscopeError {
  return new RollscopeError('model', `${file}: ${what}.`, 'Use the Hugging Face folder of the model instead.', {
    details: { reason: 'unsupported', file, field, value },
  });
}

/** Throws RollscopeError `model` when the file carries no tokenizer, or one of a kind that is not known. */
export function ggufTokenizer({ file, metadata }: GgufFile): TokenizerParts {
  const tokens = metadata['tokenizer.ggml.tokens'] as string[] | undefined;
  if (!Array.isArray(tokens))
    throw unsupported(file, 'tokenizer.ggml.tokens', 'the file contains no tokenizer (tokenizer.ggml.tokens)');
  const kind = metadata['tokenizer.ggml.model'];
  if (kind !== 'gpt2')
    throw unsupported(file, 'tokenizer.ggml.model', `tokenizer type ${JSON.stringify(kind)} is not supported`, kind);
  const pre = String(metadata['tokenizer.ggml.pre'] ?? 'default');
  const preTokenizer = PRE_TOKENIZERS[pre];
  if (!preTokenizer)
    throw unsupported(file, 'tokenizer.ggml.pre', `pre-tokenizer ${JSON.stringify(pre)} is not supported`, pre);
  const merges = (metadata['tokenizer.ggml.merges'] ?? []) as string[];
  const types = (metadata['tokenizer.ggml.token_type'] ?? []) as number[];
  const added = tokens.flatMap((content, id) =>
    types[id] === CONTROL || types[id] === USER_DEFINED
      ? [
          {
            id,
            content,
            special: types[id] === CONTROL,
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
          },
        ]
      : [],
  );
  const json: TokenizerJson = {
    version: '1.0',
    added_tokens: added,
    normalizer: pre === 'qwen2' ? { type: 'NFC' } : null,
    pre_tokenizer: preTokenizer,
    post_processor: null,
    decoder: byteLevel(true),
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
      unk_token: null,
      byte_fallback: false,
      ignore_merges: pre === 'llama-bpe',
    } as TokenizerJson['model'],
  };
  const id = (name: string) => metadata[`tokenizer.ggml.${name}`] as number | undefined;
  const token = (name: string) => (id(name) === undefined ? null : (tokens[id(name)!] ?? null));
  const ends = [id('eos_token_id'), id('eot_token_id')].filter((end) => end !== undefined);
  return {
    json,
    chatTemplate: (metadata['tokenizer.chat_template'] as string | undefined) ?? null,
    bosToken: token('bos_token_id'),
    eosToken: token('eos_token_id'),
    eosIds: [...new Set(ends)],
    addsBos: metadata['tokenizer.ggml.add_bos_token'] === true,
  };
}
