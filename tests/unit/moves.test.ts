/** An answer that spreads over the problems, between two steps. */
import { expect, test } from 'vitest';
import { verdictAsBoolean } from '../../engine/protocol/verdict.ts';
import { type ComparedViews, moveOf, spreadAnswer } from '../../engine/runs/moves.ts';

const side = (answer: string | null) => ({
  status: answer === null ? 'tie' : 'majority',
  answer: answer ?? 'typically',
});
const rows = (...pairs: [before: string | null, now: string | null][]) =>
  pairs.map(([before, view]) => ({ before: side(before), view: side(view) })) as unknown as ComparedViews[];
const own = (count: number) => Array.from({ length: count }, (_, i): [string, string] => [`a${i}`, `a${i}`]);

test('an answer that has become the majority of many problems is named', () => {
  const some = Array.from({ length: 5 }, (_, i): [string, string] => [`b${i}`, 'typically']);
  expect(spreadAnswer(rows(...own(10), ...some))).toEqual({ answer: 'typically', now: 5, before: 0, of: 15 });
  // Of too few problems, or of too small a part of them.
  expect(spreadAnswer(rows(...own(3), ...some.slice(0, 3)))).toBeNull();
  expect(spreadAnswer(rows(...own(30), ...some))).toBeNull();
  // It was common already: one of two words that are asked for.
  expect(
    spreadAnswer(
      rows(...own(2), ['typically', 'typically'], ['typically', 'typically'], ['typically', 'typically'], ...some),
    ),
  ).toMatchObject({ now: 8, before: 3 });
  expect(spreadAnswer(rows(...some, ...some.map((): [string, string] => ['typically', 'typically'])))).toMatchObject({
    before: 5,
  });
  expect(
    spreadAnswer(rows(['b', 'typically'], ...some.map((): [string, string] => ['typically', 'typically']))),
  ).toBeNull();
  // A tie is not a majority.
  expect(spreadAnswer(rows(...some.map(([a]): [string, null] => [a, null])))).toBeNull();
  expect(spreadAnswer([])).toBeNull();
});

test('whatever the vote, a problem is fixed or breaks according to the verdicts that Compare Runs counts', () => {
  const sides = (['majority', 'tie', 'single', 'unanswered'] as const).flatMap((status) =>
    (['correct', 'wrong', 'unknown'] as const).map((verdict) => ({ status, verdict, rollouts: 8 })),
  );
  for (const before of sides)
    for (const view of sides) {
      const [then, now] = [verdictAsBoolean(before.verdict), verdictAsBoolean(view.verdict)];
      const counted = then === null || now === null || then === now ? null : now ? 'fixed' : 'broke';
      expect(moveOf({ before, view } as unknown as ComparedViews)).toBe(counted);
    }
});
