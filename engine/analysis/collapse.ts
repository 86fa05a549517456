/** The Model Collapse Step of a run, from reward accuracy measured with labels; `watch.ts` warns without labels. */
import { mean } from '../protocol/values.ts';

export interface CollapseStep {
  /** The first step whose smoothed reward accuracy is below the threshold; null if there is none (censored). */
  step: number | null;
  /** The last examined step: without a collapse, the collapse step is censored at it. */
  last: number | null;
  threshold: number;
  window: number;
}

/**
 * Model Collapse Step (arXiv 2603.08660, section 6): the first training step at which reward accuracy is below 1%, while
 * training on the majority reward. Smoothing is the mean over the last `window` steps; the default of 1 does not smooth, as
 * in the paper. Steps without a value are skipped.
 */
export function collapseStep(
  steps: readonly { step: number; rewardAccuracy: number | null }[],
  { threshold = 0.01, window = 1 }: { threshold?: number; window?: number } = {},
): CollapseStep {
  const known = steps.filter(({ rewardAccuracy }) => rewardAccuracy !== null);
  const values = known.map(({ rewardAccuracy }) => rewardAccuracy!);
  const found = known.findIndex((_, i) => i + 1 >= window && mean(values.slice(i + 1 - window, i + 1))! < threshold);
  return { step: known[found]?.step ?? null, last: known.at(-1)?.step ?? null, threshold, window };
}

/** `34`, `> 250` if there was no collapse, or `not measured` (no steps, or no labels). */
export function collapseText({ step, last }: CollapseStep): string {
  return step !== null ? String(step) : last === null ? 'not measured' : `> ${last}`;
}
