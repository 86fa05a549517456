/** The last number of a text, or the formula that contains it. */
import { isDenied } from './denial.ts';
import { type Found, type Span, trimmedSpan } from './span.ts';

const NUMBER = /-?(?:\d{1,3}(?:,\d{3})+(?!\d)|(?<![\d,])\d+,\d\d(?![\d,])|\d+)(?:\.\d+)?(?:\/\d+)?%?|-?\.\d+%?/g;

/** How far from the end a last number is searched for, in characters. */
const MAX_DISTANCE = 4000;

/**
 * The last number within the end of a long text; null if there is none, or if it is denied (`not 42`). The span refers to
 * the whole text.
 */
export function lastNumber(whole: string): Found | null {
  const text = whole.slice(-MAX_DISTANCE);
  const before = whole.length - text.length;
  let last: Span | null = null;
  for (const match of text.matchAll(NUMBER)) {
    // a hyphen after a word or number is not a sign
    const glued = match[0].startsWith('-') && /[\w)]/.test(text[match.index - 1] ?? '');
    last = { start: glued ? match.index + 1 : match.index, end: match.index + match[0].length };
  }
  if (last === null || isDenied(text, last)) return null;
  const found = formulaAround(text, last) ?? trimmedSpan(text, last.start, last.end);
  return found && { ...found, start: before + found.start, end: before + found.end };
}

/** Where a formula may begin: at its delimiters, or at fractions and roots, which need none. */
const FORMULA_START =
  /\$\$|\\\[|\\\(|\$|-?\\[dtc]?frac\s*\{[^{}]*\}\s*\{[^{}]*\}|(?:-|(?<![\d.]))[\d.]*\\sqrt\s*\{[^{}]*\}/g;
const CLOSING: Readonly<Record<string, string>> = { $$: '$$', '\\[': '\\]', '\\(': '\\)', $: '$' };

/** The span of each formula's content, in order. */
function* formulas(text: string): Generator<Span> {
  const pattern = new RegExp(FORMULA_START);
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const [mark] = match;
    const closing = CLOSING[mark];
    if (closing === undefined) {
      yield { start: match.index, end: pattern.lastIndex };
      continue;
    }
    const start = pattern.lastIndex;
    const end = text.indexOf(mark === '$$' ? '$' : closing, start);
    const isClosed = end > start && text.startsWith(closing, end);
    if (isClosed && !(mark === '$' && text.slice(start, end).includes('\n'))) {
      yield { start, end };
      pattern.lastIndex = end + closing.length;
    } else pattern.lastIndex = match.index + 1;
  }
}

/**
 * The formula that contains `number`; null if the number is in prose (or between amounts of money), or is all that follows
 * `=`.
 */
function formulaAround(text: string, number: Span): Found | null {
  for (const { start: from, end } of formulas(text)) {
    const content = text.slice(from, end);
    if (end < number.end) continue;
    if (from > number.start) return null;
    const plain = content.replace(/\\(?:text|begin|end)\s*\{[^{}]*\}(?:\{[lcr|]+\})?|\\[a-zA-Z]+/g, ' ');
    const alone =
      /(?:^|(?<![<>!])=)\s*$/.test(text.slice(from, number.start)) &&
      !text.slice(number.end, from + content.length).trim();
    return alone || /[A-Za-z]{2}/.test(plain) ? null : trimmedSpan(text, from, from + content.length);
  }
  return null;
}
