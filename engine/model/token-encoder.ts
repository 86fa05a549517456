/** Text to tokens, on Hugging Face's library. */
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { isControlToken, LiteralText } from './literal-text.ts';
import { GPT2_PATTERN, splitBy } from './pretokenizer-steps.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** A prompt as the model gets it. */
export interface Rendered {
  text: string;
  tokens: Int32Array;
}

/**
 * Steps whose classes of characters are JavaScript's in the library, as splits by patterns, whose classes are Unicode's
 * there as they are in the tokenizers: `\d` of Digits knows ASCII digits only and means category N, and `\s` of ByteLevel
 * has U+FEFF and lacks U+0085.
 */
function widened(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(widened);
  if (typeof node !== 'object' || node === null) return node;
  const step = node as { type?: string; individual_digits?: boolean; use_regex?: boolean; add_prefix_space?: boolean };
  if (step.type === 'Digits') return splitBy(step.individual_digits ? '\\p{N}' : '\\p{N}+');
  if (step.type === 'ByteLevel' && step.use_regex !== false && step.add_prefix_space === false) {
    return { type: 'Sequence', pretokenizers: [splitBy(GPT2_PATTERN), { ...step, use_regex: false }] };
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, widened(value)]));
}

/**
 * For pairs of bytes: whether the vocabulary has a byte; null where it has all that it needs. Native tokenizers leave out
 * those that it lacks before they merge, so that what stood around them may become one token.
 */
function knownBytes({ model, pre_tokenizer }: TokenizerJson): ((byte: string) => boolean) | null {
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

/** The encoder of one model. */
export class TokenEncoder {
  readonly #library: Library;
  readonly #literal: LiteralText;
  /** What is inside the texts of special tokens, in a text that is being encoded. */
  #mark = '';

  /** Throws an error of the library for a description that it cannot follow. */
  constructor(json: TokenizerJson, { bosToken, eosToken }: { bosToken: string | null; eosToken: string | null }) {
    const described = { ...json, pre_tokenizer: widened(json.pre_tokenizer ?? null) };
    this.#library = new Library(described, { bos_token: bosToken, eos_token: eosToken });
    this.#literal = new LiteralText((json.added_tokens ?? []).filter(isControlToken).map(({ content }) => content));
    // Special tokens have been found by now, so the marks can go.
    const split = this.#library.pre_tokenizer as ((text: string, options?: unknown) => string[]) | null;
    const known = knownBytes(json);
    const unmarked = (text: string, options?: unknown): string[] => {
      const plain = this.#mark === '' ? text : text.replaceAll(this.#mark, '');
      const pieces = split ? split(plain, options) : [plain];
      return known ? pieces.map((piece) => [...piece].filter(known).join('')).filter((piece) => piece !== '') : pieces;
    };
    this.#library.pre_tokenizer = unmarked as unknown as PreTokenizer;
  }

  /** The tokens of a text, as transformers gives them: texts of special tokens are those tokens. */
  encode(text: string): Int32Array {
    return Int32Array.from(this.#library.encode(text, { add_special_tokens: false }).ids);
  }

  /** The tokens of a text in which nothing is a special token. */
  encodeLiteral(text: string): Int32Array {
    return this.encodeRendered([text], (mark) => mark(text)).tokens;
  }

  /** A prompt made from texts in which nothing is a special token; `render` is given what each goes through. */
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
