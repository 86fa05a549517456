/** What computes gradients is given, and what it gives. */
import type { DecoderConfig } from '../../model/config.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import type { Backend, Value } from '../../runtime/backend.ts';
import type { Named } from '../../tensor/index.ts';
import type { PolicyLossOptions } from './loss-graph.ts';
import type { WeightedGroup } from './responses.ts';

export interface GradientOptions {
  backend: Backend;
  bind: BindWeights;
  config: DecoderConfig;
  temperature: number;
  graph: PolicyLossOptions;
  /** Bytes for activations. */
  memory: number;
}

/** Loss and gradient of a micro-batch. */
export interface MicroBatchGradient {
  loss: number;
  /** Tokens whose ratio was clipped, by row; each group has as many rows. */
  clipped: Float32Array;
  /** Log-probabilities, nats, [rows, L]. */
  logprob: Value;
  /** Those so far and this batch's, by parameter. */
  gradients: Named<Value>;
}

export interface GradientSource {
  /** Micro-batches whose gradients are computed one after the other. */
  batches(groups: readonly WeightedGroup[]): WeightedGroup[][];
  /** Adds a micro-batch to the gradients so far, which are used up. `tick` gets the share of it that is done. */
  gradients(
    batch: readonly WeightedGroup[],
    parameters: Named<Value>,
    soFar: Named<Value>,
    tick: (fraction: number) => void,
  ): Promise<MicroBatchGradient>;
  release(): Promise<void>;
}

/**
 * Forward and backward through all layers in one call: needs memory for every activation of a micro-batch, and reads
 * no files meanwhile.
 */
