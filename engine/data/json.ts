/**
 * JSON as data files write it. JSON.parse rounds numbers to doubles without a word, and knows neither NaN nor Infinity,
 * which Python writes: here a number that a double cannot hold is its text as it stands in the file, NaN is null, and
 * Infinity its name. Pure.
 */
/** Values nested deeper are refused: what walks over them would run out of stack. */
export const MAX_DEPTH = 1000;

/** Where a number may begin that a double cannot hold: 16 digits, or an exponent. */
const MAYBE_INEXACT = /\d{16}|\d\.\d{14}|\d[eE]/;

/** Reads a JSON text. Throws SyntaxError; `parseJson` of `json-fault.ts` says what is wrong, and where. */
export function readJson(text: string): unknown {
  if (deep(text)) throw new SyntaxError('nested too deeply');
  const exact = MAYBE_INEXACT.test(text) ? rewritten(text, false) : text;
  try {
    return JSON.parse(exact);
  } catch (error) {
    // Python's json module writes what JSON lacks
    if (/NaN|Infinity/.test(text)) {
      try {
        return JSON.parse(rewritten(text, true));
      } catch {
        // the fault is in the text as it was given
      }
    }
    throw error;
  }
}

/** Whether lists and objects are nested deeper than allowed. */
function deep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === 0x5c) i++;
      else if (c === 0x22) quoted = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x5b || c === 0x7b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (c === 0x5d || c === 0x7d) depth--;
  }
  return false;
}

/** A string that is not closed continues to the end, so that the search stays linear. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"?|-?\d[\d.eE+-]*|-?Infinity|NaN/gs;

/** The text with numbers that a double cannot hold in quotes; with `names`, so are the numbers that JSON lacks. */
function rewritten(text: string, names: boolean): string {
  return text.replace(TOKEN, (token) => {
    if (token.startsWith('"')) return token;
    if (token === 'NaN') return names ? 'null' : token;
    if (token.endsWith('Infinity')) return names ? `"${token}"` : token;
    return NUMBER.test(token) && !heldByDouble(token) ? `"${token}"` : token;
  });
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** Whether a number keeps its value as a double that is written out again. */
function heldByDouble(source: string): boolean {
  const value = Number(source);
  if (!Number.isFinite(value)) return false;
  return sameDecimal(source, String(value));
}

/** Compares two decimal numbers by their digits and the place of their point. */
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
