/**
 * The decoder of every architecture (`architectures/index.ts`) as graph builders. Rollouts and training share one layout: P problems, each
 * with one prompt of up to Lp tokens and G responses of up to L tokens. The prompt runs once and its keys and values serve
 * all of its responses. Its last token belongs to the responses: it is the one that predicts their first token.
 *
 * Keys and values are [P*kv, Lp, d] for prompts and [P*kv*G, L, d] for responses (kv key-value heads of d numbers).
 */
import type { LoraConfig } from '../protocol/index.ts';
import { type Dim, type Graph, type Named, op, product, type Shape, type Tensor } from '../tensor/index.ts';
import type { Parameter } from '../tensor/optimizer.ts';
import { type Attended, attendByHead, attendWhole } from './attention.ts';
import type { Norms } from './block.ts';
import type { DecoderConfig } from './config.ts';
import { adapterNames, loraParameters } from './lora.ts';
import { EMBEDDINGS, MEAN_UNEMBEDDING, UNEMBEDDING } from './parameters.ts';
import { rotaryFrequencies } from './rope.ts';
import type { StoredTensor } from './safetensors.ts';

/** Stands for minus infinity in masks: large enough to vanish in a softmax, small enough never to overflow. */
export const MASKED = -1e9;

/** Parameters that train: the adapter's, or all of the model's weights. */
export function trainableParameters(
  config: DecoderConfig,
  tensors: ReadonlyMap<string, StoredTensor>,
  lora: LoraConfig | null,
): Parameter[] {
  if (lora) return loraParameters(config, lora);
  return [...tensors].map(([name, { shape }]) => ({ name, shape }));
}

/** Gives a graph the model's weights: trainable ones as inputs, frozen ones from their files. */
export class Weights {
  private readonly bound = new Map<string, Tensor>();
  readonly trainable: ReadonlyMap<string, Parameter>;

  constructor(
    readonly graph: Graph,
    readonly config: DecoderConfig,
    private readonly tensors: ReadonlyMap<string, StoredTensor>,
    private readonly lora: LoraConfig | null,
    private readonly frozenAre: 'constants' | 'inputs' = 'constants',
  ) {
    this.trainable = new Map(trainableParameters(config, tensors, lora).map((p) => [p.name, p]));
  }

  /** The same weights for the same graph, with the frozen ones as inputs too: one graph then serves all layers. */
  fed(): Weights {
    return new Weights(this.graph, this.config, this.tensors, this.lora, 'inputs');
  }

  /** Where a weight lies. */
  stored(name: string): StoredTensor {
    const stored = this.tensors.get(name);
    if (!stored) throw new Error(`the model has no tensor ${name}`);
    return stored;
  }

  get(name: string): Tensor {
    let tensor = this.bound.get(name);
    if (tensor) return tensor;
    const parameter = this.trainable.get(name);
    if (parameter) {
      tensor = this.graph.input(`p.${name}`, 'float32', parameter.shape);
    } else {
      const { file, offset, bytes, dtype, shape } = this.stored(name);
      tensor =
        this.frozenAre === 'inputs'
          ? this.graph.input(`w.${name}`, 'float32', shape)
          : this.graph.external(name, shape, { file, offset, bytes, stored: dtype });
    }
    this.bound.set(name, tensor);
    return tensor;
  }

  /** Trainable parameters that the graph has read so far, by name: inputs of the graph. */
  inputs(): Named<Tensor> {
    return Object.fromEntries(
      [...this.trainable.keys()].flatMap((name) => {
        const tensor = this.bound.get(name);
        return tensor ? [[name, tensor]] : [];
      }),
    );
  }

  /** Frozen weights that the graph has read so far, by name: inputs of the graph where they are fed. */
  frozen(): Named<Tensor> {
    return Object.fromEntries([...this.bound].filter(([name]) => !this.trainable.has(name)));
  }

  /** x [M, in] through a projection: weight, bias where there is one, adapter where there is one. */
  project(x: Tensor, module: string): Tensor {
    let y = op.linear(x, this.get(`${module}.weight`));
    if (this.tensors.has(`${module}.bias`)) y = op.add(y, this.get(`${module}.bias`));
    const { a, b } = adapterNames(module);
    if (this.lora && this.trainable.has(a)) {
      const low = op.mul(op.linear(x, this.get(a)), this.lora.alpha / this.lora.rank);
      y = op.add(y, op.linear(low, this.get(b)));
    }
    return y;
  }

