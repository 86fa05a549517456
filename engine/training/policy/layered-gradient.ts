/**
 * Loss and gradients layer by layer, each in a call of its own, for what does not fit into memory as one graph. Of the
 * forward pass only the hidden states before each layer are kept; in the backward pass each layer is computed again.
 * The prompt of a group runs forward once and backward once, however many parts its responses are cut into: its keys
 * and values are kept, and their gradients add up over the parts.
 */
import type { LayerCache } from '../../model/decoder.ts';
import { EMBEDDINGS, POSITIONS } from '../../model/parameters.ts';
import type { LayerKind } from '../../model/traits.ts';
import { promptBatch } from '../../rollout/batch.ts';
import { ByKind } from '../../rollout/by-kind.ts';
import { type LayeredModel, type LayerNames, layerNames } from '../../rollout/layered-model.ts';
import { nameInLayer } from '../../rollout/streamed-weights.ts';
import type { Value } from '../../runtime/backend.ts';
import { type CompiledFunction, compileFunction, dispose } from '../../runtime/function.ts';
import type { Named, Ports } from '../../tensor/index.ts';
import { elementsOf } from '../../tensor/tensor.ts';
import { batchFeeds } from './batch-feeds.ts';
import type { GradientOptions, GradientSource, MicroBatchGradient } from './gradient-contract.ts';
import type { OutputHead } from './head-contract.ts';
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

/** A gradient graph of a layer, and the weights that it reads. */
interface Differentiated<I extends Ports, O extends Ports> {
  run: CompiledFunction<I, O>;
  names: LayerNames;
}

type ResponseGradient = Differentiated<ResponseGradientInputs, ResponseGradientOutputs>;
type PromptGradient = Differentiated<PromptGradientInputs, PromptGradientOutputs>;

/** What the responses of a group share. */
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
  private loss: Promise<CompiledFunction<LossOfScoresInputs, LossOfScoresOutputs>> | null = null;
  private readonly responses: ByKind<ResponseGradient>;
  private readonly promptLayers: ByKind<PromptGradient>;
  private readonly lastPrompt: ByKind<PromptGradient>;

  constructor(
    private readonly options: GradientOptions,
    private readonly model: LayeredModel,
    private readonly head: OutputHead,
  ) {
    const { backend, bind, graph, config } = options;
    const { positions } = graph;
    const keep = { keepOnDevice: (outputs: ResponseGradientOutputs | PromptGradientOutputs) => outputs };
    this.responses = new ByKind(config, async (kind) => {
      const made = responseGradientGraph(bind, positions, kind);
      return { run: await compileFunction(backend, made, keep), names: layerNames(made.inputs) };
    });
    const prompt = (last: boolean) => async (kind: LayerKind) => {
      const made = promptGradientGraph(bind, positions, kind, last);
      return { run: await compileFunction(backend, made, keep), names: layerNames(made.inputs) };
    };
    this.promptLayers = new ByKind(config, prompt(false));
    this.lastPrompt = new ByKind(config, prompt(true));
  }

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
      for (const share of found.clipped) clipped.push(share);
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
    this.loss ??= compileFunction(backend, lossOfScoresGraph(this.options.graph));
    const lossFunction = await this.loss;
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
      const { run, names } = await this.responses.of(layer);
      const outputs = await run.run({
        ...this.model.layerWeights(names, parameters, layer),
        ...common,
        x: pass.inputs[layer]!,
        prompt: work.caches[layer]!,
        dx,
        dCache: work.dCaches[layer]!,
        gradients: sumsOfLayer(names, work.sums, layer),
      });
      dispose([dx, pass.inputs[layer], work.dCaches[layer]]);
      dx = outputs.x;
      work.dCaches[layer] = outputs.cache;
      replaceSums(work.sums, outputs.gradients, layer);
    }
    await this.embeddingGradient(tokens, batch.position, dx, work);
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
    let dx: Value | null = null;
    for (let layer = config.layers - 1; layer >= 0; layer--) {
      work.tick();
      const { run, names } = await (dx ? this.promptLayers : this.lastPrompt).of(layer);
      const outputs: { x: Value; gradients: Named<Value> } = await run.run({
        ...this.model.layerWeights(names, work.parameters, layer),
        position: prompt.position,
        causal: prompt.causal,
        x: inputs[layer]!,
        dx,
        dCache: work.dCaches[layer]!,
        gradients: sumsOfLayer(names, work.sums, layer),
      });
      dispose([dx, inputs[layer]]);
      dx = outputs.x;
      replaceSums(work.sums, outputs.gradients, layer);
    }
    await this.embeddingGradient((await backend.read(prompt.tokens)) as Int32Array, prompt.position, dx!, work);
    dispose(dx);
  }

  /** Adds the gradients of embedded tokens and positions, if the embeddings are trained. */
  private async embeddingGradient(
    tokens: Int32Array,
    position: Value,
    dx: Value,
    { sums }: Pick<GroupWork, 'sums'>,
  ): Promise<void> {
    const { embeddingScale, block } = this.options.config;
    await this.addRows(EMBEDDINGS, tokens, dx, embeddingScale, sums);
    if (block.positions === 'rotary') return;
    const at = Int32Array.from((await this.options.backend.read(position)) as BigInt64Array, Number);
    await this.addRows(POSITIONS, at, dx, 1, sums);
  }

  /** Adds rows, times a scale, to those of a matrix of gradients, if there is one. */
  private async addRows(
    name: string,
    index: Int32Array,
    dx: Value,
    scale: number,
    sums: GroupWork['sums'],
  ): Promise<void> {
    const sum = sums[name];
    if (!sum) return;
    const { backend, config } = this.options;
    const width = config.hiddenSize;
    const matrix = (await backend.read(sum)) as Float32Array;
    const rows = (await backend.read(dx)) as Float32Array;
    index.forEach((row, i) => {
      for (let j = 0; j < width; j++) matrix[row * width + j]! += scale * rows[i * width + j]!;
    });
    if (sum.data) return;
    sums[name] = backend.value('float32', sum.shape, matrix);
    sum.dispose();
  }

  private zeros({ shape }: Value): Value {
    return this.options.backend.value('float32', shape, new Float32Array(elementsOf(shape)));
  }

  async release(): Promise<void> {
    await (await this.loss)?.release();
    const kinds = [this.responses, this.promptLayers, this.lastPrompt];
    for (const made of kinds) for (const { run } of await made.all()) await run.release();
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
