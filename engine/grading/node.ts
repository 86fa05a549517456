/** The meaning of an answer, as a tree. */
import { spend } from './meter.ts';
import type { Rational } from './rational.ts';

export type Operator = '=' | '~' | '!=' | '<' | '>' | '<=' | '>=' | 'in' | ':';

export type MathNode =
  /** A number literal; `places` counts the decimals it was written with, 0 for integers. */
  | { kind: 'number'; value: Rational; places: number }
  /** A variable, or a word that is only itself. */
  | { kind: 'symbol'; name: string }
  | { kind: 'constant'; name: 'pi' | 'e' | 'i' | 'infinity' }
  | { kind: 'sum'; terms: MathNode[] }
  | { kind: 'product'; factors: MathNode[] }
  | { kind: 'negative'; of: MathNode }
  | { kind: 'quotient'; over: MathNode; under: MathNode }
  | { kind: 'power'; base: MathNode; exponent: MathNode }
  | { kind: 'call'; name: string; args: MathNode[] }
  /** a ± b, or ± b if `left` is null. */
  | { kind: 'plus-minus'; left: MathNode | null; right: MathNode; sign: 1 | -1 }
  /** Parts per hundred, or per `parts`: 1,000 for ‰. */
  | { kind: 'percent'; of: MathNode; parts?: number }
  | { kind: 'degrees'; of: MathNode }
  /** `(a, b]` and the like: a tuple, a point, an interval. */
  | { kind: 'tuple'; open: '(' | '['; close: ')' | ']'; items: MathNode[] }
  /** `{a, b}`, unordered. */
  | { kind: 'set'; items: MathNode[] }
  /** `a, b`, `a and b`, `a or b` without brackets. */
  | { kind: 'list'; items: MathNode[]; join: 'and' | 'or' | ',' }
  | { kind: 'matrix'; rows: MathNode[][] }
  | { kind: 'relation'; sides: MathNode[]; operators: Operator[] }
  /** Operations on sets. */
  | { kind: 'combined'; operation: 'union' | 'intersection' | 'difference'; left: MathNode; right: MathNode };

/** The child nodes, in written order. */
export function children(node: MathNode): readonly MathNode[] {
  switch (node.kind) {
    case 'number':
    case 'symbol':
    case 'constant':
      return [];
    case 'sum':
      return node.terms;
    case 'product':
      return node.factors;
    case 'negative':
    case 'percent':
    case 'degrees':
      return [node.of];
    case 'quotient':
      return [node.over, node.under];
    case 'power':
      return [node.base, node.exponent];
    case 'call':
      return node.args;
    case 'plus-minus':
      return node.left ? [node.left, node.right] : [node.right];
    case 'tuple':
    case 'set':
    case 'list':
      return node.items;
    case 'matrix':
      return node.rows.flat();
    case 'relation':
      return node.sides;
    case 'combined':
      return [node.left, node.right];
  }
}

/** Names of the variables and words in a node. */
export function symbolsOf(node: MathNode, into: Set<string> = new Set()): Set<string> {
  spend();
  if (node.kind === 'symbol') into.add(node.name);
  for (const child of children(node)) symbolsOf(child, into);
  return into;
}

/** Whether the node is a single value: a number or an expression, not a set, tuple, relation or list. */
export function isScalar(node: MathNode): boolean {
  spend();
  switch (node.kind) {
    case 'tuple':
    case 'set':
    case 'list':
    case 'matrix':
    case 'relation':
    case 'combined':
    case 'plus-minus':
      return false;
    default:
      return children(node).every(isScalar);
  }
}

/** `f(x)`, `g'(2)`: a function application, by the function's conventional name. */
export function isApplied(node: MathNode): boolean {
  if (node.kind !== 'product' || node.factors.length !== 2) return false;
  const head = node.factors[0]!;
  return head.kind === 'symbol' && /^[fghFGH]'*$/.test(head.name);
}

/** The node with `f` applied to each of its children. */
export function mapChildren(node: MathNode, f: (child: MathNode) => MathNode): MathNode {
  switch (node.kind) {
    case 'number':
    case 'symbol':
    case 'constant':
      return node;
    case 'sum':
      return { ...node, terms: node.terms.map(f) };
    case 'product':
      return { ...node, factors: node.factors.map(f) };
    case 'negative':
    case 'percent':
    case 'degrees':
      return { ...node, of: f(node.of) };
    case 'quotient':
      return { ...node, over: f(node.over), under: f(node.under) };
    case 'power':
      return { ...node, base: f(node.base), exponent: f(node.exponent) };
    case 'call':
      return { ...node, args: node.args.map(f) };
    case 'plus-minus':
      return { ...node, left: node.left && f(node.left), right: f(node.right) };
    case 'tuple':
    case 'set':
    case 'list':
      return { ...node, items: node.items.map(f) };
    case 'matrix':
      return { ...node, rows: node.rows.map((row) => row.map(f)) };
    case 'relation':
      return { ...node, sides: node.sides.map(f) };
    case 'combined':
      return { ...node, left: f(node.left), right: f(node.right) };
  }
}
