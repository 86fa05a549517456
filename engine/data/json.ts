/**
 * JSON as found in data files. JSON.parse silently rounds numbers to doubles, and rejects NaN and Infinity, which Python
 * writes: here a number that is not exact as a double becomes its text as written in the file, NaN becomes null, and
 * Infinity its name. Pure.
 */
/** Values nested deeper are refused: recursive code would overflow the stack. */
export const MAX_DEPTH = 1000;

/** Matches where a number that is not exact as a double may begin: 16 digits, or an exponent of three. */
const MAYBE_INEXACT = /\d[\d.]{15}|\d[eE][-+]?\d{3}/;

/** With `doubles`, lists of plain numbers with more characters than this are read as doubles. */
const LONG_LIST = 256;

/**
 * Reads a JSON text. Throws SyntaxError; `parseJson` of `json-fault.ts` adds cause and position.
 * @param lists `doubles` for files whose long lists of numbers are per-token values: they are many, and need not be kept
 * digit by digit
 */
export function readJson(text: string, lists: 'exact' | 'doubles' = 'exact'): unknown {
  const doubles = lists === 'doubles';
  const value = parsed(mayBeInexact(text, doubles) ? rewritten(text, { names: false, doubles }) : text, text, doubles);
  if (mayBeDeeper(text, MAX_DEPTH) && isDeeper(value, MAX_DEPTH)) throw new SyntaxError('nested too deeply');
  return value;
}

/** @param text the original text */
function parsed(exact: string, text: string, doubles: boolean): unknown {
  try {
    return JSON.parse(exact);
  } catch (error) {
    // Python's json module writes NaN and Infinity
    if (/NaN|Infinity/.test(text)) {
      try {
        return JSON.parse(rewritten(text, { names: true, doubles }));
      } catch {
        // Report the error for the original text.
      }
    }
    throw error;
  }
}

/** Whether a text has more than `levels` opening brackets, including those in strings. */
function mayBeDeeper(text: string, levels: number): boolean {
  let count = 0;
  for (const bracket of ['[', '{']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) if (++count > levels) return true;
  }
  return false;
}

/** Whether lists and objects are nested more than `levels` deep. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      // Most elements are numbers, and there may be very many.
      if (typeof value[i] === 'object' && isDeeper(value[i], levels - 1)) return true;
    }
    return false;
  }
  for (const name in value) if (isDeeper((value as Record<string, unknown>)[name], levels - 1)) return true;
  return false;
}

/** Whether a text may contain a number, outside strings, that is not exact as a double. Strings are most of a text. */
function mayBeInexact(text: string, doubles: boolean): boolean {
  for (let at = 0; ; ) {
    const quote = text.indexOf('"', at);
    const between = quote < 0 ? text.slice(at) : text.slice(at, quote);
    if (between.length > 1) {
      let found = false;
      forEachPart(between, doubles, (part, isLong) => {
        found ||= !isLong && MAYBE_INEXACT.test(part);
      });
      if (found) return true;
    }
    if (quote < 0) return false;
    at = endOfString(text, quote);
  }
}

/** The end of the string that begins at `quote`; the end of the text if it is unclosed. */
function endOfString(text: string, quote: number): number {
  for (let end = text.indexOf('"', quote + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
  return text.length;
}

/** Visits the parts of a text outside strings, in order; with `doubles`, long lists of plain values are separate parts. */
function forEachPart(between: string, doubles: boolean, visit: (part: string, isLong: boolean) => void): void {
  let from = 0;
  let end = -1;
  for (let start = doubles && between.length > LONG_LIST ? between.indexOf('[') : -1; start >= 0; ) {
    if (end < start) end = between.indexOf(']', start);
    if (end < 0) break;
    const next = between.indexOf('[', start + 1);
    if (end - start > LONG_LIST && (next < 0 || next > end)) {
      visit(between.slice(from, start), false);
      visit(between.slice(start, end), true);
      from = end;
    }
    start = next;
  }
  visit(from === 0 ? between : between.slice(from), false);
}

const TOKEN = /-?\d[\d.eE+-]*|-?Infinity|NaN/g;
const NAME = /-?Infinity|NaN/g;

/** Quotes numbers that are not exact as doubles; with `names`, it also replaces NaN by null and quotes Infinity. */
function rewritten(text: string, { names, doubles }: { names: boolean; doubles: boolean }): string {
  const token = (found: string) => {
    if (found === 'NaN') return names ? 'null' : found;
    if (found.endsWith('Infinity')) return names ? `"${found}"` : found;
    return NUMBER.test(found) && !isExactDouble(found) ? `"${found}"` : found;
  };
  const parts: string[] = [];
  for (let at = 0; ; ) {
    const quote = text.indexOf('"', at);
    forEachPart(quote < 0 ? text.slice(at) : text.slice(at, quote), doubles, (part, isLong) => {
      const numbers = !isLong && (names || MAYBE_INEXACT.test(part));
      parts.push(numbers ? part.replace(TOKEN, token) : names ? part.replace(NAME, token) : part);
    });
    if (quote < 0) return parts.join('');
    at = endOfString(text, quote);
    parts.push(text.slice(quote, at));
  }
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** Whether a number keeps its value when it is parsed as a double and printed. */
function isExactDouble(source: string): boolean {
  const value = Number(source);
  if (!Number.isFinite(value)) return false;
  const written = String(value);
  return written === source || sameDecimal(source, written);
}

/** Whether two decimal numbers have the same value. */
function sameDecimal(a: string, b: string): boolean {
  const [x, y] = [decimal(a), decimal(b)];
  return x.digits === y.digits && (x.digits === '' || (x.exponent === y.exponent && x.negative === y.negative));
}

function decimal(source: string): { negative: boolean; digits: string; exponent: number } {
  const [mantissa = '', power = '0'] = source.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const all = (whole + fraction).replace(/^0+/, '');
  const digits = trimZeros(all);
  const exponent = Number(power) - fraction.length + (all.length - digits.length);
  return { negative: source.startsWith('-'), digits, exponent };
}

/** Removes trailing zeros in one pass. */
function trimZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}
