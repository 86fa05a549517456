/** Equality of two values: exact if possible, then by structure, then numerically at several points. */
import { type Complex, magnitude, subtract, UNDEFINED } from './complex.ts';
import { exactValue, type Known, type Point, valueAt } from './evaluate.ts';
import { spend, withStepLimit } from './meter.ts';
import { children, isScalar, type MathNode, symbolsOf } from './node.ts';
import * as Q from './rational.ts';

/** Relative differences that count as rounding: between two closed values, and between two expressions at a point. */
const CLOSED_TOLERANCE = 1e-11;
const SAMPLED_TOLERANCE = 1e-9;
/** A decimal with at least this many places may be a rounded value (so 0.333 is not 1/3). */
const APPROXIMATE_PLACES = 6;
const POINTS = 6;

/** Whether two scalars (without sets, tuples, relations) are equal. */
export function sameScalar(a: MathNode, b: MathNode): boolean {
  spend();
  const x = factsOf(a);
  const y = factsOf(b);
  if (x.exact && y.exact)
    return Q.equal(x.exact, y.exact) || roundsTo(a, x.exact, y.exact) || roundsTo(b, y.exact, x.exact);
  if (x.canonical !== null && x.canonical === y.canonical) return true;
  if (x.closed && y.closed) return sameClosed(a, b, x.samples[0] ?? UNDEFINED, y.samples[0] ?? UNDEFINED);
  // an expression with variables may still be constant, such as x - x + 1
  if ((x.exact && y.closed) || (y.exact && x.closed)) return false;
  return samplesAgree(x.samples, y.samples);
}

/** Cached properties of a value, since many answers are compared with one another. */
interface Facts {
  exact: Q.Rational | null;
  /** Whether it has no variables. */
  closed: boolean;
  /** null if it would cost too much. */
  canonical: string | null;
  /** Values at the fixed points; empty if they would cost too much. */
  samples: readonly Complex[];
}

const facts = new WeakMap<MathNode, Facts>();

/** Step budget per property of a value, assigned to its answer's values by `divideBudget`. */
const stepBudgets = new WeakMap<MathNode, number>();

/** Step budget for each kind of property over all values of an answer. */
const STEPS_PER_ANSWER = 100_000;

/**
 * Divides an answer's step budget among its values. So the cost of a value does not depend on when or how often it is
 * compared, and no comparison has fewer steps left because of an earlier one.
 */
export function divideBudget(readings: readonly MathNode[]): void {
  const values: MathNode[] = [];
  const collect = (node: MathNode) => {
    if (isScalar(node)) values.push(node);
    if (!isScalar(node) || node.kind === 'percent' || node.kind === 'degrees') children(node).forEach(collect);
  };
  readings.forEach(collect);
  for (const value of values) stepBudgets.set(value, STEPS_PER_ANSWER / values.length);
}

/** Computes each property once, on demand. */
function factsOf(node: MathNode): Facts {
  const before = facts.get(node);
  if (before) return before;
  const steps = stepBudgets.get(node);
  const bounded = <T>(work: () => T, otherwise: T): T =>
    steps === undefined ? work() : withStepLimit(steps, work, () => otherwise);
  const known: Known = new Map();
  const closed = bounded(() => symbolsOf(node).size === 0, false);
  let spelling: string | null | undefined;
  let samples: Complex[] | undefined;
  const made: Facts = {
    exact: bounded(() => exactValue(node, known), null),
    closed,
    get canonical() {
      if (spelling === undefined) spelling = bounded(() => canonical(node, new Map(known)), null);
      return spelling;
    },
    get samples() {
      samples ??= bounded(() => valuesOf(node, closed, new Map(known)), []);
      return samples;
    },
  };
  facts.set(node, made);
  return made;
}

function valuesOf(node: MathNode, closed: boolean, known: Known): Complex[] {
  if (closed) return new Array<Complex>(POINTS).fill(valueAt(node, pointAt(0), known));
  return Array.from({ length: POINTS }, (_, i) => valueAt(node, pointAt(i), known));
}

/** The number of decimal places of a literal such as `0.25`, `1.2 \cdot 10^{-3}`; 0 for anything else. */
function places(node: MathNode): number {
  if (node.kind === 'negative') return places(node.of);
  if (node.kind === 'product' && node.factors.length === 2) {
    const [digits, scale] = node.factors as [MathNode, MathNode];
    const exponent = scale.kind === 'power' && digits.kind === 'number' && exactValue(scale.exponent);
    const ten = scale.kind === 'power' && scale.base.kind === 'number' && Q.equal(scale.base.value, Q.integer(10));
    if (exponent && ten && Q.isInteger(exponent)) return Math.max(0, places(digits) - Q.toNumber(exponent));
  }
  return node.kind === 'number' ? node.places : 0;
}

/** Whether the decimal `literal` is `value` rounded or truncated to its places, which must be many. */
function roundsTo(literal: MathNode, decimal: Q.Rational, value: Q.Rational): boolean {
  const count = places(literal);
  if (count < APPROXIMATE_PLACES || count > 300) return false;
  const difference = Q.add(decimal, Q.negate(value));
  const scaled = (difference.n < 0n ? -difference.n : difference.n) * 10n ** BigInt(count);
  // small numbers with few significant digits are too ambiguous
  const digits = (decimal.n < 0n ? -decimal.n : decimal.n) * 10n ** BigInt(count);
  return scaled < difference.d && digits >= 10n ** BigInt(APPROXIMATE_PLACES - 1) * decimal.d;
}

