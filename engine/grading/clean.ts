/**
 * Normalizes an answer (LaTeX, Markdown, plain text, Unicode) to one plain LaTeX-like spelling, which the parser reads and
 * which serves as the key for text comparison. Purely textual and linear in the length of the answer.
 */
import { replaceCharacters } from './characters.ts';
import { endOfContent } from './span.ts';

/** Macros that affect only spacing or size. */
const INVISIBLE =
  /\\(?:displaystyle|textstyle|scriptstyle|limits|nolimits|left|right|middle|bigl|bigr|biggl|biggr|Bigl|Bigr|Biggl|Biggr|big|Big|bigg|Bigg|mathstrut|strut|noindent|mathrel|mathop|protect|rm|bf|it|mathclose|mathopen|allowbreak|nobreak|boldmath|tiny|scriptsize|footnotesize|small|normalsize|large|Large|LARGE|huge|Huge|HUGE|tt|sf|sc|sl|em|bfseries|itshape|centering|hfill|displaylimits|nonumber|notag|checkmark|blacksquare|qedsymbol|qed)(?![a-zA-Z])\.?/g;
const SPACES = /\\(?:quad|qquad|enspace|thinspace|space|medspace|thickspace)(?![a-zA-Z])|\\[;: ]|~/g;
const SYNONYMS: [RegExp, string][] = [
  [/\\[dtc]frac(?![a-zA-Z])/g, '\\frac'],
  [/\\[dt]binom(?![a-zA-Z])/g, '\\binom'],
  [/\\(?:leq|leqslant|leqq)(?![a-zA-Z])/g, '\\le'],
  [/\\(?:geq|geqslant|geqq)(?![a-zA-Z])/g, '\\ge'],
  [/\\neq(?![a-zA-Z])|\\not ?=/g, '\\ne'],
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
  // dots over the first and last digit of the repetend
  [/\\dot ?\{? ?(\d) ?\}?(\d{0,20})\\dot ?\{? ?(\d) ?\}?/g, '\\overline{$1$2$3}'],
  [/\\(?:bar|dot)(?![a-zA-Z])/g, '\\overline'],
  [/\\measuredangle(?![a-zA-Z])|(?<![a-zA-Z\\])m ?\\angle(?![a-zA-Z])/g, '\\angle'],
  [/\\(?:Ohm|ohm)(?![a-zA-Z])/g, '\\Omega'],
  [/\\AA(?![a-zA-Z])/g, '\\text{angstrom}'],
  [/\\micro(?![a-zA-Z])/g, '\\mu'],
];

/** Macros that are removed but whose argument is kept. */
const STYLES =
  /\\(?:mathbf|mathit|mathcal|mathsf|mathtt|boldsymbol|bm|underline|ensuremath|vec|hat|fbox|boxed|bold|overbrace|underbrace|tt|sf|mathnormal|mathord|overrightarrow|widehat|tilde|widetilde)\s*/g;
