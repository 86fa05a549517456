/** Sets of real numbers as unions of intervals, so that `x > 5`, `(5, \infty)` and `{x : 5 < x}` are equal. */
import { valueAt } from './evaluate.ts';
import { spend } from './meter.ts';
import { isApplied, isScalar, type MathNode, type Operator, symbolsOf } from './node.ts';

interface Interval {
  low: number;
  high: number;
  lowClosed: boolean;
  highClosed: boolean;
}

export interface Region {
  /** Disjoint, ascending. */
  intervals: Interval[];
  /** The variable of the region's notation, if any. */
  variable: string | null;
}

const MAX_INTERVALS = 64;
const ALL: Interval = { low: -Infinity, high: Infinity, lowClosed: false, highClosed: false };

/** The set that a node describes; null if it describes none, or has more than one variable. */
export function regionOf(node: MathNode): Region | null {
  const region = findRegion(node);
  return region && region.intervals.length <= MAX_INTERVALS ? region : null;
}

function findRegion(node: MathNode): Region | null {
  spend();
  switch (node.kind) {
    case 'tuple': {
      if (node.items.length !== 2) return null;
      const [low, high] = node.items.map(realValue) as [number | null, number | null];
      if (low === null || high === null || low > high) return null;
      return plain([{ low, high, lowClosed: node.open === '[', highClosed: node.close === ']' }]);
    }
    case 'set': {
      const values = node.items.map(realValue);
      if (values.some((v) => v === null)) return null;
      return plain(values.map((v) => pointInterval(v!)));
    }
    case 'symbol':
      if (node.name === 'set R') return plain([ALL]);
      return node.name === 'emptyset' ? plain([]) : null;
    case 'relation':
      return solveRelation(node);
    case 'combined': {
      const left = regionOf(node.left);
      const right = left && regionOf(node.right);
      if (!left || !right) return null;
      return combine(left, right, node.operation);
    }
    case 'list': {
      const regions = node.items.map(findRegion);
      if (regions.length > MAX_INTERVALS || regions.some((r) => r === null)) return null;
      // `(0, 2), x \ne 1`: the exclusion applies to all other items
      const excluded = node.items.map((item) => item.kind === 'relation' && item.operators.includes('!='));
      if (excluded.includes(true) && excluded.includes(false) && node.join !== 'or') {
        const parts = regions as Region[];
        const within = parts
          .filter((_, i) => !excluded[i])
          .reduce<Region | null>((a, b) => a && combine(a, b, 'union'), plain([]));
        return parts.filter((_, i) => excluded[i]).reduce((a, b) => a && combine(a, b, 'intersection'), within);
      }
      const relations = node.items.every((item) => item.kind === 'relation');
      const both = (node.join === 'and' && relations) || (node.join === ',' && !excluded.includes(false));
      return (regions as Region[]).reduce<Region | null>(
        (a, b) => a && combine(a, b, both ? 'intersection' : 'union'),
        both ? plain([ALL]) : plain([]),
      );
    }
    default:
      return null;
  }
}

function solveRelation(node: MathNode & { kind: 'relation' }): Region | null {
  const { operators } = node;
  if (operators.length === 1 && operators[0] === 'in') {
    const [variable, set] = node.sides as [MathNode, MathNode];
    if (variable.kind !== 'symbol') return null;
    const region = regionOf(set);
    return region && { ...region, variable: variable.name };
  }
  if (!operators.some((o) => o === '<' || o === '>' || o === '<=' || o === '>=' || o === '!=')) return null;
  if (!node.sides.every(isScalar)) return null;
  const sides = node.sides.map(applicationAsVariable);
  const names = new Set<string>();
  for (const side of sides) symbolsOf(side, names);
  const [variable, ...others] = names;
  if (variable === undefined || others.length > 0) return null;
  let region: Region = { intervals: [ALL], variable };
  for (let i = 0; i < operators.length; i++) {
    const part = solveComparison(sides[i]!, operators[i]!, sides[i + 1]!, variable);
    const next = part && combine(region, { intervals: part, variable }, 'intersection');
    if (!next) return null;
    region = next;
  }
  return region;
}

/** Treats `f(x)` in `0 < f(x) < 1` as the region's variable. */
function applicationAsVariable(side: MathNode): MathNode {
  if (side.kind !== 'product' || !isApplied(side)) return side;
  const [f, x] = side.factors as [MathNode, MathNode];
  return x.kind === 'symbol' && f.kind === 'symbol' ? { kind: 'symbol', name: `${f.name}(${x.name})` } : side;
}

const FLIPPED: ReadonlyMap<Operator, Operator> = new Map([
  ['<', '>'],
  ['>', '<'],
  ['<=', '>='],
  ['>=', '<='],
  ['=', '='],
  ['!=', '!='],
]);

/** The solution set of one comparison of linear expressions, or of an absolute value of one with a number. */
function solveComparison(left: MathNode, operator: Operator, right: MathNode, variable: string): Interval[] | null {
  const opposite = FLIPPED.get(operator);
  if (!opposite) return null;
  if (isAbsolute(right) && !isAbsolute(left)) return solveComparison(right, opposite, left, variable);
  if (!isAbsolute(left)) return solveLinear(left, operator, right, variable);
  const of = left.args[0]!;
  const inside = operator.startsWith('<') ? 'intersection' : 'union';
  const above = solveLinear(of, operator, right, variable);
  const below = above && solveLinear(of, opposite, { kind: 'negative', of: right }, variable);
  if (!below || symbolsOf(right).size > 0 || operator === '!=') return null;
  return combine({ intervals: above, variable }, { intervals: below, variable }, inside)?.intervals ?? null;
}

