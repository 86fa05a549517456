/** Loss and gradients of micro-batches: one graph for the whole model, or layer by layer (`layered-gradient.ts`). */
import type { DecoderConfig } from '../../model/config.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import type { Backend, Value } from '../../runtime/backend.ts';
import { type CompiledFunction, compileFunction, dispose } from '../../runtime/function.ts';
import type { Named } from '../../tensor/index.ts';
import { batchFeeds } from './batch-feeds.ts';
import {
  type GradientInputs,
  type GradientOutputs,
  type PolicyLossOptions,
  policyGradientGraph,
} from './loss-graph.ts';
import { microBatches } from './micro-batch.ts';
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

/** Of a micro-batch. */
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
export class WholeGradient implements GradientSource {
  private compiled: CompiledFunction<GradientInputs, GradientOutputs> | null = null;

  constructor(private readonly options: GradientOptions) {}

  batches(groups: readonly WeightedGroup[]): WeightedGroup[][] {
    return microBatches(groups, this.options.config, this.options.memory);
  }

  async gradients(
    batch: readonly WeightedGroup[],
    parameters: Named<Value>,
    soFar: Named<Value>,
    tick: (fraction: number) => void,
  ): Promise<MicroBatchGradient> {
    tick(0);
    const { backend, bind, temperature, graph } = this.options;
    this.compiled ??= await compileFunction(backend, policyGradientGraph(bind, graph), {
      keepOnDevice: (outputs) => outputs.gradients,
    });
    const feeds = batchFeeds(backend, batch, temperature);
    const { gradients, loss, clipped, entropy, logprob } = await this.compiled.run({
      ...feeds,
      parameters,
      gradients: soFar,
    });
    dispose(soFar);
    const result = {
      loss: (await backend.read(loss))[0] as number,
      clipped: (await backend.read(clipped)) as Float32Array,
    };
    dispose([loss, clipped, entropy]);
    return { ...result, logprob, gradients };
  }

  async release(): Promise<void> {
    await this.compiled?.release();
  }
}
