/**
 * Values of a scalar node: exact, as a rational, if possible within bounds; numerical, as a complex number, at given values
 * of its variables. Null and NaN mean that there is no value; only the meter throws.
 */
import * as C from './complex.ts';
import { functionAt } from './functions.ts';
import { spend } from './meter.ts';
import type { MathNode } from './node.ts';
import * as Q from './rational.ts';

/** Cache of exact values by node. */
export type Known = Map<MathNode, Q.Rational | null>;

/** The exact rational value; null if it is irrational, has variables, or is out of bounds. */
export function exactValue(node: MathNode, known: Known = new Map()): Q.Rational | null {
  const before = known.get(node);
  if (before !== undefined) return before;
  spend();
  let value: Q.Rational | null = null;
  try {
    value = exact(node, known);
  } catch (error) {
    if (!(error instanceof Q.OutOfBounds)) throw error;
  }
  known.set(node, value);
  return value;
}

function exact(node: MathNode, known: Known): Q.Rational | null {
  switch (node.kind) {
    case 'number':
      return node.value;
    case 'sum':
      return fold(node.terms, known, Q.ZERO, Q.add);
    case 'product':
      return fold(node.factors, known, Q.ONE, Q.multiply);
    case 'negative': {
      const value = exactValue(node.of, known);
      return value && Q.negate(value);
    }
    case 'percent': {
      const value = exactValue(node.of, known);
      return value && Q.divide(value, Q.integer(node.parts ?? 100));
    }
    case 'quotient': {
      const over = exactValue(node.over, known);
      const under = over && exactValue(node.under, known);
      return over && under && Q.divide(over, under);
    }
    case 'power': {
      const exponent = exactValue(node.exponent, known);
      const base = exponent && exactValue(node.base, known);
      if (!exponent || !base) return null;
      if (Q.isInteger(exponent)) return Q.power(base, exponent.n);
      const index = Number(exponent.d);
      const root = Q.root(base, index);
      return root && Q.power(root, exponent.n);
    }
    case 'call':
      return exactCall(node.name, node.args, known);
    default:
      return null;
  }
}

function fold(
  nodes: readonly MathNode[],
  known: Known,
  start: Q.Rational,
  combine: (a: Q.Rational, b: Q.Rational) => Q.Rational,
): Q.Rational | null {
  let result = start;
  for (const node of nodes) {
    const value = exactValue(node, known);
    if (!value) return null;
    result = combine(result, value);
  }
  return result;
}

function exactCall(name: string, args: readonly MathNode[], known: Known): Q.Rational | null {
  if (name === 'sum' || name === 'prod') return null;
  if (name === 'det') return determinant(args[0]!, known);
  const values = args.map((arg) => exactValue(arg, known));
  if (values.length === 0 || values.some((v) => v === null)) return null;
  const [a, b] = values as Q.Rational[];
  switch (name) {
    case 'root':
      return b && !Q.isInteger(b) ? null : Q.root(a!, b ? Number(b.n) : 2);
    case 'abs':
    case 'norm':
      return a!.n < 0n ? Q.negate(a!) : a!;
    case 'floor':
      return Q.rational(floorOf(a!));
    case 'ceil':
      return Q.rational(-floorOf(Q.negate(a!)));
    case 'sign':
    case 'sgn':
      return Q.integer(a!.n > 0n ? 1 : a!.n < 0n ? -1 : 0);
    case 'factorial': {
      if (!Q.isInteger(a!) || a!.n < 0n || a!.n > 400n) return null;
      spend(Number(a!.n));
      let product = 1n;
      for (let k = 2n; k <= a!.n; k++) product *= k;
      return Q.rational(product);
    }
    case 'binom': {
      if (!b || !Q.isInteger(a!) || !Q.isInteger(b) || a!.n < 0n || a!.n > 2000n || b.n < 0n) return null;
      if (b.n > a!.n) return Q.ZERO;
      const most = a!.n;
      const rest = most - b.n;
      spend(8 * Math.min(Number(b.n), Number(rest)));
      let product = 1n;
      for (let j = 1n; j <= b.n && j <= most - b.n; j++) product = (product * (most - j + 1n)) / j;
      return Q.rational(product);
    }
    case 'gcd':
    case 'lcm': {
      if (!values.every((v) => v && Q.isInteger(v))) return null;
      const numbers = (values as Q.Rational[]).map((v) => v.n);
      const result = numbers.reduce((x, y) => (name === 'gcd' ? Q.gcd(x, y) : lcm(x, y)));
      return Q.rational(result < 0n ? -result : result);
    }
    case 'min':
    case 'max':
      return (values as Q.Rational[]).reduce((x, y) => (x.n * y.d < y.n * x.d === (name === 'min') ? x : y));
    default:
      return null;
  }
}

function floorOf(a: Q.Rational): bigint {
  const quotient = a.n / a.d;
  return a.n < 0n && quotient * a.d !== a.n ? quotient - 1n : quotient;
}

