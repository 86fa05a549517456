/** The input and the output of the computation of gradients. */
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
  /** The sums of the gradients so far and of this batch's, by parameter. */
  gradients: Named<Value>;
}

export interface GradientSource {
  /** Micro-batches whose gradients are computed one after the other. */
  batches(groups: readonly WeightedGroup[]): WeightedGroup[][];
  /**
   * Adds the gradients of a micro-batch to those so far, which must not be used afterwards. `tick` gets the part that
   * is done.
   */
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
