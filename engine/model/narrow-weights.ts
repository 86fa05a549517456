/** Converts a frozen base model's weights to fewer bits than float32. */
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

/** Converts the tensors to a precision. Throws like `quantizedTensors` and `halfTensors`. */
export async function narrowTensors(
  config: DecoderConfig,
  reader: WeightReader,
  { precision, ...options }: Omit<QuantizedOptions, 'precision'> & { precision: NarrowPrecision },
): Promise<Map<string, StoredTensor>> {
  return precision === 'float16'
    ? halfTensors(config, reader, options)
    : quantizedTensors(config, reader, { ...options, precision });
}

/** Marks tensors for matrix products that round the other factor of block-quantized weights to 8 bits. */
export function roundingFactors(tensors: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> {
  return new Map(
    [...tensors].map(([name, tensor]) => [
      name,
      isBlockType(tensor.dtype) ? { ...tensor, roundsFactors: true } : tensor,
    ]),
  );
}
