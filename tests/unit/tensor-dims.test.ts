import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { broadcast, type Dim, evaluate, product, sum, symbols } from '../../engine/tensor/index.ts';

const values = new Map([
  ['A', 3],
  ['B', 5],
  ['C', 0],
]);
const dim: fc.Arbitrary<Dim> = fc.oneof(
  fc.integer({ min: 0, max: 9 }),
  fc.constantFrom('A', 'B', 'C', 'A*B', '2*A', 'A+B', '3*A*C+B'),
);

describe('sizes', () => {
  test('are written in one way, in any order', () => {
    expect(product('B', 'A')).toBe(product('A', 'B'));
    expect(sum('A', 2, 'A')).toBe('2+2*A');
    expect(sum('A', 2, 'A')).toBe(sum(2, product(2, 'A')));
    expect(product(sum('A', 'B'), 2)).toBe(sum(product(2, 'B'), product(2, 'A')));
  });

  test('are numbers if nothing is named', () => {
    expect(product()).toBe(1);
    expect(product(2, 3)).toBe(6);
    expect(product('A', 0)).toBe(0);
    expect(sum(2, 3)).toBe(5);
  });

  test('evaluate to what their parts evaluate to', () => {
    fc.assert(
      fc.property(fc.array(dim, { minLength: 1, maxLength: 4 }), (dims) => {
        const numbers = dims.map((d) => evaluate(d, values));
        expect(evaluate(product(...dims), values)).toBe(numbers.reduce((a, b) => a * b, 1));
        expect(evaluate(sum(...dims), values)).toBe(numbers.reduce((a, b) => a + b, 0));
      }),
    );
  });

  test('list the names that they need', () => {
    expect(symbols('2*A*B+C').sort()).toEqual(['A', 'B', 'C']);
    expect(() => evaluate('A*D', values)).toThrow(/\bD\b/);
  });
});

describe('broadcasting', () => {
  test('expands axes of size 1 and missing leading axes', () => {
    expect(broadcast(['B', 1, 4], ['L', 1])).toEqual(['B', 'L', 4]);
    expect(broadcast([], ['B'])).toEqual(['B']);
  });
  test('refuses different sizes, named ones too', () => {
    expect(() => broadcast([2], [3])).toThrow(/2.*3/);
    expect(() => broadcast(['A'], ['B'])).toThrow(/A.*B/);
  });
});
