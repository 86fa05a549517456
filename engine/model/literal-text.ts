/**
 * Keeps special tokens in problems, responses and judges' questions literal: `<|im_end|>` in them is encoded as
 * ordinary tokens instead of the control token. Otherwise a response could end the judge's turn and write the verdict.
 * transformers would use the control token unless `split_special_tokens` is set.
 *
 * A chat template may cut, trim and join its inputs, so literal text is marked from the inside: a mark after the first
 * character of every control token's text prevents a match, and is removed before the text is split into words.
 */

/** Unicode noncharacters, which texts for interchange never contain. */
const MARKS = Array.from({ length: 32 }, (_, i) => String.fromCodePoint(0xfdd0 + i));

/**
 * Whether an added token is a control token: either it is declared as one, or it is spelled like one. The turn tokens
 * of DeepSeek-R1 (`<｜User｜>`) are not declared; llama.cpp's converter also treats both spellings as control tokens
 * (`does_token_look_special`). `<think>` and `<tool_call>` are ordinary text, which a prompt may mention.
 */
export function isControlToken({ content, special }: { content: string; special: boolean }): boolean {
  return special || ['|', '｜'].some((bar) => content.startsWith(`<${bar}`) && content.endsWith(`${bar}>`));
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Finds the texts of control tokens. */
export class LiteralText {
  readonly #control: RegExp | null;

  constructor(controlTokens: readonly string[]) {
    const texts = controlTokens.filter((text) => text !== '').sort((a, b) => b.length - a.length);
    // lookahead finds overlapping matches
    this.#control = texts.length === 0 ? null : new RegExp(`(?=(?:${texts.map(escaped).join('|')}))`, 'g');
  }

  /** A mark that occurs in none of the texts. */
  markFor(texts: readonly string[]): string {
    return MARKS.find((mark) => !texts.some((text) => text.includes(mark))) ?? MARKS[0]!;
  }

  /** Inserts the mark into the text of every control token. */
  mark(text: string, mark: string): string {
    if (this.#control === null) return text;
    let marked = '';
    let done = 0;
    for (const { index } of text.matchAll(this.#control)) {
      // after the first character, which may be a surrogate pair
      const at = index + String.fromCodePoint(text.codePointAt(index)!).length;
      marked += text.slice(done, at) + mark;
      done = at;
    }
    return marked + text.slice(done);
  }
}
