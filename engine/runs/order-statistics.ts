/** Values at given places of a sorted sequence without sorting it: a group of long responses has millions of tokens. Pure. */

const DIGIT = 16;
const BUCKETS = 2 ** DIGIT;

/**
 * The values at these places (from 0) of the sorted values. Two passes over the values, one for each half of their
 * bits; NaN counts as larger than all others.
 */
export function valuesAt(values: readonly Float32Array[], places: readonly number[]): number[] {
  const high = new Uint32Array(BUCKETS);
  for (const part of values) {
    const bits = new Uint32Array(part.buffer, part.byteOffset, part.length);
    for (let i = 0; i < bits.length; i++) high[ordered(bits[i]!) >>> DIGIT]!++;
  }
  const found = places.map((place) => bucketOf(high, place));
  // Values in the same bucket differ in the other half of their bits.
  const low = new Map(found.map(({ bucket }) => [bucket, new Uint32Array(BUCKETS)]));
  const isWanted = new Uint8Array(BUCKETS);
  for (const bucket of low.keys()) isWanted[bucket] = 1;
  for (const part of values) {
    const bits = new Uint32Array(part.buffer, part.byteOffset, part.length);
    for (let i = 0; i < bits.length; i++) {
      const key = ordered(bits[i]!);
      if (isWanted[key >>> DIGIT] === 1) low.get(key >>> DIGIT)![key & (BUCKETS - 1)]!++;
    }
  }
  return found.map(({ bucket, rest }) => numberOf(((bucket << DIGIT) | bucketOf(low.get(bucket)!, rest).bucket) >>> 0));
}

/** The bits of a float32 as an integer that is the larger the larger the number is. */
function ordered(bits: number): number {
  return (bits >>> 31 === 1 ? ~bits : bits | 0x80000000) >>> 0;
}

const INTEGER = new Uint32Array(1);
const FLOAT = new Float32Array(INTEGER.buffer);

function numberOf(key: number): number {
  INTEGER[0] = key >>> 31 === 1 ? key & 0x7fffffff : ~key;
  return FLOAT[0]!;
}

/** The bucket that contains a place, and the place within it. */
function bucketOf(counts: Uint32Array, place: number): { bucket: number; rest: number } {
  let rest = place;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    if (rest < counts[bucket]!) return { bucket, rest };
    rest -= counts[bucket]!;
  }
  throw new RangeError(`place ${place} is beyond the last value`);
}
