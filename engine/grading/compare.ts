/** Equality of what two answers say. */
import { spend } from './meter.ts';
import { isApplied, isScalar, type MathNode, symbolsOf } from './node.ts';
import { regionOf, sameRegion } from './region.ts';
import { canonical, proportional, sameScalar } from './scalar.ts';

export interface Rule {
  /**
   * Whether 0.5 equals 50%: when `b` has the percent sign (`reference`), when either has it (`always`), or not at all
   * (`never`). 50 always equals 50%, as a number with its unit left out.
   */
  percent: 'reference' | 'always' | 'never';
}

/** Most items that are compared without order. */
const MAX_ITEMS = 48;

/** Whether `a` (an answer) says the same as `b` (a reference, or another answer). */
export function sayTheSame(a: MathNode, b: MathNode, rule: Rule): boolean {
  return same(a, b, rule);
}

function same(a: MathNode, b: MathNode, rule: Rule): boolean {
  spend();
  if (isScalar(a) && isScalar(b)) return sameValue(a, b, rule);
  if (a.kind === 'relation' || b.kind === 'relation') return sameRelations(a, b, rule);
  const matrixA = asMatrix(a);
  const matrixB = asMatrix(b);
  if (matrixA || matrixB) return sameMatrices(matrixA ?? a, matrixB ?? b, rule);
  if (a.kind === 'tuple' && b.kind === 'tuple') return sameTuples(a, b, rule);
  if (isCollection(a) && isCollection(b)) return sameCollections(a, b, rule) || sameRegions(a, b);
  if (a.kind === 'tuple' && b.kind === 'list')
    return tupleAndList(a, b, (x, y) => same(x, y, rule)) || sameRegions(a, b);
  if (a.kind === 'list' && b.kind === 'tuple')
    return tupleAndList(b, a, (x, y) => same(y, x, rule)) || sameRegions(a, b);
  if (isCollection(a) && a.items.length === 1) return same(a.items[0]!, b, rule);
  if (isCollection(b) && b.items.length === 1) return same(a, b.items[0]!, rule);
  if (a.kind === 'tuple' && a.items.length === 1) return same(a.items[0]!, b, rule);
  if (b.kind === 'tuple' && b.items.length === 1) return same(a, b.items[0]!, rule);
  return sameRegions(pointsOf(a, b), pointsOf(b, a)) || canonical(a) === canonical(b);
}

/** A list of values, where it is compared with a union of sets. */
function pointsOf(node: MathNode, other: MathNode): MathNode {
  return node.kind === 'list' && other.kind === 'combined' && node.items.every(isScalar)
    ? { kind: 'set', items: node.items }
    : node;
}

function sameValue(a: MathNode, b: MathNode, rule: Rule): boolean {
  if (a.kind === 'degrees' || b.kind === 'degrees') {
    if (a.kind === 'degrees' && b.kind === 'degrees') return sameScalar(a.of, b.of);
    const [angle, other] = a.kind === 'degrees' ? [a, b] : [b as typeof a, a];
    return sameScalar((angle as { of: MathNode }).of, other) || sameScalar(angle, other);
  }
  if (a.kind === 'percent' || b.kind === 'percent') {
    if (a.kind === 'percent' && b.kind === 'percent') return sameScalar(a.of, b.of);
    const inner = a.kind === 'percent' ? sameScalar(a.of, b) : sameScalar(a, (b as { of: MathNode }).of);
    if (inner) return true;
    const fraction = rule.percent === 'always' || (rule.percent === 'reference' && b.kind === 'percent');
    return fraction && sameScalar(a, b);
  }
  return sameScalar(a, b);
}

type Collection = MathNode & { kind: 'set' | 'list' };

function isCollection(node: MathNode): node is Collection {
  return node.kind === 'set' || node.kind === 'list';
}

function sameTuples(a: MathNode & { kind: 'tuple' }, b: MathNode & { kind: 'tuple' }, rule: Rule): boolean {
  if (a.items.length !== b.items.length) return false;
  // two items in brackets may be an interval, whose ends matter; longer ones are vectors
  if (a.items.length === 2 && (a.open !== b.open || a.close !== b.close)) return false;
  return a.items.every((item, i) => same(item, b.items[i]!, rule));
}

