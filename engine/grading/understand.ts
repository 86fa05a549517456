/** Parses an answer's text: key for text comparison, readings as trees, unit. */

import { withoutArticle, yesOrNo } from './articles.ts';
import { choiceOf } from './choice.ts';
import { clean, MAX_LENGTH, textKey } from './clean.ts';
import { conditionOf, type Family, familyOf } from './family.ts';
import { withoutLead } from './lead.ts';
import { splitUnit } from './measure.ts';
import { withStepLimit } from './meter.ts';
import { namedValue } from './name-of-value.ts';
import { children, isScalar, type MathNode, mapChildren, symbolsOf } from './node.ts';
import { numberedItem } from './numbered.ts';
import { alternativeNumber, fromWords, normalizeDigits, withDecimalPoint, withLatexPoints } from './numerals.ts';
import { withoutOver } from './over.ts';
import { parse } from './parse.ts';
import { divide, fromDecimal, multiply, OutOfBounds, toNumber } from './rational.ts';
import { divideBudget } from './scalar.ts';
import { Unreadable } from './scanner.ts';
import { clockTime, duration } from './times.ts';
import { isFractionUnit, partsPerWhole, type Unit, unitOf } from './units.ts';

export interface Understood {
  /** Answers with equal keys are equal. */
  key: string;
  /** The mathematical readings, the most likely first; empty if the answer is only text. */
  readings: MathNode[];
  /** The unit, if a known one is named. */
  unit: Unit | null;
  /** The letter of a multiple-choice answer, and the text next to it. */
  choice: { letter: string; content: Understood | null } | null;
  /** The family, if the answer has a parameter and states its domain. */
  family?: Family;
}

/** Mathematics in words: pattern of the key, common key, formula. */
const PHRASES: [RegExp, string, string][] = [
  [/^(?:x ?(?:in|is) ?)?(?:the )?(?:set of )?all real(?: number)?s?$|^all reals?$/, '\\mathbb{R}', '\\mathbb{R}'],
  [/^(?:there (?:is|are) )?no(?: real)? solutions?$|^(?:the )?empty set$/, '\\emptyset', '\\{\\}'],
  [/^(?:dne|DNE|does not exist)$/, 'does not exist', ''],
  [/^nan$/i, 'nan', ''],
];

/** Step budget for reading one answer; beyond it, the answer is only text. */
const READING_STEPS = 200_000;

/** Number of cached answers: they recur within a group and at later steps. Longer ones rarely do. */
const MAX_CACHED_ANSWERS = 4096;
const MAX_CACHED_LENGTH = 200;
const cache = new Map<string, Understood>();

/**
 * Never throws; work is bounded by the length and depth limits of the parts, and by a step budget. Results are cached: they
 * depend only on the answer, and must not be modified.
 */
export function understand(answer: string): Understood {
  const before = cache.get(answer);
  if (before) return before;
  const understood = readWithinLimit(answer);
  if (answer.length <= MAX_CACHED_LENGTH) {
    if (cache.size >= MAX_CACHED_ANSWERS) cache.clear();
    cache.set(answer, understood);
  }
  return understood;
}

function readWithinLimit(answer: string): Understood {
  const asText = (): Understood => ({ key: normalizeSpaces(answer), readings: [], unit: null, choice: null });
  if (answer.length > MAX_LENGTH) return asText();
  return withStepLimit(
    READING_STEPS,
    () => {
      const understood = read(answer);
      const { readings: said, choice, family } = understood;
      divideBudget([...said, ...(choice?.content?.readings ?? []), ...(family ? family.variants : [])]);
      return understood;
    },
    asText,
  );
}

/** Maximum length whose white space is normalized, in characters: not worth the time for a megabyte of words. */
const MAX_NORMALIZED_LENGTH = 20_000;

/** The text with single spaces. */
function normalizeSpaces(text: string): string {
  const trimmed = text.trim();
  return trimmed.length > MAX_NORMALIZED_LENGTH ? trimmed : trimmed.split(/\s+/).join(' ');
}

