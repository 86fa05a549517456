/** Units and other words behind a number. Which unit it was matters only where both answers name a known one. */
import { closingBrace } from './clean.ts';

/** Canonical name, then its other spellings (plurals in -s are understood). */
const TABLE = `
mm millimeter millimetre
cm centimeter centimetre
dm decimeter decimetre
m meter metre
km kilometer kilometre
inch in inches
ft foot feet
yd yard
mile mi
g gram gm
mg milligram
kg kilogram kilo
lb pound lbs
oz ounce
ton tonne
s sec second
ms millisecond
min minute
h hr hour
day
week wk
month mo
year yr
l L liter litre
ml mL milliliter millilitre
gallon gal
quart qt
pint pt
cup
dollar usd buck
cent ¢
euro eur
percent pct
degree deg
radian rad
mph
kph kmh
K kelvin
J joule
N newton
W watt
V volt
A amp ampere
Hz hertz
Pa pascal
mol mole
unit
am
pm
people person
`;

const UNITS = new Map<string, string>();
for (const line of TABLE.trim().split('\n')) {
  const [name, ...others] = line.split(' ') as [string, ...string[]];
  for (const word of [name, ...others]) {
    UNITS.set(word, name);
    if (word.length > 2) UNITS.set(`${word}s`, name);
  }
}
UNITS.set('am', 'am').set('pm', 'pm').set('hrs', 'h').set('mins', 'min').set('secs', 's').set('yrs', 'year');
UNITS.set('wks', 'week').set('lbs', 'lb').set('kgs', 'kg').set('kms', 'km').set('cms', 'cm').set('mls', 'ml');
UNITS.set('yds', 'yd').set('gals', 'gallon').set('pts', 'pint').set('inchs', 'inch');

/** Words that are mathematics and never a unit. */
const MATHEMATICS = new Set(
  (
    'sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln log exp abs sqrt cbrt max min gcd lcm floor ceil det ' +
    'pi infinity infty inf and or if for where when mod frac dfrac tfrac factorial root base alpha beta gamma theta ' +
    'lambda sigma omega delta phi psi rho tau to none all real integer'
  ).split(' '),
);
const SCALES: ReadonlyMap<string, string> = new Map([
  ['hundred', '100'],
  ['thousand', '1000'],
  ['million', '1000000'],
  ['billion', '1000000000'],
  ['trillion', '1000000000000'],
]);

export interface Measured {
  /** What is left without the unit. */
  value: string;
  /** Canonical unit with its power, such as `cm^2`; null for unknown units. */
  unit: string | null;
}

/** What may stand directly before a unit: a number, however written. Letters only inside \frac, \sqrt and \pi. */
const NUMBER_TAIL = /[\d.)}\]!]$|\\pi$|\\infty$|π$/;

/**
 * Takes unit and other trailing words off a number. Returns null when there is nothing to take off. The caller checks
 * that what is left is a number.
 */
export function splitUnit(cleaned: string): Measured | null {
  const money = /^(-?)\s*\\(dollar|currency)\s*(?=-?[\d.\\({])(.*)$/s.exec(cleaned);
  if (money) {
    const rest = splitTail(money[3]!);
    return { value: `${money[1]}${rest?.value ?? money[3]!}`, unit: money[2] === 'dollar' ? 'dollar' : null };
  }
  return splitTail(cleaned);
}

function splitTail(cleaned: string): Measured | null {
  const scaled = scale(cleaned);
  if (scaled) return splitTail(scaled) ?? { value: scaled, unit: null };
  return degreesTail(cleaned) ?? textTail(cleaned) ?? wordTail(cleaned);
}

/** `2.5 million dollars` is `2.5*1000000 dollars`. */
function scale(cleaned: string): string | null {
  const found =
    /^([^a-zA-Z]*[\d.)}])\s*(?:\\text\{\s*)?(hundred|thousand|million|billion|trillion)s?(?![a-zA-Z])\s*(\w[\w\s/]*)?\}?(.*)$/s.exec(
      cleaned,
    );
  if (!found) return null;
  return `${found[1]}*${SCALES.get(found[2]!)} ${found[3] ?? ''}${found[4] ?? ''}`.trim();
}

