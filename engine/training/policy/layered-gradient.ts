/**
 * Loss and gradients layer by layer, each in a call of its own, for what does not fit the memory as one graph. Of the way
 * forward only the hidden states before each layer stay; on the way back each layer is computed again. The prompt of a
 * group runs forward once and backward once, however many parts its responses are cut into: its keys and values stay, and
 * their gradients add up over the parts.
 */
import type { LayerCache } from '../../model/decoder.ts';
import { EMBEDDINGS } from '../../model/parameters.ts';
import { promptBatch } from '../../rollout/batch.ts';
import { type LayeredModel, type LayerNames, layerNames } from '../../rollout/layered-model.ts';
import { nameInLayer } from '../../rollout/streamed-weights.ts';
import type { Value } from '../../runtime/backend.ts';
import { type CompiledFunction, compileFunction, dispose } from '../../runtime/function.ts';
import type { Named } from '../../tensor/index.ts';
import { batchFeeds } from './batch-feeds.ts';
import type { GradientOptions, GradientSource, MicroBatchGradient } from './gradient-source.ts';
import type { ScoringHead } from './head.ts';
import {
  type PromptGradientInputs,
  type PromptGradientOutputs,
  promptGradientGraph,
  type ResponseGradientInputs,
  type ResponseGradientOutputs,
  responseGradientGraph,
} from './layer-gradients.ts';
import { layeredParts } from './layered-memory.ts';
import { type LossOfScoresInputs, type LossOfScoresOutputs, lossOfScoresGraph } from './loss-graph.ts';
import type { WeightedGroup } from './responses.ts';

interface Compiled {
  loss: CompiledFunction<LossOfScoresInputs, LossOfScoresOutputs>;
  response: CompiledFunction<ResponseGradientInputs, ResponseGradientOutputs>;
  prompt: CompiledFunction<PromptGradientInputs, PromptGradientOutputs>;
  lastPrompt: CompiledFunction<PromptGradientInputs, PromptGradientOutputs>;
  responseNames: LayerNames;
  promptNames: LayerNames;
}

/** What the responses of a group have in common. */
interface GroupWork {
  parameters: Named<Value>;
  caches: readonly LayerCache<Value>[];
  promptBias: Value;
  /** Sums of the parameters' gradients; replaced as they grow. */
  sums: Record<string, Value>;
  /** Sums of the gradients of the prompt's keys and values, by layer. */
  dCaches: LayerCache<Value>[];
  tick: () => void;
}

/**
 * The gradient of a micro-batch with one layer's weights and activations in memory at a time: twice the forward work
 * of `WholeGradient`.
 */
export class LayeredGradient implements GradientSource {
  private compiled: Compiled | null = null;

  constructor(
    private readonly options: GradientOptions,
    private readonly model: LayeredModel,
    private readonly head: ScoringHead,
  ) {}

  /** Each group by itself. */
  batches(groups: readonly WeightedGroup[]): WeightedGroup[][] {
    return groups.map((group) => [group]);
  }

  async gradients(
    [group]: readonly WeightedGroup[],
    parameters: Named<Value>,
    soFar: Named<Value>,
    tick: (fraction: number) => void,
  ): Promise<MicroBatchGradient> {
    const { backend, config, memory } = this.options;
    const parts = layeredParts(group!, config, memory);
    const calls = 2 * config.layers * (parts.length + 1);
    let done = 0;
    const step = () => tick(Math.min(1, done++ / calls));
    const prompt = promptBatch(backend, [group!.prompt]);
    const { caches, inputs, x } = await this.model.prompts(prompt, { parameters, keep: true, tick: step });
    x.dispose();
    const work: GroupWork = {
      parameters,
      caches,
      promptBias: prompt.bias,
      sums: { ...soFar },
      dCaches: caches.map(({ keys, values }) => ({ keys: this.zeros(keys), values: this.zeros(values) })),
      tick: step,
    };
    let loss = 0;
    const clipped: number[] = [];
    for (const part of parts) {
      const found = await this.part(part, work);
      loss += found.loss;
      clipped.push(...found.clipped);
    }
    await this.promptGradient(prompt, inputs, work);
    dispose([caches, work.dCaches]);
    const logprob = backend.value('float32', [0, 0], new Float32Array(0));
    this.model.weights.forget();
    return { loss, clipped: Float32Array.from(clipped), logprob, gradients: work.sums };
  }