/** Without brackets, a tuple is read in its order. */
function tupleAndList(
  tuple: MathNode & { kind: 'tuple' },
  list: MathNode & { kind: 'list' },
  equal: (fromTuple: MathNode, fromList: MathNode) => boolean,
): boolean {
  // `(1, 2)` or, as programs write it, `[1, 2]`
  if ((tuple.open === '(') !== (tuple.close === ')') || tuple.items.length !== list.items.length) return false;
  const items = definitionsByName(list.items) ?? (list.join === ',' ? list.items : null);
  return items !== null && tuple.items.every((item, i) => equal(item, items[i]!));
}

/** `y = 2, x = 1` in the order of the names; null for anything but definitions of different variables. */
function definitionsByName(items: readonly MathNode[]): readonly MathNode[] | null {
  const names = items.map((item) =>
    item.kind === 'relation' && item.sides[0]!.kind === 'symbol' ? item.sides[0] : null,
  );
  if (names.some((name) => name === null) || new Set(names.map((name) => name!.name)).size !== items.length)
    return null;
  return items
    .map((item, i) => ({ item, name: names[i]!.name }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ item }) => item);
}

/** Without order; sets, and lists of pairs (solutions), also without repetitions. */
function sameCollections(a: Collection, b: Collection, rule: Rule): boolean {
  const solutions = [...a.items, ...b.items].every((item) => item.kind === 'tuple');
  const unique = a.kind === 'set' || b.kind === 'set' || solutions;
  const [x, y] = unnumbered(a.items, b.items);
  const left = unique ? distinct(x, rule) : x;
  const right = unique ? distinct(y, rule) : y;
  if (left.length !== right.length) return false;
  if (left.length > MAX_ITEMS) return left.every((item, i) => same(item, right[i]!, rule));
  const free = new Set(right.keys());
  return left.every((item) => {
    for (const i of free) {
      if (same(item, right[i]!, rule)) return free.delete(i);
    }
    return false;
  });
}

/** Where one side numbers its solutions (`x_1 = 3, x_2 = 4`) and the other does not (`x = 3, x = 4`), both without numbers. */
function unnumbered(a: readonly MathNode[], b: readonly MathNode[]): [readonly MathNode[], readonly MathNode[]] {
  const [x, y] = [numberedBase(a), numberedBase(b)];
  if (x !== null && y === null && allNamed(b, x)) return [a.map(valueOfDefinition), b.map(valueOfDefinition)];
  if (y !== null && x === null && allNamed(a, y)) return [a.map(valueOfDefinition), b.map(valueOfDefinition)];
  return [a, b];
}

/** `x` for definitions of x_1, x_2, ...; null for others. */
function numberedBase(items: readonly MathNode[]): string | null {
  const bases = new Set<string | null>();
  for (const item of items) {
    const name = item.kind === 'relation' && item.sides[0]!.kind === 'symbol' ? item.sides[0].name : '';
    bases.add(/^([a-zA-Z]+)_\d+$/.exec(name)?.[1] ?? null);
  }
  const [base] = bases;
  return bases.size === 1 && base ? base : null;
}

function allNamed(items: readonly MathNode[], name: string): boolean {
  // `x = 3, 4` names it once
  const once = items[0]?.kind === 'relation' && items.slice(1).every(isScalar);
  return (once ? items.slice(0, 1) : items).every(
    (item) => item.kind === 'relation' && item.sides[0]!.kind === 'symbol' && item.sides[0].name === name,
  );
}

function valueOfDefinition(item: MathNode): MathNode {
  return (item.kind === 'relation' && assigned(item)) || item;
}

function distinct(items: readonly MathNode[], rule: Rule): MathNode[] {
  if (items.length > MAX_ITEMS) return [...items];
  return items.filter((item, i) => !items.slice(0, i).some((earlier) => same(earlier, item, rule)));
}

function sameMatrices(a: MathNode, b: MathNode, rule: Rule): boolean {
  const x = rowsOf(a);
  const y = rowsOf(b);
  if (!x || !y) return false;
  // a tuple may be a column or a row
  const right = y.length !== x.length && (a.kind !== 'matrix' || b.kind !== 'matrix') ? transposed(y) : y;
  if (x.length !== right.length) return false;
  return x.every((row, i) => row.length === right[i]!.length && row.every((e, j) => same(e, right[i]![j]!, rule)));
}

