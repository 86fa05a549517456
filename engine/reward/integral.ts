/**
 * Integral verifier: the answer is checked by numbers, not by symbols. Its derivative must equal the integrand at `points`
 * points of its domain, within the relative `tolerance` at each; a definite integral is integrated numerically, and the
 * answer must be its value, within the same tolerance.
 *
 * The integrand is the column `integrand`, or is read from the problem (`\int ... dx`, with bounds or without). Points
 * follow from the integrand's text. A point counts where the integrand is real and the answer has a derivative that can
 * be told; fewer than half of `points`, or fewer than three, are not enough. Constants of integration (`+ C`) and other
 * letters get some value; they may not be the same for every branch, so a step function of x may be added to an answer.
 */
import type { Complex } from '../grading/complex.ts';
import { type Point, valueAt } from '../grading/evaluate.ts';
import { isScalar, type Node, symbolsOf } from '../grading/node.ts';
import { understand } from '../grading/understand.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { shortNumber } from '../protocol/format.ts';
import { integer, number, section, text, type ValuesOf } from '../protocol/settings/kit.ts';
import { type ComplexFunction, derivativeAt, integralOf } from './calculus.ts';
import { type Group, labelFree, type Part, type Scores } from './types.ts';

const OPTIONS = section('Integrals', {
  column: text({
    title: 'Integrand column',
    help: 'column with the integrand; where it is missing, it is read from the problem (\\int ... dx)',
    placeholder: 'name',
    flag: '--integrand-field',
    default: 'integrand',
  }),
  points: integer({
    title: 'Points',
    help: "points at which the answer's derivative is compared with the integrand",
    placeholder: 'n',
    flag: '--integral-points',
    min: 3,
    max: 200,
    default: 10,
  }),
  tolerance: number({
    title: 'Tolerance',
    help: 'maximum relative error at each point',
    placeholder: 'x',
    flag: '--integral-tolerance',
    above: 0,
    max: 0.1,
    default: 1e-4,
  }),
});
type Options = ValuesOf<typeof OPTIONS.fields>;

/** An integral as it is written: texts that are not yet understood. */
interface WrittenIntegral {
  integrand: string;
  /** null where no differential names it. */
  variable: string | null;
  bounds: [from: string, to: string] | null;
}

interface Integral {
  text: string;
  integrand: Node;
  variable: string;
  bounds: [from: Node, to: Node] | null;
}

const SUBSCRIPTS = '₀₁₂₃₄₅₆₇₈₉₋';
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹⁻';
const INTEGRAL = /\\int(?![a-zA-Z])|∫/;
/** `dx`, `\mathrm{d}x`, `\,dt`: the sign of the variable is captured. */
const DIFFERENTIAL =
  /(?:\\[,;:! ]|\s)*(?<!\\[A-Za-z]*)(?:\\(?:mathrm|text|operatorname|rm)\s*\{\s*d\s*\}|d)(?:\\[,;:! ]|\s)*(\\(?!(?:int|frac|sqrt|left|right|cdot)(?![a-zA-Z]))[a-zA-Z]+|[a-zA-Z])(?![A-Za-z])/g;

/** A bound after `_` or `^`, and what follows it. */
function bound(text: string): { bound: string; rest: string } | null {
  const s = text.trimStart();
  if (s[0] === '{') {
    let depth = 0;
    for (let i = 0; i < s.length; i++) {
      if (s[i] === '{') depth++;
      else if (s[i] === '}' && --depth === 0) return { bound: s.slice(1, i), rest: s.slice(i + 1) };
    }
    return null;
  }
  const one = /^(?:\\[a-zA-Z]+|[^\\\s])/.exec(s)?.[0];
  return one === undefined ? null : { bound: one, rest: s.slice(one.length) };
}