function isAbsolute(node: MathNode): node is MathNode & { kind: 'call' } {
  return node.kind === 'call' && node.name === 'abs';
}

function solveLinear(left: MathNode, operator: Operator, right: MathNode, variable: string): Interval[] | null {
  const boundary = linearRoot(left, right, variable);
  if (!boundary) return null;
  const { at, rising } = boundary;
  if (operator === '=') return [pointInterval(at)];
  if (operator === '!=') return complement([pointInterval(at)]);
  const closed = operator.length === 2;
  return operator.startsWith('<') === rising
    ? [{ low: -Infinity, high: at, lowClosed: false, highClosed: closed }]
    : [{ low: at, high: Infinity, lowClosed: closed, highClosed: false }];
}

/** Where left - right crosses zero, if it is linear in the variable. An infinite bound counts too. */
function linearRoot(left: MathNode, right: MathNode, variable: string): { at: number; rising: boolean } | null {
  for (const [side, other, rising] of [
    [left, right, true],
    [right, left, false],
  ] as const) {
    const bound = realValue(other);
    if (side.kind === 'symbol' && bound !== null && Math.abs(bound) === Infinity) return { at: bound, rising };
  }
  const f = (x: number): number => {
    const a = valueAt(left, (name) => (name === variable ? x : Number.NaN));
    const b = valueAt(right, (name) => (name === variable ? x : Number.NaN));
    return a.im === 0 && b.im === 0 ? a.re - b.re : Number.NaN;
  };
  const [f0, f1] = [f(0), f(1)];
  const slope = f1 - f0;
  if (!Number.isFinite(slope) || slope === 0) return null;
  for (const x of [3.7, -2.3]) if (!isClose(f(x), f0 + slope * x)) return null;
  return { at: -f0 / slope, rising: slope > 0 };
}

/** The real value of a closed scalar, including ±Infinity. */
function realValue(node: MathNode): number | null {
  if (!isScalar(node) || symbolsOf(node).size > 0) return null;
  if (node.kind === 'negative' && node.of.kind === 'constant' && node.of.name === 'infinity') return -Infinity;
  const { re, im } = valueAt(node, () => Number.NaN);
  return Number.isNaN(re) || Math.abs(im) > 1e-12 ? null : re;
}

function plain(intervals: Interval[]): Region {
  return { intervals: merge(intervals), variable: null };
}

function pointInterval(at: number): Interval {
  return { low: at, high: at, lowClosed: true, highClosed: true };
}

function isClose(a: number, b: number): boolean {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a === b;
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}

/** Sorts intervals, merges those that overlap or touch, and drops empty ones. */
function merge(intervals: readonly Interval[]): Interval[] {
  spend(8 * intervals.length);
  const sorted = intervals
    .filter(({ low, high, lowClosed, highClosed }) => (isClose(low, high) ? lowClosed && highClosed : low < high))
    .map((i) => ({ ...i }))
    .sort((a, b) => (isClose(a.low, b.low) ? Number(b.lowClosed) - Number(a.lowClosed) : a.low - b.low));
  const result: Interval[] = [];
  for (const next of sorted) {
    const last = result.at(-1);
    const touches = last && (isClose(next.low, last.high) ? next.lowClosed || last.highClosed : next.low < last.high);
    if (!last || !touches) result.push(next);
    else if (isClose(next.high, last.high)) last.highClosed ||= next.highClosed;
    else if (next.high > last.high) {
      last.high = next.high;
      last.highClosed = next.highClosed;
    }
  }
  return result;
}

function complement(intervals: readonly Interval[]): Interval[] {
  const result: Interval[] = [];
  let low = -Infinity;
  let lowClosed = false;
  for (const interval of intervals) {
    if (interval.low > -Infinity) result.push({ low, lowClosed, high: interval.low, highClosed: !interval.lowClosed });
    low = interval.high;
    lowClosed = !interval.highClosed;
  }
  if (low < Infinity) result.push({ low, lowClosed, high: Infinity, highClosed: false });
  return merge(result);
}

function combine(a: Region, b: Region, operation: 'union' | 'intersection' | 'difference'): Region | null {
  if (a.variable !== null && b.variable !== null && a.variable !== b.variable) return null;
  const variable = a.variable ?? b.variable;
  if (a.intervals.length + b.intervals.length > 2 * MAX_INTERVALS) return null;
  if (operation === 'union') return { intervals: merge([...a.intervals, ...b.intervals]), variable };
  const other = operation === 'difference' ? b.intervals : complement(b.intervals);
  return { intervals: complement(merge([...complement(a.intervals), ...other])), variable };
}

/**
 * Whether two regions have the same intervals, with nearly equal ends that are open or closed alike. Variables count only if
 * both name one.
 */
export function sameRegion(a: Region, b: Region): boolean {
  if (a.variable !== null && b.variable !== null && a.variable !== b.variable) return false;
  if (a.intervals.length !== b.intervals.length) return false;
  return a.intervals.every((x, i) => {
    const y = b.intervals[i]!;
    return (
      isClose(x.low, y.low) && isClose(x.high, y.high) && x.lowClosed === y.lowClosed && x.highClosed === y.highClosed
    );
  });
}
