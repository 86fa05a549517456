/** Tokens that fill up a batch, where a log has them as text. Pure. */

const TOKEN = String.raw`(?:<\|?pad\|?>|\[pad\]|<\|finetune_right_pad_id\|>|<\|endoftext\|>)`;
const PADDING = new RegExp(`^${TOKEN}$`, 'i');
const BEFORE = new RegExp(`^${TOKEN}+`, 'i');
const LAST = new RegExp(`${TOKEN}$`, 'i');
/** Longest of the tokens, in characters. */
const MAX_TOKEN_LENGTH = 30;

/**
 * The number of padding tokens at the end; some models end a response with the padding token, which makes no difference
 * here.
 */
export function paddingIn(texts: readonly string[]): number {
  const last = texts.findLastIndex((text) => !PADDING.test(text));
  return texts.length - 1 - last;
}

/** A prompt is padded before, a response after. */
export function withoutPadding(text: string): string {
  const start = BEFORE.exec(text)?.[0].length ?? 0;
  let end = text.length;
  for (;;) {
    const token = LAST.exec(text.slice(Math.max(start, end - MAX_TOKEN_LENGTH), end));
    if (!token) return text.slice(start, end);
    end -= token[0].length;
  }
}
