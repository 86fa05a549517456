/** Numbers and texts stored as differences (the encodings DELTA_*). Work is bounded by the number of requested values. */
import { type Budget, OBJECT } from './budget.ts';

/** Maximum values per block; writers use 128. */
const MAX_BLOCK = 1 << 20;

interface Place {
  bytes: Uint8Array;
  at: number;
}

/** Fills `output` with integers, and returns the offset after them. Throws if they are damaged. */
export function readDeltas(bytes: Uint8Array, start: number, output: Int32Array | BigInt64Array): number {
  if (output.length === 0) return start;
  const place = { bytes, at: start };
  const block = Number(readVarint(place));
  const miniblocks = Number(readVarint(place));
  readVarint(place);
  const perMiniblock = block / miniblocks;
  if (!(block <= MAX_BLOCK && Number.isInteger(perMiniblock / 8) && perMiniblock > 0)) damaged('the size of a block');
  const first = readZigzag(place);
  const next = output instanceof Int32Array ? smallSums(output, first) : largeSums(output, first);
  for (let seen = 1; seen < output.length; ) {
    const smallest = readZigzag(place);
    const widths = take(place, miniblocks);
    for (const width of widths) {
      if (seen >= output.length) break;
      if (width > 64) damaged(`differences of ${width} bits`);
      const packed = take(place, (perMiniblock * width) / 8);
      const values = Math.min(perMiniblock, output.length - seen);
      next(seen, values, smallest, packed, width);
      seen += values;
    }
  }
  return place.at;
}

/** Texts preceded by their lengths. */
export function readDeltaLengths(bytes: Uint8Array, count: number, budget: Budget): Uint8Array[] {
  const lengths = new Int32Array(count);
  let at = readDeltas(bytes, 0, lengths);
  return Array.from(lengths, (length) => {
    if (length < 0 || length > bytes.length - at) damaged(`a value of ${length} bytes`);
    budget.take(OBJECT + length);
    at += length;
    return bytes.subarray(at - length, at);
  });
}

/** Texts that share a prefix with the previous one. */
export function readDeltaTexts(bytes: Uint8Array, count: number, budget: Budget): Uint8Array[] {
  const kept = new Int32Array(count);
  const added = new Int32Array(count);
  let at = readDeltas(bytes, readDeltas(bytes, 0, kept), added);
  let last = new Uint8Array();
  return Array.from(kept, (keep, i) => {
    const more = added[i]!;
    if (keep < 0 || keep > last.length) damaged(`a value that begins like ${keep} bytes of the one before`);
    if (more < 0 || more > bytes.length - at) damaged(`a value of ${more} bytes`);
    budget.take(OBJECT + 2 * (keep + more));
    const value = new Uint8Array(keep + more);
    value.set(last.subarray(0, keep));
    value.set(bytes.subarray(at, at + more), keep);
    at += more;
    last = value;
    return value;
  });
}

/** Writes `values` running sums from index `from` on: the previous value plus `smallest` plus a packed number. */
type Sums = (from: number, values: number, smallest: bigint, packed: Uint8Array, width: number) => void;

/** Sums modulo 2^32. */
function smallSums(output: Int32Array, first: bigint): Sums {
  let value = Number(BigInt.asIntN(32, first));
  output[0] = value;
  return (from, values, smallest, packed, width) => {
    const least = Number(BigInt.asIntN(32, smallest));
    for (let i = 0; i < values; i++) {
      value = (value + least + smallBits(packed, i * width, Math.min(width, 32))) | 0;
      output[from + i] = value;
    }
  };
}

function largeSums(output: BigInt64Array, first: bigint): Sums {
  let value = BigInt.asIntN(64, first);
  output[0] = value;
  return (from, values, smallest, packed, width) => {
    for (let i = 0; i < values; i++) {
      const low = BigInt(smallBits(packed, i * width, Math.min(width, 32)));
      const high = width > 32 ? BigInt(smallBits(packed, i * width + 32, width - 32)) << 32n : 0n;
      value = BigInt.asIntN(64, value + smallest + high + low);
      output[from + i] = value;
    }
  };
}

/** A packed number of up to 32 bits. */
function smallBits(bytes: Uint8Array, bit: number, width: number): number {
  let value = 0;
  for (let got = 0; got < width; ) {
    const shift = (bit + got) & 7;
    const bits = Math.min(8 - shift, width - got);
    value += ((bytes[(bit + got) >> 3]! >> shift) & ((1 << bits) - 1)) * 2 ** got;
    got += bits;
  }
  return value;
}

function readVarint(place: Place): bigint {
  let value = 0n;
  for (let i = 0n; i < 10n; i++) {
    const byte = place.bytes[place.at++] ?? damaged('it ends too early');
    value |= BigInt(byte & 0x7f) << (7n * i);
    if (byte < 0x80) return value;
  }
  return damaged('a number has too many bytes');
}

function readZigzag(place: Place): bigint {
  const value = readVarint(place);
  return (value >> 1n) ^ -(value & 1n);
}

function take(place: Place, length: number): Uint8Array {
  if (length > place.bytes.length - place.at) damaged('it ends too early');
  place.at += length;
  return place.bytes.subarray(place.at - length, place.at);
}

function damaged(what: string): never {
  throw new Error(`damaged differences: ${what}`);
}
