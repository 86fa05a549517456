/**
 * A model that runs layer by layer, each in a call of its own: the weights of one layer are in memory at a time, and of
 * the layers before it nothing stays but what the caller keeps. Slower than one graph for all layers, which reads no
 * files while it runs; chosen where memory asks for it.
 */
import type { DecoderConfig } from '../model/config.ts';
import type { LayerCache } from '../model/decoder.ts';
import { EMBEDDINGS } from '../model/parameters.ts';
import type { Backend, Value } from '../runtime/backend.ts';
import { type CompiledFunction, compileFunction, type Values } from '../runtime/function.ts';
import { Graph, type Named } from '../tensor/index.ts';
import type { PromptBatch } from './batch.ts';
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

/** What a run of the layers leaves, on the device. */
export interface Pass {
  /** Hidden states behind the last layer, before the last norm. */
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

/** Runs prompts and responses through one layer after the other; `weights` streams the layers from their files. */
export class LayeredModel {
  readonly weights: StreamedWeights;
  private promptFunction: CompiledFunction<PromptLayerInputs, PromptLayerOutputs> | null = null;
  private responseFunction: CompiledFunction<ResponseLayerInputs, ResponseLayerOutputs> | null = null;
  private promptNames: LayerNames | null = null;
  private responseNames: LayerNames | null = null;

  constructor(private readonly options: LayeredModelOptions) {
    this.weights = new StreamedWeights(options.backend, options.bind(new Graph()));
  }

  /** Prompts through all layers. */
  async prompts(batch: PromptBatch, { parameters, keep, tick }: PassOptions): Promise<PromptPass> {
    const { backend, bind, positions, config } = this.options;
    if (!this.promptFunction) {
      const made = promptLayerGraph(bind, positions);
      this.promptNames = layerNames(made.inputs);
      this.promptFunction = await compileFunction(backend, made, { keepOnDevice: (outputs) => outputs });
    }
    const { position, causal } = batch;
    const tokens = (await backend.read(batch.tokens)) as Int32Array;
    const caches: LayerCache<Value>[] = [];
    const pass = await this.layers(tokens, { parameters, keep, tick }, async (x, layer) => {
      const weights = this.layerWeights(this.promptNames!, parameters, layer);
      const outputs = await this.promptFunction!.run({ x, position, causal, ...weights });
      caches.push(outputs.cache);
      return outputs.x;
    });
    if (caches.length !== config.layers) throw new Error('a layer left no keys and values');
    return { ...pass, caches };
  }

  /** Responses of one prompt through all layers, given what its own pass left. */
  async responses(
    { tokens, ...batch }: ResponseBatch,
    caches: readonly LayerCache<Value>[],
    { parameters, keep, tick }: PassOptions,
  ): Promise<Pass> {
    const { backend, bind, positions } = this.options;
    if (!this.responseFunction) {
      const made = responseLayerGraph(bind, positions);
      this.responseNames = layerNames(made.inputs);
      this.responseFunction = await compileFunction(backend, made, { keepOnDevice: (outputs) => outputs });
    }
    return this.layers(tokens, { parameters, keep, tick }, async (x, layer) => {
      const weights = this.layerWeights(this.responseNames!, parameters, layer);
      const outputs = await this.responseFunction!.run({ x, ...batch, prompt: caches[layer]!, ...weights });
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
    { parameters, keep, tick }: PassOptions,
    run: (x: Value, layer: number) => Promise<Value>,
  ): Promise<Pass> {
    const inputs: Value[] = [];
    let x = await this.embed(tokens, parameters);
    for (let layer = 0; layer < this.options.config.layers; layer++) {
      tick();
      const next = await run(x, layer);
      if (keep) inputs.push(x);
      else x.dispose();
      x = next;
    }
    return { x, inputs };
  }

  /** Rows of the embedding matrix: [tokens.length, hidden]. */
  private async embed(tokens: Int32Array, parameters: Named<Value>): Promise<Value> {
    const trained = parameters[EMBEDDINGS];
    if (!trained) return this.weights.rows(EMBEDDINGS, tokens);
    const { backend, config } = this.options;
    const width = config.hiddenSize;
    const matrix = (await backend.read(trained)) as Float32Array;
    const rows = new Float32Array(tokens.length * width);
    tokens.forEach((token, i) => {
      rows.set(matrix.subarray(token * width, (token + 1) * width), i * width);
    });
    return backend.value('float32', [tokens.length, width], rows);
  }

  async release(): Promise<void> {
    this.weights.forget();
    for (const compiled of [this.promptFunction, this.responseFunction]) await compiled?.release();
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
