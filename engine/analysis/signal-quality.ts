/** How well each signal of a forecast tells right from wrong, once the outcome is known. Pure. */
import type { Forecast, ProblemForecast } from '../protocol/forecast.ts';
import type { Estimate } from '../protocol/records.ts';
import { aurocEstimate } from './discrimination.ts';

/** Signals of a forecast that may tell right from wrong, each the larger the surer. */
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
  /** AUROC for "the answer is right" over the problems that have the signal, by a bootstrap over them. */
  auroc: Estimate;
  problems: number;
}

/**
 * How well each signal tells right from wrong.
 * @param right whether a problem's amplified answer is right now, or, after a run, whether the problem ended right; null
 * where it is not known
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