function read(answer: string): Understood {
  const cleaned = unbracketLetters(withoutLead(clean(answer)));
  const choice = choiceOf(cleaned);
  const understood = readValue(cleaned);
  const pointed = withLatexPoints(answer);
  if (pointed !== null) {
    const { readings: values, unit } = readValue(withoutLead(clean(pointed)));
    understood.readings.push(...values);
    understood.unit ??= unit;
  }
  if (!choice) return understood;
  const content = choice.content === null ? null : readValue(withoutLead(choice.content));
  // `(B)` and `B` are the same spelling; `b` may be a variable
  const key = content === null && understood.key !== choice.letter.toLowerCase() ? choice.letter : understood.key;
  return { ...understood, key, choice: { letter: choice.letter, content } };
}

/** `(A) and (C)` as `A and C`. */
function unbracketLetters(cleaned: string): string {
  const text = /^\\text\{([^{}]*)\}$/.exec(cleaned)?.[1] ?? cleaned;
  const several = /^\(?[A-J]\)?(?:(?: ?,| ?\\and| ?\\or) ?\(?[A-J]\)?){1,9}$/.test(text);
  return several ? text.replace(/[()]/g, '') : cleaned;
}

/** Parses an answer, ignoring the letter of a choice. */
function readValue(cleaned: string): Understood {
  const condition = conditionOf(cleaned);
  const key = yesOrNo(withoutArticle(textKey(cleaned)));
  const of = condition && readValue(condition.value);
  const family = of && !of.family && familyOf(of.readings, condition);
  if (family) return { ...of, key, family };
  const phrase = PHRASES.find(([pattern]) => pattern.test(key));
  if (phrase) return { key: phrase[1], readings: readings(phrase[2]), unit: null, choice: null };
  const roman = romanNumber(cleaned);
  if (roman !== null) return { key, readings: readings(String(roman)), unit: null, choice: null };
  const time = clockTime(cleaned, readings) ?? duration(withoutTextMarkup(cleaned));
  if (time) return { key, ...time, choice: null };
  const which = numberedItem(withoutTextMarkup(cleaned));
  if (which) return { key, readings: readings(which.number), unit: which.unit, choice: null };
  // `(x = 4 cm)`: an equation is not a pair
  const [, equation = cleaned] = /^\(([^(),=]{1,200}=[^(),=]{1,200})\)$/.exec(cleaned) ?? [];
  const bare = equation.trim();
  const text = normalizeDigits(fromWords(withoutTextMarkup(bare)) ?? bare);
  const { readings: values, unit } =
    compoundMeasure(text) ?? measure(text) ?? definedMeasure(text) ?? unmeasuredValue(text);
  const [first] = values;
  const sign = first?.kind === 'percent' ? PERCENT : first?.kind === 'degrees' ? DEGREE : null;
  return { key, readings: values, unit: unit ?? sign, choice: null };
}

type Value = Pick<Understood, 'readings' | 'unit'>;

/** `IV` as 4, alone and below 40: not a product of letters, whose order would not matter. */
function romanNumber(cleaned: string): number | null {
  const text = /^\\text\{([^{}]*)\}$/.exec(cleaned)?.[1] ?? cleaned;
  if (!/^(?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3})$/.test(text)) return null;
  const values = [...text].map((letter) => ({ I: 1, V: 5, X: 10 })[letter]!);
  return values.reduce((sum, value, i) => sum + (value < (values[i + 1] ?? 0) ? -value : value), 0);
}

const PERCENT = unitOf('percent');
const DEGREE = unitOf('degree');

/** Removes text markup. */
function withoutTextMarkup(cleaned: string): string {
  return cleaned
    .replace(/\\text\{([^{}]*)\}/g, ' $1 ')
    .replace(/\\and(?![a-zA-Z])/g, 'and')
    .replace(/ +/g, ' ')
    .trim();
}

function unmeasuredValue(text: string): Value {
  const values = readings(withoutUnits(text));
  for (const other of [
    alternativeNumber(text),
    rewriteNotation(text),
    letters(withoutTextMarkup(text)),
    values.length === 0 ? (withoutAside(text) ?? truncatedDecimal(text)) : null,
  ]) {
    if (other !== null) values.push(...readings(other));
  }
  const named = values.length === 0 ? namedValue(text) : null;
  return named ? withName(named) : { readings: values, unit: null };
}

