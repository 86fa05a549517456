/** Unicode as LaTeX: symbols, superscripts and subscripts, digits of all scripts. */

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
  '、': ',',
  '٫': '.',
  '٬': ',',
  '【': '[',
  '】': ']',
  '「': '',
  '」': '',
  '＄': '$',
  '∠': '\\angle ',
  '∡': '\\angle ',
  '△': '\\triangle ',
  '∼': '\\sim ',
  '〜': '\\sim ',
  '～': '\\sim ',
  '≃': '\\approx ',
  '≅': '\\approx ',
  '⇒': '\\implies ',
  '″': '\\inches ',
  '℃': '^\\circ \\text{C}',
  '℉': '^\\circ \\text{F}',
  Ω: '\\Omega ',
  µ: '\\mu ',
  Å: '\\text{angstrom}',
  '✓': ' ',
  '✔': ' ',
  '✅': ' ',
  '☑': ' ',
  '■': ' ',
  '□': ' ',
  '∎': ' ',
  '◻': ' ',
  '◼': ' ',
  '\ufe0f': '',
  '\u2126': '\\Omega ',
  '\u212b': '\\text{angstrom}',

  '🎉': ' ',
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

/** Code points of the digit zero in each script; the other nine digits follow it. */
const ZEROS = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
  0x1040, 0x1090, 0x17e0, 0x1810, 0xff10,
];

/** The decimal digit of a character in any script, including styled mathematical digits; null for other characters. */
function digitOf(character: string): string | null {
  const code = character.codePointAt(0)!;
  if (code >= 0x1d7ce && code <= 0x1d7ff) return String((code - 0x1d7ce) % 10);
  const zero = ZEROS.find((first) => code >= first && code < first + 10);
  return zero === undefined ? null : String(code - zero);
}

/** The plain form of a letter that differs only in font (fullwidth, bold, italic, circled and the like); null for others. */
function plainLetter(character: string): string | null {
  const code = character.codePointAt(0)!;
  const isFont = (code >= 0x1d400 && code <= 0x1d6a3) || (code >= 0xff21 && code <= 0xff5a);
  const isCircled = code >= 0x24b6 && code <= 0x24e9;
  if (!isFont && !isCircled) return null;
  const plain = character.normalize('NFKC');
  return /^[A-Za-z]$/.test(plain) ? plain : null;
}

/**
 * The text with Unicode rewritten as ASCII and LaTeX: `×` as `\times`, `²` as `^{2}`, digits of every script as 0 to 9.
 * Characters without a mathematical meaning stay.
 */
export function replaceCharacters(text: string): string {
  if (/^[\u0020-\u007e]*$/.test(text)) return text;
  let out = '';
  for (const c of text) {
    const up = SUPERSCRIPTS.indexOf(c);
    const down = SUBSCRIPTS.indexOf(c);
    if (up >= 0) out += `^{${'0123456789+-n'[up]}}`;
    else if (down >= 0) out += `_{${down}}`;
    else out += CHARACTERS[c] ?? digitOf(c) ?? plainLetter(c) ?? (/\s/.test(c) ? ' ' : c);
  }
  // merges adjacent superscripts and adjacent subscripts
  return out.replace(/\}\^\{/g, '').replace(/\}_\{/g, '');
}