function degreesTail(cleaned: string): Measured | null {
  const found = /^(.*?)\s*\^\s*(?:\{\s*\\circ\s*\}|\\circ)\s*(?:\\text\{\s*([CF])\s*\}|([CF]))$/s.exec(cleaned);
  return found && { value: found[1]!.trim(), unit: `degree${found[2] ?? found[3]}` };
}

/** `\text{ cm}^2` and `\text{ miles}/\text{h}` at the end. */
function textTail(cleaned: string): Measured | null {
  const start = cleaned.search(/\\text\{/);
  if (start <= 0) return null;
  const value = cleaned.slice(0, start).trim();
  if (!NUMBER_TAIL.test(value)) return null;
  let words = '';
  let at = start;
  while (at < cleaned.length) {
    if (cleaned.startsWith('\\text{', at)) {
      const end = closingBrace(cleaned, at + 5);
      if (end < 0) return null;
      words += ` ${cleaned.slice(at + 6, end - 1)} `;
      at = end;
      continue;
    }
    const rest = /^\s*(?:\^\s*(?:\{\s*-?\d\s*\}|\d)|[/*. ])\s*/.exec(cleaned.slice(at));
    if (!rest) return null;
    words += rest[0];
    at += rest[0].length;
  }
  if (/[^a-zA-Z\s/*.^{}\d²³'-]/.test(words)) return null;
  return { value, unit: unitOf(words) };
}

/** ` cm^2`, ` square feet`, ` apples` at the end, without any mark. */
function wordTail(cleaned: string): Measured | null {
  const found =
    /^(.*?)(\s*)(?<![\\a-zA-Z])([a-zA-Z]+\.?(?:\s*\^\s*(?:\{\s*-?\d\s*\}|\d))?(?:(?:\s*[/*]\s*|\s+|-)[a-zA-Z']+\.?(?:\s*\^\s*(?:\{\s*-?\d\s*\}|\d))?)*)$/s.exec(
      cleaned,
    );
  if (!found) return null;
  const [, head, space, tail] = found as unknown as [string, string, string, string];
  const value = head.trim();
  if (!NUMBER_TAIL.test(value)) return null;
  const words = tail.match(/[a-zA-Z']+/g)!;
  for (const word of words) {
    if (MATHEMATICS.has(word)) return null;
    if (word.length === 1 && !(space !== '' && UNITS.has(word)) && !(words.length > 1 && UNITS.has(word))) {
      if (!(words.length > 2 && word === 'a')) return null;
    }
    if (word.length === 2 && !isUnit(word) && !(words.length > 1 && /^(?:of|an|in|at|on|to|by|is)$/.test(word)))
      return null;
    // a word of three letters may be a product of variables
    if (word.length === 3 && words.length === 1 && !isUnit(word) && space === '') return null;
  }
  return { value, unit: unitOf(tail) };
}

function isUnit(word: string): boolean {
  return UNITS.has(word) || UNITS.has(word.toLowerCase());
}

/** Canonical spelling of a single known unit with its power, or of `a/b` and `a per b`; null for anything else. */
function unitOf(words: string): string | null {
  let s = words.replace(/[{}]/g, '').replace(/\s+/g, ' ').trim();
  s = s.replace(/^(?:square|sq\.?) ([a-zA-Z]+)\.?$/i, '$1^2').replace(/^(?:cubic|cu\.?) ([a-zA-Z]+)\.?$/i, '$1^3');
  s = s.replace(/ ([ap])\.\s?m\.?$/i, '$1m').replace(/^([ap])\.\s?m\.?$/i, '$1m');
  const parts = s.split(/\s*\/\s*|\s+per\s+|(?<=[a-z])p(?=h$)/);
  const names = parts.map((part) => {
    const found = /^([a-zA-Z]+)\.?(?:\s*\^\s*(-?\d))?$/.exec(part.trim());
    const name = found && (UNITS.get(found[1]!) ?? UNITS.get(found[1]!.toLowerCase()));
    if (!name || name === 'unit' || name === 'people') return null;
    return found[2] && found[2] !== '1' ? `${name}^${found[2]}` : name;
  });
  return names.every((n) => n !== null) ? names.join('/') : null;
}