function lcm(a: bigint, b: bigint): bigint {
  return a === 0n || b === 0n ? 0n : Q.rational((a / Q.gcd(a, b)) * b).n;
}

/** The determinant by fraction-free elimination, of at most 6 x 6 entries; null for others. */
function determinant(node: MathNode, known: Known): Q.Rational | null {
  if (node.kind !== 'matrix' || node.rows.length !== node.rows[0]!.length || node.rows.length > 6) return null;
  const entries = node.rows.map((row) => row.map((entry) => exactValue(entry, known)));
  if (entries.some((row) => row.some((v) => v === null))) return null;
  const m = entries as Q.Rational[][];
  let result = Q.ONE;
  for (let k = 0; k < m.length; k++) {
    const pivot = m.findIndex((row, i) => i >= k && row[k]!.n !== 0n);
    if (pivot < 0) return Q.ZERO;
    if (pivot !== k) {
      [m[k], m[pivot]] = [m[pivot]!, m[k]!];
      result = Q.negate(result);
    }
    result = Q.multiply(result, m[k]![k]!);
    for (let i = k + 1; i < m.length; i++) {
      const factor = Q.divide(m[i]![k]!, m[k]![k]!);
      for (let j = k; j < m.length; j++) {
        m[i]![j] = Q.add(m[i]![j]!, Q.negate(Q.multiply(factor, m[k]![j]!)));
      }
    }
  }
  return result;
}

/** Values of variables at one point. */
export type Point = (name: string) => number;

/** The value at a point; NaN if it is undefined, infinite parts if it is too large for a double. */
export function valueAt(node: MathNode, point: Point, known: Known = new Map()): C.Complex {
  spend();
  switch (node.kind) {
    case 'number':
      return C.real(Q.toNumber(node.value));
    case 'symbol':
      return C.real(point(node.name));
    case 'constant':
      if (node.name === 'i') return C.I;
      return C.real(node.name === 'pi' ? Math.PI : node.name === 'e' ? Math.E : Number.POSITIVE_INFINITY);
    case 'sum':
      return node.terms.reduce((total, term) => C.add(total, valueAt(term, point, known)), C.real(0));
    case 'product':
      return node.factors.reduce((total, factor) => C.multiply(total, valueAt(factor, point, known)), C.real(1));
    case 'negative':
      return C.subtract(C.real(0), valueAt(node.of, point, known));
    case 'percent':
      return C.divide(valueAt(node.of, point, known), C.real(node.parts ?? 100));
    case 'degrees':
      return C.multiply(valueAt(node.of, point, known), C.real(Math.PI / 180));
    case 'quotient':
      return C.divide(valueAt(node.over, point, known), valueAt(node.under, point, known));
    case 'power':
      return powerAt(node.base, node.exponent, point, known);
    case 'call':
      return callAt(node.name, node.args, point, known);
    default:
      return C.UNDEFINED;
  }
}

function powerAt(base: MathNode, exponent: MathNode, point: Point, known: Known): C.Complex {
  const b = valueAt(base, point, known);
  const power = exactValue(exponent, known);
  if (power && b.im === 0 && b.re < 0 && power.d % 2n === 1n && power.d > 1n && power.d < 1000n) {
    // the real root of a negative number, as taught in schools
    const size = (-b.re) ** Q.toNumber(power);
    return C.real(power.n % 2n === 0n ? size : -size);
  }
  return C.power(b, power ? C.real(Q.toNumber(power)) : valueAt(exponent, point, known));
}

function callAt(name: string, args: readonly MathNode[], point: Point, known: Known): C.Complex {
  if (name === 'det') {
    const exactDeterminant = determinant(args[0]!, known);
    return exactDeterminant ? C.real(Q.toNumber(exactDeterminant)) : C.UNDEFINED;
  }
  if (name === 'sum' || name === 'prod') return seriesAt(name, args, point, known);
  return functionAt(
    name,
    args.map((arg) => valueAt(arg, point, known)),
  );
}

const MAX_TERMS = 200;

function seriesAt(name: 'sum' | 'prod', args: readonly MathNode[], point: Point, known: Known): C.Complex {
  const [variable, from, to, body] = args as [MathNode, MathNode, MathNode, MathNode];
  const first = valueAt(from, point, known);
  const last = valueAt(to, point, known);
  const whole = first.im === 0 && last.im === 0 && Number.isInteger(first.re) && Number.isInteger(last.re);
  if (!whole || last.re - first.re >= MAX_TERMS || variable.kind !== 'symbol') return C.UNDEFINED;
  let total = C.real(name === 'sum' ? 0 : 1);
  for (let k = first.re; k <= last.re; k++) {
    const term = valueAt(body, (other) => (other === variable.name ? k : point(other)), known);
    total = name === 'sum' ? C.add(total, term) : C.multiply(total, term);
  }
  return total;
}