/** `\lim_{x \to 0} f(x) = 1`: the name of the value is not parsed. */
function withName({ name, value }: { name: string; value: string }): Value {
  const { readings: values, unit } = measure(value) ?? { readings: readings(value), unit: null };
  const symbol: MathNode = { kind: 'symbol', name };
  const said = values
    .filter(isClosed)
    .map((of): MathNode => ({ kind: 'relation', sides: [symbol, of], operators: ['='] }));
  return { readings: said, unit };
}

/** A number with a unit. */
function measure(text: string): Value | null {
  const measured = splitUnit(withParentheses(text));
  if (!measured) return null;
  const { value, unit } = measured;
  // If no known unit follows, `2,5` remains a list.
  const number = (unit === null ? null : withDecimalPoint(value)) ?? value;
  const values = readings(number).filter(isClosed);
  if (values.length === 0) return null;
  if (unit && isFractionUnit(unit)) {
    const parts = unit.name === 'percent' ? {} : { parts: partsPerWhole(unit) };
    return { readings: values.map((of) => ({ kind: 'percent', of, ...parts })), unit };
  }
  const other = alternativeNumber(text);
  // `2 m` may also be two times m, `2 mN` a product of three factors
  const variable = /[^a-zA-Z\\][a-zA-Z]{1,2}$/.test(text) && unit !== null ? readings(text) : [];
  return { readings: [...values, ...variable, ...(other === null ? [] : readings(other))], unit };
}

/** `A = 25 cm^2`: the unit of a definition's value. */
function definedMeasure(text: string): Value | null {
  const tail = text.slice(-200);
  const equals = tail.lastIndexOf('=');
  const sign = equals >= 0 ? equals + 1 : (/\\approx ?/.exec(tail)?.index ?? -1);
  if (sign < 0 || /,(?!\d{3})|\\and|\\or|\\row/.test(text)) return null;
  const at = text.length - tail.length + sign + (equals >= 0 ? 0 : /^\\approx ?/.exec(tail.slice(sign))![0].length);
  const value = measure(text.slice(at).trim());
  if (!value) return null;
  const head = /[<>]|\\[lg]e(?![a-zA-Z])/.test(text.slice(0, at)) ? null : text.slice(0, at);
  const measured = head && splitUnit(withParentheses(text.slice(at).trim()));
  if (!measured) return null;
  const percent = { percent: '%', permille: '‰' }[value.unit?.name ?? ''] ?? '';
  const values = readings(`${head} ${measured.value}${percent}`).filter((node) => node.kind === 'relation');
  return values.length > 0 ? { readings: values, unit: value.unit } : null;
}

/** Maximum length of a compound measure, in characters: four numbers with their units. */
const MAX_COMPOUND_LENGTH = 200;

/** `5 ft 7 in`, `2 hours and 30 minutes`, in the smallest unit. */
function compoundMeasure(text: string): Value | null {
  if (text.length > MAX_COMPOUND_LENGTH) return null;
  const parts = [
    ...withoutTextMarkup(text).matchAll(/(\d{1,9}(?:\.\d{1,9})?) ?([a-zA-Z]{1,12})\.?(?:,? (?:and )?|,|(?=\d)|$)/g),
  ];
  if (parts.length < 2 || parts.length > 4 || parts.map(([all]) => all).join('') !== withoutTextMarkup(text))
    return null;
  const units = parts.map(([, , name]) => unitOf(name!));
  const smallest = units.at(-1);
  if (!smallest || units.some((unit) => unit?.dimension !== smallest.dimension)) return null;
  const terms: MathNode[] = [];
  for (const [i, [, digits]] of parts.entries()) {
    const multiple = divide(units[i]!.factor, smallest.factor);
    if (i > 0 && Number(digits) * toNumber(units[i]!.factor) >= toNumber(units[i - 1]!.factor)) return null;
    terms.push({ kind: 'number', value: multiply(fromDecimal(digits!), multiple), places: 0 });
  }
  return { readings: [{ kind: 'sum', terms }], unit: smallest };
}

/** Removes the parentheses of `25 (hours)`. */
function withParentheses(text: string): string {
  const found = / ?\(([a-z][a-zA-Z ./^\d]{2,40})\)$/.exec(text);
  return found && /[\d}]$/.test(text.slice(0, found.index)) ? `${text.slice(0, found.index)} ${found[1]}` : text;
}

