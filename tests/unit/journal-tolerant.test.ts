/** Reading drops what it does not know, and looks at each value once. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { readEvents } from '../../engine/journal/events.ts';
import { readRunFile } from '../../engine/journal/reader.ts';
import { readTolerantly } from '../../engine/journal/tolerant.ts';
import { JournalRecord } from '../../engine/protocol/records.ts';
import { ForeignRun } from '../../engine/protocol/run-file.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

test('a value with unknown keys at every depth is checked once', () => {
  let checks = 0;
  const Counted = z.number().refine(() => {
    checks++;
    return true;
  });
  const Inner = z.strictObject({ n: Counted, more: z.array(z.strictObject({ n: Counted })).optional() });
  const Schema = z.strictObject({
    one: Inner.nullable(),
    byName: z.record(z.string(), Inner),
    either: z.union([z.strictObject({ a: Counted }), z.strictObject({ b: Counted })]),
    kind: z.discriminatedUnion('type', [z.strictObject({ type: z.literal('x'), n: Counted })]),
    later: Counted.nullable().default(null),
    lazy: z.lazy(() => Inner).optional(),
  });
  const value = {
    one: { n: 1, more: [{ n: 2, new: 0 }], new: 0 },
    byName: { first: { n: 3, new: 0 } },
    either: { b: 4, new: 0 },
    kind: { type: 'x', n: 5, new: 0 },
    lazy: { n: 6, new: 0 },
    new: 0,
  };
  expect(readTolerantly(Schema, value)).toEqual({
    success: true,
    data: {
      one: { n: 1, more: [{ n: 2 }] },
      byName: { first: { n: 3 } },
      either: { b: 4 },
      kind: { type: 'x', n: 5 },
      later: null,
      lazy: { n: 6 },
    },
  });
  expect(checks).toBe(6);
  // Writing stays strict.
  expect(Schema.safeParse(value).success).toBe(false);
  expect(readTolerantly(Schema, { ...value, later: 'x' })).toMatchObject({
    success: false,
    error: expect.stringContaining('later'),
  });
});

test('how an imported run found its answers may have keys of a newer version', () => {
  const { grading } = ForeignRun.shape;
  expect(readTolerantly(grading, { compare: 'text', hue: 1 })).toMatchObject({
    success: true,
    data: { compare: 'text' },
  });
  expect(grading.safeParse({ compare: 'text', hue: 1 }).success).toBe(false);
});

test('each line of a run is parsed once, run.json once, with or without keys of a newer version', async () => {
  const folder = join(temporaryFolder(), 'run');
  await writeRunFixture(folder, { problems: 2, votes: 2, steps: 2, every: 2 });
  for (const name of ['run.json', 'events.jsonl']) {
    const text = readFileSync(join(folder, name), 'utf8');
    writeFileSync(
      join(folder, name),
      text.replaceAll('"versions":', '"hue":1,"versions":').replaceAll('"seq":', '"hue":1,"seq":'),
    );
  }
  expect(existsSync(join(folder, 'view.index'))).toBe(false);
  const parse = vi.spyOn(JSON, 'parse');
  const check = vi.spyOn(JournalRecord, 'safeParse');
  await readRunFile(folder);
  expect(parse).toHaveBeenCalledTimes(1);
  parse.mockClear();
  let lines = 0;
  for await (const { record } of readEvents(folder)) {
    lines++;
    expect(record).not.toHaveProperty('hue');
  }
  expect(lines).toBeGreaterThan(10);
  expect(parse).toHaveBeenCalledTimes(lines);
  // The schema for writing is not asked.
  expect(check).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});
