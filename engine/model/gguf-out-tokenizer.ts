/** The tokenizer metadata of GGUF files that are written. */
import { preTokenizerName } from './gguf-pretokenizers.ts';
import { TOKEN_TYPE } from './gguf-token-types.ts';
import { bool, type GgufField, list, notInGguf, text, u32 } from './gguf-write.ts';
import type { TokenizerParts } from './tokenizer.ts';

/**
 * The metadata of a byte-level BPE tokenizer. Throws RollscopeError `model` for tokenizers of other types, or if
 * llama.cpp has no name for its pre-tokenizer.
 */
export function tokenizerFields(parts: TokenizerParts, vocabularySize: number): [string, GgufField][] {
  const { json } = parts;
  const { vocab, merges } = json.model as typeof json.model & { merges?: readonly (string | readonly string[])[] };
  const pre = preTokenizerName(json);
  if (pre === null || Array.isArray(vocab)) {
    throw notInGguf(
      'tokenizer.ggml.pre',
      'A GGUF file cannot contain this tokenizer: llama.cpp has no name for the rule by which it splits text.',
    );
  }
  const tokens = Array.from({ length: vocabularySize }, (_, id) => `[PAD${id}]`);
  const types: number[] = tokens.map(() => TOKEN_TYPE.unused);
  for (const [token, id] of Object.entries(vocab)) {
    tokens[id] = token;
    types[id] = TOKEN_TYPE.normal;
  }
  for (const { content, id, special } of json.added_tokens ?? []) {
    tokens[id] = content;
    types[id] = special ? TOKEN_TYPE.control : TOKEN_TYPE.userDefined;
  }
  const idOf = (token: string | null) => (token === null ? -1 : tokens.indexOf(token));
  const ids: [string, number][] = [
    ['bos_token_id', idOf(parts.bosToken)],
    ['eos_token_id', parts.eosIds[0] ?? -1],
    ['eot_token_id', parts.eosIds[1] ?? -1],
  ];
  const adds = parts.addsBos ?? json.post_processor !== null;
  return [
    ['tokenizer.ggml.model', text('gpt2')],
    ['tokenizer.ggml.pre', text(pre)],
    ['tokenizer.ggml.tokens', list('string', tokens)],
    ['tokenizer.ggml.token_type', list('i32', types)],
    [
      'tokenizer.ggml.merges',
      list(
        'string',
        (merges ?? []).map((pair) => (typeof pair === 'string' ? pair : pair.join(' '))),
      ),
    ],
    ...ids.filter(([, id]) => id >= 0).map(([key, id]): [string, GgufField] => [`tokenizer.ggml.${key}`, u32(id)]),
    ['tokenizer.ggml.add_bos_token', bool(adds && parts.bosToken !== null)],
    ...(parts.chatTemplate === null ? [] : ([['tokenizer.chat_template', text(parts.chatTemplate)]] as const)),
  ] as [string, GgufField][];
}

/** The tokenizer metadata of a model's original file, unchanged. */
export function sameTokenizer(metadata: Readonly<Record<string, unknown>>): [string, GgufField][] {
  return Object.entries(metadata).flatMap(([key, value]): [string, GgufField][] => {
    if (!key.startsWith('tokenizer.')) return [];
    if (typeof value === 'string') return [[key, text(value)]];
    if (typeof value === 'boolean') return [[key, bool(value)]];
    if (typeof value === 'number') return [[key, u32(value)]];
    if (!Array.isArray(value) || value.length === 0) return [];
    if (typeof value[0] === 'string') return [[key, list('string', value)]];
    return [[key, list(key.endsWith('.scores') ? 'f32' : 'i32', value)]];
  });
}
