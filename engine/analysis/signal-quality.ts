/** How well each signal of a forecast predicts correctness, once the outcome is known. Pure. */
import type { Forecast, ProblemForecast } from '../protocol/forecast.ts';
import type { Estimate } from '../protocol/records.ts';
import { aurocEstimate } from './discrimination.ts';

/** Signals of a forecast that may predict correctness; larger values are more confident. */
const SIGNALS = {
  right: ({ right }: ProblemForecast) => right,
  share: ({ share }: ProblemForecast) => share?.mean ?? null,
  margin: ({ margin }: ProblemForecast) => margin,
  'negative-answer-entropy': ({ answerEntropy: entropy }: ProblemForecast) => (entropy === null ? null : -entropy),
  'confidence-gap': ({ confidenceGap }: ProblemForecast) => confidenceGap,
  agreement: ({ agreement }: ProblemForecast) => agreement,
  'certainty-agreement': ({ certaintyAgreement }: ProblemForecast) => certaintyAgreement,
  optimum: ({ optimum: share }: ProblemForecast) => share,
} as const;
export type Signal = keyof typeof SIGNALS;

export interface SignalQuality {
  signal: Signal;
  /** AUROC for "the answer is correct" over the problems that have the signal, with a bootstrap over them. */
  auroc: Estimate;
  problems: number;
}

/**
 * How well each signal predicts correctness.
 * @param right whether a problem's amplified answer is correct now, or, after a run, whether the problem ended correct; null
 * if unknown
 */
export function signalQuality(forecast: Forecast, right: ReadonlyMap<number, boolean | null>): SignalQuality[] {
  return (Object.keys(SIGNALS) as Signal[]).flatMap((signal) => {
    const rows = forecast.problems.flatMap((row) => {
      const [value, outcome] = [SIGNALS[signal](row), right.get(row.problem) ?? null];
      return value === null || outcome === null ? [] : { value, outcome };
    });
    const estimate = aurocEstimate(
      rows.map(({ value }) => value),
      rows.map(({ outcome }) => outcome),
    );
    return estimate ? { signal, auroc: estimate, problems: rows.length } : [];
  });
}
