/** The device's side of sampling: the graphs of a policy, compiled when they are first needed, and its caches. */
import type { DecoderConfig } from '../model/config.ts';
import type { LayerCache } from '../model/decoder.ts';
import { byStatistic, type TokenStatistic } from '../protocol/group.ts';
import type { SamplingConfig } from '../protocol/index.ts';
import { type DrawSettings, truncates, UNTRUNCATED } from '../protocol/sampling.ts';
import type { Backend, Value } from '../runtime/backend.ts';
import { type CompiledFunction, compileFunction, dispose } from '../runtime/function.ts';
import { Reclaimer } from '../runtime/reclaim.ts';
import type { Named } from '../tensor/index.ts';
import type { PromptBatch } from './batch.ts';
import type { CachePrecision, StoredCache } from './cache-precision.ts';
import {
  type BindWeights,
  type DecodeInputs,
  type DecodeOutputs,
  decodeGraph,
  type PrefillInputs,
  type PrefillOutputs,
  prefillGraph,
  type RepackInputs,
  type RepackOutputs,
  repackGraph,
} from './graphs.ts';
import type { GridArrays } from './grid.ts';
import { type Caches, GrowingCaches } from './growing-caches.ts';
import type { LayeredModel } from './layered-model.ts';

/** Tokens drawn per call of a decode graph with a loop. */
export const STEPS = 16;

export interface CachedModelOptions {
  backend: Backend;
  bind: BindWeights;
  config: DecoderConfig;
  eosIds: readonly number[];
  /** Longest prompt and response together, tokens. */
  positions: number;
  /** Given where memory is scarce: prompts run layer by layer. */
  layers?: LayeredModel | null;
  /** Decoding packs the weights; otherwise they stay mapped. By default where `layers` is not given. */
  packWeights?: boolean;
  /** How keys and values of generated tokens are held, where a call draws many tokens; float32 by default. */
  cachePrecision?: CachePrecision;
}

/** What the rows of a grid have seen. */
export interface CachedContext {
  readonly prompt: Caches;
  readonly promptBias: Value;
  /** Null before the first call; where a call draws many tokens, they grow in memory of the process. */
  readonly generated: Caches | GrowingCaches | null;
}

export interface Decoded {
  /** [T, P, G]. */
  readonly tokens: Int32Array;
  readonly statistics: Record<TokenStatistic, Float32Array>;
  readonly generated: Caches | GrowingCaches;
}

/** The compiled graphs of one model, for any prompts and any parameters of its shapes. Release it. */
export class CachedModel {
  private prefillFunction: CompiledFunction<PrefillInputs, PrefillOutputs> | null = null;
  private repackFunction: CompiledFunction<RepackInputs, RepackOutputs> | null = null;
  private readonly reclaimer = new Reclaimer();
  private readonly decodeFunctions = new Map<string, CompiledFunction<DecodeInputs, DecodeOutputs>>();

  constructor(private readonly options: CachedModelOptions) {}

  /** How many tokens a call draws when `left` remain. */
  steps(left: number): number {
    return this.options.backend.controlFlow ? Math.min(STEPS, left) : 1;
  }

  async prefill(batch: PromptBatch, parameters: Named<Value>): Promise<Caches> {
    const { backend, bind, positions, layers } = this.options;
    if (layers) {
      const { caches, x } = await layers.prompts(batch, { parameters, keep: false, tick: () => undefined });
      x.dispose();
      layers.weights.forget();
      return caches;
    }
    const { tokens, position, causal } = batch;
    this.prefillFunction ??= await compileFunction(backend, prefillGraph(bind, positions), {
      keepOnDevice: (caches) => caches,
    });
    return this.prefillFunction.run({ tokens, position, causal, parameters });
  }

