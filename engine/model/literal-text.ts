/**
 * Texts of problems, responses and judges' questions stay texts: `<|im_end|>` in them is spelled out in ordinary tokens
 * instead of becoming the control token, with which a response that a judge reads could end the judge's turn and write
 * its verdict. transformers takes it for the control token unless `split_special_tokens` is set.
 *
 * A chat template may cut, trim and join what it is given, so what is literal is marked inside the text: after the first
 * character of every control token's text stands a mark, which keeps the text from being taken for the token, and which is
 * gone before the text is split into words.
 */

/** Unicode's noncharacters: no text for interchange contains one. */
const MARKS = Array.from({ length: 32 }, (_, i) => String.fromCodePoint(0xfdd0 + i));

/**
 * Whether an added token is a control token: those that say so, and those that are written like one. The turns of
 * DeepSeek-R1 (`<｜User｜>`) do not say so; llama.cpp's conversion takes both spellings for control tokens too
 * (`does_token_look_special`). `<think>` and `<tool_call>` are ordinary text, which a prompt may name.
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
    // looked for at every place, since a text may begin inside another one
    this.#control = texts.length === 0 ? null : new RegExp(`(?=(?:${texts.map(escaped).join('|')}))`, 'g');
  }

  /** A mark that none of the texts contains. */
  markFor(texts: readonly string[]): string {
    return MARKS.find((mark) => !texts.some((text) => text.includes(mark))) ?? MARKS[0]!;
  }

  /** The text with the mark inside every control token's text. */
  mark(text: string, mark: string): string {
    if (this.#control === null) return text;
    let marked = '';
    let done = 0;
    for (const { index } of text.matchAll(this.#control)) {
      // after the first character, which may be a pair of code units
      const at = index + String.fromCodePoint(text.codePointAt(index)!).length;
      marked += text.slice(done, at) + mark;
      done = at;
    }
    return marked + text.slice(done);
  }
}
