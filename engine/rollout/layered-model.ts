/**
 * A model that runs layer by layer, each in a call of its own: the weights of one layer are in memory at a time, and of
 * the layers before it nothing stays but what the caller keeps. Slower than one graph for all layers, which reads no
 * files while it runs; chosen where memory asks for it.
 */
import type { DecoderConfig } from '../model/config.ts';
import type { LayerCache } from '../model/decoder.ts';
import { EMBEDDINGS, POSITIONS } from '../model/parameters.ts';
import type { Backend, Value } from '../runtime/backend.ts';
import { type CompiledFunction, compileFunction, type Values } from '../runtime/function.ts';
import { Graph, type Named, type Ports } from '../tensor/index.ts';
import type { PromptBatch } from './batch.ts';
import { ByKind } from './by-kind.ts';
import type { BindWeights } from './graphs.ts';
import {
  type LayerWeights,
  type PromptLayerInputs,
  type PromptLayerOutputs,
  promptLayerGraph,
  type ResponseLayerInputs,
  type ResponseLayerOutputs,
  responseLayerGraph,
} from './layer-graphs.ts';
import { nameInLayer, StreamedWeights } from './streamed-weights.ts';

export interface LayeredModelOptions {
  backend: Backend;
  bind: BindWeights;
  config: DecoderConfig;
  /** Longest prompt and response together, tokens. */
  positions: number;
}

/** The results of running the layers, on the device. */
export interface Pass {
  /** Hidden states after the last layer, before the last norm. */
  readonly x: Value;
  /** Hidden states before each layer where they were to be kept, otherwise nothing. */
  readonly inputs: readonly Value[];
}

export type PromptPass = Pass & {
  /** Keys and values of each layer. */
  readonly caches: readonly LayerCache<Value>[];
};

/** Responses of one prompt. */
export interface ResponseBatch {
  /** Tokens that go in, G*L of them. */
  readonly tokens: Int32Array;
  /** int64 [G, L]. */
  readonly position: Value;
  /** [1, 1, L, L]. */
  readonly causal: Value;
  /** [1, 1, 1, Lp]. */
  readonly promptBias: Value;
}

export interface PassOptions {
  parameters: Named<Value>;
  /** Hidden states before each layer stay, for a gradient. */
  keep: boolean;
  /** Called between two calls of the device; throws to cancel. */
  tick: () => void;
}

interface CompiledLayer<I extends Ports, O extends Ports> {
  readonly run: CompiledFunction<I, O>;
  readonly names: LayerNames;
}

/** Runs prompts and responses through one layer after the other; `weights` streams the layers from their files. */
export class LayeredModel {
  readonly weights: StreamedWeights;
  private readonly promptLayers: ByKind<CompiledLayer<PromptLayerInputs, PromptLayerOutputs>>;
  private readonly responseLayers: ByKind<CompiledLayer<ResponseLayerInputs, ResponseLayerOutputs>>;

  constructor(private readonly options: LayeredModelOptions) {
    const { backend, bind, positions, config } = options;
    this.weights = new StreamedWeights(backend, bind(new Graph()));
    this.promptLayers = new ByKind(config, async (kind) => {
      const made = promptLayerGraph(bind, positions, kind);
      const run = await compileFunction(backend, made, { keepOnDevice: (outputs) => outputs });
      return { run, names: layerNames(made.inputs) };
    });
    this.responseLayers = new ByKind(config, async (kind) => {
      const made = responseLayerGraph(bind, positions, kind);
      const run = await compileFunction(backend, made, { keepOnDevice: (outputs) => outputs });
      return { run, names: layerNames(made.inputs) };
    });
  }

