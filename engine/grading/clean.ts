/**
 * Turns an answer as written (LaTeX, Markdown, plain text, Unicode) into one plain LaTeX-like spelling, which the parser
 * reads and which serves as key for comparing as text. Purely textual and linear in the length of the answer.
 */

const CHARACTERS: Record<string, string> = {
  '−': '-',
  '–': '-',
  '—': '-',
  '‐': '-',
  '‑': '-',
  '×': '*',
  '·': '*',
  '⋅': '*',
  '∙': '*',
  '∗': '*',
  '÷': '/',
  '⁄': '/',
  '∕': '/',
  '≤': '\\le ',
  '⩽': '\\le ',
  '≥': '\\ge ',
  '⩾': '\\ge ',
  '≠': '\\ne ',
  '≈': '\\approx ',
  '∞': '\\infty ',
  π: '\\pi ',
  θ: '\\theta ',
  α: '\\alpha ',
  β: '\\beta ',
  γ: '\\gamma ',
  δ: '\\delta ',
  λ: '\\lambda ',
  μ: '\\mu ',
  φ: '\\phi ',
  ω: '\\omega ',
  σ: '\\sigma ',
  ρ: '\\rho ',
  '√': '\\sqrt ',
  '∛': '\\sqrt[3]',
  '°': '^\\circ ',
  º: '^\\circ ',
  '∪': '\\cup ',
  '∩': '\\cap ',
  '∈': '\\in ',
  '∖': '\\setminus ',
  '±': '\\pm ',
  '∓': '\\mp ',
  '∅': '\\emptyset ',
  ℝ: '\\mathbb{R}',
  ℤ: '\\mathbb{Z}',
  ℕ: '\\mathbb{N}',
  ℚ: '\\mathbb{Q}',
  ℂ: '\\mathbb{C}',
  '∧': '\\and ',
  '∨': '\\or ',
  '⟨': '\\langle ',
  '⟩': '\\rangle ',
  '〈': '\\langle ',
  '〉': '\\rangle ',
  '⌊': '\\lfloor ',
  '⌋': '\\rfloor ',
  '⌈': '\\lceil ',
  '⌉': '\\rceil ',
  '′': "'",
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '½': ' \\frac{1}{2}',
  '⅓': ' \\frac{1}{3}',
  '⅔': ' \\frac{2}{3}',
  '¼': ' \\frac{1}{4}',
  '¾': ' \\frac{3}{4}',
  '⅕': ' \\frac{1}{5}',
  '⅖': ' \\frac{2}{5}',
  '⅗': ' \\frac{3}{5}',
  '⅘': ' \\frac{4}{5}',
  '⅙': ' \\frac{1}{6}',
  '⅛': ' \\frac{1}{8}',
  '⅜': ' \\frac{3}{8}',
  '⅝': ' \\frac{5}{8}',
  '⅞': ' \\frac{7}{8}',
  '，': ',',
  '；': ';',
  '：': ':',
  '（': '(',
  '）': ')',
  '％': '%',
  '＝': '=',
  '＋': '+',
  '。': '.',
  '…': '\\ldots ',
  '\u00a0': ' ',
  '\u2002': ' ',
  '\u2003': ' ',
  '\u2009': ' ',
  '\u200a': ' ',
  '\u202f': ' ',
  '\u200b': '',
  '\u2060': '',
  '\ufeff': '',
  '\u2061': '',
  '\u2062': '*',
};
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ';
const SUBSCRIPTS = '₀₁₂₃₄₅₆₇₈₉';

/** Macros that only space or size things. */
const INVISIBLE =
  /\\(?:displaystyle|textstyle|scriptstyle|limits|nolimits|left|right|middle|bigl|bigr|biggl|biggr|Bigl|Bigr|Biggl|Biggr|big|Big|bigg|Bigg|mathstrut|strut|noindent|mathrel|mathop|protect|rm|bf|it|mathclose|mathopen|allowbreak|nobreak|boldmath)(?![a-zA-Z])\.?/g;
