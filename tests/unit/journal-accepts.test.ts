/** The quick look at a value agrees with zod, which decides where it does not say yes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { acceptsOf } from '../../engine/journal/accepts.ts';
import { forReading, readTolerantly } from '../../engine/journal/tolerant.ts';
import { RunConfig, RunFile } from '../../engine/protocol/index.ts';
import { JournalRecord } from '../../engine/protocol/records.ts';
import { changed, foreign, names } from '../support/changed.ts';
import { step } from '../support/records.ts';

const config = RunConfig.parse({
  dataset: { path: 'data.jsonl', fields: { prompt: 'question' } },
  reward: 'majority-vote',
  rewardOptions: { custom: { command: ['a', 1] } },
  lora: { rank: 4 },
});
const runFile = {
  format: 3,
  created: '2026-11-30T00:00:00.000Z',
  origin: { engine: 'rollscope', version: '0.1.0', files: [] },
  config,
  foreign: null,
  versions: { rollscope: '0.1.0', node: '20' },
  modelFingerprint: null,
  dataFingerprint: 'sha256:1',
};
const estimate = { mean: 0.5, low: 0.2, high: 0.8 };
const forecast = {
  type: 'forecast',
  seq: 3,
  time: '',
  step: 0,
  forecast: { reward: 'majority-vote', problems: [], accuracy: estimate, wrong: 0.5, likelyWrong: [1] },
};
const warning = { type: 'warning', seq: 4, time: '', step: 1, problem: null, code: 'no-signal', message: 'x' };
const VALUES: [string, z.ZodType, object][] = [
  ['run.json', RunFile, runFile],
  ['a step', JournalRecord, step(3, 1)],
  ['a forecast', JournalRecord, forecast],
  ['a warning', JournalRecord, warning],
];

test.each(VALUES)('an unmodified %s needs no check by zod', (_, schema, value) => {
  const stored = JSON.parse(JSON.stringify(forReading(schema).parse(value)));
  expect(acceptsOf(forReading(schema))(stored)).toBe(true);
  expect(readTolerantly(schema, stored)).toEqual({ success: true, data: stored });
});

test.each(VALUES)('a modified %s is never accepted if zod would not return it unchanged', (_, schema, value) => {
  const twin = forReading(schema);
  const stored: unknown = JSON.parse(JSON.stringify(twin.parse(value)));
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), foreign, names, (numbers, other, name) => {
      const pick = (count: number) => numbers.next().value! % count;
      const damaged = changed(stored, pick, other, name);
      if (!acceptsOf(twin)(damaged)) return;
      const result = twin.safeParse(damaged);
      expect(result).toMatchObject({ success: true });
      expect(JSON.stringify(result.data)).toBe(JSON.stringify(damaged));
    }),
    { numRuns: 2000 },
  );
});

test('keys in another order, or with former names, are left to zod, whose order is that of the schema', () => {
  const stored = JSON.parse(JSON.stringify(RunFile.parse(runFile)));
  const turned = { ...stored, config: Object.fromEntries(Object.entries(stored.config).reverse()) };
  expect(acceptsOf(forReading(RunFile))(turned)).toBe(false);
  const read = readTolerantly(RunFile, turned);
  expect(JSON.stringify(read)).toBe(JSON.stringify({ success: true, data: stored }));
});

test('of options that are objects zod takes the first that fits, without unknown keys', () => {
  const Schema = z.union([z.object({ a: z.number() }), z.object({ a: z.number(), b: z.number() })]);
  expect(acceptsOf(Schema)({ a: 1, b: 2 })).toBe(false);
  expect(readTolerantly(Schema, { a: 1, b: 2 })).toEqual({ success: true, data: { a: 1 } });
  expect(acceptsOf(z.union([z.string(), z.null()]))(null)).toBe(true);
});
