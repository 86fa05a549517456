/** Rewrites numbers in words and other notations as digits. */

const ONES = new Map(
  (
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen ' +
    'eighteen nineteen'
  )
    .split(' ')
    .map((word, i) => [word, i] as const),
);
const TENS = new Map(
  'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ').map((word, i) => [word, 10 * (i + 2)] as const),
);
const SCALES = new Map([
  ['thousand', 1e3],
  ['million', 1e6],
  ['billion', 1e9],
]);
const PARTS = new Map<string, number>([
  ['half', 2],
  ['halves', 2],
  ['third', 3],
  ['quarter', 4],
  ['fourth', 4],
  ['fifth', 5],
  ['sixth', 6],
  ['seventh', 7],
  ['eighth', 8],
  ['ninth', 9],
  ['tenth', 10],
  ['hundredth', 100],
  ['thousandth', 1000],
]);

const ORDINALS = new Map(
  'first one second two third three fifth five eighth eight ninth nine twelfth twelve'
    .split(' ')
    .flatMap((word, i, all) => (i % 2 === 0 ? [[word, all[i + 1]!] as const] : [])),
);

/** `third` as `three`, `twentieth` as `twenty`. */
function cardinal(word: string): string {
  return ORDINALS.get(word) ?? word.replace(/ieth$/, 'y').replace(/th$/, '');
}

/** The number at the beginning of `words`, and how many words it takes; null if there is none. */
function leadingNumber(words: readonly string[]): { value: number; used: number } | null {
  let total = 0;
  let current = 0;
  let used = 0;
  let last: 'ones' | 'tens' | 'hundred' | 'scale' | 'and' | null = null;
  for (const word of words.slice(0, 20)) {
    const one = ONES.get(word);
    const ten = TENS.get(word);
    const scale = SCALES.get(word);
    if (one !== undefined && last !== 'ones' && (last !== 'tens' || (one > 0 && one < 10))) {
      current += one;
      last = 'ones';
    } else if (ten !== undefined && last !== 'ones' && last !== 'tens') {
      current += ten;
      last = 'tens';
    } else if (word === 'hundred' && current > 0 && current < 100 && last !== 'hundred') {
      current *= 100;
      last = 'hundred';
    } else if (scale !== undefined && current > 0) {
      total += current * scale;
      current = 0;
      last = 'scale';
    } else if (word === 'and' && (last === 'hundred' || last === 'scale')) last = 'and';
    else break;
    used++;
  }
  if (last === 'and') used--;
  return used > 0 ? { value: total + current, used } : null;
}

/**
 * An answer that begins with a number in words, with that number in digits: `twenty-one apples` is `21 apples`, `two thirds`
 * is `2/3`. null for other words, or if more than a unit follows.
 */
export function fromWords(text: string): string | null {
  if (!/^[a-zA-Z][a-zA-Z -]{2,100}$/.test(text)) return null;
  const words = text.toLowerCase().split(/[ -]+/);
  if (words.length === 2 && words[1] === 'infinity' && /^(?:minus|negative|plus|positive)$/.test(words[0]!)) {
    return /^[mn]/.test(words[0]!) ? '-\\infty' : '\\infty';
  }
  if (words[0] === 'minus' || words[0] === 'negative') {
    const positive = fromWords(words.slice(1).join(' ')) ?? '';
    return /^\d/.test(positive) ? `-${positive}` : null;
  }
  if (words[0] === 'a' && PARTS.has(words[1]!)) words[0] = 'one';
  if (words[0] === 'a' && /^(?:dozen|hundred|thousand|million)$/.test(words[1] ?? '')) words[0] = 'one';
  if (words[0] === 'half' && words.length === 1) return '1/2';
  const last = words.at(-1)!;
  const ordinal = /(?:st|nd|rd|th)$/.test(last) ? leadingNumber([...words.slice(0, -1), cardinal(last)]) : null;
  // `two third` is a fraction
  if (ordinal?.used === words.length && !(words.length > 1 && PARTS.has(last) && !TENS.has(words.at(-2)!))) {
    return String(ordinal.value);
  }
  const number = leadingNumber(words);
  if (!number) return null;
  const rest = words.slice(number.used);
  const part = PARTS.get(rest[0] ?? '') ?? PARTS.get((rest[0] ?? '').replace(/s$/, ''));
  if (part && rest.length === 1) return `${number.value}/${part}`;
  const added = rest[0] === 'and' ? fraction(rest.slice(1)) : null;
  if (added) return `${number.value * added.parts + added.count}/${added.parts}`;
  if (rest.length > 3 || /^(?:of|is|are|and|or|to|by|in|who|that|which)$/.test(rest[0] ?? '')) return null;
  return [String(number.value), ...rest].join(' ');
}

/** `a half`, `three quarters`; null for other words. */
function fraction(words: readonly string[]): { count: number; parts: number } | null {
  const [first, last = ''] = words.length === 1 ? ['one', words[0]] : words;
  const parts = PARTS.get(last) ?? PARTS.get(last.replace(/s$/, ''));
  const count = first === 'a' ? 1 : ONES.get(first ?? '');
  return words.length <= 2 && parts !== undefined && count ? { count, parts } : null;
}

const CHINESE_DIGITS = new Map(
  [...'〇一二三四五六七八九']
    .map((digit, i) => [digit, i] as const)
    .concat([
      ['零', 0],
      ['两', 2],
      ['兩', 2],
    ]),
);
const CHINESE_PLACES = new Map([...'十百千'].map((place, i) => [place, 10 ** (i + 1)] as const));
const CHINESE_SCALES = new Map([
  ['万', 1e4],
  ['萬', 1e4],
  ['亿', 1e8],
  ['億', 1e8],
]);

