/** Units and other words after a number. The unit matters only if both answers name a known one. */
import { closingBrace } from './clean.ts';
import { isUnit, type Unit, unitOf } from './units.ts';

/** Words that are mathematics, never units. */
const MATHEMATICS = new Set(
  (
    'sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln log exp abs sqrt cbrt max gcd lcm floor ceil det ' +
    'pi infinity infty inf and or if for where when mod frac dfrac tfrac factorial root base alpha beta gamma theta ' +
    'lambda sigma omega delta phi psi rho tau to none all real integer'
  ).split(' '),
);

/** Whether a word is mathematics: `sin`, `pi`, `or`. */
export function isMathematics(word: string): boolean {
  return MATHEMATICS.has(word);
}

const SCALES: ReadonlyMap<string, string> = new Map([
  ['dozen', '12'],
  ['hundred', '100'],
  ['thousand', '1000'],
  ['million', '1000000'],
  ['billion', '1000000000'],
  ['trillion', '1000000000000'],
]);

export interface Measured {
  /** The text without the unit. */
  value: string;
  /** null for unknown units. */
  unit: Unit | null;
}

/** What may directly precede a unit: a number in any notation. Letters only inside \frac, \sqrt and \pi. */
const NUMBER_TAIL = /[\d.)}\]!]$|\\pi$|\\infty$|π$/;

/** Currency signs and codes before a number, as `clean` writes them, and their units. */
const MONEY: ReadonlyMap<string, string> = new Map([
  ['\\dollar', 'dollar'],
  ['\\euro', 'euro'],
  ['\\pound', 'gbp'],
  ['\\yen', 'yen'],
  ['\\rupee', 'rupee'],
  ['\\won', 'won'],
  ['\\ruble', 'ruble'],
  ['¢', 'cent'],
]);

/**
 * Splits unit and other trailing words off a number. Returns null if there are none. The caller checks that the rest is a
 * number.
 */
