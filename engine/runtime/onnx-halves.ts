/**
 * Products with matrices of 16 bits, and rows of them, as ONNX: parts of a matrix are widened for each product, so that no
 * more than one part exists in float32 at a time. onnxruntime would widen them all beforehand, which a session of such
 * graphs has to switch off (`KEEP_HALVES`).
 */
import type { Encoder } from './onnx-encoder.ts';
import type { EncodedHalves } from './onnx-weights.ts';

/** Optimizers of onnxruntime that turn 16-bit weights into float32 ones when a session is opened. */
export const KEEP_HALVES = 'ConstantFolding;FuseFp16InitializerToFp32NodeTransformer';

/**
 * Most weights that are widened at a time: 1 MB, which stays in a core's cache until it is multiplied, and which the allocator
 * keeps for the next part. Larger ones it gives back to the system, which then has to provide each page again.
 */
const MOST_WIDENED = 2 ** 18;

const FLOAT = { to: { int: 1 } };

/** x [M, width] times the matrix transposed: [M, rows]. */
export function productWithHalves(e: Encoder, x: string, halves: EncodedHalves, output: string): void {
  const { rows, width, part, whole } = halves;
  const product = (weights: string, outputs?: string[]) =>
    e.emit('Gemm', [x, e.emit('Cast', [weights], undefined, FLOAT)], outputs, { transB: { int: 1 } });
  const step = Math.max(1, Math.floor(MOST_WIDENED / width));
  if (rows <= step) {
    product(whole(), [output]);
    return;
  }
  const columns: string[] = [];
  for (let from = 0; from < rows; from += step) columns.push(product(part(from, Math.min(rows, from + step))));
  e.emit('Concat', columns, [output], { axis: { int: 1 } });
}

/** Rows of the matrix by index [n]: [n, width]. */
export function rowsOfHalves(e: Encoder, index: string, { whole }: EncodedHalves, output: string): void {
  e.emit('Cast', [e.emit('Gather', [whole(), index], undefined, { axis: { int: 0 } })], [output], FLOAT);
}