/** `三百零五` as 305, `二〇二四` as 2024, with a sign or a decimal part; null for everything else. */
function fromChinese(text: string): string | null {
  const found =
    /^([负負]?)([〇零一二两兩三四五六七八九十百千万萬亿億]{1,20})(?:[点點]([〇零一二三四五六七八九]{1,20}))?$/.exec(
      text,
    );
  if (!found) return null;
  const [, sign, whole, decimals = ''] = found as unknown as [string, string, string, string?];
  const digits = (part: string) => [...part].map((item) => CHINESE_DIGITS.get(item) ?? Number.NaN);
  const plain = digits(whole);
  const value = plain.every((digit) => digit >= 0) ? plain.join('') : chineseValue(whole);
  if (value === null) return null;
  return `${sign === '' ? '' : '-'}${value}${decimals === '' ? '' : `.${digits(decimals).join('')}`}`;
}

/** The value of digits with place-value characters; null unless the place values decrease. */
function chineseValue(text: string): number | null {
  let total = 0;
  let section = 0;
  let digit: number | null = null;
  let [lastScale, lastPlace] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const one of text) {
    const value = CHINESE_DIGITS.get(one);
    const place = CHINESE_PLACES.get(one);
    const scale = CHINESE_SCALES.get(one);
    if (value !== undefined) {
      if (digit) return null;
      digit = value;
    } else if (place !== undefined) {
      if (place >= lastPlace || (digit === null && place !== 10)) return null;
      section += (digit || 1) * place;
      [digit, lastPlace] = [null, place];
    } else if (scale !== undefined) {
      if (scale >= lastScale) return null;
      total += (section + (digit ?? 0)) * scale;
      if (total === 0) return null;
      [section, digit, lastScale, lastPlace] = [0, null, scale, Number.POSITIVE_INFINITY];
    }
  }
  return total + section + (digit ?? 0);
}

const GROUPS: readonly [RegExp, RegExp | string][] = [
  [/^[-+]?\d{1,3}(?:'\d{3})+(?=$|[^\d'])/, /'/g],
  [/^[-+]?\d{1,3}(?:_\d{3})+(?=$|[^\d_])/, /_/g],
  [/^[-+]?\d{1,3}(?:\.\d{3}){2,}(?=$|[^\d.])/, /\./g],
];

/** Other digit groupings (`1'234'567`, `1_000_000`, `1.234.567`) and `0x1F` as plain digits. */
export function normalizeDigits(text: string): string {
  for (const [pattern, separator] of GROUPS) {
    const found = pattern.exec(text);
    if (!found) continue;
    const rest = text.slice(found[0].length);
    return found[0].replace(separator, '') + (separator === GROUPS[2]![1] ? rest.replace(/^,(?=\d)/, '.') : rest);
  }
  const chinese = fromChinese(text);
  if (chinese !== null) return chinese;
  const based = /^(-?)(0[bB][01]{1,64}|0[oO][0-7]{1,40}|0[xX][0-9a-fA-F]{1,40})$/.exec(text);
  if (based) return `${based[1]}${BigInt(based[2]!.toLowerCase())}`;
  return text
    .replace(/^(?:the )?(-?\d+) ?(?:st|nd|rd|th)$/, '$1')
    .replace(/^(-?\d+) ?\^? ?\{? ?\\text\{ ?(?:st|nd|rd|th) ?\} ?\}?$/, '$1')
    .replace(/^(-?\d+) ?\^ ?\{ ?(?:st|nd|rd|th) ?\}$/, '$1')
    .replace(/^(\d{1,6}) ?C ?(\d{1,6})$/, '\\binom{$1}{$2}')
    .replace(/^(\d{1,9}) (?:out of|in) (\d{1,9})$/, '\\frac{$1}{$2}')
    .replace(/(\d\.\d{0,20}) ?\((\d{1,20})\)/, '$1\\overline{$2}');
}

/**
 * The text with points for decimal commas in LaTeX, `1{,}5`; null if there are none. Before three digits, they are thousands
 * separators.
 */
export function withLatexPoints(text: string): string | null {
  const pointed = text.replace(/(\d)\{,\}(?=\d{1,2}(?![\d{])|\d{4})/g, '$1.');
  return pointed === text ? null : pointed;
}

/** The number before a unit, currency or percent sign, with a point for its decimal comma: there, `2,5` is not a list. */
export function withDecimalPoint(number: string): string | null {
  return /^[-+]?\d+,(?:\d{1,2}|\d{4,})$/.test(number) ? number.replace(',', '.') : null;
}

/** An additional reading of `5K` and `5M`, or of a number with a decimal comma: `1.234,56`, `0,5`. Null if there is none. */
export function alternativeNumber(text: string): string | null {
  const many = /^(-?(?:\\dollar )?\d+(?:\.\d+)?) ?(k|K|M)$/.exec(text);
  if (many && !(many[2] === 'K' && text.includes(' K'))) {
    // `5k` is also five times k
    return many[2] === 'k' ? null : `${many[1]}*${many[2] === 'K' ? 1000 : 1_000_000}`;
  }
  if (/^[-+]?\d{1,3}(?:[. ]\d{3})+,\d+$/.test(text)) return text.replace(/[. ]/g, '').replace(',', '.');
  if (/^[-+]?\d+,\d{1,2} ?\\?%$/.test(text)) return text.replace(',', '.');
  // `1,5` and `1,500` keep their reading
  return /^[-+]?(?:0,\d+|\d+,(?:\d\d|\d{4,}))$/.test(text) ? text.replace(',', '.') : null;
}
