/** What counts as the same record when a run is resumed. */
import { expect, test } from 'vitest';
import { firstDifference } from '../../engine/journal/replay.ts';
import { step, warning } from '../support/records.ts';

test('a warning is the same with another wording, with or without reasons', () => {
  const before = warning(0, 'collapse', 12);
  const now = { ...before, message: 'In other words.', watch: { level: 'collapse', reasons: [] } } as typeof before;
  expect(firstDifference(before, now)).toBeNull();
  expect(firstDifference(before, warning(0, 'collapse', 13))).toBe('step: 13 instead of 12');
  expect(firstDifference(before, warning(0, 'collapse-watch', 12))).toMatch(/^code: /);
});

test('a step is the same apart from number, time and timing', () => {
  const timing = { ...(step(0, 1) as { timing: object }).timing, seconds: 99 };
  expect(firstDifference(step(0, 1), { ...step(7, 1), time: 'later', timing } as ReturnType<typeof step>)).toBeNull();
  expect(firstDifference(step(0, 1, { loss: 0.25 }), step(0, 1, { loss: 0.5 }))).toMatch(/^metrics.loss: /);
});
