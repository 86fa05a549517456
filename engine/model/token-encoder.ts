/** Text to tokens, on Hugging Face's library. */
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { LiteralText } from './literal-text.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** A prompt as the model gets it. */
export interface Rendered {
  text: string;
  tokens: Int32Array;
}

/** The rule of GPT-2 by which the step ByteLevel splits. */
const BYTE_LEVEL = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

const splitBy = (regex: string) => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});

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
    return { type: 'Sequence', pretokenizers: [splitBy(BYTE_LEVEL), { ...step, use_regex: false }] };
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, widened(value)]));
}

type PreTokenizer = NonNullable<Library['pre_tokenizer']>;

/** The encoder of one model. */
export class TokenEncoder {
  readonly #library: Library;
  readonly #literal: LiteralText;
  /** What stands inside the texts of special tokens, in a text that is being encoded. */
  #mark = '';

  /** Throws an error of the library for a description that it cannot follow. */
  constructor(json: TokenizerJson, { bosToken, eosToken }: { bosToken: string | null; eosToken: string | null }) {
    const described = { ...json, pre_tokenizer: widened(json.pre_tokenizer ?? null) };
    this.#library = new Library(described, { bos_token: bosToken, eos_token: eosToken });
    this.#literal = new LiteralText(
      (json.added_tokens ?? []).flatMap(({ content, special }) => (special ? content : [])),
    );
    // Special tokens have been found by now, so the marks can go.
    const split = this.#library.pre_tokenizer as ((text: string, options?: unknown) => string[]) | null;
    const unmarked = (text: string, options?: unknown): string[] => {
      const plain = this.#mark === '' ? text : text.replaceAll(this.#mark, '');
      return split ? split(plain, options) : [plain];
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
