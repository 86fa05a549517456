/**
 * JSON as data files write it. JSON.parse silently rounds numbers to doubles, and knows neither NaN nor Infinity, which
 * Python writes: here a number that a double cannot hold is its text as written in the file, NaN is null, and Infinity
 * its name. Pure.
 */
/** Values nested deeper are refused: what walks over them would run out of stack. */
export const MAX_DEPTH = 1000;

/** Where a number may begin that a double cannot hold: 16 digits, or an exponent of three. */
const MAYBE_INEXACT = /\d[\d.]{15}|\d[eE][-+]?\d{3}/;

/** Characters of a list of plain numbers above which `doubles` takes its numbers as doubles. */
const LONG_LIST = 256;

/**
 * Reads a JSON text. Throws SyntaxError; `parseJson` of `json-fault.ts` says what is wrong, and where.
 * @param lists `doubles`: the numbers of long lists of nothing else are values of tokens, which need not be kept digit
 * by digit, and there are many
 */
export function readJson(text: string, lists: 'exact' | 'doubles' = 'exact'): unknown {
  const doubles = lists === 'doubles';
  const value = parsed(mayBeInexact(text, doubles) ? rewritten(text, { names: false, doubles }) : text, text, doubles);
  if (mayBeDeeper(text, MAX_DEPTH) && isDeeper(value, MAX_DEPTH)) throw new SyntaxError('nested too deeply');
  return value;
}

/** @param text as it was given */
function parsed(exact: string, text: string, doubles: boolean): unknown {
  try {
    return JSON.parse(exact);
  } catch (error) {
    // Python's json module writes what JSON lacks
    if (/NaN|Infinity/.test(text)) {
      try {
        return JSON.parse(rewritten(text, { names: true, doubles }));
      } catch {
        // the fault is in the text as it was given
      }
    }
    throw error;
  }
}

/** Whether a text has more opening brackets than `levels`, in strings or not. */
function mayBeDeeper(text: string, levels: number): boolean {
  let count = 0;
  for (const bracket of ['[', '{']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) if (++count > levels) return true;
  }
  return false;
}

/** Whether there are more than `levels` lists and objects within each other. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      // Most are numbers, of which there may be very many.
      if (typeof value[i] === 'object' && isDeeper(value[i], levels - 1)) return true;
    }
    return false;
  }
  for (const name in value) if (isDeeper((value as Record<string, unknown>)[name], levels - 1)) return true;
  return false;
}

/** Whether a number outside of the strings may be one that a double cannot hold. Strings, most of a text, are stepped over. */
function mayBeInexact(text: string, doubles: boolean): boolean {
  for (let at = 0; ; ) {
    const quote = text.indexOf('"', at);
    const between = quote < 0 ? text.slice(at) : text.slice(at, quote);
    if (between.length > 1) {
      let found = false;
      eachPart(between, doubles, (part, isLong) => {
        found ||= !isLong && MAYBE_INEXACT.test(part);
      });
      if (found) return true;
    }
    if (quote < 0) return false;
    at = behindString(text, quote);
  }
}

/** Where a string ends that begins at `quote`; the end of the text for one that is not closed. */
function behindString(text: string, quote: number): number {
  for (let end = text.indexOf('"', quote + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
  return text.length;
}

/** The parts of a text without strings, in order: with `doubles` what is within long lists of plain values, and the rest. */
function eachPart(between: string, doubles: boolean, visit: (part: string, isLong: boolean) => void): void {
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

/** The text with numbers that a double cannot hold in quotes; with `names`, so are the numbers that JSON lacks. */
function rewritten(text: string, { names, doubles }: { names: boolean; doubles: boolean }): string {
  const token = (found: string) => {
    if (found === 'NaN') return names ? 'null' : found;
    if (found.endsWith('Infinity')) return names ? `"${found}"` : found;
    return NUMBER.test(found) && !heldByDouble(found) ? `"${found}"` : found;
  };
  const parts: string[] = [];
  for (let at = 0; ; ) {
    const quote = text.indexOf('"', at);
    eachPart(quote < 0 ? text.slice(at) : text.slice(at, quote), doubles, (part, isLong) => {
      const numbers = !isLong && (names || MAYBE_INEXACT.test(part));
      parts.push(numbers ? part.replace(TOKEN, token) : names ? part.replace(NAME, token) : part);
    });
    if (quote < 0) return parts.join('');
    at = behindString(text, quote);
    parts.push(text.slice(quote, at));
  }
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** Whether a number keeps its value as a double that is written out again. */
function heldByDouble(source: string): boolean {
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

/** Without trailing zeros, in one pass. */
function trimZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}