export function splitUnit(cleaned: string): Measured | null {
  const money = /^(-?) ?(?:(?:US|AU?|CA?|NZ|HK) ?(?=\\dollar))?(\\[a-z]+) ?(?=-?[\d.\\({])/.exec(cleaned);
  const name = money && MONEY.get(money[2]!);
  if (money && name) {
    const rest = cleaned.slice(money[0].length);
    const tail = splitTail(rest);
    return { value: `${money[1]}${tail?.value ?? rest}`, unit: unitOf(name) };
  }
  return splitTail(cleaned);
}

function splitTail(cleaned: string): Measured | null {
  const scaled = scale(cleaned);
  if (scaled) return splitTail(scaled) ?? { value: scaled, unit: null };
  return moneyTail(cleaned) ?? degreesTail(cleaned) ?? fractionTail(cleaned) ?? textTail(cleaned) ?? wordTail(cleaned);
}

/** Expands number words: `2.5 million dollars` is `2.5*1000000 dollars`. */
function scale(cleaned: string): string | null {
  const found = /(?:\\text\{ ?)?(dozen|hundred|thousand|million|billion|trillion)s?(?![a-zA-Z])/.exec(cleaned);
  if (!found) return null;
  const head = cleaned.slice(0, found.index).trimEnd();
  if (/[a-zA-Z]/.test(head) || !/[\d.)}]$/.test(head)) return null;
  let rest = cleaned.slice(found.index + found[0].length).trimStart();
  if (found[0].startsWith('\\text')) rest = rest.replace('}', ' ');
  return `${head}*${SCALES.get(found[1]!)} ${rest}`.trim();
}

/** `5 \euro`, `5 元`, `25人`: a currency after the number, and words of scripts without spaces. */
function moneyTail(cleaned: string): Measured | null {
  const sign = /(\\(?:dollar|euro|pound|yen|rupee|won|ruble)|¢)$/.exec(cleaned);
  if (sign) return tailed(cleaned.slice(0, -sign[0].length), unitOf(MONEY.get(sign[0])!));
  const found = /(?<![\p{L}\p{M}])[\p{L}\p{M}]{1,12}$/u.exec(cleaned);
  if (!found || /^[\x20-\x7eμ]+$/.test(found[0])) return null;
  return tailed(cleaned.slice(0, found.index), unitOf(found[0]));
}

function tailed(head: string, unit: Unit | null): Measured | null {
  const value = head.trim();
  return NUMBER_TAIL.test(value) ? { value, unit } : null;
}

function degreesTail(cleaned: string): Measured | null {
  const found = /\^ ?(?:\{ ?\\circ ?\}|\\circ) ?(?:\\text\{ ?([CF]) ?\}|([CF]))$/.exec(cleaned);
  return found && { value: cleaned.slice(0, found.index).trim(), unit: unitOf(`degree${found[1] ?? found[2]}`) };
}

/** `\frac{\text{miles}}{\text{hour}}` at the end. */
function fractionTail(cleaned: string): Measured | null {
  const found = /\\frac ?\{ ?\\text\{([^{}]*)\} ?\}(?: ?)\{ ?\\text\{([^{}]*)\}( ?\^ ?\{? ?\d ?\}?)? ?\}$/.exec(
    cleaned,
  );
  return found && tailed(cleaned.slice(0, found.index), unitOf(`${found[1]} / ${found[2]}${found[3] ?? ''}`));
}

/** `\text{ cm}^2` and `\text{ miles}/\text{h}` at the end. */
function textTail(cleaned: string): Measured | null {
  const start = cleaned.indexOf('\\text{');
  if (start <= 0) return null;
  let head = cleaned.slice(0, start).trim();
  let words = '';
  const prefix = /(?:\\mu|\{ ?\\mu ?\}|μ)$/.exec(head);
  if (prefix) {
    head = head.slice(0, prefix.index).trim();
    words = 'μ';
  }
  const value = head.replace(/\($/, '').trim();
  if (!NUMBER_TAIL.test(value)) return null;
  let at = start;
  while (at < cleaned.length) {
    if (cleaned.startsWith('\\text{', at)) {
      const end = closingBrace(cleaned, at + 5);
      if (end < 0) return null;
      words += `${words === 'μ' ? '' : ' '}${cleaned.slice(at + 6, end - 1)} `;
      at = end;
      continue;
    }
    const rest = /^ ?(?:\^ ?(?:\{ ?-?\d ?\}|\d)|[/*. )-]) ?/.exec(cleaned.slice(at, at + 20));
    if (!rest) return null;
    words += rest[0];
    at += rest[0].length;
  }
  if (/[^\p{L}\s/*.^{}\d²³'()-]/u.test(words)) return null;
  return { value, unit: unitOf(words) };
}

const MICRO = /(?:\{ ?\\mu ?\}|\\mu) ?(?=[a-zA-Z]+$)|\\text\{ ?μ ?\} ?(?=[a-zA-Z]+$)/;

/** ` cm^2`, ` square feet`, ` apples`, `\Omega` at the end, without markup. */
function wordTail(text: string): Measured | null {
  const cleaned = text.replace(MICRO, 'μ').replace(/([kM]?) ?\\Omega$/, ' $1Ω');
  const [head, tail] = tailOf(cleaned);
  if (tail === '') return null;
  const space = head.endsWith(' ') ? ' ' : '';
  const value = head.trim();
  if (!NUMBER_TAIL.test(value)) return null;
  const words = tail.match(/[\p{L}']+/gu)!;
  for (const word of words) {
    if (MATHEMATICS.has(word)) return null;
    if (/[μΩ]/.test(word)) continue;
    if (word.length === 1 && !(space !== '' && isUnit(word)) && !(words.length > 1 && isUnit(word))) {
      if (!(words.length > 2 && word === 'a')) return null;
    }
    if (
      word.length === 2 &&
      !isUnit(word) &&
      !(words.length > 1 && /^(?:of|an|in|at|on|to|by|is|US|sq|cu)$/.test(word))
    )
      return null;
    // `3nm` may be a product
    if (/^(?:n[mscF]|cl|dl|kl|ha|cc|ly|hp|[kmgt]b|m[CFJTW]|pF|G[JW]|PB)$/.test(word) && space === '') return null;
    // a three-letter word may be a product of variables
    if (word.length === 3 && words.length === 1 && !isUnit(word) && space === '') return null;
  }
  return { value, unit: unitOf(tail) };
}

const WORD = /(?<![\\a-zA-Z'μΩ])[a-zA-Z'μΩ]{1,40}\.?(?: ?\^ ?(?:\{ ?-?\d ?\}|\d))?$/;
const BETWEEN_WORDS = /(?: ?[/*] ?| |-)$/;

/** Splits off the trailing words, scanning from the end. */
function tailOf(cleaned: string): [string, string] {
  let start = cleaned.length;
  let at = cleaned.length;
  for (let i = 0; i < 12; i++) {
    const word = WORD.exec(cleaned.slice(Math.max(0, at - 60), at));
    if (!word || !/^[a-zA-ZμΩ]/.test(word[0])) break;
    start = at - word[0].length;
    const between = BETWEEN_WORDS.exec(cleaned.slice(Math.max(0, start - 4), start));
    if (!between) break;
    at = start - between[0].length;
  }
  return [cleaned.slice(0, start), cleaned.slice(start)];
}
