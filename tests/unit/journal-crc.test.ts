import { expect, test } from 'vitest';
import { crc32, crc32c, ownCrc32 } from '../../engine/journal/crc.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

test("both checksums have the published values, with and without Node's code", () => {
  for (const check of [crc32, ownCrc32]) {
    expect(check(bytes('123456789'))).toBe(0xcbf43926);
    expect(check(bytes(''))).toBe(0);
  }
  expect(crc32c(bytes('123456789'))).toBe(0xe3069283);
});

test('both implementations of CRC-32 agree, also on views', () => {
  const all = Uint8Array.from({ length: 5000 }, (_, i) => (i * 2654435761) >>> 24);
  for (const length of [0, 1, 7, 64, 4093]) {
    const view = all.subarray(3, 3 + length);
    expect(crc32(view)).toBe(ownCrc32(view));
  }
});