/** The first integral in a text; null without one. */
export function findIntegral(text: string): WrittenIntegral | null {
  const sign = INTEGRAL.exec(text);
  if (!sign) return null;
  const digits = (run: string, of: string) => [...run].map((c) => '0123456789-'[of.indexOf(c)]).join('');
  let rest = text
    .slice(sign.index + sign[0].length)
    .replace(new RegExp(`^[${SUBSCRIPTS}]+`), (run) => `_{${digits(run, SUBSCRIPTS)}}`)
    .replace(new RegExp(`^(_\\{[^}]*\\})?([${SUPERSCRIPTS}]+)`), (_, low: string | undefined, run: string) => {
      return `${low ?? ''}^{${digits(run, SUPERSCRIPTS)}}`;
    })
    .replace(/^\s*\\(?:no)?limits(?![a-zA-Z])/, '');
  const bounds: Record<string, string> = {};
  for (let found = /^\s*([_^])/.exec(rest); found; found = /^\s*([_^])/.exec(rest)) {
    const read = bound(rest.slice(found[0].length));
    if (!read || bounds[found[1]!] !== undefined) return null;
    bounds[found[1]!] = read.bound;
    rest = read.rest;
  }
  const end = /\$|\\\)|\\\]|\\end(?![a-zA-Z])|\n/.exec(rest.trimStart());
  const region = end ? rest.trimStart().slice(0, end.index) : rest.trimStart();
  const { _: low, '^': high } = bounds;
  if ((low === undefined) !== (high === undefined)) return null;
  return {
    ...withoutDifferential(region),
    bounds: low === undefined || high === undefined ? null : [low, high],
  };
}

/** Cuts at the differential; one inside of brackets (`\frac{dx}{x}`) becomes a factor of 1. */
function withoutDifferential(text: string): { integrand: string; variable: string | null } {
  for (const match of text.matchAll(DIFFERENTIAL)) {
    const before = text.slice(0, match.index);
    const depth = [...before.replace(/\\[{}]/g, '')].reduce(
      (n, c) => n + ('{(['.includes(c) ? 1 : '})]'.includes(c) ? -1 : 0),
      0,
    );
    const variable = match[1]!;
    if (depth <= 0) return { integrand: before.trim() || '1', variable };
    const behind = text.slice(match.index + match[0].length);
    return { integrand: `${before} {1} ${behind}`.replace(/[\s.,;?!]+$/, ''), variable };
  }
  return { integrand: text.replace(/[\s.,;?!]+$/, ''), variable: null };
}

/** The expression that a text says: of equations the last side; null where it says none. */
function expressionIn(text: string): Node | null {
  for (const reading of understand(text).readings) {
    const node =
      reading.kind === 'relation' && reading.operators.every((o) => o === '=' || o === '~')
        ? reading.sides.at(-1)!
        : reading;
    if (isScalar(node)) return node;
  }
  return null;
}

function readIntegral(group: Group, { column }: Options): Integral {
  const { text: prompt, columns } = group.problem;
  const own = columns?.[column];
  const text = own === undefined || own === null || own === '' ? prompt : String(own);
  const written: WrittenIntegral | null =
    findIntegral(text) ?? (text === prompt ? null : { ...withoutDifferential(text), bounds: null });
  const wrong = (reason: string, what: string) =>
    new RollscopeError(
      'dataset',
      `The problem "${prompt.slice(0, 80)}" ${what}.`,
      `Write the integral as \\int x^2 dx in the problem, or the integrand into the column "${column}".`,
      { details: { reason, field: column, problem: prompt } },
    );
  if (!written) throw wrong('no-integral', 'contains no integral to check');
  const integrand = expressionIn(written.integrand);
  if (!integrand)
    throw wrong('bad-integrand', `has an integrand that cannot be read: ${written.integrand.slice(0, 80)}`);
  const symbols = [...symbolsOf(integrand)];
  const variable = written.variable?.replace('\\', '') ?? (symbols.length === 1 ? symbols[0]! : 'x');
  const ends = written.bounds?.map((end) => expressionIn(end));
  if (ends?.includes(null)) throw wrong('bad-bounds', `has bounds that cannot be read: ${written.bounds!.join(', ')}`);
  return {
    text: written.integrand.trim(),
    integrand,
    variable,
    bounds: ends ? [ends[0]!, ends[1]!] : null,
  };
}

