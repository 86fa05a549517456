/** Answers with a parameter, such as `n = 5k, k \in \mathbb{Z}`: the domain of the parameter, and equivalent forms. */
import { children, type MathNode, mapChildren, symbolsOf } from './node.ts';

/** The value `n = 5k` and the domain of `k`. */
export interface Condition {
  value: string;
  parameter: string;
  domain: Domain;
}

export interface Family {
  domain: Domain;
  /** The readings with the parameter renamed to a canonical symbol. */
  readings: MathNode[];
  /** Equivalent families with the parameter shifted or negated: 2k + 1 is also 2k - 1. */
  variants: MathNode[];
}

/** Integers, from 0, from 1; rational, real and complex numbers. */
type Domain = 'Z' | 'Z0' | 'Z+' | 'Q' | 'R' | 'C';

/** Maximum length of an answer that is examined, in characters. */
const MAX_LENGTH = 400;

const PARAMETER = '([a-zA-Z]|\\\\[a-z]{2,7})';
const FAMILY_LEAD =
  '[,;:|(]{0,2} ?(?:\\\\and )?(?:where|with|for|such that|\\\\forall)? ?(?:each|every|any|all|some|an arbitrary|arbitrary)? ?';
const SET = '\\\\in ?\\{? ?(?:\\\\mathbb ?)?\\{? ?([ZNQRC]) ?\\}?((?: ?[_^] ?(?:\\{[^{}]{1,20}\\}|[+0*]))?) ?\\}?';
const KIND =
  '((?:(?:positive|non-?negative|natural|whole|real|rational|complex|arbitrary) )?(?:integer|number|constant|parameter|real)s?)';

/** Set notation or words that state the domain of the parameter. */
const CONDITIONS: readonly [RegExp, (found: RegExpExecArray) => Condition | null][] = [
  [new RegExp(`${FAMILY_LEAD}${PARAMETER} ?${SET}$`), setCondition],
  [
    new RegExp(
      `${FAMILY_LEAD}${PARAMETER} (?:is|being|=) ?(?:an?|any|some|every)? ?(?:arbitrary )?${KIND}(?: (?:number|constant|parameter))?$`,
    ),
    (found) => condition(found, found[1]!, kindOf(found[2]!)),
  ],
  [
    new RegExp(`${FAMILY_LEAD}(?:an? )?${KIND} ${PARAMETER}$`),
    (found) => condition(found, found[2]!, kindOf(found[1]!)),
  ],
  [
    new RegExp(`${FAMILY_LEAD}${PARAMETER} ?= ?0, ?\\\\pm ?1, ?(?:\\\\pm ?2, ?)?(?:\\\\pm ?3, ?)?\\\\ldots$`),
    (found) => condition(found, found[1]!, 'Z'),
  ],
  [
    new RegExp(`${FAMILY_LEAD}${PARAMETER} ?= ?\\\\ldots ?,? ?-2, ?-1, ?0, ?1, ?2, ?\\\\ldots$`),
    (found) => condition(found, found[1]!, 'Z'),
  ],
  [
    new RegExp(`${FAMILY_LEAD}${PARAMETER} ?= ?([01]), ?(?:1, ?)?2, ?(?:3, ?)?\\\\ldots$`),
    (found) => condition(found, found[1]!, found[2] === '0' ? 'Z0' : 'Z+'),
  ],
];
/** `k \ge 0` next to another condition. */
const BOUND = new RegExp(`${FAMILY_LEAD}${PARAMETER} ?(\\\\ge|>=|>) ?([01])$`);

/** The last condition of a cleaned answer on its parameter; null without one. */
export function conditionOf(cleaned: string): Condition | null {
  if (cleaned.length > MAX_LENGTH || !/\\in(?![a-z])|ldots|integer|number|constant|parameter|real/.test(cleaned))
    return null;
  const text = withoutMarkup(cleaned);
  const found = conditionAtEnd(text);
  if (found) return bounded(found);
  // `k \in Z, k \ge 0`
  const bound = BOUND.exec(text);
  const before = bound && conditionAtEnd(text.slice(0, bound.index).trim());
  return before && before.parameter === bound![1] ? within(before, bound![2]!, bound![3]!) : null;
}

function conditionAtEnd(text: string): Condition | null {
  for (const [pattern, read] of CONDITIONS) {
    const found = pattern.exec(text);
    const condition = found && read(found);
    if (condition) return condition;
  }
  return null;
}

/** Removes text markup, and the brackets of a set or a remark. */
function withoutMarkup(cleaned: string): string {
  const text = cleaned
    .replace(/\\text\{([^{}]*)\}/g, ' $1 ')
    .replace(/ +/g, ' ')
    .trim();
  const set = /^(?:[a-zA-Z] ?(?:=|\\in) ?)?\\\{ ?([^{}]{1,200}) ?[|:](?=[^|:]{0,100}$)(.{1,100}?) ?\\\}$/.exec(text);
  if (set) return `${set[1]!.trim()}, ${set[2]!.trim()}`;
  const remark = /^([^()]*(?:\([^()]*\)[^()]*)*) \(([^()]{3,100})\)$/.exec(text);
  return remark ? `${remark[1]!.trim()}, ${remark[2]!.trim()}` : text;
}

