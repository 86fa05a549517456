/** The check by hand of what a journal has most of agrees with the schemas, which decide where it does not say yes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseLine } from '../../engine/journal/events.ts';
import { isGroupRecord, isProblemUpdate } from '../../engine/journal/group-check.ts';
import { readTolerantly } from '../../engine/journal/tolerant.ts';
import { PHASES } from '../../engine/protocol/group-id.ts';
import { GroupRecord, JournalRecord, ProblemUpdate } from '../../engine/protocol/records.ts';
import { isObject } from '../../engine/protocol/values.ts';
import { changed, foreign, names } from '../support/changed.ts';
import { step } from '../support/records.ts';

const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const truth = orNull(fc.boolean());
const group = fc.record({
  type: fc.constant('group'),
  seq: fc.maxSafeNat(),
  time: fc.string(),
  phase: fc.constantFrom(...PHASES),
  step: fc.nat(),
  problem: fc.nat(),
  clusters: fc.array(fc.record({ answer: fc.string(), count: fc.integer({ min: 1 }), correct: truth })),
  majority: orNull(
    fc.record({
      ...{ answer: fc.string(), share: finite, rawShare: finite, correct: truth, tied: fc.boolean() },
      logprob: orNull(finite),
    }),
  ),
  rollouts: fc.nat(),
  unanswered: fc.nat(),
  truncated: orNull(fc.nat()),
  means: fc.record({
    ...{ reward: orNull(finite), correct: orNull(finite), tokens: orNull(finite) },
    ...{ logprob: orNull(finite), entropy: orNull(finite) },
  }),
  frame: orNull(fc.record({ file: fc.string(), offset: fc.maxSafeNat(), length: fc.integer({ min: 1 }) })),
});
const update = fc.record({ problem: fc.maxSafeNat(), kl: orNull(finite), clipFraction: orNull(finite) });

const change = <T>(value: fc.Arbitrary<T>) =>
  fc
    .tuple(value, foreign, names, fc.array(fc.nat(), { minLength: 20, maxLength: 20 }))
    .map(([one, other, name, numbers]) => {
      let i = 0;
      return changed(one, (count) => numbers[i++ % numbers.length]! % count, other, name);
    });

const RUNS = { numRuns: 3000 };

test('recognizes every group record and every update', () => {
  fc.assert(
    fc.property(group, update, (record, item) => {
      expect(isGroupRecord(record)).toBe(true);
      expect(isProblemUpdate(item)).toBe(true);
    }),
  );
});

test('accepts only what the schema accepts, and leaves the value unchanged', () => {
  let agreed = 0;
  fc.assert(
    fc.property(change(group), (value) => {
      if (!isGroupRecord(value)) return;
      agreed++;
      expect(readTolerantly(GroupRecord, value)).toEqual({ success: true, data: value });
    }),
    RUNS,
  );
  fc.assert(
    fc.property(change(update), (value) => {
      if (isProblemUpdate(value)) expect(readTolerantly(ProblemUpdate, value)).toEqual({ success: true, data: value });
    }),
    RUNS,
  );
  expect(agreed).toBeGreaterThan(20);
});

test('no line is read differently from the schema alone', () => {
  const records = fc.oneof(
    change(group),
    fc.array(update).map((problems) => ({ ...step(3, 1), problems })),
    change(fc.array(update).map((problems) => ({ ...step(3, 1), problems }))),
  );
  fc.assert(
    fc.property(records, (value) => {
      const text = JSON.stringify(value);
      if (text === undefined) return;
      const alone = readTolerantly(JournalRecord, JSON.parse(text));
      const read = parseLine(text);
      if (alone.success) expect(read).toMatchObject({ record: alone.data });
      // a line of a newer type is passed over; a group with a list of rollouts is a record of an older form
      else if (typeof read !== 'string' && !isOlder(value)) expect(read.record).toBeNull();
    }),
    RUNS,
  );
});

function isOlder(value: unknown): boolean {
  return isObject(value) && value.type === 'group' && Array.isArray(value.rollouts);
}
