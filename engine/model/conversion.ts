/** Weights derived from a model's, computed once and cached: options and progress. */
import { RollscopeError } from '../protocol/errors.ts';
import type { DecoderConfig } from './config.ts';
import { parameterCount } from './parameters.ts';

export interface ConversionOptions {
  cacheDir: string;
  fingerprint: string;
  onProgress?: ((message: string, fraction: number | null) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Counts a model's converted values and reports progress. The counter throws RollscopeError `canceled`. */
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
