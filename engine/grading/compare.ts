/** Equality of two parsed answers. */
import {
  assignedValue,
  definitionsByName,
  isDefinitionSubject,
  isRatio,
  type Relation,
  unnumbered,
} from './definition.ts';
import { asMatrix, rowsOf, transposed } from './matrix.ts';
import { spend } from './meter.ts';
import { isApplied, isScalar, type MathNode } from './node.ts';
import { regionOf, sameRegion } from './region.ts';
import { canonical, proportional, sameScalar } from './scalar.ts';

export interface Rule {
  /**
   * Whether 0.5 equals 50%: if `b` has the percent sign (`reference`), if either has it (`always`), or not at all (`never`).
   * 50 always equals 50%, as a number without its unit.
   */
  percent: 'reference' | 'always' | 'never';
}

/** Maximum number of items that are compared ignoring order. */
const MAX_ITEMS = 48;

/** Whether `a` (an answer) means the same as `b` (a reference, or another answer). */
export function areNodesEquivalent(a: MathNode, b: MathNode, rule: Rule): boolean {
  spend();
  if (isScalar(a) && isScalar(b)) return sameValue(a, b, rule);
  if (a.kind === 'relation' || b.kind === 'relation') return sameRelations(a, b, rule);
  const matrixA = asMatrix(a);
  const matrixB = asMatrix(b);
  if (matrixA || matrixB) return sameMatrices(matrixA ?? a, matrixB ?? b, rule);
  if (a.kind === 'tuple' && b.kind === 'tuple') return sameTuples(a, b, rule);
  if (isCollection(a) && isCollection(b)) return sameCollections(a, b, rule) || sameRegions(a, b);
  if (a.kind === 'tuple' && b.kind === 'list')
    return tupleAndList(a, b, (x, y) => areNodesEquivalent(x, y, rule)) || sameRegions(a, b);
  if (a.kind === 'list' && b.kind === 'tuple')
    return tupleAndList(b, a, (x, y) => areNodesEquivalent(y, x, rule)) || sameRegions(a, b);
  if (isCollection(a) && a.items.length === 1) return areNodesEquivalent(a.items[0]!, b, rule);
  if (isCollection(b) && b.items.length === 1) return areNodesEquivalent(a, b.items[0]!, rule);
  if (a.kind === 'tuple' && a.items.length === 1) return areNodesEquivalent(a.items[0]!, b, rule);
  if (b.kind === 'tuple' && b.items.length === 1) return areNodesEquivalent(a, b.items[0]!, rule);
  return sameRegions(pointsOf(a, b), pointsOf(b, a)) || canonical(a) === canonical(b);
}

/** A list of values as a set of points, if it is compared with a union of sets. */
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
    if (a.kind === 'percent' && b.kind === 'percent')
      return a.parts === b.parts ? sameScalar(a.of, b.of) : sameScalar(a, b);
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
  // two items in brackets may be an interval, whose bracket types matter; longer ones are vectors
  if (a.items.length === 2 && (a.open !== b.open || a.close !== b.close)) return false;
  return a.items.every((item, i) => areNodesEquivalent(item, b.items[i]!, rule));
}

/** A list without brackets is compared with a tuple in order. */
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

/** Compares ignoring order; sets and lists of pairs (solutions) also ignore repetitions. */
function sameCollections(a: Collection, b: Collection, rule: Rule): boolean {
  const solutions = [...a.items, ...b.items].every((item) => item.kind === 'tuple');
  const unique = a.kind === 'set' || b.kind === 'set' || solutions;
  const [x, y] = unnumbered(a.items, b.items);
  const left = unique ? distinct(x, rule) : x;
  const right = unique ? distinct(y, rule) : y;
  if (left.length !== right.length) return false;
  if (left.length > MAX_ITEMS) return left.every((item, i) => areNodesEquivalent(item, right[i]!, rule));
  const free = new Set(right.keys());
  return left.every((item) => {
    for (const i of free) {
      if (areNodesEquivalent(item, right[i]!, rule)) return free.delete(i);
    }
    return false;
  });
}