function sameClosed(a: MathNode, b: MathNode, x: Complex, y: Complex): boolean {
  if (!finite(x) || !finite(y)) return false;
  if (isClose(x, y, CLOSED_TOLERANCE)) return true;
  const count = Math.max(places(a), places(b));
  if (count < APPROXIMATE_PLACES || Math.abs(x.re) * 10 ** count < 10 ** (APPROXIMATE_PLACES - 1)) return false;
  return magnitude(subtract(x, y)) < 10 ** -count;
}

function finite(z: Complex): boolean {
  return Number.isFinite(z.re) && Number.isFinite(z.im);
}

function isClose(a: Complex, b: Complex, tolerance: number): boolean {
  const scale = Math.max(magnitude(a), magnitude(b));
  return magnitude(subtract(a, b)) <= tolerance * Math.max(scale, 1e-3);
}

/** Whether both values agree at every point where both are defined (at least 2). */
function samplesAgree(a: readonly Complex[], b: readonly Complex[]): boolean {
  let compared = 0;
  for (let i = 0; i < POINTS; i++) {
    const [x, y] = [a[i] ?? UNDEFINED, b[i] ?? UNDEFINED];
    if (!finite(x) || !finite(y)) continue;
    if (!isClose(x, y, SAMPLED_TOLERANCE)) return false;
    compared++;
  }
  return compared >= 2;
}

/**
 * Whether two functions are equal up to a constant factor, as are the side differences of one equation written in two ways.
 * With `positive`, the factor must be positive (inequalities).
 */
export function proportional(a: [MathNode, MathNode], b: [MathNode, MathNode], positive: boolean): boolean {
  let factor: Complex | null = null;
  let compared = 0;
  const known: Known = new Map();
  for (let i = 0; i < POINTS; i++) {
    const point = pointAt(i);
    const x = subtract(valueAt(a[0], point, known), valueAt(a[1], point, known));
    const y = subtract(valueAt(b[0], point, known), valueAt(b[1], point, known));
    if (!finite(x) || !finite(y)) continue;
    if (magnitude(x) < 1e-9 || magnitude(y) < 1e-9) {
      if (magnitude(x) > 1e-6 || magnitude(y) > 1e-6) return false;
      continue;
    }
    const norm = y.re * y.re + y.im * y.im;
    const ratio = { re: (x.re * y.re + x.im * y.im) / norm, im: (x.im * y.re - x.re * y.im) / norm };
    if (factor && !isClose(factor, ratio, 1e-8)) return false;
    factor ??= ratio;
    compared++;
  }
  return compared >= 3 && factor !== null && (!positive || factor.re > 0);
}

/** Values of all variables at the i-th point: below 1, above 1, and of both signs; deterministic per name. */
function pointAt(i: number): Point {
  return (name) => {
    let hash = 2166136261 ^ (i * 0x9e3779b1);
    for (let k = 0; k < name.length; k++) hash = Math.imul(hash ^ name.charCodeAt(k), 16777619);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
    const u = ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
    if (i < 2) return 0.11 + 0.83 * u;
    if (i < 4) return 1.13 + 2.7 * u;
    return i === 4 ? -0.12 - 0.81 * u : (u - 0.5) * 6.1 + (u < 0.5 ? -0.07 : 0.07);
  };
}

/** A spelling that is independent of the order of terms and factors. */
export function canonical(node: MathNode, known: Known = new Map()): string {
  const value = exactValue(node, known);
  const spell = (part: MathNode) => canonical(part, known);
  if (value) return value.d === 1n ? `${value.n}` : `${value.n}/${value.d}`;
  switch (node.kind) {
    case 'number':
      return `${node.value.n}/${node.value.d}`;
    case 'symbol':
      return `'${node.name}'`;
    case 'constant':
      return node.name;
    case 'sum':
      return `+(${node.terms.map(spell).sort().join()})`;
    case 'product':
      return `*(${node.factors.map(spell).sort().join()})`;
    case 'percent':
      return `percent${node.parts ?? ''}(${spell(node.of)})`;
    case 'negative':
    case 'degrees':
      return `${node.kind}(${spell(node.of)})`;
    case 'quotient':
      return `/(${spell(node.over)},${spell(node.under)})`;
    case 'power':
      return `^(${spell(node.base)},${spell(node.exponent)})`;
    case 'call':
      return `${node.name}(${node.args.map(spell).join()})`;
    case 'plus-minus':
      return `${node.sign > 0 ? '±' : '∓'}(${node.left ? spell(node.left) : ''},${spell(node.right)})`;
    case 'tuple':
      return `${node.open}${node.items.map(spell).join()}${node.close}`;
    case 'set':
      return `{${node.items.map(spell).sort().join()}}`;
    case 'list':
      return `list(${node.items.map(spell).sort().join()})`;
    case 'matrix':
      return `matrix(${node.rows.map((row) => row.map(spell).join()).join(';')})`;
    case 'relation':
      return `relation(${node.sides.map(spell).join()};${node.operators.join()})`;
    case 'combined':
      return `${node.operation}(${spell(node.left)},${spell(node.right)})`;
  }
}