const SPACES = /\\(?:quad|qquad|enspace|thinspace|space|medspace|thickspace)(?![a-zA-Z])|\\[;: ]|~/g;
const SYNONYMS: [RegExp, string][] = [
  [/\\[dtc]frac(?![a-zA-Z])/g, '\\frac'],
  [/\\[dt]binom(?![a-zA-Z])/g, '\\binom'],
  [/\\(?:leq|leqslant|leqq)(?![a-zA-Z])/g, '\\le'],
  [/\\(?:geq|geqslant|geqq)(?![a-zA-Z])/g, '\\ge'],
  [/\\neq(?![a-zA-Z])|\\not\s*=/g, '\\ne'],
  [/\\lt(?![a-zA-Z])/g, '<'],
  [/\\gt(?![a-zA-Z])/g, '>'],
  [/\\(?:times|cdot|ast|bullet)(?![a-zA-Z])/g, '*'],
  [/\\div(?![a-zA-Z])/g, '/'],
  [/\\(?:degree|deg)(?![a-zA-Z])/g, '^\\circ '],
  [/\\(?:land|wedge)(?![a-zA-Z])/g, '\\and '],
  [/\\(?:lor|vee)(?![a-zA-Z])/g, '\\or '],
  [/\\(?:varnothing)(?![a-zA-Z])/g, '\\emptyset'],
  [/\\(?:lbrace)(?![a-zA-Z])/g, '\\{'],
  [/\\(?:rbrace)(?![a-zA-Z])/g, '\\}'],
  [/\\(?:lbrack)(?![a-zA-Z])/g, '['],
  [/\\(?:rbrack)(?![a-zA-Z])/g, ']'],
  [/\\(?:lvert|rvert|vert|mid)(?![a-zA-Z])/g, '|'],
  [/\\(?:dots|cdots|dotsc|dotsb|ldots)(?![a-zA-Z])|\.\.\./g, '\\ldots '],
  [/\\prime(?![a-zA-Z])/g, "'"],
  [/\\(?:colon)(?![a-zA-Z])/g, ':'],
  [/\\(?:Reals|R|reals)(?![a-zA-Z])/g, '\\mathbb{R}'],
  [/\\(?:minus)(?![a-zA-Z])/g, '-'],
  [/\\(?:smallsetminus|backslash)(?![a-zA-Z])/g, '\\setminus'],
  [/\\(?:bar|dot)(?![a-zA-Z])/g, '\\overline'],
];

/** Macros whose argument stays and whose name goes. */
const STYLES =
  /\\(?:mathbf|mathit|mathcal|mathsf|mathtt|boldsymbol|bm|underline|ensuremath|vec|hat|fbox|boxed|bold)\s*/g;
/** Macros around words. */
const TEXTS =
  /\\(?:text|textrm|textbf|textit|textnormal|textsf|texttt|emph|mbox|hbox|mathrm|operatorname\*?|mathop)\s*\{/g;

/** Longest answer that is cleaned; longer ones are compared as they are. */
export const MAX_LENGTH = 2000;

/** End index (exclusive) of the `{...}` group that opens at `open`; -1 when it is not closed. */
export function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const c = text[i];
    if (c === '\\') i++;
    else if (c === '{') depth++;
    else if (c === '}' && --depth === 0) return i + 1;
  }
  return -1;
}

function replaceCharacters(text: string): string {
  if (/^[\u0020-\u007e]*$/.test(text)) return text;
  let out = '';
  for (const c of text.replace(/[０-９]/g, (d) => String(d.charCodeAt(0) - 0xff10))) {
    const up = SUPERSCRIPTS.indexOf(c);
    const down = SUBSCRIPTS.indexOf(c);
    if (up >= 0) out += `^{${'0123456789+-n'[up]}}`;
    else if (down >= 0) out += `_{${down}}`;
    else out += CHARACTERS[c] ?? (/\s/.test(c) ? ' ' : c);
  }
  // two superscripts in a row are one
  return out.replace(/\}\^\{/g, '').replace(/\}_\{/g, '');
}

