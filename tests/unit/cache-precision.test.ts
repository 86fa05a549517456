/** Keys and values of few bits: what is held is near what was put, also after rows have moved. */
import { describe, expect, test } from 'vitest';
import {
  type CachePrecision,
  type Numbers,
  readTokens,
  storedCacheBytes,
} from '../../engine/rollout/cache-precision.ts';
import { GrowingCaches } from '../../engine/rollout/growing-caches.ts';
import { rowBytes } from '../../engine/rollout/sampler.ts';
import type { Value } from '../../engine/runtime/backend.ts';
import { shapeOf } from '../support/model-shapes.ts';
import { referenceBackend } from '../support/reference-backend.ts';

/** Largest error, relative to the largest number of a token of a head. */
const WITHIN: Record<CachePrecision, number> = { float32: 0, float16: 2 ** -11, '8bit': 0.5 / 127 + 1e-6 };
const PRECISIONS = Object.keys(WITHIN) as CachePrecision[];
const [ROWS, WIDTH] = [6, 8];

const host = (data: Float32Array, shape: number[]): Value => ({ dtype: 'float32', shape, data, dispose: () => {} });
const backend = {
  ...referenceBackend(),
  read: async (value: Value) => value.data!,
  value: (dtype: Value['dtype'], shape: readonly number[], data: NonNullable<Value['data']>) => ({
    ...{ dtype, shape, data, dispose: () => {} },
  }),
};

/** Of a row and a token. */
function numbersOf(row: number, token: number): Float32Array {
  return Float32Array.from({ length: WIDTH }, (_, i) => (1 + row) * Math.sin(1 + token * 5 + row * 3 + i));
}

describe.each(PRECISIONS)('%s', (precision) => {
  test('appended tokens, of rows that continue', async () => {
    const sizes = { layers: 1, rows: ROWS, headDim: WIDTH, capacity: 20, precision };
    const caches = new GrowingCaches(backend, sizes);
    let rows = Array.from({ length: ROWS }, (_, row) => row);
    let length = 0;
    const append = async (more: number) => {
      const data = new Float32Array(rows.length * more * WIDTH);
      rows.forEach((row, r) => {
        for (let t = 0; t < more; t++) data.set(numbersOf(row, length + t), (r * more + t) * WIDTH);
      });
      const value = host(data, [rows.length, more, WIDTH]);
      await caches.append([{ keys: value, values: value }]);
      length += more;
    };
    await append(3);
    await append(1);
    caches.pack([0, 2, 5]);
    rows = [0, 2, 5];
    await append(5);
    const { keys } = caches.values[0]!;
    expect(keys.numbers.shape).toEqual([3, 9, WIDTH]);
    expect(keys.scales === null).toBe(precision !== '8bit');
    const held = {
      numbers: keys.numbers.data as Numbers,
      scales: (keys.scales?.data as Float32Array | undefined) ?? null,
    };
    const found = readTokens(held, 0, 3 * 9, WIDTH);
    rows.forEach((row, r) => {
      for (let t = 0; t < length; t++) {
        const expected = numbersOf(row, t);
        const most = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
        expected.forEach((value, i) => {
          expect(Math.abs(found[(r * length + t) * WIDTH + i]! - value)).toBeLessThanOrEqual(WITHIN[precision] * most);
        });
      }
    });
    expect(caches.dispose()).toBe(2 * ROWS * length * storedCacheBytes(precision, WIDTH));
  });

  test('a head of zeros stays zero', async () => {
    const caches = new GrowingCaches(backend, { layers: 1, rows: 1, headDim: WIDTH, capacity: 1, precision });
    const value = host(new Float32Array(WIDTH), [1, 1, WIDTH]);
    await caches.append([{ keys: value, values: value }]);
    const { numbers, scales } = caches.values[0]!.keys;
    const held = { numbers: numbers.data as Numbers, scales: (scales?.data as Float32Array | undefined) ?? null };
    expect([...readTokens(held, 0, 1, WIDTH)]).toEqual(Array.from({ length: WIDTH }, () => 0));
  });
});

test('fewer bits let more rollouts be sampled at a time', () => {
  const row = (cachePrecision: CachePrecision) =>
    rowBytes(shapeOf('Qwen3-0.6B'), 1024, { controlFlow: true, cachePrecision });
  expect(row('float32') / row('float16')).toBeGreaterThan(1.6);
  expect(row('float16') / row('8bit')).toBeGreaterThan(1.4);
});
