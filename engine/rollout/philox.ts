/**
 * Counter-based random numbers (Philox 4x32-10, Salmon et al. 2011): a number depends on its key and counter only, so
 * rollouts do not depend on how work is batched, and a resumed run needs no saved generator state.
 */
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** High and low 32 bits of a 32 x 32 bit product. */
function multiply(a: number, b: number): [number, number] {
  const low = Math.imul(a, b) >>> 0;
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const middle2 = (middle & 0xffff) + aLow * bHigh;
  const high = (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(middle2 / 0x10000)) >>> 0;
  return [high, low];
}

/** Four 32-bit numbers for a 64-bit key and a 128-bit counter. */
export function philox(
  key: readonly [number, number],
  counter: readonly [number, number, number, number],
): [number, number, number, number] {
  let [k0, k1] = key;
  let [c0, c1, c2, c3] = counter;
  for (let round = 0; round < 10; round++) {
    const [h0, l0] = multiply(M0, c0 >>> 0);
    const [h1, l1] = multiply(M1, c2 >>> 0);
    [c0, c1, c2, c3] = [(h1 ^ c1 ^ k0) >>> 0, l1, (h0 ^ c3 ^ k1) >>> 0, l0];
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** The purposes of random numbers; streams of different purposes never overlap. */
export const STREAMS = {
  rollout: 1,
  evaluation: 2,
  probe: 3,
  shuffle: 4,
  select: 5,
  initialize: 6,
  judge: 7,
  rephrase: 8,
  rephrasing: 9,
  equality: 10,
  dual: 11,
  'other-policy': 12,
  draw: 13,
} as const;
/** One of the list, or a name of a reward's own. */
export type StreamName = keyof typeof STREAMS | (string & {});

const numbers = new Map<StreamName, number>(Object.entries(STREAMS));

/** The number of a stream: that of the list, or one that follows from its name (FNV-1a) and is larger than those. */
function streamNumber(stream: StreamName): number {
  let number = numbers.get(stream);
  if (number === undefined) {
    let hash = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(stream)) hash = Math.imul(hash ^ byte, 0x01000193);
    number = (hash | 0x1000_0000) >>> 0;
    numbers.set(stream, number);
  }
  return number;
}

/** A number in (0, 1], keyed by seed and stream and counted by step, problem, rollout and position. */
export function uniform(
  seed: number,
  stream: StreamName,
  step: number,
  problem: number,
  rollout: number,
  position: number,
): number {
  const lane = position & 3;
  const block = philox([seed >>> 0, streamNumber(stream)], [position >>> 2, rollout, problem, step]);
  // 24 bits: every value and 1 itself are exact in float32.
  return ((block[lane]! >>> 8) + 1) / 0x1000000;
}

/** A generator of numbers in [0, 1) for work that is done in one place and order (shuffling, first values). */
export function generator(seed: number, stream: StreamName, step = 0, problem = 0): () => number {
  let position = 0;
  return () => uniform(seed, stream, step, problem, 0, position++) - 1 / 0x1000000;
}
