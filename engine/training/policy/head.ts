/** Scores of hidden states and their gradients, for some tokens at a time, so that few logits exist at once. */
import type { DecoderConfig } from '../../model/config.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import { type LayerNames, layerNames } from '../../rollout/layered-model.ts';
import type { StreamedWeights } from '../../rollout/streamed-weights.ts';
import type { Backend, Value } from '../../runtime/backend.ts';
import { type CompiledFunction, compileFunction, dispose } from '../../runtime/function.ts';
import type { Named } from '../../tensor/index.ts';
import { LOGIT_BYTES, LOGIT_COPIES, type OutputHead, ranges, type TokenScores } from './head-contract.ts';
import {
  type HeadGradientInputs,
  type HeadGradientOutputs,
  type HeadInputs,
  type HeadScores,
  headGradientGraph,
  headScoreGraph,
} from './head-graph.ts';

export interface HeadOptions {
  backend: Backend;
  bind: BindWeights;
  config: DecoderConfig;
  temperature: number;
  weights: StreamedWeights;
  /** Bytes of a frozen unembedding that are in memory at a time; `SLICE_BYTES` by default. */
  sliceBytes?: number;
}

/** Runs the graphs of the head on as many tokens at a time as the memory has room for, and puts the parts together. */
export class ScoringHead implements OutputHead {
  private scoring: { run: CompiledFunction<HeadInputs, HeadScores>; names: LayerNames } | null = null;
  private readonly differentiating = new Map<boolean, CompiledFunction<HeadGradientInputs, HeadGradientOutputs>>();

  constructor(private readonly options: HeadOptions) {}

  async scores(x: Value, targets: Int32Array, parameters: Named<Value>, tick: () => void): Promise<TokenScores> {
    const { run } = await this.scorer();
    const numbers = () => new Float32Array(targets.length);
    const found: TokenScores = { logprob: numbers(), entropy: numbers(), logsumexp: numbers() };
    for (const part of await this.parts(x, targets)) {
      tick();
      const outputs = await run.run({ ...part.feeds, ...this.weights(parameters) });
      for (const name of Object.keys(found) as (keyof TokenScores)[]) {
        found[name].set((await this.options.backend.read(outputs[name])) as Float32Array, part.from);
      }
      dispose(outputs);
    }
    return found;
  }

  async gradients(
    x: Value,
    targets: Int32Array,
    { entropy, logsumexp }: TokenScores,
    given: { dLogprob: Float32Array; dEntropy: Float32Array | null },
    parameters: Named<Value>,
    sums: Named<Value>,
    tick: () => void,
  ): Promise<{ dx: Value; sums: Named<Value> }> {
    const { backend, config } = this.options;
    const { names } = await this.scorer();
    const run = await this.differentiator(given.dEntropy !== null);
    const dx = new Float32Array(targets.length * config.hiddenSize);
    let added = { ...sums };
    for (const { feeds, from, to } of await this.parts(x, targets)) {
      tick();
      const numbers = (all: Float32Array) => backend.value('float32', [to - from], all.subarray(from, to));
      const outputs = await run.run({
        ...feeds,
        ...this.weights(parameters),
        scores: { entropy: numbers(entropy), logsumexp: numbers(logsumexp) },
        dLogprob: numbers(given.dLogprob),
        dEntropy: given.dEntropy && numbers(given.dEntropy),
        gradients: Object.fromEntries(names.parameters.map((name) => [name, added[name]!])),
      });
      for (const name of names.parameters) added[name]!.dispose();
      added = { ...added, ...outputs.gradients };
      dx.set((await backend.read(outputs.x)) as Float32Array, from * config.hiddenSize);
      outputs.x.dispose();
    }
    return { dx: backend.value('float32', [targets.length, config.hiddenSize], dx), sums: added };
  }

  private async scorer() {
    if (!this.scoring) {
      const made = headScoreGraph(this.options.bind);
      this.scoring = { run: await compileFunction(this.options.backend, made), names: layerNames(made.inputs) };
    }
    return this.scoring;
  }

  private async differentiator(byEntropy: boolean) {
    let compiled = this.differentiating.get(byEntropy);
    if (!compiled) {
      compiled = await compileFunction(this.options.backend, headGradientGraph(this.options.bind, byEntropy), {
        keepOnDevice: (outputs) => outputs.gradients,
      });
      this.differentiating.set(byEntropy, compiled);
    }
    return compiled;
  }

  private weights(parameters: Named<Value>) {
    const { names } = this.scoring!;
    return {
      parameters: Object.fromEntries(names.parameters.map((name) => [name, parameters[name]!])),
      frozen: this.options.weights.read(names.frozen),
    };
  }

  /** Tokens `from` to `to`, in groups whose logits fit. */
  private async parts(x: Value, targets: Int32Array) {
    const { backend, config, temperature } = this.options;
    const width = config.hiddenSize;
    const most = Math.floor(LOGIT_BYTES / (LOGIT_COPIES * 4 * config.vocabularySize));
    const hidden = (await backend.read(x)) as Float32Array;
    return ranges(targets.length, most).map(({ from, to }) => {
      const feeds = {
        x: backend.value('float32', [to - from, width], hidden.subarray(from * width, to * width)),
        targets: backend.value('int32', [to - from], targets.subarray(from, to)),
        temperature: backend.value('float32', [], Float32Array.of(temperature)),
      };
      return { feeds, from, to };
    });
  }

  async release(): Promise<void> {
    for (const compiled of [this.scoring?.run, ...this.differentiating.values()]) await compiled?.release();
  }
}
