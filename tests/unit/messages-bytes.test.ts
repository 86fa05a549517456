/** Messages as bytes arrive as they were sent, in whichever pieces the bytes come. */
import { describe, expect, test } from 'vitest';
import { FrameReader, frameMessage, fromBytes, toBytes } from '../../engine/messages/bytes.ts';

const MESSAGES: Record<string, unknown> = {
  plain: { jsonrpc: '2.0', id: 1, params: { text: 'π ≈ 3,14 \u2028', list: [1, 'a', null, true] } },
  columns: {
    step: new Int32Array([1, -2]),
    share: new Float64Array([0.5, Number.NaN]),
    correct: new Int8Array([-1, 0, 1]),
  },
  odd: {
    a: new Uint8Array([7]),
    b: new Float32Array([1.5]),
    c: new Uint32Array([2 ** 32 - 1]),
    d: new Float64Array(0),
  },
  numbers: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1e-300],
  'a view of a part': new Float64Array([1, 2, 3, 4]).subarray(1, 3),
  'texts that look like marks': { $: ['number', 'NaN'], inner: { $: { $: ['array', 'Int8Array', 0, 9] } }, text: '$' },
};

describe.each(Object.entries(MESSAGES))('%s', (_, message) => {
  test('survives a round trip', () => {
    expect(fromBytes(toBytes(message))).toEqual(message);
  });

  test.each([1, 3, 8, 1000])('arrives through a stream in pieces of %d bytes', (size) => {
    const received: unknown[] = [];
    const reader = new FrameReader((item) => received.push(item));
    const both = [...frameMessage(message), ...frameMessage('next')];
    for (let at = 0; at < both.length; at += size) reader.add(Uint8Array.from(both.slice(at, at + size)));
    expect(received).toEqual([message, 'next']);
  });
});

test('an unknown array type is refused', () => {
  expect(() => toBytes(new BigInt64Array(1))).toThrow('BigInt64Array');
});

test('columns of an index, which are as narrow as their numbers, can be sent', () => {
  const message = { i16: Int16Array.of(-300, 300), u16: Uint16Array.of(0, 65535) };
  expect(fromBytes(toBytes(message))).toEqual(message);
});