/** 32-bit FNV-1a, as a share of its range. */
function hashed(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}

/** Values of all letters but the variable: between 0.5 and 2, of their names and of the number of the draw. */
function letters(variable: string, x: number, draw: number): Point {
  return (name) => (name === variable ? x : 0.5 + 1.5 * hashed(`${name} ${draw}`));
}

/** Where points are drawn, in turn: integrands differ in their domains. */
const RANGES: [from: number, to: number][] = [
  [-1, 1],
  [0.05, 1],
  [1, 4],
  [-4, 4],
  [4, 20],
  [-20, 20],
  [20, 200],
];
/** Points that are tried for each that is wanted. */
const TRIES = 20;
const FEWEST = 3;
/** Larger values are left out: their differences overflow. */
const LARGEST = 1e100;
/** What counts as 0. */
const NOTHING = 1e-12;

interface Sample {
  x: number;
  value: number;
}

/** Points at which the integrand is real, with its values there; the golden ratio spreads them over each range. */
function* samples(f: ComplexFunction, seed: number, most: number): Generator<Sample> {
  for (let k = 0; k < most; k++) {
    const [from, to] = RANGES[k % RANGES.length]!;
    const x = from + (to - from) * ((seed + k * 0.6180339887498949) % 1);
    const { re, im } = f(x);
    if (Math.abs(re) < LARGEST && Math.abs(im) <= 1e-9 * Math.abs(re)) yield { x, value: re };
  }
}

interface Verdict {
  passed: boolean;
  text: string;
}

function judgeAntiderivative(
  answer: string,
  { text, integrand, variable }: Integral,
  { points, tolerance }: Options,
): Verdict {
  const expression = expressionIn(answer);
  if (!expression) return { passed: false, text: `${answer} cannot be read as an expression` };
  const at =
    (node: Node): ComplexFunction =>
    (x) =>
      valueAt(node, letters(variable, x, 0));
  const f = at(integrand);
  const F = at(expression);
  let checked = 0;
  for (const { x, value } of samples(f, hashed(text), points * TRIES)) {
    const slope = derivativeAt(F, x);
    if (!slope) continue;
    const size = tolerance * Math.max(Math.abs(value), Math.hypot(slope.value.re, slope.value.im)) + NOTHING;
    if (!(slope.error <= size)) continue;
    if (!(Math.hypot(slope.value.re - value, slope.value.im) <= size + slope.error)) {
      return {
        passed: false,
        text: `at ${variable} = ${shortNumber(x)} the derivative of ${answer} is ${complexText(slope.value)}, the integrand ${shortNumber(value)}`,
      };
    }
    if (++checked === points) break;
  }
  const enough = Math.max(FEWEST, Math.ceil(points / 2));
  return checked >= enough
    ? { passed: true, text: `the derivative of ${answer} equals the integrand at ${checked} points` }
    : {
        passed: false,
        text: `the derivative of ${answer} could be compared with the integrand at only ${checked} of the ${enough} required points`,
      };
}

function complexText({ re, im }: Complex): string {
  return Math.abs(im) > NOTHING ? `${shortNumber(re)} + ${shortNumber(im)}i` : shortNumber(re);
}

/** Settings of the letters that a definite integral with parameters is compared at. */
const DRAWS = 3;

