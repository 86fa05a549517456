/** `{1 \over 2}`, a TeX fraction of what precedes and follows `\over` in the enclosing braces, or in the whole answer. */

const OVER = /\\over(?![a-zA-Z])/;
/** Maximum number of these fractions in an answer. */
const MAX_FRACTIONS = 8;

/** The answer with `\frac` instead. */
export function withoutOver(text: string): string {
  let result = text;
  for (let i = 0; i < MAX_FRACTIONS; i++) {
    const found = OVER.exec(result);
    if (!found) break;
    const start = openBrace(result, found.index);
    const end = closeBrace(result, found.index + found[0].length);
    if (start < 0 !== end < 0) break;
    const over = result.slice(start + 1, found.index);
    const under = result.slice(found.index + found[0].length, end < 0 ? undefined : end);
    const before = result.slice(0, Math.max(0, start));
    result = `${before}\\frac{${over}}{${under}}${end < 0 ? '' : result.slice(end + 1)}`;
  }
  return result;
}

/** The position of the innermost brace open at `at`; -1 if there is none. */
function openBrace(text: string, at: number): number {
  let depth = 0;
  for (let i = at - 1; i >= 0; i--) {
    if (text[i] === '}') depth++;
    else if (text[i] === '{' && depth-- === 0) return i;
  }
  return -1;
}

/** The position of the first unmatched closing brace from `at`; -1 if there is none. */
function closeBrace(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && depth-- === 0) return i;
  }
  return -1;
}
