/** The weights of a model with fewer bits than float32, for a frozen base. */
import type { DecoderConfig } from './config.ts';
import type { ConversionOptions } from './conversion.ts';
import { halfTensors } from './half-weights.ts';
import { type NarrowPrecision, quantizedTensors, type WeightReader } from './quantized-weights.ts';
import type { StoredTensor } from './safetensors.ts';

/** The tensors in a precision. Throws as `quantizedTensors` and `halfTensors` do. */
export async function narrowTensors(
  config: DecoderConfig,
  reader: WeightReader,
  { precision, ...options }: ConversionOptions & { precision: NarrowPrecision },
): Promise<Map<string, StoredTensor>> {
  return precision === 'float16'
    ? halfTensors(config, reader, options)
    : quantizedTensors(config, reader, { ...options, precision });
}