function condition(found: RegExpExecArray, parameter: string, domain: Domain | null): Condition | null {
  const value = found.input.slice(0, found.index).trim();
  return domain && value !== '' ? { value, parameter: parameter.replace('\\', ''), domain } : null;
}

function setCondition(found: RegExpExecArray): Condition | null {
  const [, parameter, set, mark = ''] = found as unknown as [string, string, string, string?];
  const said = mark.replace(/[\s{}_^]/g, '').replace(/\\ge ?|>=/, '>=');
  if (set === 'Z' && /^(?:\+|>0|>=1)$/.test(said)) return condition(found, parameter, 'Z+');
  if (set === 'N' && /^(?:|\+|>0|>=1|\*)$/.test(said)) return condition(found, parameter, 'Z+');
  if ((set === 'Z' && said === '>=0') || (set === 'N' && /^(?:0|>=0)$/.test(said)))
    return condition(found, parameter, 'Z0');
  return said === '' && set !== 'N' ? condition(found, parameter, set as Domain) : null;
}

function kindOf(words: string): Domain | null {
  const [first, second = ''] = words.replace(/s$/, '').split(' ');
  if (second === 'integer') {
    if (first === 'positive') return 'Z+';
    return /^non-?negative$/.test(first!) ? 'Z0' : first === 'arbitrary' ? 'Z' : null;
  }
  if (first === 'integer') return 'Z';
  if (first === 'natural') return 'Z+';
  if (first === 'whole') return 'Z0';
  if (first === 'rational') return 'Q';
  if (first === 'complex') return 'C';
  // a constant is real unless stated otherwise
  return /^(?:real|constant|parameter|arbitrary)$/.test(first!) && second !== 'real' ? 'R' : null;
}

/** `n = 3k, k \ge 0, k \in Z` */
function bounded(found: Condition): Condition {
  const bound = BOUND.exec(found.value);
  if (!bound || bound[1] !== found.parameter || found.domain !== 'Z') return found;
  const value = found.value.slice(0, bound.index).trim();
  return value === '' ? found : { ...within(found, bound[2]!, bound[3]!), value };
}

function within(found: Condition, operator: string, number: string): Condition {
  const fromOne = (operator === '>') === (number === '0');
  const known = found.domain === 'Z' && (operator !== '>' || number === '0');
  return known ? { ...found, domain: fromOne ? 'Z+' : 'Z0' } : found;
}

/** The parameter's canonical name; no answer can spell it. */
const ANY = 'the parameter';

/**
 * The family of values, definitions or points that contain the parameter; null if the condition only restricts a variable,
 * as in `x > 3, x \in Z`.
 */
export function familyOf(readings: readonly MathNode[], { parameter, domain }: Condition): Family | null {
  const families = readings.filter((node) => isFamily(node, parameter));
  if (families.length === 0) return null;
  const symbol: MathNode = { kind: 'symbol', name: ANY };
  const named = families.map((node) => substitute(node, parameter, symbol));
  // shifted counting gives the same integers, and the same numbers
  const shifts = domain === 'Z0' || domain === 'Z+' ? [] : [-2, -1, 1, 2];
  const backwards: MathNode[] = domain === 'Z0' || domain === 'Z+' ? [] : [{ kind: 'negative', of: symbol }];
  const others = [symbol, ...backwards].flatMap((count) =>
    shifts.map((shift): MathNode => ({ kind: 'sum', terms: [count, integer(shift)] })),
  );
  const variants = [...backwards, ...others].flatMap((by) => families.map((node) => substitute(node, parameter, by)));
  return { domain, readings: named, variants: [...named, ...variants] };
}

function integer(n: number): MathNode {
  return { kind: 'number', value: { n: BigInt(n), d: 1n }, places: 0 };
}

function isFamily(node: MathNode, parameter: string): boolean {
  if (!symbolsOf(node).has(parameter)) return false;
  if (node.kind === 'relation') {
    const [name, ...values] = node.sides;
    return (
      node.operators.every((operator) => operator === '=') &&
      !symbolsOf(name!).has(parameter) &&
      values.some((value) => symbolsOf(value).has(parameter))
    );
  }
  if (node.kind === 'list') return node.items.every((item) => item.kind !== 'relation' || isFamily(item, parameter));
  if (node.kind === 'combined') return false;
  return node.kind !== 'symbol' && !containsRelation(node);
}

function containsRelation(node: MathNode): boolean {
  return node.kind === 'relation' || children(node).some(containsRelation);
}

function substitute(node: MathNode, name: string, by: MathNode): MathNode {
  return node.kind === 'symbol' && node.name === name ? by : mapChildren(node, (child) => substitute(child, name, by));
}
