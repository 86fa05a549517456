/** Metrics that a trainer logs, and the corresponding metrics of Rollscope. Pure. */
import type { MetricsRecord } from '../protocol/records.ts';
import { finiteOrNull } from './finite.ts';

export interface ForeignMetrics {
  /** In the trainer's numbering. */
  step: number;
  /** Under the trainer's names. */
  values: Record<string, number | null>;
}

type OwnMetric = keyof MetricsRecord['metrics'];

/**
 * Names that other trainers give to what a step record of ours has, with the same meaning: TRL, verl, prime-rl. Those
 * that follow from the rollouts are not among them: they are computed here, and shown next to them.
 */
const EQUIVALENT_METRICS: Record<string, OwnMetric> = {
  loss: 'loss',
  'train/loss': 'loss',
  'loss/mean': 'loss',
  'actor/pg_loss': 'loss',
  'actor/loss': 'loss',
  grad_norm: 'gradientNorm',
  'train/grad_norm': 'gradientNorm',
  'actor/grad_norm': 'gradientNorm',
  'optim/grad_norm': 'gradientNorm',
  learning_rate: 'learningRate',
  'train/learning_rate': 'learningRate',
  'actor/lr': 'learningRate',
  'optim/lr': 'learningRate',
  kl: 'kl',
  'train/kl': 'kl',
  'actor/kl_loss': 'kl',
  'clip_ratio/region_mean': 'clipFraction',
  clip_ratio: 'clipFraction',
  'actor/pg_clipfrac': 'clipFraction',
  'rollout_corr/k3_kl': 'rolloutMismatch',
  entropy: 'entropy',
  'train/entropy': 'entropy',
  'actor/entropy': 'entropy',
  'actor/entropy_loss': 'entropy',
  'entropy/mean': 'entropy',
  'entropy/all/mean': 'entropy',
  'optim/entropy': 'entropy',
};

/** Splits a trainer's metrics of a step into Rollscope's and all of them under their own names. */
export function toMetrics(values: ForeignMetrics['values']): Pick<MetricsRecord, 'metrics' | 'foreign'> {
  const metrics: MetricsRecord['metrics'] = {};
  const foreign: Record<string, number | null> = {};
  for (const [name, value] of Object.entries(values)) {
    const number = finiteOrNull(value);
    foreign[name] = number;
    const own = Object.hasOwn(EQUIVALENT_METRICS, name) ? EQUIVALENT_METRICS[name] : undefined;
    if (own && number !== null) metrics[own] ??= number;
  }
  return { metrics, foreign };
}
