/** Advantages by hand, and what holds for any rewards. Numbers of torch: `tests/parity/policy-loss.test.ts`. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ADVANTAGES } from '../../engine/protocol/config.ts';
import { advantages, isGroupwise } from '../../engine/training/advantages.ts';

type Name = Parameters<typeof advantages>[0];

function close(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 6);
  });
}

const one = (estimator: Name, rewards: number[]) => advantages(estimator, [rewards])[0]!;

describe('GRPO', () => {
  test('one right of four: mean 1/4, sample standard deviation 1/2', () => {
    close(one('grpo', [1, 0, 0, 0]), [0.75 / 0.500001, -0.25 / 0.500001, -0.25 / 0.500001, -0.25 / 0.500001]);
  });

  test('two each of two values: mean 2, standard deviation sqrt(2)', () => {
    const scale = Math.SQRT2 + 1e-6;
    close(one('grpo', [1, 3]), [-1 / scale, 1 / scale]);
  });

  test('each group separately', () => {
    expect(advantages('grpo', [[1, 3], [5, 5, 5], [0.5]])).toEqual([one('grpo', [1, 3]), [0, 0, 0], [0]]);
  });
});

test('Dr. GRPO subtracts the mean only', () => {
  close(one('dr-grpo', [1, 0, 0, 0]), [0.75, -0.25, -0.25, -0.25]);
});

test('RLOO compares each rollout with the mean of the others', () => {
  close(one('rloo', [1, 0, 0, 0]), [1, -1 / 3, -1 / 3, -1 / 3]);
  close(one('rloo', [1, 4]), [-3, 3]);
  expect(one('rloo', [0, 0.5, 1])).toEqual([-0.75, 0, 0.75]);
});

// All rewards: mean 5/8, sample deviation sqrt((5 * 9 + 3 * 25) / 64 / 7) = sqrt(15 / 56).
const groups = [
  [1, 0, 0, 0],
  [1, 1, 1, 1],
];
const deviation = Math.sqrt(15 / 56) + 1e-6;

test("GRPO with the step's standard deviation: the mean is the group’s own", () => {
  const [first, second] = advantages('grpo-batch', groups);
  close(
    first!,
    [0.75, -0.25, -0.25, -0.25].map((a) => a / deviation),
  );
  expect(second).toEqual([0, 0, 0, 0]);
});

test('REINFORCE++ compares across groups: a group with equal rewards trains too', () => {
  const [first, second] = advantages('reinforce++', groups);
  close(
    first!,
    [3, -5, -5, -5].map((a) => a / 8 / deviation),
  );
  close(
    second!,
    [3, 3, 3, 3].map((a) => a / 8 / deviation),
  );
  expect(
    advantages('reinforce++', [
      [0.1, 0.1, 0.1],
      [0.1, 0.1],
    ]),
  ).toEqual([
    [0, 0, 0],
    [0, 0],
  ]);
});

test('REINFORCE++ with a baseline: differences from the group’s mean, divided by their standard deviation over the step', () => {
  // Differences 3/4, -1/4 (3 times), 0 (4 times): squares add up to 12/16.
  const scale = Math.sqrt(12 / 16 / 7) + 1e-6;
  const [first, second] = advantages('reinforce++-baseline', groups);
  close(
    first!,
    [0.75, -0.25, -0.25, -0.25].map((a) => a / scale),
  );
  expect(second).toEqual([0, 0, 0, 0]);
});

describe.each(ADVANTAGES)('%s', (estimator) => {
  test('equal rewards of a step give exactly 0, even if their mean is not exact', () => {
    for (const reward of [0, 1, 0.1, 0.7, -3.3, 1e-9]) {
      for (const n of [1, 2, 3, 7, 10, 64]) {
        const equal = Array.from({ length: n }, () => reward);
        const zeros = equal.map(() => 0);
        expect(advantages(estimator, [equal, equal])).toEqual([zeros, zeros]);
      }
    }
    expect(advantages(estimator, [])).toEqual([]);
    expect(advantages(estimator, [[]])).toEqual([[]]);
  });

  const rewards = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 16 });
  const steps = fc.array(rewards, { minLength: 1, maxLength: 4 });

  test('advantages of a step add up to 0 and keep the order of the rewards within a group', () => {
    fc.assert(
      fc.property(steps, (step) => {
        const values = advantages(estimator, step);
        expect(values.flat().reduce((a, b) => a + b, 0)).toBeCloseTo(0, 6);
        step.forEach((group, g) => {
          group.forEach((r, i) => {
            group.forEach((s, j) => {
              if (r > s) expect(values[g]![i]!).toBeGreaterThan(values[g]![j]!);
              if (r === s) expect(values[g]![i]!).toBe(values[g]![j]!);
            });
          });
        });
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  test('is groupwise if and only if other groups change nothing', () => {
    const group = [1, 0, 0.5];
    const alone = advantages(estimator, [group])[0]!;
    const [among] = advantages(estimator, [group, [7, -2, 3]]);
    expect(JSON.stringify(alone) === JSON.stringify(among)).toBe(isGroupwise(estimator));
  });
});