/** Takes `$...$`, `\(...\)`, `\[...\]`, `**...**`, backticks, quotes and a whole `\boxed{...}` off, as often as needed. */
function unwrap(text: string): string {
  let s = text.trim();
  for (let i = 0; i < 8; i++) {
    const before = s;
    s = s.replace(/^(?:[\s=:~]|\\approx(?![a-zA-Z]))+/, '').replace(/(?:(?<!\\)\\\\?|[\s,;])+$/, '');
    if (/(?<![.])[.]$/.test(s)) s = s.slice(0, -1).trimEnd();
    const box = /^\\(?:boxed|fbox)\s*\{/.exec(s);
    if (box && closingBrace(s, box[0].length - 1) === s.length) s = s.slice(box[0].length, -1);
    // in LaTeX, braces cannot be seen; without its marks, `{1, 2}` is meant as a set
    const shown = /^\$\$?\s*\{/.test(s) || !s.includes(',');
    s = s
      .replace(/^\$\$([^$]*)\$\$$/s, '$1')
      .replace(/^\$([^$]*[^$\\])\$$/s, '$1')
      .replace(/^\\\(((?:(?!\\\)).)*)\\\)$/s, '$1')
      .replace(/^\\\[((?:(?!\\\]).)*)\\\]$/s, '$1')
      .replace(/^\*\*([^*].*?)\*\*$/s, '$1')
      .replace(/^__(.*)__$/s, '$1')
      .replace(/^`+([^`]*)`+$/s, '$1')
      .replace(/^"([^"]*)"$/s, '$1')
      .replace(/^\\(?:display|text)style(?![a-zA-Z])/, '')
      .trim();
    if (shown && s.startsWith('{') && closingBrace(s, 0) === s.length) s = s.slice(1, -1).trim();
    if (s === before) break;
  }
  return s;
}

/** Rewrites `\text{...}` and its kin: `and`/`or` become operators, short contents are unwrapped, words stay `\text{words}`. */
function rewriteTexts(text: string): string {
  let out = '';
  let at = 0;
  TEXTS.lastIndex = 0;
  for (let match = TEXTS.exec(text); match; match = TEXTS.exec(text)) {
    const open = match.index + match[0].length - 1;
    const end = closingBrace(text, open);
    if (end < 0) break;
    const content = text.slice(open + 1, end - 1).replace(/(?<!\\)\$/g, '');
    const words = content.trim();
    out += text.slice(at, match.index);
    if (/^[ei]$/.test(words) && match[0].startsWith('\\mathrm')) out += ` ${words} `;
    else if (/^(?:,\s*)?and$/i.test(words)) out += ' \\and ';
    else if (/^(?:,\s*)?or$/i.test(words)) out += ' \\or ';
    else if (/^(?:(?:arc?|a)?(?:sin|cos|tan)h?|(?:arc)?(?:cot|sec|csc)|ln|log|exp)$/.test(words)) out += `\\${words} `;
    else if (words === '') out += ' ';
    else if (!/[A-Za-z]{2}|^[A-Za-z]$/.test(words)) out += ` ${content} `;
    // a single letter may be a unit, and keeps its mark until units are dealt with
    else out += ` \\text{${words.replace(/\s+/g, ' ')}}`;
    at = end;
    TEXTS.lastIndex = end;
  }
  return out + text.slice(at);
}

/** The answer in the parser's spelling. Idempotent up to white space. */
export function clean(answer: string): string {
  let s = replaceCharacters(answer.trim());
  if (!/\\begin\b/.test(s)) s = s.replace(/\\\\(?=[a-zA-Z{}%$()[\]])/g, '\\');
  s = unwrap(s)
    .replace(/\\\\/g, '\\row ')
    .replace(/\\[()[\]]/g, ' ');
  s = s.replace(/\\\$|\\pounds(?![a-zA-Z])|[£€¥₹]/g, (c) => (c === '\\$' ? ' \\dollar ' : ' \\currency '));
  // an unpaired dollar sign before a number is money; the others only mark mathematics
  s = s.replace(/^(-?\s*)\$(?=\s*-?[\d.])(?!.*\$)/s, '$1 \\dollar ').replace(/\$/g, ' ');
  s = s
    .replace(/\\%/g, '%')
    .replace(/ *\{ *, *\} */g, ',')
    .replace(/\^ *\{? *\\(?:text|mathrm) *\{ *o *\} *\}?/g, '^\\circ ')
    .replace(/,(?:\s*\\[!,]\s*)+(?=\d)/g, ',')
    .replace(/(?<=\d)(?:\\,|\\!)(?=\d{3}(?!\d))/g, ',')
    .replace(/\\!/g, '')
    .replace(/\\,/g, ' ')
    .replace(INVISIBLE, (m) => (m.endsWith('.') && !/(?:left|right|middle)\.$/.test(m) ? ' .' : ' '))
    .replace(SPACES, ' ')
    .replace(/\\(?:overline|widehat|overrightarrow)\s*\{\s*([A-Z]{2,})\s*\}/g, '$1')
    .replace(/\\(?:hspace|vspace|phantom|hphantom|label|tag)\*?\s*\{[^{}]*\}/g, ' ');
  for (const [pattern, by] of SYNONYMS) s = s.replace(pattern, by);
  s = rewriteTexts(s).replace(STYLES, ' ');
  s = s.replace(/(?<=[\d)}])\s*[xX]\s*(?=10\s*\^)/g, '*').replace(/(?<=[)\]}])\s*U\s*(?=[([{\\])/g, '\\cup ');
  s = s.replace(/^(\d+) to (\d+)$/, '$1:$2');
  s = s.replace(/(?<![A-Za-z\\])(and|or)(?![A-Za-z])/gi, (_, word: string) => ` \\${word.toLowerCase()} `);
  s = s.replace(/\*\*(?=\s*[\d({\\a-zA-Z-])/g, '^').replace(/(?<=\d),\s*\\and(?![a-zA-Z])/g, ' \\and');
  return s.replace(/\s+/g, ' ').trim();
}

/** Key for comparing two cleaned answers as text: no needless spaces or braces, words in lower case. */
export function textKey(cleaned: string): string {
  let s = cleaned.replace(/\\text\{([^{}]*)\}/g, ' $1 ').replace(/\\(?:dollar|currency)(?![a-zA-Z])/g, ' ');
  // short runs may be variables, for which the case matters
  s = s.replace(/(?<![\\A-Za-z])(?:[A-Za-z]{4,}|[A-Z][a-z]{2}|No)(?![A-Za-z])/g, (word) => word.toLowerCase());
  s = s.replace(/\\(and|or)(?![a-zA-Z])/g, ' $1 ').replace(/(?<=[\^_])\{([0-9A-Za-z])\}/g, '$1');
  s = s.replace(/\s+/g, ' ').replace(/ (?![A-Za-z0-9])|(?<![A-Za-z0-9]) |(?<=\d) (?=[A-Za-z])/g, '');
  return s.trim().replace(/\.$/, '');
}
