/** `{1 \over 2}`, as TeX writes a fraction: everything in the braces around it, or in the whole answer, on both sides. */

const OVER = /\\over(?![a-zA-Z])/;
/** Most fractions of this kind in an answer. */
const MOST = 8;

/** The answer with `\frac` in their places. */
export function withoutOver(text: string): string {
  let result = text;
  for (let i = 0; i < MOST; i++) {
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

/** The brace that is open at `at`; -1 without one. */
function openBrace(text: string, at: number): number {
  let depth = 0;
  for (let i = at - 1; i >= 0; i--) {
    if (text[i] === '}') depth++;
    else if (text[i] === '{' && depth-- === 0) return i;
  }
  return -1;
}

/** The first brace from `at` on that closes one before it; -1 without one. */
function closeBrace(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && depth-- === 0) return i;
  }
  return -1;
}
