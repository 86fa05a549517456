/**
 * The decoder of every architecture (`architectures/index.ts`) as graph builders. Rollouts and training share one
 * layout: P problems, each with one prompt of up to Lp tokens and G responses of up to L tokens. The prompt runs once,
 * and all of its responses share its keys and values. Its last token is processed with the responses, because it
 * predicts their first token.
 *
 * Keys and values are [P*kv, Lp, d] for prompts and [P*kv*G, L, d] for responses (kv key-value heads of dimension d).
 */
import { type Dim, type Graph, op, product, type Shape, type Tensor } from '../tensor/index.ts';
import { attendByHead, attendWhole, type KeyValueSet } from './attention.ts';
import type { Norms } from './block.ts';
import type { DecoderConfig } from './config.ts';
import { EMBEDDINGS, POSITIONS } from './parameters.ts';
import { rotaryFrequencies, rotaryScale } from './rope.ts';
import { type Experts, kindOf, type LayerKind, type Rope } from './traits.ts';
import type { Weights } from './weights.ts';

/** Used in masks for minus infinity: large enough to vanish in a softmax, small enough never to overflow. */
export const MASKED = -1e9;

interface RotaryTables {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/** Cosines and sines [positions, rotaryDim/2] of rotary frequencies. */
function rotaryTables(graph: Graph, rope: Rope & { rotaryDim: number }, positions: number): RotaryTables {
  const half = rope.rotaryDim / 2;
  const frequencies = rotaryFrequencies(rope);
  const scale = rotaryScale(rope.ropeScaling);
  const table = (f: (x: number) => number) => {
    const values = new Float32Array(positions * half);
    for (let p = 0; p < positions; p++) {
      for (let i = 0; i < half; i++) values[p * half + i] = scale * f(p * frequencies[i]!);
    }
    return graph.constant('float32', [positions, half], values);
  };
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/** Tokens processed together: G rows of L tokens for each of P problems. */
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

/** Modules with the same input in a layer's attention. */
function attentionModules(layer: string): string[] {
  return ['q', 'k', 'v'].map((which) => `${layer}.self_attn.${which}_proj`);
}

/** Modules with the same input in an MLP. */
function mlpModules(module: string, { block }: Pick<DecoderConfig, 'block'>): string[] {
  return [`${module}.up_proj`, ...(block.mlp === 'plain' ? [] : [`${module}.gate_proj`])];
}

/** Builds a decoder in one graph. @param weights its weights as tensors of the graph */
export class Decoder {
  private readonly tables = new Map<LayerKind['rope'], RotaryTables>();

  /** `positions`: maximum length of prompt plus response in tokens. */
  constructor(
    readonly weights: Weights,
    private readonly positions: number,
    private readonly attention: 'whole' | 'by head' = 'whole',
  ) {
    const { config, graph } = weights;
    const { rotaryDim, localRope, kinds } = config;
    for (const rope of new Set(kinds.map((kind) => kind.rope))) {
      if (rope === null) continue;
      const of = rope === 'local' ? (localRope ?? config) : config;
      this.tables.set(rope, rotaryTables(graph, { ...of, rotaryDim }, positions));
    }
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
    const { embeddingScale, block } = this.config;
    const flat = op.reshape(tokens, [product(P, G, L)]);
    let x = op.gather(this.weights.get(EMBEDDINGS), flat);
    if (embeddingScale !== 1) x = op.mul(x, embeddingScale);
    if (block.positions === 'learned') {
      const at = op.cast(op.reshape(position, [product(P, G, L)]), 'int32');
      x = op.add(x, op.gather(this.weights.get(POSITIONS), at));
    }
    return { x, P, G, L, position };
  }

  /** Call before a loop over tokens: prepares the adapters of all layers for products with few rows. */
  shareAdapters(): void {
    for (let i = 0; i < this.config.layers; i++) {
      const layer = `model.layers.${i}`;
      const [attention, mlp] = [`${layer}.self_attn`, `${layer}.mlp`];
      const groups = [
        attentionModules(layer),
        [`${attention}.o_proj`],
        mlpModules(mlp, this.config),
        [`${mlp}.down_proj`],
      ];
      for (const modules of groups) this.weights.shareAdapters(modules);
    }
  }

  private norm(x: Tensor, name: string): Tensor {
    const { rmsEps, block } = this.config;
    const weight = this.weights.get(`${name}.weight`);
    switch (block.norm) {
      case 'rms':
        return op.rmsNorm(x, weight, rmsEps);
      case 'rms from 1':
        return op.rmsNorm(x, op.add(weight, 1), rmsEps);
      case 'layer': {
        // After centering, the mean square is the variance.
        const centered = op.sub(x, op.reduceMean(x, [-1], true));
        return op.add(op.rmsNorm(centered, weight, rmsEps), this.weights.get(`${name}.bias`));
      }
    }
  }

  /** Queries [P*kv, G*R*L, d], keys and values [P*kv*G, L, d] of x [P*G*L, hidden]; R = heads / kv. */
  private queriesKeysValues(layer: string, kind: LayerKind, x: Tensor, { P, G, L, position }: Stream) {
    const { heads, kvHeads, headDim, attentionScale } = this.config;
    const rows = product(P, G);
    const [queryRows, keyRows, valueRows] = this.weights.project(x, attentionModules(layer));
    const rotated = (which: 'q' | 'k', projected: Tensor, count: number): Tensor => {
      const normed = this.qkNorm(projected, `${layer}.self_attn.${which}_norm`, [product(rows, L, count), headDim]);
      return this.rotated(op.reshape(normed, [rows, L, count * headDim]), position, kind, count);
    };
    const q = rotated('q', queryRows!, heads);
    const k = rotated('k', keyRows!, kvHeads);
    const v = op.reshape(valueRows!, [rows, L, kvHeads * headDim]);
    const R = heads / kvHeads;
    const byHead = (z: Tensor): Tensor =>
      op.reshape(op.transpose(op.reshape(z, [P, G, L, kvHeads, headDim]), [0, 3, 1, 2, 4]), [
        product(P, kvHeads, G),
        L,
        headDim,
      ]);
    const queries = op.reshape(
      op.transpose(
        op.reshape(op.mul(q, attentionScale ?? 1 / Math.sqrt(headDim)), [P, G, L, kvHeads, R, headDim]),
        [0, 3, 1, 4, 2, 5],
      ),
      [product(P, kvHeads), product(G, R, L), headDim],
    );
    return { queries, keys: byHead(k), values: byHead(v) };
  }

  /** Applies the layer's rotary embedding to queries or keys [rows, L, count*d]. */
  private rotated(x: Tensor, position: Tensor, { rope }: LayerKind, count: number): Tensor {
    const tables = this.tables.get(rope);
    if (!tables) return x;
    const { headDim, rotaryDim } = this.config;
    if (rotaryDim === headDim) return op.rotary(x, position, tables.cos, tables.sin, count);
    const [rows, L] = x.shape as [Dim, Dim];
    const [first, rest] = op.split(op.reshape(x, [rows, L, count, headDim]), -1, [rotaryDim, headDim - rotaryDim]);
    const flat = op.reshape(first!, [rows, L, count * rotaryDim]);
    const rotated = op.reshape(op.rotary(flat, position, tables.cos, tables.sin, count), [rows, L, count, rotaryDim]);
    return op.reshape(op.concat([rotated, rest!], -1), [rows, L, count * headDim]);
  }

  /** Normalizes queries or keys [P*G*L, count*d] before the rotation; `heads` is their shape with one row per head. */
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
  private attend(queries: Tensor, { P, G, L }: Stream, sets: readonly KeyValueSet[]): Tensor {
    const { heads, kvHeads, headDim, attentionCap } = this.config;
    const grid = { P, kvHeads, G, R: heads / kvHeads, L, headDim, cap: attentionCap };
    const mixed = op.reshape(
      this.attention === 'whole' ? attendWhole(queries, grid, sets) : attendByHead(queries, grid, sets),
      [P, kvHeads, G, grid.R, L, headDim],
    );
    return op.reshape(op.transpose(mixed, [0, 2, 4, 1, 3, 5]), [product(P, G, L), heads * headDim]);
  }

  /** Applies the layer's attention window to `sets` by masking the scores of keys outside it. */
  private withWindow(sets: readonly KeyValueSet[], stream: Stream, { window }: LayerKind): readonly KeyValueSet[] {
    // No sequence is long enough to exceed the window.
    if (window === null || window >= this.positions) return sets;
    return sets.map((set) => {
      const far = op.greaterOrEqual(tokenDistance(stream, set), window);
      const hidden = op.mul(op.cast(far, 'float32'), MASKED);
      return { ...set, bias: set.bias ? op.add(set.bias, hidden) : hidden };
    });
  }

  /**
   * Self-attention of a layer: x [P*G*L, hidden] attends to the sets that `see` returns for the stream's own keys and
   * values.
   */
  private selfAttention(
    layer: string,
    kind: LayerKind,
    x: Tensor,
    stream: Stream,
    see: (own: LayerCache) => readonly KeyValueSet[],
  ): Tensor {
    const { queries, keys, values } = this.queriesKeysValues(layer, kind, x, stream);
    const mixed = this.attend(queries, stream, this.withWindow(see({ keys, values }), stream, kind));
    return this.weights.project(mixed, [`${layer}.self_attn.o_proj`])[0]!;
  }

  private activated(x: Tensor): Tensor {
    return this.config.activation === 'silu' ? op.silu(x) : op.geluTanh(x);
  }

  /** SwiGLU and its variants (arXiv 2002.05202), or an MLP without a gate. */
  private mlp(module: string, x: Tensor): Tensor {
    const [up, gate] = this.weights.project(x, mlpModules(module, this.config));
    const inner = gate ? op.mul(this.activated(gate), up!) : this.activated(up!);
    return this.weights.project(inner, [`${module}.down_proj`])[0]!;
  }

  /**
   * A mixture of experts: the sum of the top experts' outputs, weighted by their router probabilities. Every expert is
   * computed for every token, and unused ones have weight 0; gradients flow through the probabilities of the used ones.
   */
  private mixture(module: string, x: Tensor, { count, used, normalized }: Experts): Tensor {
    const probability = op.softmax(op.linear(x, this.weights.get(`${module}.gate.weight`)));
    const chosen = topKMask(op.stopGradient(probability), used);
    let share = op.mul(probability, chosen);
    if (normalized) share = op.div(share, op.reduceSum(share, [-1], true));
    const shares = op.split(
      share,
      -1,
      Array.from({ length: count }, () => 1),
    );
    return shares
      .map((weight, e) => op.mul(this.mlp(`${module}.experts.${e}`, x), weight))
      .reduce((a, b) => op.add(a, b));
  }

  /** x + f(x), with a norm before f or after it. */
  private residual(x: Tensor, { before, after }: Norms, layer: string, f: (x: Tensor) => Tensor): Tensor {
    const y = f(before === null ? x : this.norm(x, `${layer}.${before}`));
    const added = after === null ? y : this.norm(y, `${layer}.${after}`);
    const { residualScale } = this.config;
    return op.add(x, residualScale === 1 ? added : op.mul(added, residualScale));
  }

  /**
   * One block. `see` gets the stream's own keys and values and returns the sets that its queries attend to. `kind`
   * defaults to the layer's own, and is given if the graph runs another layer's weights under this one's names. Returns
   * the stream with new hidden states.
   */
  layer(
    index: number,
    stream: Stream,
    see: (own: LayerCache) => readonly KeyValueSet[],
    kind: LayerKind = kindOf(this.config, index),
  ): Stream {
    const name = `model.layers.${index}`;
    const { block, experts } = this.config;
    let x = this.residual(stream.x, block.attentionNorms, name, (y) => this.selfAttention(name, kind, y, stream, see));
    x = this.residual(x, block.mlpNorms, name, (y) =>
      experts ? this.mixture(`${name}.mlp`, y, experts) : this.mlp(`${name}.mlp`, y),
    );
    return { ...stream, x };
  }

  /** Runs one layer on prompts only; `causal` [1, 1, Lp, Lp] is added to the scores. */
  promptLayer(index: number, stream: Stream, causal: Tensor, kind?: LayerKind): { stream: Stream; cache: LayerCache } {
    let cache: LayerCache | null = null;
    const see = (own: LayerCache): readonly KeyValueSet[] => {
      cache = own;
      return [{ ...own, length: stream.L, shared: false, bias: causal, first: 'own' }];
    };
    const next = this.layer(index, stream, see, kind);
    return { stream: next, cache: cache! };
  }

  /** Runs prompts only; `causal` [1, 1, Lp, Lp] is added to the scores. Returns the keys and values of every layer. */
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

  /** Applies the final norm and the scale of the logits: [M, hidden]. */
  finalNorm(x: Tensor): Tensor {
    const { logitScale } = this.config;
    const normed = this.norm(x, 'model.norm');
    return logitScale === 1 ? normed : op.mul(normed, logitScale);
  }

  /**
   * Runs responses. For every layer, `see` returns the sets that a response's tokens attend to, given their own keys
   * and values. Returns hidden states after the final norm, [P*G*L, hidden].
   */
  respond(stream: Stream, see: (layer: number, own: LayerCache) => readonly KeyValueSet[]): Tensor {
    let current = stream;
    for (let i = 0; i < this.config.layers; i++) current = this.layer(i, current, (own) => see(i, own));
    return this.finalNorm(current.x);
  }
}

/** Distance in tokens between queries of a stream and keys of a set: [P or 1, 1, L, length]. */
function tokenDistance({ position, P, G, L }: Stream, { first, length }: KeyValueSet): Tensor {
  const { graph } = position;
  const along = (size: Dim, shape: Shape) => op.reshape(op.arange(graph, size), shape);
  const keys = along(length, [1, 1, 1, length]);
  if (first === 'own') return op.sub(along(L, [1, 1, L, 1]), keys);
  // All rows of a problem have the same positions.
  const places = (x: Tensor, size: Dim) => {
    const byRow = op.reshape(op.cast(x, 'float32'), [P, G, size]);
    return op.reshape(op.reduceMax(byRow, [1]), [P, 1, size, 1]);
  };
  const queries = places(position, L);
  if (first === 'prompt') return op.sub(queries, keys);
  return op.sub(op.sub(queries, places(first(), 1)), keys);
}

/** 1 for the `count` largest values of each row of x [M, N], the first ones among ties; 0 for the others. */
function topKMask(x: Tensor, count: number): Tensor {
  const columns = op.iota(x.graph, x.shape[1] as number);
  let rest = x;
  let chosen: Tensor | null = null;
  for (let i = 0; i < count; i++) {
    const best = op.equal(columns, op.reshape(op.argMax(rest), [x.shape[0]!, 1]));
    chosen = chosen ? op.or(chosen, best) : best;
    rest = op.where(best, MASKED, rest);
  }
  return op.cast(chosen!, 'float32');
}
