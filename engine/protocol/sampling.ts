/** How tokens are drawn: which settings truncate the distribution, and their values where nothing is truncated. Pure. */
import type { SamplingConfig } from './config.ts';

/** Settings of how tokens are drawn; the others determine when a response ends. */
export type DrawSettings = Omit<SamplingConfig, 'maxTokens' | 'stop' | 'stopAtAnswer'>;
type Truncation = Omit<DrawSettings, 'temperature'>;

/** Tokens are drawn from the whole distribution. */
export const UNTRUNCATED: Truncation = { topP: 1, topK: 0 };

/** Whether tokens are drawn from a part of the distribution only. */
export function truncates(settings: Truncation): boolean {
  return (Object.keys(UNTRUNCATED) as (keyof Truncation)[]).some((name) => settings[name] !== UNTRUNCATED[name]);
}