  /** Draws tokens for a grid of P problems. The caches given stay as they are, or grow and are returned. */
  async decode(
    P: number,
    { tokens, position, done, uniform }: GridArrays,
    { prompt, promptBias, generated }: CachedContext,
    sampling: DrawSettings & Pick<SamplingConfig, 'maxTokens'>,
    parameters: Named<Value>,
  ): Promise<Decoded> {
    const { backend } = this.options;
    const loops = backend.controlFlow;
    const places = tokens.length;
    const T = uniform.length / places;
    const grid = [P, places / P];
    const controls = this.controls(sampling);
    const growing = loops ? ((generated as GrowingCaches | null) ?? this.room(places, sampling.maxTokens)) : null;
    const decode = await this.decodeFunction(generated !== null, controls.truncates);
    const outputs = await decode.run({
      tokens: backend.value('int32', grid, tokens),
      position: backend.value('int64', [places, 1], position),
      prompt,
      promptBias,
      generated: growing ? growing.values : asStoredCaches(generated as Caches | null),
      uniform: backend.value('float32', [T, ...grid], uniform),
      controls: controls.values,
      done: loops ? backend.value('bool', grid, done) : null,
      parameters,
    });
    const numbers: Record<TokenStatistic, Float32Array> = byStatistic(() => new Float32Array(0));
    const drawn = (await backend.read(outputs.tokens)) as Int32Array;
    for (const [name, value] of Object.entries(outputs.statistics) as [TokenStatistic, Value][]) {
      numbers[name] = (await backend.read(value)) as Float32Array;
    }
    if (!growing) return { tokens: drawn, statistics: numbers, generated: outputs.generated };
    await growing.append(outputs.generated);
    dispose(outputs);
    return { tokens: drawn, statistics: numbers, generated: growing };
  }

  /** Frees what rows have generated. */
  free(generated: CachedContext['generated']): void {
    if (generated instanceof GrowingCaches) this.reclaimer.discard(generated.dispose());
    else dispose(generated);
  }

  /** Keeps the rows of the generated caches with these indices; the others are freed. */
  async pack(generated: CachedContext['generated'], index: readonly number[]): Promise<CachedContext['generated']> {
    if (generated === null) return null;
    if (generated instanceof GrowingCaches) {
      generated.pack(index);
      return generated;
    }
    const packed = await this.gather(generated, index);
    dispose(generated);
    return packed;
  }

  /** Rows of caches, by index. */
  async gather(caches: Caches, index: readonly number[]): Promise<Caches> {
    const { backend, config } = this.options;
    this.repackFunction ??= await compileFunction(backend, repackGraph(config.layers, config.headDim), {
      keepOnDevice: (packed) => packed,
    });
    const rows = backend.value('int32', [index.length], Int32Array.from(index));
    return this.repackFunction.run({ index: rows, caches });
  }

  private async decodeFunction(started: boolean, truncates: boolean) {
    const { backend, bind, eosIds, positions, layers, packWeights = !layers, cachePrecision } = this.options;
    const loops = backend.controlFlow;
    const key = loops ? 'loops' : `${started} ${truncates}`;
    let compiled = this.decodeFunctions.get(key);
    if (!compiled) {
      const shape = { positions, eosIds, loops, started: loops || started, truncates };
      const graph = decodeGraph(bind, { ...shape, cachePrecision: loops ? cachePrecision : 'float32' });
      compiled = await compileFunction(backend, graph, { keepOnDevice: (o) => o.generated, packWeights });
      this.decodeFunctions.set(key, compiled);
    }
    return compiled;
  }

  private controls(sampling: DrawSettings) {
    const { backend } = this.options;
    const { temperature } = sampling;
    const greedy = temperature === 0;
    const cut = !greedy && truncates(sampling);
    const { topP, topK } = cut ? sampling : UNTRUNCATED;
    const float = (x: number) => backend.value('float32', [], Float32Array.of(x));
    const values = {
      temperature: float(greedy ? 1 : temperature),
      greedy: backend.value('bool', [], Uint8Array.of(greedy ? 1 : 0)),
      topP: float(topP),
      topK: backend.value('int32', [], Int32Array.of(topK)),
    };
    return { values, truncates: cut };
  }

  /** Room for what this many rows generate. */
  private room(rows: number, maxTokens: number): GrowingCaches {
    const { backend, config, cachePrecision } = this.options;
    const { layers, kvHeads, headDim } = config;
    const capacity = Math.ceil(maxTokens / STEPS) * STEPS;
    return new GrowingCaches(backend, { layers, rows: kvHeads * rows, headDim, capacity, precision: cachePrecision });
  }

  async release(): Promise<void> {
    const functions = [this.prefillFunction, this.repackFunction, ...this.decodeFunctions.values()];
    for (const compiled of functions) await compiled?.release();
  }
}

/** Converts the caches of one graph into the form that another takes. */
function asStoredCaches(caches: Caches | null): readonly LayerCache<StoredCache<Value>>[] | null {
  const held = (numbers: Value) => ({ numbers, scales: null });
  return caches?.map(({ keys, values }) => ({ keys: held(keys), values: held(values) })) ?? null;
}