/** Macros around words. */
const TEXTS =
  /\\(?:text|textrm|textbf|textit|textnormal|textsf|texttt|emph|mbox|hbox|mathrm|operatorname\*?|mathop)\s*\{/g;

const FIRST_SPECIAL = /^\s*<(?:\|[^|<>\s]{1,40}\||s|bos)>/;

/** Maximum length of an answer that is cleaned, in characters; longer ones are compared as they are. */
export const MAX_LENGTH = 2000;

/** End index (exclusive) of the `{...}` group that opens at `open`; -1 if it is not closed. */
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

/** Marks around a whole answer: opening, closing. */
const MARKS: readonly [string, string][] = [
  ['$$', '$$'],
  ['$', '$'],
  ['\\(', '\\)'],
  ['\\[', '\\]'],
  ['**', '**'],
  ['__', '__'],
  ['*', '*'],
  ['_', '_'],
  ['```', '```'],
  ['``', '``'],
  ['``', "''"],
  ['`', '`'],
  ['`', "'"],
  ['"', '"'],
  ["'", "'"],
];

/** Removes `$...$`, `\(...\)`, `\[...\]`, `**...**`, backticks, quotes and a whole `\boxed{...}`, repeatedly if nested. */
function unwrap(text: string): string {
  let s = text.trim();
  for (let i = 0; i < 8; i++) {
    const before = s;
    s = withoutEnds(s);
    const box = /^\\(?:boxed|fbox) ?\{/.exec(s);
    if (box && closingBrace(s, box[0].length - 1) === s.length) s = s.slice(box[0].length, -1);
    // LaTeX does not display braces; if its marks are removed, `{1, 2}` is meant as a set
    const shown = /^\$\$? ?\{/.test(s) || !s.includes(',');
    for (const [open, close] of MARKS) {
      if (s.length <= open.length + close.length || !s.startsWith(open) || !s.endsWith(close)) continue;
      const content = s.slice(open.length, -close.length);
      if (content.includes(open) || content.includes(close) || (close === '$' && content.endsWith('\\'))) continue;
      s = content;
      break;
    }
    s = s.replace(/^\\(?:display|text)style(?![a-zA-Z])/, '').trim();
    if (shown && s.startsWith('{') && closingBrace(s, 0) === s.length) s = s.slice(1, -1).trim();
    if (s === before) break;
  }
  return s;
}

/** Removes signs without meaning at the beginning (`= 5`) and the end (`5.`, `5,`, `5\\`). */
function withoutEnds(text: string): string {
  const lead = /^(?:[ =:~]|\\approx(?![a-zA-Z]))+/.exec(text);
  let end = text.length;
  for (;;) {
    const c = text[end - 1];
    if (c === ' ' || c === ',' || c === ';') end--;
    else if (c === '\\' && text[end - 2] !== '\\') end--;
    else if (c === '\\' && text[end - 2] === '\\' && text[end - 3] !== '\\') end -= 2;
    else break;
  }
  if (text[end - 1] === '.' && text[end - 2] !== '.') end--;
  return text.slice(lead?.[0].length ?? 0, Math.max(end, lead?.[0].length ?? 0)).trim();
}

/**
 * Rewrites `\text{...}` and similar macros: `and`/`or` become operators, short contents are unwrapped, words stay as
 * `\text{words}`.
 */
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
    // a number with its unit: `\text{25 cm}`
    else if (/^[-+]?\d[\d.,/]* ?[a-zA-Z%]/.test(words)) out += ` ${words} `;
    else if (!/[A-Za-z]{2}|^[A-Za-z]$/.test(words)) out += ` ${content} `;
    // a single letter may be a unit, and stays marked until units are handled
    else out += ` \\text{${words.replace(/\s+/g, ' ')}}`;
    at = end;
    TEXTS.lastIndex = end;
  }
  return out + text.slice(at);
}

const CURRENCIES: Record<string, string> = {
  '\\$': ' \\dollar ',
  '\\pounds': ' \\pound ',
  '\\textsterling': ' \\pound ',
  '£': ' \\pound ',
  '\\euro': ' \\euro ',
  '€': ' \\euro ',
  '\\yen': ' \\yen ',
  '¥': ' \\yen ',
  '₹': ' \\rupee ',
  '₩': ' \\won ',
  '₽': ' \\ruble ',
};
/** Currency codes before a number. */
const CODES: Record<string, string> = {
  USD: '\\dollar',
  EUR: '\\euro',
  GBP: '\\pound',
  JPY: '\\yen',
  INR: '\\rupee',
  RS: '\\rupee',
  KRW: '\\won',
};

/** Currencies as macros: `\$5`, `$5`, `USD 5`, `Rs. 500`, `US$5`. */
function rewriteMoney(text: string): string {
  let s = text.replace(/\\text\{ ?(\\?[$£€¥₹₩₽%‰]) ?\}/g, '$1');
  s = s.replace(/\\\$|\\(?:pounds|textsterling|euro|yen)(?![a-zA-Z])|[£€¥₹₩₽]/g, (sign) => CURRENCIES[sign] ?? sign);
  // an unpaired dollar sign before a number is a currency; all others delimit math
  if (/^-? ?(?:US|AU?|CA?|NZ|HK)?\$ ?-?[\d.]/.test(s) && s.indexOf('$') === s.lastIndexOf('$'))
    s = s.replace('$', ' \\dollar ');
  s = s.replace(/\$/g, ' ');
  return s.replace(/^(-?) ?(USD|EUR|GBP|JPY|INR|KRW|Rs\.?) ?(?=-?[\d.])/, (_, sign: string, code: string) => {
    return `${sign}${CODES[code.replace('.', '').toUpperCase()]} `;
  });
}

/** siunitx `\\km\\per\\hour` as `km/hour`. */
function unitWords(unit: string): string {
  return unit
    .replace(/\\per(?![a-zA-Z])/g, '/')
    .replace(/\\(?:square|cubic)(?![a-zA-Z])/g, (name) => ` ${name.slice(1)} `)
    .replace(/\\squared(?![a-zA-Z])/g, '^2')
    .replace(/\\cubed(?![a-zA-Z])/g, '^3')
    .replace(/\\([a-zA-Z]+)/g, '$1')
    .replace(/ {0,9}\/ {0,9}/g, '/')
    .trim();
}

/** Removes color macros, and annotations above or below a symbol. */
function rewriteStyles(text: string): string {
  if (!text.includes('\\')) return text;
  return text
    .replace(/\\color ?(?:\[[^[\]{}]*\])? ?\{[^{}]*\}/g, ' ')
    .replace(/\\fcolorbox ?\{[^{}]*\} ?(?=\{)/g, '\\colorbox')
    .replace(/\\(?:textcolor|mathcolor|colorbox) ?(?:\[[^[\]{}]*\])? ?\{[^{}]*\} ?(?=\{)/g, ' ')
    .replace(/\\(?:footnote|label|tag|hspace|vspace|phantom|hphantom|footnotemark)\*? ?\{[^{}]*\}/g, ' ')
    .replace(/\\(?:overset|underset|stackrel) ?\{[^{}]*\} ?\{ ?(=|[<>]|\\(?:le|ge|approx|sim|frown)) ?\}/g, ' $1 ')
    .replace(/(\\(?:over|under)brace ?\{[^{}]*\}) ?[_^] ?\{(?:[^{}]|\{[^{}]*\})*\}/g, '$1')
    .replace(/\\num ?(?:\[[^[\]{}]*\])? ?\{([^{}]*)\}/g, ' $1 ')
    .replace(
      /\\(?:SI|qty) ?(?:\[[^[\]{}]*\])? ?\{([^{}]*)\} ?\{([^{}]*)\}/g,
      (_, value: string, unit: string) => `${value} \\text{${unitWords(unit)}}`,
    )
    .replace(/\\(?:si|unit) ?\{([^{}]*)\}/g, (_, unit: string) => ` \\text{${unitWords(unit)}}`)
    .replace(/\\textsuperscript ?(?=\{)/g, '^')
    .replace(/\\textsubscript ?(?=\{)/g, '_');
}

/** Rewrites `]0, 1[` as (0, 1), and `['18', '19']` as [18, 19]. */
function rewriteBrackets(text: string): string {
  let s = text;
  if (/^\[ ?['"]|^\( ?['"]/.test(s)) s = s.replace(/(['"])([^'"]*)\1/g, '$2');
  if (/\][^[\]]*[[\]]|\[[^[\]]*\[/.test(s) && !s.includes('\\sqrt')) {
    s = s.replace(/(^|[=∈\s]|\\in|\\cup|\\cap)\]([^[\]]{1,80}),([^[\]]{1,80})([[\]])/g, (_, before, a, b, close) => {
      return `${before}(${a},${b}${close === '[' ? ')' : ']'}`;
    });
    // `[1, [2, 3]]` is a nested list
    s = s.replace(/\[([^[\]]{1,80}),([^[\]]{1,80})\[/g, (all, a: string, b: string) =>
      /[^\s,]\s?$/.test(b) ? `[${a},${b})` : all,
    );
  }
  return s;
}

/** `\begin{aligned} x &= 1 \\ y &= 2 \end{aligned}` as the list `x = 1, y = 2`, or as one chain of relations. */
function rewriteAligned(text: string): string {
  const found =
    /^\\begin ?\{ ?(aligned|align|gathered|gather|split|eqnarray|alignat|alignedat)\*? ?\}(?: ?\{ ?\d ?\}| ?\[[a-z]\])?/.exec(
      text,
    );
  if (!found) return text;
  const end = text.lastIndexOf('\\end');
  if (end < 0 || !/^\\end ?\{[a-z]+\*? ?\}$/.test(text.slice(end))) return text;
  const rows = text.slice(found[0].length, end).replace(/&/g, ' ').split('\\row');
  return rows
    .map((row) => row.trim().replace(/[,;]$/, ''))
    .filter((row) => row !== '')
    .reduce(
      (all, row) =>
        all === '' || /^(?:[=<>]|\\(?:le|ge|approx)(?![a-zA-Z]))/.test(row) ? `${all} ${row}` : `${all}, ${row}`,
      '',
    )
    .trim();
}

/** Handles inches and feet such as `7"` and `5'7"`; primes of derivatives stay. */
function rewritePrimes(text: string): string {
  if (!/\d ?(?:"|''|\\inches|')/.test(text) || text.includes('\\circ')) return text.replace(/\\inches/g, '"');
  return text
    .replace(/(?<=\d) ?(?:''|"|\\inches)(?![\w'])/g, ' \\text{inch}')
    .replace(/(?<=\d) ?'(?= ?(?:\d{1,2}(?:\.\d+)? ?\\text\{inch|$))/g, ' \\text{foot} ');
}

/** Removes special tokens, decoded as text, from the beginning and the end. */
function withoutEndTokens(answer: string): string {
  const end = endOfContent(answer);
  const start = FIRST_SPECIAL.exec(answer)?.[0].length ?? 0;
  return start < end ? answer.slice(start, end) : answer;
}

/** The answer in the parser's spelling. Idempotent except for white space. */
export function clean(answer: string): string {
  let s = replaceCharacters(withoutEndTokens(answer)).replace(/\s+/g, ' ').trim();
  if (!/\\begin\b/.test(s)) s = s.replace(/\\\\(?=[a-zA-Z{}%$()[\]])/g, '\\');
  s = unwrap(s)
    .replace(/\\\\/g, '\\row ')
    .replace(/\\[()[\]]/g, ' ');
  s = rewriteStyles(rewriteMoney(s));
  s = rewritePrimes(rewriteBrackets(s))
    .replace(/\\%/g, '%')
    .replace(/\\(?:permil|textperthousand|perthousand)(?![a-zA-Z])/g, '‰')
    .replace(/ ?\{ ?, ?\} ?/g, ',')
    .replace(/\^ ?\{? ?\\(?:text|mathrm) ?\{ ?o ?\} ?\}?/g, '^\\circ ')
    .replace(/(?<=\d) ?\^ ?(?:o(?![a-zA-Z])|\{ ?o ?\})/g, '^\\circ ')
    .replace(/,(?: ?\\[!,])+ ?/g, (all, at: number, whole: string) =>
      /\d/.test(whole[at + all.length] ?? '') ? ',' : all,
    )
    .replace(/(?<=\d)(?:\\,|\\!)(?=\d{3}(?!\d))/g, ',')
    .replace(/\\!/g, '')
    .replace(/\\,/g, ' ')
    .replace(INVISIBLE, (m) => (m.endsWith('.') && !/(?:left|right|middle)\.$/.test(m) ? ' .' : ' '))
    .replace(SPACES, ' ')
    .replace(/\\(?:overline|widehat|overrightarrow) ?\{ ?([A-Z]{2,}) ?\}/g, '$1');
  for (const [pattern, by] of SYNONYMS) s = s.replace(pattern, by);
  s = rewriteTexts(s).replace(STYLES, ' ');
  s = s.replace(/(?<=[\d)}]) ?[xX] ?(?=10 ?\^)/g, '*').replace(/(?<=[)\]}]) ?U ?(?=[([{\\])/g, '\\cup ');
  s = s.replace(/^(?:minus|negative) (?=\d)/i, '-');
  s = s.replace(/^(\d+) (?:to|\\text\{to\}) ?(\d+)$/, '$1:$2');
  if (!s.includes('\\begin')) s = s.replace(/(?<=[\d)}]) \\?& (?=[-\d(\\])/g, ' \\and ');
  s = s.replace(/^(\d+),? ?(?:with (?:a )?)?(?:remainder|rem\.?|R|r)(?: of)? ?(\d+)$/, '$1 R $2');
  s = s.replace(/(?<![A-Za-z\\])(and|or)(?![A-Za-z])/gi, (_, word: string) => ` \\${word.toLowerCase()} `);
  s = s.replace(/\*\*(?= ?[\d({\\a-zA-Z-])/g, '^').replace(/(?<=\d), ?\\and(?![a-zA-Z])/g, ' \\and');
  s = s.replace(/ {2,}/g, ' ').trim();
  return rewriteAligned(asCases(withoutBraces(withoutBoxes(s) || s)));
}

/** A system of equations written as an array after a brace. */
function asCases(text: string): string {
  const head = /^\\\{ ?\\begin ?\{ ?array ?\} ?\{[^{}]{0,20}\}/.exec(text);
  const tail = head && / ?\\end ?\{ ?array ?\} ?$/.exec(text.slice(-40));
  if (!head || !tail) return text;
  return `\\begin{cases}${text.slice(head[0].length, text.length - tail[0].length)}\\end{cases}`;
}

/** Removes end-of-proof squares. */
function withoutBoxes(text: string): string {
  let end = text.length;
  for (let mark = ''; mark !== null; end -= mark.length) {
    const found = / ?\\(?:square|Box)$/.exec(text.slice(Math.max(0, end - 8), end));
    if (!found) break;
    mark = found[0];
  }
  return text.slice(0, end).trim();
}

/** Removes braces around everything, which remain after a macro was removed. */
function withoutBraces(text: string): string {
  let s = text;
  for (let i = 0; i < 8 && s.startsWith('{') && !s.includes(',') && closingBrace(s, 0) === s.length; i++) {
    s = s.slice(1, -1).trim();
  }
  return s;
}

/** `March 5th` as `March 5`. */
function withoutOrdinalDay(text: string): string {
  const month = /(?<![a-zA-Z])(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\b/i;
  return month.test(text) ? text.replace(/(?<!\d)(\d{1,2})(?:st|nd|rd|th)(?![a-zA-Z])/g, '$1') : text;
}

/** Key for comparing two cleaned answers as text: without redundant spaces or braces, words in lower case. */
export function textKey(cleaned: string): string {
  let s = withoutOrdinalDay(cleaned)
    .replace(/\\text\{([^{}]*)\}/g, ' $1 ')
    .replace(/\\dollar(?![a-zA-Z])/g, ' ');
  // short runs of letters may be variables, which are case-sensitive
  s = s.replace(/(?<![\\A-Za-z])(?:[A-Za-z]{4,}|[A-Z][a-z]{2}|No)(?![A-Za-z])/g, (word) => word.toLowerCase());
  s = s.replace(/\\(and|or)(?![a-zA-Z])/g, ' $1 ').replace(/(?<=[\^_])\{([0-9A-Za-z])\}/g, '$1');
  s = s.replace(/\s+/g, ' ').replace(/ (?![A-Za-z0-9])|(?<![A-Za-z0-9]) |(?<=\d) (?=[A-Za-z])/g, '');
  return s.trim().replace(/\.$/, '');
}