function distinct(items: readonly MathNode[], rule: Rule): MathNode[] {
  if (items.length > MAX_ITEMS) return [...items];
  return items.filter((item, i) => !items.slice(0, i).some((earlier) => areNodesEquivalent(earlier, item, rule)));
}

function sameMatrices(a: MathNode, b: MathNode, rule: Rule): boolean {
  const x = rowsOf(a);
  const y = rowsOf(b);
  if (!x || !y) return false;
  // a tuple may be a column or a row
  const right = y.length !== x.length && (a.kind !== 'matrix' || b.kind !== 'matrix') ? transposed(y) : y;
  if (x.length !== right.length) return false;
  return x.every(
    (row, i) => row.length === right[i]!.length && row.every((e, j) => areNodesEquivalent(e, right[i]![j]!, rule)),
  );
}

function sameRegions(a: MathNode, b: MathNode): boolean {
  const x = regionOf(a);
  const y = x && regionOf(b);
  return x !== null && y !== null && sameRegion(x, y);
}

function sameRelations(a: MathNode, b: MathNode, rule: Rule): boolean {
  if (a.kind === 'relation' && b.kind === 'relation') return sameRelation(a, b, rule);
  const [relation, other] = a.kind === 'relation' ? [a, b] : [b as Relation, a];
  if (isRatio(relation) && relation.sides.length === 2 && isScalar(other)) {
    const value: MathNode = { kind: 'quotient', over: relation.sides[0]!, under: relation.sides[1]! };
    return sameScalar(value, other);
  }
  const value = assignedValue(relation);
  if (value && (a.kind === 'relation' ? areNodesEquivalent(value, b, rule) : areNodesEquivalent(a, value, rule)))
    return true;
  return sameRegions(a, b);
}

function sameRelation(a: Relation, b: Relation, rule: Rule): boolean {
  if (isRatio(a) && isRatio(b)) return sameRatio(a.sides, b.sides);
  if (isRatio(a) || isRatio(b)) {
    const value = assignedValue(isRatio(a) ? b : a);
    return value !== null && (isRatio(a) ? areNodesEquivalent(a, value, rule) : areNodesEquivalent(value, b, rule));
  }
  if (sameRegions(a, b)) return true;
  if (a.operators.length === b.operators.length && a.operators.every((o, i) => o === b.operators[i])) {
    if (a.sides.every((side, i) => areNodesEquivalent(side, b.sides[i]!, rule))) return true;
  }
  if (sameSubject(a.sides[0]!, b.sides[0]!, a.operators.length + b.operators.length > 2)) {
    const value = assignedValue(a);
    const other = value && assignedValue(b);
    if (value && other) return areNodesEquivalent(value, other, rule);
  }
  if (a.operators.length !== 1 || b.operators.length !== 1) return false;
  const x = oriented(a);
  const y = oriented(b);
  if (!x || !y || x.operator !== y.operator) return false;
  return proportional(x.sides, y.sides, x.operator === '<' || x.operator === '<=');
}

/** The relation with `>` flipped to `<`; null for sides that are not values. */
function oriented({ sides, operators }: Relation) {
  const [left, right] = sides as [MathNode, MathNode];
  if (!isScalar(left) || !isScalar(right)) return null;
  const operator = operators[0]!;
  if (operator === '>' || operator === '>=') {
    return { operator: operator === '>' ? '<' : '<=', sides: [right, left] as [MathNode, MathNode] };
  }
  return { operator, sides: [left, right] as [MathNode, MathNode] };
}

/** Whether two definitions define the same thing: `x = 2 + 3 = 5` and `x = 5` (`chain`), or `f(x) = 2x` and `y = 2x`. */
function sameSubject(a: MathNode, b: MathNode, chain: boolean): boolean {
  if (chain) return isDefinitionSubject(a) && canonical(a) === canonical(b);
  const isY = (node: MathNode) => node.kind === 'symbol' && node.name === 'y';
  return (isApplied(a) && isY(b)) || (isY(a) && isApplied(b));
}

function sameRatio(a: readonly MathNode[], b: readonly MathNode[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((side, i) =>
    sameScalar({ kind: 'product', factors: [side, b[0]!] }, { kind: 'product', factors: [b[i]!, a[0]!] }),
  );
}
