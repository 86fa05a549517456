/** Inputs that are nearly right: files, texts and JSON values that were changed at random, all of it from one seed. */

/** mulberry32: the same seed gives the same inputs on every machine. */
export class Random {
  #state: number;

  constructor(...keys: number[]) {
    this.#state = keys.reduce((state, key) => Math.imul(state ^ key, 0x85ebca6b) ^ (state >>> 13), 0x9e3779b9);
  }

  /** A whole number from 0 to `n` - 1. */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let value = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 2 ** 32) * n);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

/** Numbers at which sizes and signs go wrong. */
const BYTES = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x22, 0x7b, 0x5c];

/** Changes bytes, cuts, repeats, or joins what two seeds contain; one to four times. */
export function mutateBytes(random: Random, seeds: readonly Buffer[]): Buffer {
  let bytes: Buffer = Buffer.from(random.pick(seeds));
  for (let times = 1 + random.below(4); times > 0; times--) {
    const at = random.below(bytes.length + 1);
    const length = random.below(Math.min(64, bytes.length - at + 1));
    switch (random.below(7)) {
      case 0:
        if (at < bytes.length) bytes[at] = random.below(256);
        break;
      case 1:
        for (let i = 0; i < 8 && at + i < bytes.length; i++) bytes[at + i] = random.pick(BYTES);
        break;
      case 2:
        bytes = bytes.subarray(0, at);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 4:
        bytes = Buffer.concat([
          bytes.subarray(0, at + length),
          bytes.subarray(at, at + length),
          bytes.subarray(at + length),
        ]);
        break;
      case 5: {
        const other = random.pick(seeds);
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))]);
        break;
      }
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(PIECES)), bytes.subarray(at)]);
    }
  }
  return bytes;
}

/** Overwrites one to four bytes, so that everything else stays in its place. */
export function overwrite(random: Random, seed: Buffer): Buffer {
  const bytes = Buffer.from(seed);
  for (let times = 1 + random.below(4); times > 0; times--)
    bytes[random.below(bytes.length)] = random.below(2) === 0 ? random.below(256) : random.pick(BYTES);
  return bytes;
}

/** Pieces of the languages that are read. */
const PIECES = [
  ...['\u0000', '\ufeff', '\ud800', '\u202e', '\u001b[2J', '\r\n', '"', '\\', '{', '}', '[', ']', ',', ':', ';', '\t'],
  ...['null', 'NaN', '-0', '1e999', '9007199254740993', '-1', '2.5', '1e-400', '0x10', '"__proto__":', '"constructor"'],
  ...[
    '\\boxed{',
    '\\frac{1}{',
    '\\sqrt[2.5]{8}',
    '^{9}^{9}',
    '1_{constructor}',
    '####',
    '$$',
    '\\text{',
    '!!',
    '<answer>',
  ],
  ...[
    '{{',
    '}}',
    '{% for i in range(1000000000) %}',
    '{% endfor %}',
    '| length',
    '<|im_end|>',
    '../',
    'Content-Length: ',
  ],
];

/** A text of pieces and of parts of the seeds. */
export function mutateText(random: Random, seeds: readonly string[]): string {
  const parts = Array.from({ length: 1 + random.below(8) }, () => {
    if (random.below(3) === 0) return random.pick(PIECES).repeat(1 + random.below(random.below(8) === 0 ? 60 : 2));
    const seed = random.pick(seeds);
    const at = random.below(seed.length + 1);
    return random.below(2) === 0 ? seed : seed.slice(at, at + random.below(40));
  });
  return parts.join('');
}

const VALUES: readonly unknown[] = [
  ...[null, true, 0, -1, 0.5, 1e9, 2 ** 53, -(2 ** 31), 1e300, '', 'x', '\ud800', '../../x', '__proto__', [], {}, [[]]],
  ...[[null], { a: 1 }, ['x', 1], '9'.repeat(400), Array.from({ length: 50 }, () => 1)],
];

/** The same JSON with some values replaced, keys renamed, removed or repeated. */
export function mutateJson(random: Random, value: unknown): unknown {
  const change = (entry: unknown, odds: number): unknown => {
    if (random.below(odds) === 0) return random.pick(VALUES);
    if (Array.isArray(entry)) {
      const list = entry.map((item) => change(item, odds));
      if (random.below(odds) === 0) list.splice(random.below(list.length + 1), 1);
      return list;
    }
    if (typeof entry !== 'object' || entry === null) return entry;
    const entries = Object.entries(entry).flatMap(([key, item]) => {
      if (random.below(odds) === 0) return [];
      return [[random.below(odds) === 0 ? String(random.pick(VALUES)) : key, change(item, odds)]];
    });
    return Object.fromEntries(entries);
  };
  return change(value, 6 + random.below(60));
}
