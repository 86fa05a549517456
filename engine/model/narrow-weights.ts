/** The weights of a model with fewer bits than float32, for a frozen base. */
import { isBlockType } from '../tensor/index.ts';
import type { DecoderConfig } from './config.ts';
import { halfTensors } from './half-weights.ts';
import {
  type NarrowPrecision,
  type QuantizedOptions,
  quantizedTensors,
  type WeightReader,
} from './quantized-weights.ts';
import type { StoredTensor } from './safetensors.ts';

/** The tensors in a precision. Throws as `quantizedTensors` and `halfTensors` do. */
export async function narrowTensors(
  config: DecoderConfig,
  reader: WeightReader,
  { precision, ...options }: Omit<QuantizedOptions, 'precision'> & { precision: NarrowPrecision },
): Promise<Map<string, StoredTensor>> {
  return precision === 'float16'
    ? halfTensors(config, reader, options)
    : quantizedTensors(config, reader, { ...options, precision });
}

/** The same tensors, for products that round what they multiply with blocks to 8 bits. */
export function roundingFactors(tensors: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> {
  return new Map(
    [...tensors].map(([name, tensor]) => [
      name,
      isBlockType(tensor.dtype) ? { ...tensor, roundsFactors: true } : tensor,
    ]),
  );
}