/** Carries out sums, multiples and small products of matrices; null for anything but a matrix. */
function asMatrix(node: MathNode): Matrix | null {
  switch (node.kind) {
    case 'matrix':
      return node;
    case 'negative': {
      const of = asMatrix(node.of);
      return of && mapEntries(of, (entry) => ({ kind: 'negative', of: entry }));
    }
    case 'quotient': {
      const over = asMatrix(node.over);
      if (!over || !isScalar(node.under)) return null;
      return mapEntries(over, (entry) => ({ kind: 'quotient', over: entry, under: node.under }));
    }
    case 'product': {
      const others = node.factors.filter(isScalar);
      const matrices = node.factors.filter((factor) => !isScalar(factor)).map(asMatrix);
      const product = matrices.length === 0 ? null : matrices.reduce((a, b) => a && b && multiplied(a, b));
      return product && mapEntries(product, (entry) => ({ kind: 'product', factors: [...others, entry] }));
    }
    case 'sum': {
      const terms = node.terms.map(asMatrix);
      const [first] = terms;
      if (!first || !terms.every((term) => term && sameShape(term, first))) return null;
      return {
        kind: 'matrix',
        rows: first.rows.map((row, i) =>
          row.map((_, j) => ({ kind: 'sum', terms: terms.map((t) => t!.rows[i]![j]!) })),
        ),
      };
    }
    default:
      return null;
  }
}

type Matrix = MathNode & { kind: 'matrix' };

function mapEntries(matrix: Matrix, f: (entry: MathNode) => MathNode): Matrix {
  spend(matrix.rows.length * matrix.rows[0]!.length);
  return { kind: 'matrix', rows: matrix.rows.map((row) => row.map(f)) };
}

/** Most products of entries that one product of matrices may cost, and most factors of an entry of it. */
const MAX_MATRIX_WORK = 216;

function multiplied(a: Matrix, b: Matrix): Matrix | null {
  const [rows, inner, columns] = [a.rows.length, b.rows.length, b.rows[0]!.length];
  spend(MAX_MATRIX_WORK);
  if (a.rows[0]!.length !== inner || rows * inner * columns > MAX_MATRIX_WORK) return null;
  if (![...a.rows.flat(), ...b.rows.flat()].every((entry) => isScalar(entry) && entry.kind !== 'sum')) return null;
  return {
    kind: 'matrix',
    rows: a.rows.map((row) =>
      b.rows[0]!.map((_, j) => ({
        kind: 'sum',
        terms: row.map((entry, k) => ({ kind: 'product', factors: [entry, b.rows[k]![j]!] })),
      })),
    ),
  };
}

function sameShape(a: Matrix, b: Matrix): boolean {
  return a.rows.length === b.rows.length && a.rows[0]!.length === b.rows[0]!.length;
}

function rowsOf(node: MathNode): MathNode[][] | null {
  if (node.kind === 'matrix') return node.rows;
  if (node.kind !== 'tuple') return null;
  const rows = node.items.map((item) => (item.kind === 'tuple' ? item.items : null));
  if (rows.every((row) => row !== null && row.length === rows[0]!.length)) return rows as MathNode[][];
  return rows.some((row) => row !== null) ? null : node.items.map((item) => [item]);
}

function transposed(rows: MathNode[][]): MathNode[][] {
  return rows[0]!.map((_, j) => rows.map((row) => row[j]!));
}

function sameRegions(a: MathNode, b: MathNode): boolean {
  const x = regionOf(a);
  const y = x && regionOf(b);
  return x !== null && y !== null && sameRegion(x, y);
}

function sameRelations(a: MathNode, b: MathNode, rule: Rule): boolean {
  if (a.kind === 'relation' && b.kind === 'relation') return sameRelation(a, b, rule);
  const [relation, other] = a.kind === 'relation' ? [a, b] : [b as MathNode & { kind: 'relation' }, a];
  if (isRatio(relation) && relation.sides.length === 2 && isScalar(other)) {
    const value: MathNode = { kind: 'quotient', over: relation.sides[0]!, under: relation.sides[1]! };
    return sameScalar(value, other);
  }
  const value = assigned(relation);
  if (value && (a.kind === 'relation' ? same(value, b, rule) : same(a, value, rule))) return true;
  return sameRegions(a, b);
}

function sameRelation(a: MathNode & { kind: 'relation' }, b: MathNode & { kind: 'relation' }, rule: Rule): boolean {
  if (isRatio(a) && isRatio(b)) return sameRatio(a.sides, b.sides);
  if (isRatio(a) || isRatio(b)) {
    const value = assigned(isRatio(a) ? b : a);
    return value !== null && (isRatio(a) ? same(a, value, rule) : same(value, b, rule));
  }
  if (sameRegions(a, b)) return true;
  if (a.operators.length === b.operators.length && a.operators.every((o, i) => o === b.operators[i])) {
    if (a.sides.every((side, i) => same(side, b.sides[i]!, rule))) return true;
  }
  if (sameSubject(a.sides[0]!, b.sides[0]!, a.operators.length + b.operators.length > 2)) {
    const value = assigned(a);
    const other = value && assigned(b);
    if (value && other) return same(value, other, rule);
  }
  if (a.operators.length !== 1 || b.operators.length !== 1) return false;
  const x = oriented(a);
  const y = oriented(b);
  if (!x || !y || x.operator !== y.operator) return false;
  return proportional(x.sides, y.sides, x.operator === '<' || x.operator === '<=');
}