/** The values of a definite integral; one where it has no parameters. */
function definiteValues({ integrand, variable, bounds, text }: Integral, prompt: string) {
  const [from, to] = bounds!;
  const names = new Set([...symbolsOf(from), ...symbolsOf(to), ...symbolsOf(integrand)]);
  names.delete(variable);
  return Array.from({ length: names.size > 0 ? DRAWS : 1 }, (_, draw) => {
    const end = (node: Node) => valueAt(node, letters(variable, 0, draw)).re;
    const integral = integralOf((x) => valueAt(integrand, letters(variable, x, draw)), end(from), end(to), 1e-8);
    if (integral) return integral;
    throw new RollscopeError(
      'dataset',
      `The problem "${prompt.slice(0, 80)}" has an integral that cannot be computed: ${text.slice(0, 80)}.`,
      'It diverges, is not real between its bounds, or oscillates too much. Correct it, or leave the problem out.',
      { details: { reason: 'integral-not-computed', value: text, problem: prompt } },
    );
  });
}

function judgeValue(
  answer: string,
  { variable }: Integral,
  values: readonly { value: number; size: number }[],
  { tolerance }: Options,
): Verdict {
  const expression = expressionIn(answer);
  if (!expression) return { passed: false, text: `${answer} cannot be read as an expression` };
  if (symbolsOf(expression).has(variable)) {
    return { passed: false, text: `the integral is definite, but ${answer} contains ${variable}` };
  }
  for (const [draw, { value, size }] of values.entries()) {
    const said = valueAt(expression, letters(variable, 0, draw));
    const allowed = tolerance * Math.abs(value) + 1e-7 * size + NOTHING;
    if (!(Math.hypot(said.re - value, said.im) <= allowed)) {
      return { passed: false, text: `the integral is ${shortNumber(value)}, ${answer} is ${complexText(said)}` };
    }
  }
  return { passed: true, text: `${answer} is the integral, ${shortNumber(values[0]!.value)}` };
}

function compute(group: Group, options: Options): Scores {
  const integral = readIntegral(group, options);
  const values = integral.bounds ? definiteValues(integral, group.problem.text) : null;
  if (!values) requireDomain(integral, group.problem.text);
  const verdicts = group.answers.map((answer) =>
    answer === null
      ? null
      : values
        ? judgeValue(answer, integral, values, options)
        : judgeAntiderivative(answer, integral, options),
  );
  const rewards = verdicts.map((verdict) => (verdict?.passed ? 1 : 0));
  return {
    rewards,
    explain: (index) => {
      const verdict = verdicts[index];
      const first: Part = verdict
        ? { kind: 'check', ...verdict }
        : { kind: 'no-answer', text: 'no answer extracted: reward 0' };
      return [first, { kind: 'result', reward: rewards[index]!, text: `reward ${rewards[index]}` }];
    },
  };
}

/** An integrand without values would make every answer wrong. */
function requireDomain({ text, integrand, variable }: Integral, prompt: string): void {
  const f: ComplexFunction = (x) => valueAt(integrand, letters(variable, x, 0));
  if (!samples(f, hashed(text), FEWEST * TRIES).next().done) return;
  throw new RollscopeError(
    'dataset',
    `The problem "${prompt.slice(0, 80)}" has an integrand without real values: ${text.slice(0, 80)}.`,
    'Correct it, or leave the problem out.',
    { details: { reason: 'integrand-without-values', value: text, problem: prompt } },
  );
}

export const integral = labelFree({
  name: 'integral',
  title: 'Integral verifier',
  summary:
    'Whether the derivative of the answer equals the integrand, numerically. Reads the integrand from a column or from the problem; needs no labels.',
  scale: 'correctness',
  family: 'external',
  formula:
    '1 if the derivative of the answer equals the integrand at several points, or the answer the value of a definite integral, else 0',
  tokens: 'none: the answer only',
  temperature: 'does not apply',
  shift: 'does not apply',
  normalization: 'none',
  range: [0, 1],
  source: 'LADDER, arXiv 2503.00735',
  setup: 'The integrand comes from a column (`integrand`), or is read from the problem (`\\int ... dx`).',
  options: OPTIONS,
  columns: ({ column }) => ({ optional: [column] }),
  compute,
});
