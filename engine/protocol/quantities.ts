/**
 * The digits and the unit of each quantity, so that a number looks the same in panel, editor, terminal and reports.
 * Aggregates over the runs of experiments have three significant digits instead (`figure`). Pure, without schemas.
 */
import type { Estimate } from './estimate.ts';
import { DASH, fixed, grouped, integer, number } from './format.ts';

export type QuantityUnit = 'share' | 'nats' | 'nats/token' | 'tokens' | 'groups' | 'none';

interface QuantityDefinition {
  /** After the point. */
  digits: number;
  unit: QuantityUnit;
  /** A value below the last digit keeps its size: `2.0e-4`. Others become 0. */
  tiny?: true | undefined;
}

export const QUANTITIES = {
  /** Right ones over all: avg@k, maj@k, pass@k, label accuracy, and the accuracy that a forecast predicts. */
  accuracy: { digits: 3, unit: 'share' },
  /** Some over all, such as the majority's rollouts. */
  share: { digits: 2, unit: 'share' },
  /** The probability that an answer is correct. */
  probability: { digits: 2, unit: 'share' },
  /** Probability of a token, or the geometric mean over tokens. */
  tokenProbability: { digits: 2, unit: 'share', tiny: true },
  /** The same where all tokens are nearly certain. */
  nearCertainty: { digits: 4, unit: 'share' },
  auroc: { digits: 3, unit: 'share' },
  brier: { digits: 3, unit: 'none' },
  calibrationError: { digits: 3, unit: 'none' },
  rankCorrelation: { digits: 2, unit: 'none' },
  reward: { digits: 2, unit: 'none', tiny: true },
  advantage: { digits: 2, unit: 'none', tiny: true },
  logprob: { digits: 2, unit: 'nats/token', tiny: true },
  /** Entropy of the policy's tokens. */
  entropy: { digits: 2, unit: 'nats/token', tiny: true },
  /** Entropy of the clusters of a problem. */
  answerEntropy: { digits: 2, unit: 'nats', tiny: true },
  kl: { digits: 4, unit: 'nats/token', tiny: true },
  loss: { digits: 4, unit: 'none', tiny: true },
  gradientNorm: { digits: 3, unit: 'none', tiny: true },
  clipFraction: { digits: 3, unit: 'none', tiny: true },
  learningRate: { digits: 3, unit: 'none', tiny: true },
  /** Mean length. */
  length: { digits: 1, unit: 'tokens' },
  tokens: { digits: 0, unit: 'tokens' },
  groups: { digits: 0, unit: 'groups' },
  /** Problems that are expected to end so: a sum of probabilities. */
  expectedProblems: { digits: 1, unit: 'none' },
  /** Inverse temperature of the optimum. */
  beta: { digits: 2, unit: 'none', tiny: true },
  /** Change per step of the logit of a share, and the rate that follows from it. */
  growth: { digits: 3, unit: 'none', tiny: true },
  milliseconds: { digits: 1, unit: 'none' },
  /** Mean distance of a predicted share from the measured one. */
  predictionError: { digits: 3, unit: 'share', tiny: true },
} as const satisfies Readonly<Record<string, QuantityDefinition>>;
export type Quantity = keyof typeof QUANTITIES;

/**
 * A value with the digits of its quantity, and with its 95% interval if it is an estimate: `0.710 (0.660 to 0.760)`.
 */
export function quantityText(quantity: Quantity, value: number | Estimate | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return DASH;
  if (typeof value === 'number') return valueText(QUANTITIES[quantity], value);
  const [mean, low, high] = [value.mean, value.low, value.high].map((item) => valueText(QUANTITIES[quantity], item));
  return `${mean} (${low} to ${high})`;
}

/** A change with its sign: `+0.13`, `±0.00`; a dash if one of the two values is unknown. */
export function changeText(quantity: Quantity, from: number | null | undefined, to: number | null | undefined): string {
  if (from === null || from === undefined || to === null || to === undefined) return DASH;
  const text = quantityText(quantity, to - from);
  const isZero = Number(text) === 0;
  return isZero ? `±${text}` : to > from ? `+${text}` : text;
}

/** With its unit: `0.42 nats/token`; shares and plain numbers have none. */
export function withUnit(quantity: Quantity, value: number | Estimate | null | undefined): string {
  const { unit } = QUANTITIES[quantity];
  const text = quantityText(quantity, value);
  return unit === 'share' || unit === 'none' || unit === 'groups' || text === DASH ? text : `${text} ${unit}`;
}

function valueText({ digits, tiny }: QuantityDefinition, value: number): string {
  if (digits === 0) return integer(value);
  if (tiny || !(Math.abs(value) < 1e12)) return number(value, digits);
  // A zero has no sign.
  return grouped(fixed(Number(fixed(value, digits)) || 0, digits));
}
