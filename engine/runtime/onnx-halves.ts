/**
 * Products with 16-bit matrices, and lookups of their rows, in ONNX: each product widens the matrix in parts, so that at
 * most one part exists in float32 at a time. By default onnxruntime would widen entire matrices when it opens a session,
 * so sessions of such graphs must disable that (`KEEP_HALVES`).
 */
import type { Encoder } from './onnx-encoder.ts';
import type { EncodedHalves } from './onnx-weights.ts';

/** onnxruntime's optimizers that widen 16-bit weights to float32 when it opens a session. */
export const KEEP_HALVES = 'ConstantFolding;FuseFp16InitializerToFp32NodeTransformer';

/**
 * Maximum number of weights widened at a time: 1 MB, which stays in a core's cache until the product reads it, and which
 * the allocator reuses for the next part. It returns larger buffers to the system, which must map each page again.
 */
const MAX_WIDENED = 2 ** 18;

const FLOAT = { to: { int: 1 } };

/** x [M, width] times the matrix transposed: [M, rows]. */
export function productWithHalves(e: Encoder, x: string, halves: EncodedHalves, output: string): void {
  const { rows, width, part, whole } = halves;
  const product = (weights: string, outputs?: string[]) =>
    e.emit('Gemm', [x, e.emit('Cast', [weights], undefined, FLOAT)], outputs, { transB: { int: 1 } });
  const step = Math.max(1, Math.floor(MAX_WIDENED / width));
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