  /** The matrix [vocabulary, hidden] that turns hidden states into logits. */
  unembedding(): Tensor {
    return this.get(this.config.tiedEmbeddings ? EMBEDDINGS : UNEMBEDDING);
  }

  /** The mean of its rows [1, hidden]: its product with a hidden state is the mean logit. */
  meanUnembedding(): Tensor {
    if (this.tensors.has(MEAN_UNEMBEDDING)) return this.get(MEAN_UNEMBEDDING);
    return op.reduceMean(this.unembedding(), [0], true);
  }
}

/** Tables of cosines and sines [positions, d/2] of the rotary frequencies. */
export function rotaryTables(graph: Graph, config: DecoderConfig, positions: number): { cos: Tensor; sin: Tensor } {
  const half = config.headDim / 2;
  const frequencies = rotaryFrequencies(config);
  const table = (f: (x: number) => number) => {
    const values = new Float32Array(positions * half);
    for (let p = 0; p < positions; p++) for (let i = 0; i < half; i++) values[p * half + i] = f(p * frequencies[i]!);
    return graph.constant('float32', [positions, half], values);
  };
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/** Tokens that run through the layers together: G rows of L tokens for each of P problems. */
export interface Stream {
  /** Hidden states [P*G*L, hidden]. */
  x: Tensor;
  P: Dim;
  G: Dim;
  L: Dim;
  /** int64 [P*G, L]. */
  position: Tensor;
}

/** Keys and values of a layer: tensors inside a graph, ports and values outside. */
export type LayerCache<T = Tensor> = { readonly keys: T; readonly values: T };

/** The builder of one graph's decoder. @param weights its weights as tensors of the graph */
export class Decoder {
  private readonly cos: Tensor;
  private readonly sin: Tensor;

  constructor(
    readonly weights: Weights,
    positions: number,
    private readonly attention: 'whole' | 'by head' = 'whole',
  ) {
    const tables = rotaryTables(weights.graph, weights.config, positions);
    this.cos = tables.cos;
    this.sin = tables.sin;
  }

  get config(): DecoderConfig {
    return this.weights.config;
  }

  /** Embeds int32 tokens [P, G, L] (or [P, L], G = 1). */
  stream(tokens: Tensor, position: Tensor): Stream {
    const rank = tokens.shape.length;
    const P = tokens.shape[0]!;
    const G = rank === 3 ? tokens.shape[1]! : 1;
    const L = tokens.shape.at(-1)!;
    const flat = op.reshape(tokens, [product(P, G, L)]);
    return { x: op.gather(this.weights.get(EMBEDDINGS), flat), P, G, L, position };
  }

  private norm(x: Tensor, name: string): Tensor {
    return op.rmsNorm(x, this.weights.get(`${name}.weight`), this.config.rmsEps);
  }

  /** Queries [P*kv, G*R*L, d], keys and values [P*kv*G, L, d] of x [P*G*L, hidden]; R = heads / kv. */
  private queriesKeysValues(layer: string, x: Tensor, { P, G, L, position }: Stream) {
    const { heads, kvHeads, headDim } = this.config;
    const rows = product(P, G);
    const project = (which: 'q' | 'k' | 'v') => this.weights.project(x, `${layer}.self_attn.${which}_proj`);
    const turned = (which: 'q' | 'k', count: number): Tensor => {
      const normed = this.qkNorm(project(which), `${layer}.self_attn.${which}_norm`, [
        product(rows, L, count),
        headDim,
      ]);
      return op.rotary(op.reshape(normed, [rows, L, count * headDim]), position, this.cos, this.sin, count);
    };
    const q = turned('q', heads);
    const k = turned('k', kvHeads);
    const v = op.reshape(project('v'), [rows, L, kvHeads * headDim]);
    const R = heads / kvHeads;
    const byHead = (z: Tensor): Tensor =>
      op.reshape(op.transpose(op.reshape(z, [P, G, L, kvHeads, headDim]), [0, 3, 1, 2, 4]), [
        product(P, kvHeads, G),
        L,
        headDim,
      ]);
    const queries = op.reshape(
      op.transpose(op.reshape(op.mul(q, 1 / Math.sqrt(headDim)), [P, G, L, kvHeads, R, headDim]), [0, 3, 1, 4, 2, 5]),
      [product(P, kvHeads), product(G, R, L), headDim],
    );
    return { queries, keys: byHead(k), values: byHead(v) };
  }

  /** Norm of queries or keys [P*G*L, count*d] before they are turned; `heads` is their shape with one row for each head. */
  private qkNorm(x: Tensor, name: string, heads: Shape): Tensor {
    switch (this.config.block.qkNorm) {
      case 'none':
        return x;
      case 'each head':
        return this.norm(op.reshape(x, heads), name);
      case 'all heads':
        return this.norm(x, name);
    }
  }

  /** Softmax attention over several sets of keys at once: [P*G*L, heads*d]. */
  private attend(queries: Tensor, { P, G, L }: Stream, sets: readonly Attended[]): Tensor {
    const { heads, kvHeads, headDim } = this.config;
    const grid = { P, kvHeads, G, R: heads / kvHeads, L, headDim };
    const mixed = op.reshape(
      this.attention === 'whole' ? attendWhole(queries, grid, sets) : attendByHead(queries, grid, sets),
      [P, kvHeads, G, grid.R, L, headDim],
    );
    return op.reshape(op.transpose(mixed, [0, 2, 4, 1, 3, 5]), [product(P, G, L), heads * headDim]);
  }

  /** The attention of a layer: x [P*G*L, hidden] looks at what `see` says, given the stream's own keys and values. */
  private selfAttention(
    layer: string,
    x: Tensor,
    stream: Stream,
    see: (own: LayerCache) => readonly Attended[],
  ): Tensor {
    const { queries, keys, values } = this.queriesKeysValues(layer, x, stream);
    const mixed = this.attend(queries, stream, see({ keys, values }));
    return this.weights.project(mixed, `${layer}.self_attn.o_proj`);
  }

  /** SwiGLU (arXiv 2002.05202). */
  private mlp(layer: string, x: Tensor): Tensor {
    const gate = op.silu(this.weights.project(x, `${layer}.mlp.gate_proj`));
    const up = this.weights.project(x, `${layer}.mlp.up_proj`);
    return this.weights.project(op.mul(gate, up), `${layer}.mlp.down_proj`);
  }

  /** x + f(x), with a norm before f or after it. */
  private residual(x: Tensor, { before, after }: Norms, layer: string, f: (x: Tensor) => Tensor): Tensor {
    const y = f(before === null ? x : this.norm(x, `${layer}.${before}`));
    return op.add(x, after === null ? y : this.norm(y, `${layer}.${after}`));
  }

  /**
   * One block. `see` gets the stream's own keys and values and says what its queries look at. Returns the stream with
   * new hidden states.
   */
  layer(index: number, stream: Stream, see: (own: LayerCache) => readonly Attended[]): Stream {
    const name = `model.layers.${index}`;
    const { attentionNorms, mlpNorms } = this.config.block;
    let x = this.residual(stream.x, attentionNorms, name, (y) => this.selfAttention(name, y, stream, see));
    x = this.residual(x, mlpNorms, name, (y) => this.mlp(name, y));
    return { ...stream, x };
  }

  /** Runs one layer of prompts alone; `causal` [1, 1, Lp, Lp] is added to the scores. */
  promptLayer(index: number, stream: Stream, causal: Tensor): { stream: Stream; cache: LayerCache } {
    let cache: LayerCache | null = null;
    const next = this.layer(index, stream, (own) => {
      cache = own;
      return [{ ...own, length: stream.L, shared: false, bias: causal }];
    });
    return { stream: next, cache: cache! };
  }

  /** Runs prompts alone; `causal` [1, 1, Lp, Lp] is added to the scores. Returns the keys and values of every layer. */
  prompt(stream: Stream, causal: Tensor): LayerCache[] {
    const caches: LayerCache[] = [];
    let current = stream;
    for (let i = 0; i < this.config.layers; i++) {
      const ran = this.promptLayer(i, current, causal);
      caches.push(ran.cache);
      current = ran.stream;
    }
    return caches;
  }

  /** The norm behind the last layer: [M, hidden]. */
  finalNorm(x: Tensor): Tensor {
    return this.norm(x, 'model.norm');
  }

  /**
   * Runs responses. `see` says for every layer what a response's tokens look at, given their own keys and values.
   * Returns final hidden states after the last norm, [P*G*L, hidden].
   */
  respond(stream: Stream, see: (layer: number, own: LayerCache) => readonly Attended[]): Tensor {
    let current = stream;
    for (let i = 0; i < this.config.layers; i++) current = this.layer(i, current, (own) => see(i, own));
    return this.finalNorm(current.x);
  }
}
