/**
 * How well confidence predicts correctness, as `rollscope analyze --json` prints it and the panel shows it. Pure,
 * without schemas.
 */
import type { Estimate } from './estimate.ts';

export interface MeasureAlignment {
  /** Name of the confidence measure. */
  measure: string;
  title: string;
  /** Rollouts with a value and a label, and how many of them are right. */
  rollouts: number;
  right: number;
  /** Mean over problems of the AUROC for correctness among a problem's rollouts; problems with one class are left out. */
  within: (Estimate & { problems: number }) | null;
  /** AUROC for correctness over all rollouts together; the interval is from a bootstrap over problems. */
  across: Estimate | null;
  /** For probabilities only. */
  calibration: { equalWidth: Calibration; equalMass: Calibration } | null;
}

export interface CalibrationBin {
  /** The bin contains confidences above `low` and up to `high`; the first bin also contains its `low`. */
  low: number;
  high: number;
  count: number;
  /** Mean confidence and share of right ones; null in an empty bin. */
  confidence: number | null;
  accuracy: Estimate | null;
}

export interface Calibration {
  /** Expected calibration error: sum over bins of count / N * |accuracy - confidence|, in [0, 1]. */
  error: number;
  bins: CalibrationBin[];
}
