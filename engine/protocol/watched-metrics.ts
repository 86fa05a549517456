/**
 * The metrics behind the signals of the collapse watch, as warnings name them. Without zod, since the page uses it too.
 */
import type { StepMetric } from './metrics.ts';

/**
 * The step metric that each signal of the collapse watch observes. The other signal, `flipped`, is about evaluations.
 */
export const WATCHED_METRICS = {
  shorter: 'length',
  longer: 'length',
  repetition: 'repetition',
  unanswered: 'noAnswer',
  truncated: 'truncated',
  uniform: 'answerDiversity',
  certain: 'answerEntropy',
  unsettled: 'answerEntropy',
  disagreement: 'confidenceAgreement',
  drift: 'kl',
} as const satisfies Record<string, StepMetric>;

/** The metric of a signal as warnings name it; null for one that is not of the steps, or of a newer version. */
export function watchedMetric(signal: string): StepMetric | null {
  return Object.hasOwn(WATCHED_METRICS, signal) ? WATCHED_METRICS[signal as keyof typeof WATCHED_METRICS] : null;
}
