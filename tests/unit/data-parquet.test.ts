/** Parquet files of pyarrow in every encoding and compression, and damaged ones, which never take long or much memory. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { Budget } from '../../engine/data/parquet/budget.ts';
import { readDeltas, readDeltaTexts } from '../../engine/data/parquet/delta.ts';
import { ParquetFile } from '../../engine/data/parquet/file.ts';
import { readRuns } from '../../engine/data/parquet/runs.ts';
import { checkThrift } from '../../engine/data/parquet/thrift.ts';
import { parquetRows } from '../../engine/data/parquet.ts';
import { unpackSnappy } from '../../engine/data/snappy.ts';
import { ROOT } from '../support/processes.ts';

const FIXTURES = path.join(ROOT, 'tests', 'fixtures', 'parquet');
const files = readdirSync(FIXTURES).filter((name) => name.endsWith('.parquet'));

describe('files written by pyarrow', () => {
  test.each(files)('%s', async (name) => {
    const rows = await parquetRows(name, readFileSync(path.join(FIXTURES, name)));
    expect(rows).toHaveLength(24);
    for (const [i, { values }] of rows.entries()) {
      const some = (value: unknown) => (i % 5 === 0 ? null : value);
      for (const name of Object.keys(values)) values[name] ??= null;
      expect(values).toEqual({
        problem: `What is ${i} + 3?`,
        answer: some(`answer ${i % 3}`),
        never: null,
        int32: ((i * 7919) % 1000) - 500,
        int64: BigInt(i) * 2n ** 58n - 2n ** 62n,
        float: i / 8,
        double: some(i / 10),
        truth: i % 3 === 0,
        time: new Date(Date.UTC(2026, 0, 1 + i)),
        decimal: i / 100,
        list: some(Array.from({ length: i % 4 }, (_, j) => (j === 0 ? null : `${j}`))),
        lists: Array.from({ length: i % 3 }, (_, j) => Array.from({ length: j % 3 }, () => BigInt(j))),
        chat: some(Array.from({ length: i % 3 }, () => ({ role: 'user', content: `${i}` }))),
        struct: some({ a: BigInt(i), b: { c: [`${i}`] } }),
        map: some(Object.fromEntries(Array.from({ length: i % 3 }, (_, j) => [`k${j}`, j]))),
      });
    }
  });

  test('a row group is read separately', () => {
    const bytes = readFileSync(path.join(FIXTURES, 'snappy.parquet'));
    const read: number[] = [];
    const file = new ParquetFile(bytes.length, (start, end) => {
      read.push(end - start);
      return bytes.subarray(start, end);
    });
    expect(file.groups).toEqual([16, 8]);
    const before = read.length;
    expect(file.rows(1).map(({ problem }) => problem)).toEqual(
      Array.from({ length: 8 }, (_, i) => `What is ${i + 16} + 3?`),
    );
    expect(read.slice(before).reduce((sum, length) => sum + length, 0)).toBeLessThan(bytes.length / 2);
  });
});

describe('damaged files are refused:', () => {
  const damaged = (bytes: Uint8Array) => parquetRows('a.parquet', bytes).catch((error: Error) => error.message);

  test('a run that claims two billion values', async () => {
    const bytes = readFileSync(path.join(ROOT, 'tests', 'fuzz', 'cases', 'parquet', 'two-billion-values'));
    expect(await damaged(bytes)).toContain('a.parquet is not a readable Parquet file: row group 1, column "');
  });

  test('more rows than its columns have', async () => {
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'n', data: [1, 2, 3], type: 'INT32' }] }));
    expect(await damaged(bytes)).toHaveLength(3);
    // the varint after the tag of num_rows in the row group: 3 becomes 60
    const rows = [...bytes.keys()].filter((i) => bytes[i] === 0x16 && bytes[i + 1] === 6);
    for (const i of rows) bytes[i + 1] = 120;
    expect(await damaged(bytes)).toContain('row group 1, column "n": 3 of 60 rows');
  });

  test('values that need more memory than available', () => {
    const data = Array.from({ length: 100_000 }, () => 'the same text');
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 's', data }], rowGroupSize: 100_000 }));
    const file = new ParquetFile(bytes.length, (start, end) => bytes.subarray(start, end));
    expect(file.rows(0)).toHaveLength(100_000);
    expect(() => file.rows(0, new Budget(1e6))).toThrow('its values need more than 1 MB of memory');
  });
});

describe('damaged parts are refused:', () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);
  const many = [0xff, 0xff, 0xff, 0xff];

  test('runs', () => {
    const output = new Uint32Array(5);
    readRuns(bytes(0xfe, 0xff, 0xff, 0xff, 0x0f, 7), 3, output);
    expect([...output]).toEqual([7, 7, 7, 7, 7]);
    readRuns(bytes(0x03, 0b10_001_000, 0b1_100_011_0, 0b111_110_10), 3, output);
    expect([...output]).toEqual([0, 1, 2, 3, 4]);
    const wide = new Uint32Array(8);
    readRuns(bytes(0x03, ...Array.from({ length: 8 }, (_, i) => [i, 0, 0, 0xff]).flat()), 32, wide);
    expect([...wide]).toEqual(Array.from({ length: 8 }, (_, i) => 0xff000000 + i));
    expect(() => readRuns(bytes(...many, 0x0f, 7), 3, output)).toThrow('a page ends too early');
    expect(() => readRuns(bytes(...many, ...many), 3, output)).toThrow('the length of a run has too many bytes');
    // runs of no values end with the bytes
    expect(() => readRuns(new Uint8Array(1000), 3, output)).toThrow('a page ends too early');
  });

  test('deltas', () => {
    const output = new Int32Array(1000);
    // one block of 128 in 4, first value 5, each 2 more
    expect(() => readDeltas(bytes(0x80, 1, 4, 0x80, 0x80, 4, 10, 4, 0, 0, 0, 0), 0, output)).toThrow('ends too early');
    const short = new Int32Array(100);
    readDeltas(bytes(0x80, 1, 4, 100, 10, 4, 0, 0, 0, 0), 0, short);
    expect([...short]).toEqual(Array.from(short, (_, i) => 5 + 2 * i));
    for (const block of [bytes(0, 0, 0, 0), bytes(0x80, 1, 0, 1, 0), bytes(...many, 0x0f, 1, 1, 0)])
      expect(() => readDeltas(block, 0, output)).toThrow('damaged differences: the size of a block');
    // texts that grow by repeating what was there: refused when the budget is spent
    expect(() => readDeltaTexts(bytes(0x80, 1, 4, 9, 0, 0, 0, 0, 0, 0, 0x80, 1, 4, 9, 1), 9, new Budget(1e6))).toThrow(
      'damaged differences',
    );
  });

  test('headers', () => {
    expect(checkThrift(bytes(0x15, 2, 0), 0)).toBe(3);
    expect(() => checkThrift(bytes(0x19, 0xfc, ...many, 0x0f), 0)).toThrow('a list of 4294967295 elements');
    expect(() => checkThrift(bytes(0x18, ...many, 0x0f, 1), 0)).toThrow('a length of 4294967295 bytes');
    expect(() => checkThrift(bytes(0x16, ...Array(1000).fill(0x80)), 0)).toThrow('a number has too many bytes');
    expect(() => checkThrift(bytes(...Array(1000).fill(0x1c)), 0)).toThrow('it is nested too deeply');
    expect(() => checkThrift(bytes(0x19, ...Array(1000).fill(0x19)), 0)).toThrow('it is nested too deeply');
  });

  test('Snappy', () => {
    const text = (...input: number[]) => Buffer.from(unpackSnappy(bytes(...input), 8)).toString();
    expect(text(8, 4, 97, 98, 0x12, 2, 0, 0, 99)).toBe('abababac');
    // a literal of four bytes' length, which as a signed number would go back
    expect(() => text(8, 0xfc, ...many, 97)).toThrow('damaged Snappy data');
    expect(() => text(8, 4, 97, 98, 0x12, 0, 0)).toThrow('damaged Snappy data');
    expect(() => text(8, 4, 97, 98)).toThrow('damaged Snappy data');
  });
});
