/**
 * Loss and gradient of a group whose responses do not fit the memory together. Its prompt runs forward once, its keys and
 * values serve every part, and it runs backward once, from the sums of their gradients (forward again on the way, since
 * activations do not outlive a call).
 */
import type { LayerCache } from '../../model/decoder.ts';
import { promptBatch } from '../../rollout/batch.ts';
import { type PrefillInputs, type PrefillOutputs, prefillGraph } from '../../rollout/graphs.ts';
import type { Value } from '../../runtime/backend.ts';
import { type CompiledFunction, compileFunction, dispose } from '../../runtime/function.ts';
import type { Named } from '../../tensor/index.ts';
import { elementsOf } from '../../tensor/tensor.ts';
import { batchFeeds } from './batch-feeds.ts';
import type { GradientOptions, MicroBatchGradient } from './gradient-contract.ts';
import {
  type PartInputs,
  type PartOutputs,
  type PromptBackwardInputs,
  type PromptBackwardOutputs,
  partGradientGraph,
  promptBackwardGraph,
} from './part-graphs.ts';
import type { WeightedGroup } from './responses.ts';

interface Compiled {
  prompt: CompiledFunction<PrefillInputs, PrefillOutputs>;
  part: CompiledFunction<PartInputs, PartOutputs>;
  promptBackward: CompiledFunction<PromptBackwardInputs, PromptBackwardOutputs>;
}

/** The gradient of a micro-batch, part by part; equal to that of one graph up to rounding. */
export class GradientInParts {
  private compiled: Compiled | null = null;

  constructor(private readonly options: GradientOptions) {}

  /** Gradients of one group, given in parts. The gradients so far are used up; `tick` gets the share that is done. */
  async gradients(
    parts: readonly WeightedGroup[],
    parameters: Named<Value>,
    soFar: Named<Value>,
    tick: (fraction: number) => void,
  ): Promise<MicroBatchGradient> {
    const { backend, temperature } = this.options;
    tick(0);
    const { prompt, part, promptBackward } = await this.functions();
    const { bias, ...ran } = promptBatch(backend, [parts[0]!.prompt]);
    const caches = await prompt.run({ ...ran, parameters });
    let gradients = soFar;
    let dCaches: readonly LayerCache<Value>[] = caches.map(({ keys, values }) => ({
      keys: this.zeros(keys),
      values: this.zeros(values),
    }));
    let loss = 0;
    const clipped: number[] = [];
    for (const [i, some] of parts.entries()) {
      tick(i / (parts.length + 1));
      const { batch, loss: lossFeeds } = batchFeeds(backend, [some], temperature);
      const outputs = await part.run({
        ...{ batch, caches, promptBias: bias, loss: lossFeeds, parameters },
        ...{ dCaches, gradients },
      });
      dispose([gradients, dCaches]);
      ({ gradients, dCaches } = outputs);
      loss += (await backend.read(outputs.loss))[0] as number;
      for (const share of (await backend.read(outputs.clipped)) as Float32Array) clipped.push(share);
      dispose([outputs.loss, outputs.clipped]);
    }
    tick(parts.length / (parts.length + 1));
    const behind = await promptBackward.run({ prompt: ran, parameters, dCaches, gradients });
    // The prompt does not depend on anything after the last layer.
    const replaced = Object.keys(behind.gradients).map((name) => gradients[name]);
    dispose([caches, dCaches, replaced]);
    const logprob = backend.value('float32', [0, 0], new Float32Array(0));
    return { loss, clipped: Float32Array.from(clipped), logprob, gradients: { ...gradients, ...behind.gradients } };
  }

  private zeros({ shape }: Value): Value {
    return this.options.backend.value('float32', shape, new Float32Array(elementsOf(shape)));
  }

  private async functions(): Promise<Compiled> {
    if (this.compiled) return this.compiled;
    const { backend, bind, graph } = this.options;
    this.compiled = {
      prompt: await compileFunction(backend, prefillGraph(bind, graph.positions), { keepOnDevice: (found) => found }),
      part: await compileFunction(backend, partGradientGraph(bind, graph), {
        keepOnDevice: ({ dCaches, gradients }) => ({ dCaches, gradients }),
      }),
      promptBackward: await compileFunction(backend, promptBackwardGraph(bind, graph.positions), {
        keepOnDevice: (outputs) => outputs,
      }),
    };
    return this.compiled;
  }

  async release(): Promise<void> {
    if (!this.compiled) return;
    for (const compiled of Object.values(this.compiled)) await compiled.release();
  }
}