  /** Forward and backward of some responses of the group. */
  private async part(part: WeightedGroup, work: GroupWork): Promise<{ loss: number; clipped: Float32Array }> {
    const { backend, config, temperature } = this.options;
    const { loss: lossFunction, response, responseNames } = await this.functions();
    const { parameters, promptBias, tick } = work;
    const { batch, loss: lossFeeds } = batchFeeds(backend, [part], temperature);
    const tokens = (await backend.read(batch.tokens)) as Int32Array;
    const targets = (await backend.read(batch.targets)) as Int32Array;
    const common = { position: batch.position, causal: batch.causal, promptBias };
    const pass = await this.model.responses({ tokens, ...common }, work.caches, { parameters, keep: true, tick });
    const scores = await this.head.scores(pass.x, targets, parameters, tick);
    const shape = batch.tokens.shape.slice(1);
    const given = await lossFunction.run({
      scores: {
        logprob: backend.value('float32', shape, scores.logprob),
        entropy: backend.value('float32', shape, scores.entropy),
      },
      loss: lossFeeds,
    });
    const dScores = {
      dLogprob: (await backend.read(given.dLogprob)) as Float32Array,
      dEntropy: given.dEntropy && ((await backend.read(given.dEntropy)) as Float32Array),
    };
    const headed = await this.head.gradients(pass.x, targets, scores, dScores, parameters, work.sums, tick);
    pass.x.dispose();
    Object.assign(work.sums, headed.sums);
    let { dx } = headed;
    for (let layer = config.layers - 1; layer >= 0; layer--) {
      tick();
      const outputs = await response.run({
        ...this.model.layerWeights(responseNames, parameters, layer),
        ...common,
        x: pass.inputs[layer]!,
        prompt: work.caches[layer]!,
        dx,
        dCache: work.dCaches[layer]!,
        gradients: sumsOfLayer(responseNames, work.sums, layer),
      });
      dispose([dx, pass.inputs[layer], work.dCaches[layer]]);
      dx = outputs.x;
      work.dCaches[layer] = outputs.cache;
      replaceSums(work.sums, outputs.gradients, layer);
    }
    await this.embeddingGradient(tokens, dx, work);
    const result = {
      loss: (await backend.read(given.loss))[0] as number,
      clipped: (await backend.read(given.clipped)) as Float32Array,
    };
    dispose([dx, given]);
    return result;
  }

  private async promptGradient(
    prompt: ReturnType<typeof promptBatch>,
    inputs: readonly Value[],
    work: GroupWork,
  ): Promise<void> {
    const { backend, config } = this.options;
    const functions = await this.functions();
    const { promptNames } = functions;
    let dx: Value | null = null;
    for (let layer = config.layers - 1; layer >= 0; layer--) {
      work.tick();
      const outputs: { x: Value; gradients: Named<Value> } = await (dx ? functions.prompt : functions.lastPrompt).run({
        ...this.model.layerWeights(promptNames, work.parameters, layer),
        position: prompt.position,
        causal: prompt.causal,
        x: inputs[layer]!,
        dx,
        dCache: work.dCaches[layer]!,
        gradients: sumsOfLayer(promptNames, work.sums, layer),
      });
      dispose([dx, inputs[layer]]);
      dx = outputs.x;
      replaceSums(work.sums, outputs.gradients, layer);
    }
    await this.embeddingGradient((await backend.read(prompt.tokens)) as Int32Array, dx!, work);
    dispose(dx);
  }

  /** Adds the gradients of embedded tokens, where the embeddings train. */
  private async embeddingGradient(tokens: Int32Array, dx: Value, { sums }: GroupWork): Promise<void> {
    const sum = sums[EMBEDDINGS];
    if (!sum) return;
    const { backend, config } = this.options;
    const width = config.hiddenSize;
    const matrix = (await backend.read(sum)) as Float32Array;
    const rows = (await backend.read(dx)) as Float32Array;
    tokens.forEach((token, i) => {
      for (let j = 0; j < width; j++) matrix[token * width + j]! += rows[i * width + j]!;
    });
    if (sum.data) return;
    sums[EMBEDDINGS] = backend.value('float32', sum.shape, matrix);
    sum.dispose();
  }

  private zeros({ shape }: Value): Value {
    return this.options.backend.value('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  }

  private async functions(): Promise<Compiled> {
    if (this.compiled) return this.compiled;
    const { backend, bind, graph } = this.options;
    const { positions } = graph;
    const response = responseGradientGraph(bind, positions);
    const prompt = promptGradientGraph(bind, positions, false);
    const keep = { keepOnDevice: (outputs: ResponseGradientOutputs | PromptGradientOutputs) => outputs };
    this.compiled = {
      loss: await compileFunction(backend, lossOfScoresGraph(graph)),
      response: await compileFunction(backend, response, keep),
      prompt: await compileFunction(backend, prompt, keep),
      lastPrompt: await compileFunction(backend, promptGradientGraph(bind, positions, true), keep),
      responseNames: layerNames(response.inputs),
      promptNames: layerNames(prompt.inputs),
    };
    return this.compiled;
  }

  async release(): Promise<void> {
    if (!this.compiled) return;
    const { loss, response, prompt, lastPrompt } = this.compiled;
    for (const compiled of [loss, response, prompt, lastPrompt]) await compiled.release();
  }
}

function sumsOfLayer({ parameters }: LayerNames, sums: Named<Value>, layer: number): Named<Value> {
  return Object.fromEntries(parameters.map((name) => [name, sums[nameInLayer(name, layer)]!]));
}

function replaceSums(sums: Record<string, Value>, grown: Named<Value>, layer: number): void {
  for (const [name, value] of Object.entries(grown)) {
    const own = nameInLayer(name, layer);
    sums[own]!.dispose();
    sums[own] = value;
  }
}
