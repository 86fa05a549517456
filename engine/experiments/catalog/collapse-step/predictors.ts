/** Predictors of the gain from labels, and how they rank the models. */
import { type Correlation, correlation } from '../../../analysis/correlation.ts';
import type { ModelMeasures } from './measures.ts';

/** Fewest models for a rank correlation. */
export const MIN_MODELS = 3;

export interface Predictor {
  name: string;
  of(model: ModelMeasures): number | null;
  tokens(model: ModelMeasures): number;
}

export const OUTCOMES = [
  { name: 'gain', of: (m: ModelMeasures) => m.gain },
  { name: 'accuracy reached', of: (m: ModelMeasures) => m.reached },
  { name: 'gain / headroom', of: (m: ModelMeasures) => m.headroom },
] as const;

export const COLLAPSE: Predictor = { name: 'loss step', of: (m) => m.loss.mean, tokens: (m) => m.tokens.loss };

export const PAPER: Predictor = {
  name: 'collapse step (below 1%)',
  of: (m) => m.paper.mean,
  tokens: (m) => m.tokens.paper,
};

/** The collapse step and its rivals: pass@k of the untrained model, whose accuracy is k = 1. */
export function predictorsOf(models: readonly ModelMeasures[]): Predictor[] {
  const ks = [...new Set(models.flatMap(({ passAtK }) => [...passAtK.keys()]))].sort((a, b) => a - b);
  return [
    COLLAPSE,
    PAPER,
    ...ks.map((k) => ({
      name: k === 1 ? 'accuracy (pass@1)' : `pass@${k}`,
      of: (m: ModelMeasures) => m.passAtK.get(k) ?? null,
      tokens: (m: ModelMeasures) => m.tokens.sampling,
    })),
  ];
}

/** null for fewer than three models that have both, or if all are equal. */
export function rankCorrelationOf(
  kind: 'spearman' | 'kendall',
  models: readonly ModelMeasures[],
  x: (m: ModelMeasures) => number | null,
  y: (m: ModelMeasures) => number | null,
): Correlation | null {
  const pairs = models.map((m) => ({ x: x(m), y: y(m) })).filter((pair) => pair.x !== null && pair.y !== null);
  if (pairs.length < MIN_MODELS) return null;
  return correlation(
    kind,
    pairs.map((pair) => pair.x!),
    pairs.map((pair) => pair.y!),
  );
}

/** The sum of a measure over models. */
export function sumOver(models: readonly ModelMeasures[], of: (m: ModelMeasures) => number): number {
  return models.reduce((sum, m) => sum + of(m), 0);
}
