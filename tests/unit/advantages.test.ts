import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { advantages } from '../../engine/training/advantages.ts';

function close(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 6);
  });
}

describe('GRPO', () => {
  test('one right of four: mean 1/4, sample deviation 1/2', () => {
    close(advantages('grpo', [1, 0, 0, 0]), [0.75 / 0.500001, -0.25 / 0.500001, -0.25 / 0.500001, -0.25 / 0.500001]);
  });

  test('two of two values: mean 2, deviation sqrt(2)', () => {
    const scale = Math.SQRT2 + 1e-6;
    close(advantages('grpo', [1, 3]), [-1 / scale, 1 / scale]);
  });

  test('values of PyTorch: (r - r.mean()) / (r.std() + 1e-6)', () => {
    close(advantages('grpo', [0.1, 0.4, 0.35, 0.9]), [-1.00716058, -0.11190673, -0.26111572, 1.38018301]);
  });
});

test('Dr. GRPO subtracts the mean only', () => {
  close(advantages('dr-grpo', [1, 0, 0, 0]), [0.75, -0.25, -0.25, -0.25]);
});

describe.each(['grpo', 'dr-grpo'] as const)('%s', (estimator) => {
  test('equal rewards give exactly 0, also where their mean is not exact', () => {
    for (const reward of [0, 1, 0.1, 0.7, -3.3, 1e-9]) {
      for (const n of [1, 2, 3, 7, 10, 64]) {
        expect(
          advantages(
            estimator,
            Array.from({ length: n }, () => reward),
          ),
        ).toEqual(Array.from({ length: n }, () => 0));
      }
    }
    expect(advantages(estimator, [])).toEqual([]);
  });

  test('advantages add up to 0 and keep the order of the rewards', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 2, maxLength: 32 }), (rewards) => {
        const values = advantages(estimator, rewards);
        expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 6);
        rewards.forEach((r, i) => {
          rewards.forEach((s, j) => {
            if (r > s) expect(values[i]!).toBeGreaterThan(values[j]!);
            if (r === s) expect(values[i]!).toBe(values[j]!);
          });
        });
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});