  /** Prompts through all layers. */
  async prompts(batch: PromptBatch, { parameters, keep, tick }: PassOptions): Promise<PromptPass> {
    const { backend, config } = this.options;
    const { position, causal } = batch;
    const tokens = (await backend.read(batch.tokens)) as Int32Array;
    const caches: LayerCache<Value>[] = [];
    const pass = await this.layers(tokens, position, { parameters, keep, tick }, async (x, layer) => {
      const { run, names } = await this.promptLayers.of(layer);
      const outputs = await run.run({ x, position, causal, ...this.layerWeights(names, parameters, layer) });
      caches.push(outputs.cache);
      return outputs.x;
    });
    if (caches.length !== config.layers) throw new Error('a layer left no keys and values');
    return { ...pass, caches };
  }

  /** Runs responses to one prompt through all layers, given the results of the prompt's own pass. */
  async responses(
    { tokens, ...batch }: ResponseBatch,
    caches: readonly LayerCache<Value>[],
    { parameters, keep, tick }: PassOptions,
  ): Promise<Pass> {
    return this.layers(tokens, batch.position, { parameters, keep, tick }, async (x, layer) => {
      const { run, names } = await this.responseLayers.of(layer);
      const weights = this.layerWeights(names, parameters, layer);
      const outputs = await run.run({ x, ...batch, prompt: caches[layer]!, ...weights });
      return outputs.x;
    });
  }

  /** Weights of a layer under layer 0's names. */
  layerWeights(names: LayerNames, parameters: Named<Value>, layer: number): Values<LayerWeights> {
    return {
      parameters: Object.fromEntries(names.parameters.map((name) => [name, parameters[nameInLayer(name, layer)]!])),
      frozen: this.weights.read(names.frozen, layer),
    };
  }

  private async layers(
    tokens: Int32Array,
    position: Value,
    { parameters, keep, tick }: PassOptions,
    run: (x: Value, layer: number) => Promise<Value>,
  ): Promise<Pass> {
    const inputs: Value[] = [];
    let x = await this.embed(tokens, position, parameters);
    for (let layer = 0; layer < this.options.config.layers; layer++) {
      tick();
      const next = await run(x, layer);
      if (keep) inputs.push(x);
      else x.dispose();
      x = next;
    }
    return { x, inputs };
  }

  /** Embedded tokens: [tokens.length, hidden]. */
  private async embed(tokens: Int32Array, position: Value, parameters: Named<Value>): Promise<Value> {
    const { backend, config } = this.options;
    const { embeddingScale, block, hiddenSize } = config;
    const rows = await this.rows(EMBEDDINGS, tokens, parameters);
    if (embeddingScale === 1 && block.positions === 'rotary') return rows;
    const x = ((await backend.read(rows)) as Float32Array).map((value) => Math.fround(value * embeddingScale));
    if (block.positions === 'learned') {
      const at = Int32Array.from((await backend.read(position)) as BigInt64Array, Number);
      const added = (await backend.read(await this.rows(POSITIONS, at, parameters))) as Float32Array;
      for (let i = 0; i < x.length; i++) x[i]! += added[i]!;
    }
    return backend.value('float32', [tokens.length, hiddenSize], x);
  }

  /** Rows of a matrix [N, hidden], whether it trains or not. */
  private async rows(name: string, index: Int32Array, parameters: Named<Value>): Promise<Value> {
    const trained = parameters[name];
    if (!trained) return this.weights.rows(name, index);
    const { backend, config } = this.options;
    const width = config.hiddenSize;
    const matrix = (await backend.read(trained)) as Float32Array;
    const rows = new Float32Array(index.length * width);
    index.forEach((row, i) => {
      rows.set(matrix.subarray(row * width, (row + 1) * width), i * width);
    });
    return backend.value('float32', [index.length, width], rows);
  }

  async release(): Promise<void> {
    this.weights.forget();
    for (const { run } of [...(await this.promptLayers.all()), ...(await this.responseLayers.all())])
      await run.release();
  }
}

/** What a graph of layer 0 reads. */
export interface LayerNames {
  readonly parameters: readonly string[];
  readonly frozen: readonly string[];
}

/** The names under which a layer's weights are passed, of those that train and of the frozen ones. */
export function layerNames({ parameters, frozen }: LayerWeights): LayerNames {
  return { parameters: Object.keys(parameters), frozen: Object.keys(frozen) };
}
