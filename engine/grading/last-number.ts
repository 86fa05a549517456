/** The last number of a text, or the formula that it is part of. */
import { type Found, type Span, usable } from './span.ts';

const NUMBER = /-?(?:\d{1,3}(?:,\d{3})+(?!\d)|(?<![\d,])\d+,\d\d(?![\d,])|\d+)(?:\.\d+)?(?:\/\d+)?%?|-?\.\d+%?/g;

/** How far back from the end a last number is looked for. */
const TAIL = 4000;

export function lastNumber(whole: string): Found | null {
  const text = whole.slice(-TAIL);
  const before = whole.length - text.length;
  let last: Span | null = null;
  for (const match of text.matchAll(NUMBER)) {
    // a hyphen between a word or number and a number is not a sign
    const glued = match[0].startsWith('-') && /[\w)]/.test(text[match.index - 1] ?? '');
    last = { start: glued ? match.index + 1 : match.index, end: match.index + match[0].length };
  }
  const found = last && (formulaAround(text, last) ?? usable(text, last.start, last.end));
  return found && { ...found, start: before + found.start, end: before + found.end };
}

/** Formulas in their marks, and fractions and roots without. */
const FORMULA =
  /\$\$([^$]+)\$\$|\\\[((?:(?!\\\]).)+)\\\]|\\\(((?:(?!\\\)).)+)\\\)|\$([^$\n]+)\$|(-?\\[dtc]?frac\s*\{[^{}]*\}\s*\{[^{}]*\}|-?[\d.]*\\sqrt\s*\{[^{}]*\})/gs;

/** The formula in which `number` stands; null where it stands in prose (or between sums of money), or is all after `=`. */
function formulaAround(text: string, number: Span): Found | null {
  for (const match of text.matchAll(FORMULA)) {
    const content = match.slice(1).find((group) => group !== undefined)!;
    const from = match.index + match[0].indexOf(content);
    if (from + content.length < number.end) continue;
    if (from > number.start) return null;
    const plain = content.replace(/\\(?:text|begin|end)\s*\{[^{}]*\}(?:\{[lcr|]+\})?|\\[a-zA-Z]+/g, ' ');
    const alone =
      /(?:^|(?<![<>!])=)\s*$/.test(text.slice(from, number.start)) &&
      !text.slice(number.end, from + content.length).trim();
    return alone || /[A-Za-z]{2}/.test(plain) ? null : usable(text, from, from + content.length);
  }
  return null;
}
