/** Expressions that name a value but cannot be parsed: limits, integrals, probabilities, expectations. Pure. */

const LIMIT_OPERATOR = /^\\(?:lim|limsup|liminf|sup|inf|i{1,3}nt|oint)(?![a-zA-Z])/;
const MEASURE =
  /^(?:\\Pr|\\?P|E|\\mathbb ?\{? ?[EP] ?\}?|\\?(?:Var|Cov|Pr)|\\text\{ ?(?:Var|Cov|E|P|Pr|SD) ?\}) ?(?:\(|\[|\\\{)/;
const MAX_LENGTH = 300;

/** `\lim_{x \to 0} f(x) = 1` split into its name and its value; null for other texts. */
export function namedValue(text: string): { name: string; value: string } | null {
  if (text.length > MAX_LENGTH || !(LIMIT_OPERATOR.test(text) || MEASURE.test(text))) return null;
  let depth = 0;
  let at = -1;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if ('{(['.includes(c)) depth++;
    else if ('})]'.includes(c)) depth--;
    else if (c === '=' && depth === 0) {
      // more than one `=` may be a chain of steps
      if (at >= 0) return null;
      at = i;
    } else if ('<>,;'.includes(c) && depth === 0) return null;
  }
  const name = text.slice(0, Math.max(0, at)).replace(/\s/g, '');
  const value = text.slice(at + 1).trim();
  return at < 0 || value === '' ? null : { name, value };
}
