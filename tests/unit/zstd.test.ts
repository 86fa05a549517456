/** Zstandard against what its own program wrote: `zstd --fast=3`, `-3`, `-19` and `-9 --no-check`, version 1.5.4. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { unpackZstd, unpackZstdFile } from '../../engine/data/zstd/index.ts';
import { ROOT } from '../support/processes.ts';

const fixture = (name: string) => readFileSync(path.join(ROOT, 'tests', 'fixtures', 'zstd', name));
const MEGABYTE = 1e6;

/** What the fixtures contain. */
const text = (() => {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
  const words = 'how many apples are left when three of seven children take some and the rest is shared'.split(' ');
  let lines = '';
  while (lines.length < 300_000) {
    const count = 4 + Math.floor(8 * random());
    const prompt = Array.from({ length: count }, () => words[Math.floor(random() * words.length)]).join(' ');
    const id = Math.floor(random() * 1e9);
    lines += `${JSON.stringify({ id, prompt, answer: String(Math.floor(100 * random())) })}\n`;
  }
  return lines;
})();

const FILES: readonly (readonly [name: string, contents: string])[] = [
  ['fast.zst', text.slice(0, 60_000)],
  ['level3.zst', text.slice(0, 60_000)],
  ['level19.zst', text],
  ['unchecked.zst', text.slice(0, 3000)],
  ['zeros.zst', '0'.repeat(300_000)],
];

/** A frame without checksum and size, with these blocks: kind, length that the header says, bytes. */
function frame(...blocks: (readonly [kind: number, length: number, bytes: number[]])[]): Uint8Array {
  const parts = blocks.flatMap(([kind, length, bytes], i) => {
    const header = (length << 3) | (kind << 1) | (i + 1 === blocks.length ? 1 : 0);
    return [header & 255, (header >> 8) & 255, header >> 16, ...bytes];
  });
  return Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, ...parts]);
}

describe("zstd's output", () => {
  test.each(FILES)('%s', (name, contents) => {
    const bytes = Buffer.from(contents);
    expect(bytes.equals(unpackZstd(fixture(name), bytes.length))).toBe(true);
    expect(bytes.equals(unpackZstdFile(fixture(name), MEGABYTE))).toBe(true);
  });

  test('several frames, and what other programs put between them', () => {
    const skipped = Uint8Array.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const all = Buffer.concat([skipped, fixture('unchecked.zst'), skipped, fixture('zeros.zst')]);
    expect(Buffer.from(unpackZstdFile(all, MEGABYTE)).toString()).toBe(`${text.slice(0, 3000)}${'0'.repeat(300_000)}`);
  });
});

describe('damaged data', () => {
  test('is never read as something else if there is a checksum', () => {
    const whole = fixture('level3.zst');
    const contents = Buffer.from(text.slice(0, 60_000));
    for (let i = 0; i < 600; i++) {
      const bytes = Buffer.from(whole);
      // the beginning, with sizes and tables, is more telling than the rest
      const at = i < 300 ? i : (i * 7919) % bytes.length;
      bytes[at] = bytes[at]! ^ (1 << (i % 8)) ^ (i % 3 === 0 ? 0xff : 0);
      let read: Uint8Array | null = null;
      try {
        read = unpackZstdFile(bytes, MEGABYTE);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        expect(error).not.toBeInstanceOf(RangeError);
        expect(error).not.toBeInstanceOf(TypeError);
      }
      if (read) expect(contents.equals(read), `byte ${at}`).toBe(true);
    }
  });

  test('that is truncated anywhere is refused', () => {
    const whole = fixture('unchecked.zst');
    for (let length = 1; length < whole.length; length++) {
      expect(() => unpackZstd(whole.subarray(0, length), 3000), String(length)).toThrow(/Zstandard/);
    }
  });

  test.each([
    ['no frame', Uint8Array.from([1, 2, 3, 4, 5, 6])],
    ['a frame without blocks', frame()],
    ['a kind of block that there is not', frame([3, 0, []])],
    ['a block that is longer than the file', frame([0, 9, [1, 2]])],
    ['a block of more than 128 KiB', frame([1, 131_073, [65]])],
    ['a copy of what was never written', frame([2, 4, [0, 1, 0, 0xff]])],
    ['a table that nothing has defined', frame([2, 6, [0b1000, 65, 1, 0b11111100, 1, 1]])],
    ['a dictionary', Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 1, 0x58, 7, 1, 0, 0])],
  ])('%s', (_, bytes) => {
    expect(() => unpackZstdFile(bytes, MEGABYTE)).toThrow(/Zstandard/);
  });

  test('that claims to unpack to more than allowed stops at the limit', () => {
    const bomb = frame(...new Array(100).fill([1, 131_072, [65]] as const));
    expect(unpackZstdFile(bomb, 2e7)).toHaveLength(100 * 131_072);
    expect(() => unpackZstdFile(bomb, MEGABYTE)).toThrow('larger than 1000000 bytes');
    expect(() => unpackZstd(bomb, 10)).toThrow('larger than 10 bytes');
    expect(() => unpackZstd(bomb, 2e7)).toThrow(/Zstandard/);
  });
});
