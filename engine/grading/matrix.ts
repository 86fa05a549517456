/** Matrix arithmetic in answers, with expressions as entries. Bounded. */
import { spend } from './meter.ts';
import { isScalar, type MathNode } from './node.ts';

export type Matrix = MathNode & { kind: 'matrix' };

/** Evaluates sums, multiples and small products of matrices; null if the node is not a matrix. */
export function asMatrix(node: MathNode): Matrix | null {
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

function mapEntries(matrix: Matrix, f: (entry: MathNode) => MathNode): Matrix {
  spend(matrix.rows.length * matrix.rows[0]!.length);
  return { kind: 'matrix', rows: matrix.rows.map((row) => row.map(f)) };
}

/** Maximum number of entry products that a matrix product may cost, and of factors in one of its entries. */
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

/** The rows of a matrix, or of tuples that can be read as one; null for others. */
export function rowsOf(node: MathNode): MathNode[][] | null {
  if (node.kind === 'matrix') return node.rows;
  if (node.kind !== 'tuple') return null;
  const rows = node.items.map((item) => (item.kind === 'tuple' ? item.items : null));
  if (rows.every((row) => row !== null && row.length === rows[0]!.length)) return rows as MathNode[][];
  return rows.some((row) => row !== null) ? null : node.items.map((item) => [item]);
}

/** The transposed rows. */
export function transposed(rows: MathNode[][]): MathNode[][] {
  return rows[0]!.map((_, j) => rows.map((row) => row[j]!));
}
