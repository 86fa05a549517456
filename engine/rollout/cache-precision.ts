/** How keys and values of generated tokens are stored: as 32-, 16- or 8-bit numbers, in arrays that a graph widens. */
import { RollscopeError } from '../protocol/errors.ts';
import { type DType, halfTable, op, type Shape, type Tensor, toFloat16Into } from '../tensor/index.ts';

export type CachePrecision = 'float32' | 'float16' | '8bit';

/** Keys or values, [.., d]; those of 8 bits have a scale for each token of a head, [.., 1]. */
export type StoredCache<T> = {
  readonly numbers: T;
  /** null if there are none. */
  readonly scales: T | null;
};

export const NUMBER_TYPE: Readonly<Record<CachePrecision, DType>> = {
  float32: 'float32',
  float16: 'float16',
  '8bit': 'uint8',
};

/** Throws RollscopeError `config` where a device keeps keys and values in its own memory, and so in float32. */
export function checkCachePrecision(precision: CachePrecision, controlFlow: boolean): void {
  if (precision === 'float32' || controlFlow) return;
  throw new RollscopeError(
    'config',
    `--cache-precision ${precision} is for the CPU: on this device keys and values stay in its memory.`,
    'Leave it out, or use --device cpu.',
    { details: { reason: 'cache-precision-on-device', field: 'cachePrecision', value: precision } },
  );
}

/** Throws RollscopeError `config` where a device computes products with blocks in its own way. */
export function checkActivationPrecision(precision: 'float32' | '8bit', controlFlow: boolean): void {
  if (precision === 'float32' || controlFlow) return;
  throw new RollscopeError(
    'config',
    `--activation-precision ${precision} is for the CPU.`,
    'Leave it out, or use --device cpu.',
    { details: { reason: 'activation-precision-on-device', field: 'activationPrecision', value: precision } },
  );
}

/** Bytes of a head's keys of a token, or of its values. */
export function storedCacheBytes(precision: CachePrecision, headDim: number): number {
  return { float32: 4 * headDim, float16: 2 * headDim, '8bit': headDim + 4 }[precision];
}

/** 8-bit numbers are stored with an offset of 128, in units of the scale. */
const ZERO = 128;
const MAX_INT8 = 127;

/** [.., d] in float32. */
export function dequantized({ numbers, scales }: StoredCache<Tensor>): Tensor {
  if (numbers.dtype === 'float32') return numbers;
  const wide = op.cast(numbers, 'float32');
  return scales ? op.mul(op.sub(wide, ZERO), scales) : wide;
}

/** The inputs of a graph for a cache of a shape. */
export function storedCacheInputs(
  input: (part: string, dtype: DType, shape: Shape) => Tensor,
  precision: CachePrecision,
  shape: Shape,
): StoredCache<Tensor> {
  return {
    numbers: input('', NUMBER_TYPE[precision], shape),
    scales: precision === '8bit' ? input('.scales', 'float32', [...shape.slice(0, -1), 1]) : null,
  };
}

export type Numbers = Float32Array | Uint16Array | Uint8Array;

/** Room for `tokens` tokens of a head, of d numbers each. */
export function allocateCache(precision: CachePrecision, tokens: number, headDim: number): StoredCache<Numbers> {
  const size = tokens * headDim;
  switch (precision) {
    case 'float32':
      return { numbers: new Float32Array(size), scales: null };
    case 'float16':
      return { numbers: new Uint16Array(size), scales: null };
    case '8bit':
      return { numbers: new Uint8Array(size), scales: new Float32Array(tokens) };
  }
}

/** Puts tokens of d numbers each at a token's place. 8 bits: the nearest multiples of a token's largest number / 127. */
export function writeTokens(held: StoredCache<Numbers>, values: Float32Array, at: number, headDim: number): void {
  const { numbers, scales } = held;
  if (numbers instanceof Float32Array) numbers.set(values, at * headDim);
  else if (numbers instanceof Uint16Array) toFloat16Into(values, numbers.subarray(at * headDim));
  else {
    for (let token = 0; token < values.length / headDim; token++) {
      const own = values.subarray(token * headDim, (token + 1) * headDim);
      let most = 0;
      for (const value of own) most = Math.max(most, Math.abs(value));
      const scale = most / MAX_INT8;
      scales![at + token] = scale;
      const to = (at + token) * headDim;
      for (let i = 0; i < headDim; i++) numbers[to + i] = ZERO + (scale === 0 ? 0 : Math.round(own[i]! / scale));
    }
  }
}

/** The stored numbers of the tokens from `from` to `to`. */
export function readTokens(held: StoredCache<Numbers>, from: number, to: number, headDim: number): Float32Array {
  const { scales } = held;
  const numbers = held.numbers.subarray(from * headDim, to * headDim);
  if (numbers instanceof Float32Array) return numbers.slice();
  if (numbers instanceof Uint16Array) return Float32Array.from(numbers, (bits) => halfTable()[bits]!);
  return Float32Array.from(numbers, (q, i) => (q - ZERO) * scales![from + Math.floor(i / headDim)]!);
}
