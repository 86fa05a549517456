/**
 * Whether an answer is the integral, by numbers: its derivative at points of the domain of the integrand, or the value of a
 * definite integral.
 */
import type { Complex } from '../grading/complex.ts';
import { type Point, valueAt } from '../grading/evaluate.ts';
import { type MathNode, symbolsOf } from '../grading/node.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { plural, shortNumber } from '../protocol/format.ts';
import { type ComplexFunction, derivativeAt, integralOf } from './calculus.ts';
import { expressionIn, type Integral } from './integral-problem.ts';

/** 32-bit FNV-1a, as a share of its range. */
function hashFraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}

/** Values of all letters but the variable: between 0.5 and 2, of their names and of the number of the draw. */
function letterValues(variable: string, x: number, draw: number): Point {
  return (name) => (name === variable ? x : 0.5 + 1.5 * hashFraction(`${name} ${draw}`));
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
/** How many points are tried for each one that is needed. */
const TRIES_PER_POINT = 20;
const MIN_POINTS = 3;
/** Larger values are left out: their differences overflow. */
const MAX_VALUE = 1e100;
/** Smaller values count as 0. */
const ZERO_TOLERANCE = 1e-12;

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
    if (Math.abs(re) < MAX_VALUE && Math.abs(im) <= 1e-9 * Math.abs(re)) yield { x, value: re };
  }
}

interface Accuracy {
  /** Points at which derivative and integrand are compared. */
  points: number;
  /** Largest relative error. */
  tolerance: number;
}

/** The result of a check, with the reason. */
interface Checked {
  passed: boolean;
  text: string;
}

/**
 * Compares the derivative of the answer with the integrand at points where both exist; `tolerance` is relative. An
 * answer with too few such points does not pass.
 */
export function checkAntiderivative(
  answer: string,
  { text, integrand, variable }: Integral,
  { points, tolerance }: Accuracy,
): Checked {
  const expression = expressionIn(answer);
  if (!expression) return { passed: false, text: `${answer} cannot be read as an expression` };
  const at =
    (node: MathNode): ComplexFunction =>
    (x) =>
      valueAt(node, letterValues(variable, x, 0));
  const f = at(integrand);
  const F = at(expression);
  let checked = 0;
  for (const { x, value } of samples(f, hashFraction(text), points * TRIES_PER_POINT)) {
    const slope = derivativeAt(F, x);
    if (!slope) continue;
    const size = tolerance * Math.max(Math.abs(value), Math.hypot(slope.value.re, slope.value.im)) + ZERO_TOLERANCE;
    if (!(slope.error <= size)) continue;
    if (!(Math.hypot(slope.value.re - value, slope.value.im) <= size + slope.error)) {
      return {
        passed: false,
        text: `at ${variable} = ${shortNumber(x)} the derivative of ${answer} is ${complexText(slope.value)}, the integrand ${shortNumber(value)}`,
      };
    }
    if (++checked === points) break;
  }
  const enough = Math.max(MIN_POINTS, Math.ceil(points / 2));
  return checked >= enough
    ? { passed: true, text: `the derivative of ${answer} equals the integrand at ${plural(checked, 'point')}` }
    : {
        passed: false,
        text: `the derivative of ${answer} could be compared with the integrand at only ${checked} of the ${plural(enough, 'required point')}`,
      };
}

function complexText({ re, im }: Complex): string {
  return Math.abs(im) > ZERO_TOLERANCE ? `${shortNumber(re)} + ${shortNumber(im)}i` : shortNumber(re);
}

/** Settings of the letters that a definite integral with parameters is compared at. */
const DRAWS = 3;

/**
 * The values of a definite integral, one per draw of its parameters; a single one where it has none.
 * @param problem its text, for the message
 * @throws RollscopeError `dataset` where the integral does not converge
 */
export function definiteValues({ integrand, variable, bounds, text }: Integral, problem: string) {
  const [from, to] = bounds!;
  const names = new Set([...symbolsOf(from), ...symbolsOf(to), ...symbolsOf(integrand)]);
  names.delete(variable);
  return Array.from({ length: names.size > 0 ? DRAWS : 1 }, (_, draw) => {
    const end = (node: MathNode) => valueAt(node, letterValues(variable, 0, draw)).re;
    const integral = integralOf((x) => valueAt(integrand, letterValues(variable, x, draw)), end(from), end(to), 1e-8);
    if (integral) return integral;
    throw new RollscopeError(
      'dataset',
      `The problem "${problem.slice(0, 80)}" has an integral that cannot be computed: ${text.slice(0, 80)}.`,
      'It diverges, is not real between its bounds, or oscillates too much. Correct it, or leave the problem out.',
      { details: { reason: 'integral-not-computed', value: text, problem } },
    );
  });
}

/**
 * Compares the answer with the value of the definite integral at draws of its other letters; `tolerance` is relative.
 * An answer that contains the variable does not pass.
 */
export function checkValue(
  answer: string,
  { variable }: Integral,
  values: readonly { value: number; size: number }[],
  { tolerance }: Accuracy,
): Checked {
  const expression = expressionIn(answer);
  if (!expression) return { passed: false, text: `${answer} cannot be read as an expression` };
  if (symbolsOf(expression).has(variable)) {
    return { passed: false, text: `the integral is definite, but ${answer} contains ${variable}` };
  }
  for (const [draw, { value, size }] of values.entries()) {
    const said = valueAt(expression, letterValues(variable, 0, draw));
    const allowed = tolerance * Math.abs(value) + 1e-7 * size + ZERO_TOLERANCE;
    if (!(Math.hypot(said.re - value, said.im) <= allowed)) {
      return { passed: false, text: `the integral is ${shortNumber(value)}, ${answer} is ${complexText(said)}` };
    }
  }
  return { passed: true, text: `${answer} is the integral, ${shortNumber(values[0]!.value)}` };
}

/**
 * Refuses an integrand without real values, which would make every answer wrong.
 * @throws RollscopeError `dataset` that quotes problem and integrand
 */
export function requireDomain({ text, integrand, variable }: Integral, problem: string): void {
  const f: ComplexFunction = (x) => valueAt(integrand, letterValues(variable, x, 0));
  if (!samples(f, hashFraction(text), MIN_POINTS * TRIES_PER_POINT).next().done) return;
  throw new RollscopeError(
    'dataset',
    `The problem "${problem.slice(0, 80)}" has an integrand without real values: ${text.slice(0, 80)}.`,
    'Correct it, or leave the problem out.',
    { details: { reason: 'integrand-without-values', value: text, problem } },
  );
}
