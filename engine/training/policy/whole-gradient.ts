/** Loss and gradients of micro-batches: one graph for the whole model, or layer by layer (`layered-gradient.ts`). */
import type { Value } from '../../runtime/backend.ts';
import { type CompiledFunction, compileFunction, dispose } from '../../runtime/function.ts';
import type { Named } from '../../tensor/index.ts';
import { batchFeeds } from './batch-feeds.ts';
import type { GradientOptions, GradientSource, MicroBatchGradient } from './gradient-contract.ts';
import { GradientInParts } from './gradient-in-parts.ts';
import { type GradientInputs, type GradientOutputs, policyGradientGraph } from './loss-graph.ts';
import { microBatches, partsOfGroup } from './micro-batch.ts';
import type { WeightedGroup } from './responses.ts';

/**
 * Forward and backward through all layers in one call: needs memory for every activation of a micro-batch, and reads
 * no files meanwhile.
 */
export class WholeGradient implements GradientSource {
  private compiled: CompiledFunction<GradientInputs, GradientOutputs> | null = null;

  private readonly inParts: GradientInParts;

  constructor(private readonly options: GradientOptions) {
    this.inParts = new GradientInParts(options);
  }

  /** Groups that do not fit are batches of their own, whose prompts run once for all parts. */
  batches(groups: readonly WeightedGroup[]): WeightedGroup[][] {
    const { config, memory } = this.options;
    const isCut = (group: WeightedGroup) => partsOfGroup(group, config, memory) !== null;
    const fitting = groups.filter((group) => !isCut(group));
    return [...microBatches(fitting, config, memory), ...groups.filter(isCut).map((group) => [group])];
  }

  async gradients(
    batch: readonly WeightedGroup[],
    parameters: Named<Value>,
    soFar: Named<Value>,
    tick: (fraction: number) => void,
  ): Promise<MicroBatchGradient> {
    const { backend, bind, config, memory, temperature, graph } = this.options;
    const parts = batch.length === 1 ? partsOfGroup(batch[0]!, config, memory) : null;
    if (parts) return this.inParts.gradients(parts, parameters, soFar, tick);
    tick(0);
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
    await this.inParts.release();
  }
}
