/** Relations as definitions: what their left side names, and the value that they assign to it. Pure. */
import { isApplied, isScalar, type MathNode, symbolsOf } from './node.ts';

export type Relation = MathNode & { kind: 'relation' };

/** `2 : 3`. */
export function isRatio({ operators }: Relation): boolean {
  return operators[0] === ':';
}

/** The value that `x = 5`, `f(x) = x^2`, `2 + 3 = 5` or `x \in S` assigns; null for other relations. */
export function assignedValue(relation: Relation): MathNode | null {
  const { sides, operators } = relation;
  if (operators.length === 1 && operators[0] === 'in') return sides[0]!.kind === 'symbol' ? sides[1]! : null;
  if (!operators.every((o) => o === '=' || o === '~')) return null;
  // the side before an approximation is the exact value, unless it is just a name
  const rounding = operators.indexOf('~');
  const first = sides[0]!;
  const last = sides[rounding > 0 || (rounding === 0 && !isDefinitionSubject(first)) ? rounding : sides.length - 1]!;
  const closed = (node: MathNode) => isScalar(node) && symbolsOf(node).size === 0;
  if (isDefinitionSubject(first)) return last;
  if (!closed(first)) return null;
  if (last.kind === 'symbol') return first;
  return closed(last) ? last : null;
}

/** Whether a node is the left side of a definition: `x`, `f(x)`, `AB`, `\angle A`, `|AB|`, `AB/CD`, `AB:CD`. */
export function isDefinitionSubject(node: MathNode): boolean {
  if (node.kind === 'symbol' || isApplied(node)) return true;
  if (node.kind === 'tuple' && node.open === '[' && node.items.length === 1) return isSegment(node.items[0]!);
  if (node.kind === 'tuple' || node.kind === 'set') return node.items.every((item) => item.kind === 'symbol');
  if (node.kind === 'quotient') return (isSegment(node.over) && isSegment(node.under)) || isDerivative(node);
  if (node.kind === 'call') return isQuantity(node);
  if (node.kind === 'relation') return isRatio(node) && node.sides.every(isSegment);
  if (node.kind !== 'product') return false;
  const [head, ...rest] = node.factors;
  if (head?.kind !== 'symbol') return false;
  if (rest.length === 1 && /^(?:[pqPQTVSAM]|angle|var|cov|rank|dim|tr|deg)'*$/.test(head.name)) return true;
  return node.factors.every((f) => f.kind === 'symbol' && /^[A-Z]$|^[a-z]{4}[a-z ]{0,60}$/.test(f.name));
}

/** `|AB|`, `\|v\|`, `\det A`, `\cos A`, `\sin \theta`; `\cos x = 1` may be an equation for x. */
function isQuantity({ name, args }: MathNode & { kind: 'call' }): boolean {
  if (name === 'norm') return true;
  if (name === 'abs' || name === 'det') return args.every(isSegment);
  const ofAngle = /^(?:sin|cos|tan|cot|sec|csc)$/.test(name);
  return (
    ofAngle &&
    args.every((arg) => arg.kind === 'symbol' && /^(?:[A-Z]|angle.*|alpha|beta|gamma|theta|phi|varphi)$/.test(arg.name))
  );
}

/** `dy/dx`. */
function isDerivative({ over, under }: MathNode & { kind: 'quotient' }): boolean {
  return [over, under].every((side) => {
    const [d, of] = side.kind === 'product' && side.factors.length === 2 ? side.factors : [];
    return d?.kind === 'symbol' && d.name === 'd' && of?.kind === 'symbol' && of.name !== 'd';
  });
}

/** `AB`, `V_1`: geometric objects named by capital letters. */
function isSegment(node: MathNode): boolean {
  if (node.kind === 'symbol') return /^[A-Z](?:_|'|$)/.test(node.name);
  return node.kind === 'product' && node.factors.every((factor) => factor.kind === 'symbol' && isSegment(factor));
}

/** `y = 2, x = 1` sorted by name; null unless all items are definitions of different variables. */
export function definitionsByName(items: readonly MathNode[]): readonly MathNode[] | null {
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

/** If one side numbers its solutions (`x_1 = 3, x_2 = 4`) and the other does not (`x = 3, x = 4`), both without names. */
export function unnumbered(a: readonly MathNode[], b: readonly MathNode[]): [readonly MathNode[], readonly MathNode[]] {
  const [x, y] = [numberedBase(a), numberedBase(b)];
  if (x !== null && y === null && allHaveName(b, x)) return [a.map(valueOfDefinition), b.map(valueOfDefinition)];
  if (y !== null && x === null && allHaveName(a, y)) return [a.map(valueOfDefinition), b.map(valueOfDefinition)];
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

function allHaveName(items: readonly MathNode[], name: string): boolean {
  // `x = 3, 4` names the variable once
  const once = items[0]?.kind === 'relation' && items.slice(1).every(isScalar);
  return (once ? items.slice(0, 1) : items).every(
    (item) => item.kind === 'relation' && item.sides[0]!.kind === 'symbol' && item.sides[0].name === name,
  );
}

function valueOfDefinition(item: MathNode): MathNode {
  return (item.kind === 'relation' && assignedValue(item)) || item;
}
