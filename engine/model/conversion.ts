/** Weights that are made of a model's once and kept: where, and who is told while they are made. */
import { RollscopeError } from '../protocol/errors.ts';
import type { DecoderConfig } from './config.ts';
import { parameterCount } from './parameters.ts';

export interface ConversionOptions {
  cacheDir: string;
  fingerprint: string;
  onProgress?: ((message: string, fraction: number | null) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Counts the values of a model that are converted, and says how far it is. The count throws RollscopeError `canceled`. */
export function conversionProgress(
  config: DecoderConfig,
  message: string,
  { onProgress, signal }: Pick<ConversionOptions, 'onProgress' | 'signal'>,
): (count: number) => void {
  const total = parameterCount(config);
  let done = 0;
  return (count) => {
    if (signal?.aborted) {
      throw new RollscopeError('canceled', 'Reading the model was canceled.', undefined, {
        details: { reason: 'reading-model' },
      });
    }
    done += count;
    onProgress?.(message, Math.min(1, done / total));
  };
}