/** Whether two definitions tell of the same: `x = 2 + 3 = 5` and `x = 5` (`chain`), or `f(x) = 2x` and `y = 2x`. */
function sameSubject(a: MathNode, b: MathNode, chain: boolean): boolean {
  if (chain) return namesValue(a) && canonical(a) === canonical(b);
  const isY = (node: MathNode) => node.kind === 'symbol' && node.name === 'y';
  return (isApplied(a) && isY(b)) || (isY(a) && isApplied(b));
}

/** With `>` turned round; null for sides that are not values. */
function oriented({ sides, operators }: MathNode & { kind: 'relation' }) {
  const [left, right] = sides as [MathNode, MathNode];
  if (!isScalar(left) || !isScalar(right)) return null;
  const operator = operators[0]!;
  if (operator === '>' || operator === '>=') {
    return { operator: operator === '>' ? '<' : '<=', sides: [right, left] as [MathNode, MathNode] };
  }
  return { operator, sides: [left, right] as [MathNode, MathNode] };
}

function isRatio({ operators }: MathNode & { kind: 'relation' }): boolean {
  return operators[0] === ':';
}

function sameRatio(a: readonly MathNode[], b: readonly MathNode[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((side, i) =>
    sameScalar({ kind: 'product', factors: [side, b[0]!] }, { kind: 'product', factors: [b[i]!, a[0]!] }),
  );
}

/** The value that `x = 5`, `f(x) = x^2`, `2 + 3 = 5` or `x \in S` gives; null for other relations. */
function assigned(relation: MathNode & { kind: 'relation' }): MathNode | null {
  const { sides, operators } = relation;
  if (operators.length === 1 && operators[0] === 'in') return sides[0]!.kind === 'symbol' ? sides[1]! : null;
  if (!operators.every((o) => o === '=' || o === '~')) return null;
  // what is before an approximation is the exact value, unless it is only a name
  const rounding = operators.indexOf('~');
  const first = sides[0]!;
  const last = sides[rounding > 0 || (rounding === 0 && !namesValue(first)) ? rounding : sides.length - 1]!;
  const closed = (node: MathNode) => isScalar(node) && symbolsOf(node).size === 0;
  if (namesValue(first)) return last;
  if (!closed(first)) return null;
  if (last.kind === 'symbol') return first;
  return closed(last) ? last : null;
}

/** `x`, `f(x)`, `AB`, `\angle A`, `|AB|`, `AB/CD`, `AB:CD`: the left side of a definition. */
function namesValue(node: MathNode): boolean {
  if (node.kind === 'symbol' || isApplied(node)) return true;
  if (node.kind === 'tuple') return node.items.every((item) => item.kind === 'symbol');
  if (node.kind === 'quotient') return (isSegment(node.over) && isSegment(node.under)) || isDerivative(node);
  if (node.kind === 'call') return node.name === 'abs' && node.args.every(isSegment);
  if (node.kind === 'relation') return isRatio(node) && node.sides.every(isSegment);
  if (node.kind !== 'product') return false;
  const [head, ...rest] = node.factors;
  if (head?.kind !== 'symbol') return false;
  if (rest.length === 1 && /^(?:[pqPQTVSAM]|angle)'*$/.test(head.name)) return true;
  return node.factors.every((f) => f.kind === 'symbol' && /^[A-Z]$|^[a-z]{4,}$/.test(f.name));
}

/** `dy/dx`. */
function isDerivative({ over, under }: MathNode & { kind: 'quotient' }): boolean {
  return [over, under].every((side) => {
    const [d, of] = side.kind === 'product' && side.factors.length === 2 ? side.factors : [];
    return d?.kind === 'symbol' && d.name === 'd' && of?.kind === 'symbol' && of.name !== 'd';
  });
}

/** `AB`, `V_1`: what geometry names by capital letters. */
function isSegment(node: MathNode): boolean {
  if (node.kind === 'symbol') return /^[A-Z](?:_|'|$)/.test(node.name);
  return node.kind === 'product' && node.factors.every((factor) => factor.kind === 'symbol' && isSegment(factor));
}
