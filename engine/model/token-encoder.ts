/** Converts text to tokens with Hugging Face's library. */
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { isControlToken, LiteralText } from './literal-text.ts';
import { GPT2_PATTERN, splitBy } from './pretokenizer-steps.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** A rendered prompt, as text and as tokens. */
export interface Rendered {
  text: string;
  tokens: Int32Array;
}

/**
 * Replaces steps whose character classes follow JavaScript in the library by splits with patterns, which use Unicode's
 * classes as the native tokenizers do: `\d` of Digits matches ASCII digits only but means category N, and `\s` of
 * ByteLevel includes U+FEFF and lacks U+0085.
 */
function withUnicodeClasses(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withUnicodeClasses);
  if (typeof node !== 'object' || node === null) return node;
  const step = node as { type?: string; individual_digits?: boolean; use_regex?: boolean; add_prefix_space?: boolean };
  if (step.type === 'Digits') return splitBy(step.individual_digits ? '\\p{N}' : '\\p{N}+');
  if (step.type === 'ByteLevel' && step.use_regex !== false && step.add_prefix_space === false) {
    return { type: 'Sequence', pretokenizers: [splitBy(GPT2_PATTERN), { ...step, use_regex: false }] };
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withUnicodeClasses(value)]));
}

/**
 * For byte-level BPE: tells whether the vocabulary contains a byte; null if it contains all bytes it needs. Native
 * tokenizers drop missing bytes before they merge, so the text around them may become one token.
 */
function byteFilter({ model, pre_tokenizer }: TokenizerJson): ((byte: string) => boolean) | null {
  const {
    type,
    vocab,
    unk_token: unknown,
    byte_fallback: fallback,
  } = model as TokenizerJson['model'] & { byte_fallback?: boolean };
  const byBytes = JSON.stringify(pre_tokenizer ?? null).includes('"ByteLevel"');
  if (type !== 'BPE' || Array.isArray(vocab) || unknown || fallback || !byBytes) return null;
  const bytes = Object.keys(vocab).filter((token) => [...token].length === 1);
  return bytes.length >= 256 ? null : (byte) => Object.hasOwn(vocab, byte);
}

type PreTokenizer = NonNullable<Library['pre_tokenizer']>;

/** The encoder of a model's tokenizer. */
export class TokenEncoder {
  readonly #library: Library;
  readonly #literal: LiteralText;
  /** The mark inserted into the texts of special tokens while a text is being encoded. */
  #mark = '';

  /** Throws the library's error for a description it does not support. */
  constructor(json: TokenizerJson, { bosToken, eosToken }: { bosToken: string | null; eosToken: string | null }) {
    const described = { ...json, pre_tokenizer: withUnicodeClasses(json.pre_tokenizer ?? null) };
    this.#library = new Library(described, { bos_token: bosToken, eos_token: eosToken });
    this.#literal = new LiteralText((json.added_tokens ?? []).filter(isControlToken).map(({ content }) => content));
    // Special tokens have been matched by now, so the marks can be removed.
    const split = this.#library.pre_tokenizer as ((text: string, options?: unknown) => string[]) | null;
    const known = byteFilter(json);
    const unmarked = (text: string, options?: unknown): string[] => {
      const plain = this.#mark === '' ? text : text.replaceAll(this.#mark, '');
      const pieces = split ? split(plain, options) : [plain];
      return known ? pieces.map((piece) => [...piece].filter(known).join('')).filter((piece) => piece !== '') : pieces;
    };
    this.#library.pre_tokenizer = unmarked as unknown as PreTokenizer;
  }

  /** Encodes a text like transformers: texts of special tokens become those tokens. */
  encode(text: string): Int32Array {
    return Int32Array.from(this.#library.encode(text, { add_special_tokens: false }).ids);
  }

  /** Encodes a text literally: texts of special tokens are ordinary text. */
  encodeLiteral(text: string): Int32Array {
    return this.encodeRendered([text], (mark) => mark(text)).tokens;
  }

  /**
   * Encodes a prompt made from literal texts, without special tokens in them; `render` must pass each text through
   * `mark`.
   */
  encodeRendered(texts: readonly string[], render: (mark: (text: string) => string) => string): Rendered {
    const mark = this.#literal.markFor(texts);
    const marked = render((text) => this.#literal.mark(text, mark));
    this.#mark = mark;
    try {
      return { text: marked.replaceAll(mark, ''), tokens: this.encode(marked) };
    } finally {
      this.#mark = '';
    }
  }
}
