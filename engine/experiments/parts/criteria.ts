/** Criteria, and texts for what they measured. */
import { type Correlation, correlation } from '../../analysis/correlation.ts';
import { countOf, figure } from '../../protocol/format.ts';
import type { Estimate } from '../../protocol/index.ts';
import type { Criterion } from '../experiment.ts';
import { interval } from '../report/text.ts';

/** A criterion that a number exceeds a bound. */
export function aboveCriterion(expected: string, value: number | null, bound: number, measured: string): Criterion {
  return { expected, measured, met: value === null ? null : value > bound };
}

/** Significance level of the tests in criteria. */
export const SIGNIFICANT = 0.05;
/** Fewest pairs whose rank correlation can reach it: 5 pairs give p = 2 / 5! at least, 4 pairs 2 / 4!. */
const MIN_PAIRS = 5;

/** Whether a correlation has this sign and is significant; null if it is undefined or of too few pairs. */
export function significantTrend(found: Correlation | null, sign: 1 | -1): boolean | null {
  if (found === null || found.pairs < MIN_PAIRS) return null;
  return sign * found.value > 0 && found.p < SIGNIFICANT;
}

/** `48 of 48 problems, a share of 1 (0.926 to 1)`. */
export function partText(part: Estimate | null, problems: number): string {
  if (part === null) return NOT_MEASURED;
  const noun = problems === 1 ? 'problem' : 'problems';
  return `${countOf(part.mean, problems)} ${noun}, a share of ${estimateText(part)}`;
}

/** `rho 0.9, p 0.04`, with a remark if there are too few pairs to decide. */
export function rankText(found: Correlation | null): string {
  if (found === null) return 'no rank correlation';
  const few =
    found.pairs < MIN_PAIRS ? ` (${found.pairs} are too few to decide; at least ${MIN_PAIRS} are needed)` : '';
  return `rho ${figure(found.value)}, p ${figure(found.p)}${few}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function joinedWithAnd(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? 'none') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Spearman's rank correlation over pairs of numbers; null if it is undefined. */
export function rankCorrelation(pairs: readonly (readonly [x: number, y: number])[]): Correlation | null {
  return correlation(
    'spearman',
    pairs.map(([x]) => x),
    pairs.map(([, y]) => y),
  );
}

export const NOT_MEASURED = 'not measured';

/** `0.61 (0.58 to 0.64)`. */
/** `by 0.1 (0.05 to 0.15)`; `not measured` alone. */
export function byEstimate(estimate: Estimate | null): string {
  return estimate === null ? NOT_MEASURED : `by ${estimateText(estimate)}`;
}

/** A mean with its 95% interval, or "not measured". */
export function estimateText(estimate: Estimate | null): string {
  return estimate ? interval(estimate) : NOT_MEASURED;
}
