/** Spans of a response, and which of them can be an answer. */

/** A span of a text: offsets in UTF-16 code units, `end` exclusive. */
export interface Span {
  start: number;
  end: number;
}

/** An answer and its span. `text` is the spanned text; for several boxes, the list of their contents. */
export interface Found extends Span {
  text: string;
}

/** Maximum length of an answer, in characters; anything longer is not an answer. */
export const MAX_ANSWER = 1000;

/** Markup, without which placeholders are empty: an empty box, `\text{}`, `...`, `?`, `____`. */
const MARKUP = /\\(?:textbf|text|mathrm|mathbf|mbox|underline|boxed|fbox|[lc]?dots|quad|[,;:!_ ])|[\s{}$*?._…-]/g;

/** Remarks about the format: `\boxed{answer}`, `within \boxed{}`. */
const PLACEHOLDER =
  /^(?:with)?in(?:side)?$|^(?:your|the|my|final|correct|numerical|numeric)*(?:answer|result|solution)(?:here)?$/i;

/** A span of the text without the surrounding white space; null if it is too long or has no content. */
export function trimmedSpan(text: string, start: number, end: number): Found | null {
  let from = start;
  let to = end;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  if (to - from > MAX_ANSWER) return null;
  const part = text.slice(from, to);
  const said = part.replace(MARKUP, '');
  if (said === '' || PLACEHOLDER.test(said)) return null;
  return { start: from, end: to, text: part };
}

const SPACES = new Set([0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff]);
for (let code = 0x2000; code <= 0x200a; code++) SPACES.add(code);

/** Whether a UTF-16 code unit is white space, as in `\s`. */
export function isSpace(code: number): boolean {
  if (code < 128) return code === 32 || (code >= 9 && code <= 13);
  return code === 0xa0 || (code >= 0x1680 && SPACES.has(code));
}

/** Special tokens at the end of a turn, decoded as text. */
export const END_TOKEN =
  /<\|[^|<>\s]{1,40}\|>|<｜[^｜<>\s]{1,40}｜>|<\/s>|<(?:eos|pad|end_of_turn|end_of_text|eot|end)>|\[(?:EOS|\/INST|PAD)\]/;

const LAST_END_TOKEN = new RegExp(`(?:${END_TOKEN.source})$`);

const MAX_END_TOKENS = 1000;

/** The end of the text before end tokens and trailing white space. */
export function endOfContent(text: string): number {
  let end = text.length;
  for (let tokens = 0; ; tokens++) {
    while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--;
    const token = LAST_END_TOKEN.exec(text.slice(Math.max(0, end - 50), end));
    if (!token || tokens > MAX_END_TOKENS) return end;
    end -= token[0].length;
  }
}
