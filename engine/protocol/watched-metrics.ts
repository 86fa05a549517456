/** What the signals of the collapse watch, as warnings name them, are about. Without zod: the page has it too. */
import type { StepMetric } from './metrics.ts';

/** The metric of the steps that each signal of the collapse watch looks at. `flipped`, the other signal, is of evaluations. */
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
