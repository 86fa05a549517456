/**
 * Products with block-quantized weights, and lookups of their rows, in ONNX (see `engine/tensor/blocks.ts` for the
 * layout). onnxruntime computes both in float32 with the dequantized numbers, as does the gradient.
 */
import { BLOCK } from '../tensor/index.ts';
import type { Encoder } from './onnx-encoder.ts';
import { ELEMENT } from './onnx-format.ts';
import type { EncodedBlocks } from './onnx-weights.ts';

const MICROSOFT = 'com.microsoft';

/**
 * Correction of low halves, times the scale: they range from 0, but without zero points the product reads them as from
 * -8.
 */
const LOW_HALVES = 8;

/** The accuracy level at which onnxruntime quantizes the other factor to 8 bits, in blocks of the same size. */
const EIGHT_BITS = 4;

/** x [M, width] times the weight transposed: [M, rows]. */
export function productWithBlocks(e: Encoder, x: string, blocks: EncodedBlocks, output: string): void {
  const { rows, width, bits, numbers, low, scales, offsets, roundsFactors } = blocks;
  const sizes = { K: { int: width }, N: { int: rows }, bits: { int: bits }, block_size: { int: BLOCK } };
  const attributes = { ...sizes, ...(roundsFactors && { accuracy_level: { int: EIGHT_BITS } }) };
  const product = (part: string, outputs?: string[], zeroPoints: string[] = []) =>
    e.emit('MatMulNBits', [x, part, scales, ...zeroPoints], outputs, attributes, MICROSOFT);
  if (low && e.dialect === 'fused') {
    const lower = product(low, undefined, [zeros(e, rows * Math.ceil(width / BLOCK / 2))]);
    e.emit('Add', [e.emit('Mul', [product(numbers), e.float(16)]), lower], [output]);
    return;
  }
  const added = low ? scales : offsets;
  if (!added) {
    product(numbers, [output]);
    return;
  }
  const sums = e.emit(
    'ReduceSum',
    [e.emit('Reshape', [x, e.ints([-1, width / BLOCK, BLOCK])]), e.ints([-1])],
    undefined,
    {
      keepdims: { int: 0 },
    },
  );
  const start = low ? e.emit('Add', [e.emit('Mul', [product(numbers), e.float(16)]), product(low)]) : product(numbers);
  const scale = { transB: { int: 1 }, alpha: { float: low ? LOW_HALVES : 1 } };
  e.emit('Gemm', [sums, added, start], [output], scale);
}

/** `count` zero bytes, each the zero points of two blocks. onnxruntime computes them once, when it opens a session. */
function zeros(e: Encoder, count: number): string {
  const zero = e.emit('Cast', [e.inline('bool', [1], Uint8Array.of(0))], undefined, { to: { int: ELEMENT.uint8 } });
  return e.emit('Expand', [zero, e.ints([count])]);
}

/** Rows of the weight by index [n]: [n, width]. */
export function rowsOfBlocks(e: Encoder, index: string, blocks: EncodedBlocks, output: string): void {
  const { width, bits, numbers, low, scales, offsets } = blocks;
  const gathered = (part: string) => e.emit('Gather', [part, index], undefined, { axis: { int: 0 } });
  const last = e.ints([-1]);
  const shape = e.ints([-1, width / BLOCK, BLOCK]);
  /** 4-bit values from 0 to 15, [n, blocks, 32]. */
  const halves = (part: string) => {
    const both = e.emit('Cast', [gathered(part)], undefined, { to: { int: 1 } });
    const second = e.emit('Floor', [e.emit('Mul', [both, e.float(1 / 16)])]);
    const first = e.emit('Sub', [both, e.emit('Mul', [second, e.float(16)])]);
    const pair = [first, second].map((half) => e.emit('Unsqueeze', [half, last]));
    return e.emit('Reshape', [e.emit('Concat', pair, undefined, { axis: { int: -1 } }), shape]);
  };
  const whole = () => e.emit('Cast', [gathered(numbers)], undefined, { to: { int: 1 } });
  let q = e.emit('Sub', bits === 8 ? [whole(), e.float(128)] : [halves(numbers), e.float(8)]);
  if (low) q = e.emit('Add', [e.emit('Mul', [q, e.float(16)]), halves(low)]);
  const wide = (part: string) => e.emit('Unsqueeze', [gathered(part), last]);
  const scaled = e.emit('Mul', [q, wide(scales)]);
  const weights = offsets ? e.emit('Add', [scaled, wide(offsets)]) : scaled;
  e.emit('Reshape', [weights, e.ints([-1, width])], [output]);
}