/** `72, in total and for all`: a number followed by words. */
function withoutAside(text: string): string | null {
  const number = /^-?(?:\\[a-z]+ )?\d[\d.]*(?:(?:,\d{3})+(?:\.\d+)?)?/.exec(text)?.[0];
  if (number === undefined) return null;
  const aside = /^[^,;]{0,40}, [a-zA-Z][^\d\\=]{2,79}$/.test(text.slice(number.length));
  if (!aside) return null;
  return splitUnit(text.slice(0, text.indexOf(', ', number.length)))?.value ?? number;
}

/** `3.14159...`: a truncated decimal, unless it repeats. */
function truncatedDecimal(text: string): string | null {
  const digits = /^(-?\d{1,30}\.\d{1,30}) ?(?:\\ldots ?|\.{2})$/.exec(text)?.[1];
  return digits !== undefined && alternativeNumber(text) === null ? digits : null;
}

/** `C(5, 2)`, `_5C_2`, `{5 \choose 2}` as binomials, `{1 \over 2}` as a fraction; null if there are none. */
function rewriteNotation(text: string): string | null {
  const result = withoutOver(text)
    .replace(/(?<![a-zA-Z])C ?\( ?([\da-z]{1,6}) ?, ?([\da-z]{1,6}) ?\)/g, '\\binom{$1}{$2}')
    .replace(
      /(?:\{ ?\})? ?[_^] ?\{? ?(\d{1,6}|[a-z]) ?\}? ?(?:C|\\text\{C\}) ?_ ?\{? ?(\d{1,6}|[a-z]) ?\}?/g,
      '\\binom{$1}{$2}',
    )
    .replace(/(?:\{|^) ?([^{}\\]{1,20}) ?\\choose ?([^{}\\]{1,20}) ?(?:\}|$)/g, '\\binom{$1}{$2}');
  return result === text ? null : result;
}

/** An additional reading of `ACD` as the choices A, C and D. */
function letters(text: string): string | null {
  if (!/^[A-J]{2,10}$/.test(text)) return null;
  const all = [...text];
  return all.every((letter, i) => i === 0 || letter > all[i - 1]!) ? all.join(', ') : null;
}

function isClosed(node: MathNode): boolean {
  return isScalar(node) && symbolsOf(node).size === 0;
}

/** `12 apples, 3 pears`: a list whose items have units. */
function withoutUnits(cleaned: string): string {
  if (!/,(?!\d{3})|\\and|\\or/.test(cleaned) || /[()[\]{}|]/.test(cleaned.replace(/\\text\{[^{}]*\}/g, '')))
    return cleaned;
  return cleaned
    .split(/( ?(?:,(?!\d{3}(?!\d))|\\and(?![a-zA-Z])|\\or(?![a-zA-Z])) ?)/)
    .map((part) => splitUnit(part)?.value ?? part)
    .join('');
}

function readings(text: string): MathNode[] {
  const result: MathNode[] = [];
  for (const thousands of /\d,\d{3}(?!\d)/.test(text) ? [true, false] : [true]) {
    try {
      result.push(expand(parse(text, { thousands })));
    } catch (error) {
      if (!(error instanceof Unreadable) && !(error instanceof OutOfBounds)) throw error;
    }
  }
  return result;
}

/** Replaces ± by both signs: `1 ± 2` becomes the list `3, -1`. */
function expand(node: MathNode): MathNode {
  if (node.kind === 'list' || node.kind === 'set') {
    const items = node.items.flatMap((item) => {
      const expanded = expand(item);
      return expanded.kind === 'list' && item.kind !== 'list' ? expanded.items : [expanded];
    });
    return { ...node, items };
  }
  if (!hasBothSigns(node)) return node;
  return { kind: 'list', items: [withSign(node, 1), withSign(node, -1)], join: ',' };
}

function hasBothSigns(node: MathNode): boolean {
  if (node.kind === 'plus-minus') return true;
  return children(node).some(hasBothSigns);
}

function withSign(node: MathNode, sign: 1 | -1): MathNode {
  if (node.kind === 'plus-minus') {
    const right = withSign(node.right, sign);
    const term: MathNode = node.sign * sign > 0 ? right : { kind: 'negative', of: right };
    return node.left ? { kind: 'sum', terms: [withSign(node.left, sign), term] } : term;
  }
  return mapChildren(node, (child) => withSign(child, sign));
}
