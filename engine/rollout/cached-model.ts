/** The device's side of sampling: the graphs of a policy, compiled when they are first needed, and its caches. */
import type { DecoderConfig } from '../model/config.ts';
import type { LayerCache } from '../model/decoder.ts';
import type { SamplingConfig } from '../protocol/index.ts';
import type { Backend, Value } from '../runtime/backend.ts';
import { type CompiledFunction, compileFunction } from '../runtime/function.ts';
import type { Named } from '../tensor/index.ts';
import type { PromptBatch } from './batch.ts';
import { type Statistic, statistics } from './draw.ts';
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

/** Tokens drawn in one call of the decode graph where it loops. */
export const STEPS = 16;

export interface CachedModelOptions {
  backend: Backend;
  bind: BindWeights;
  config: DecoderConfig;
  eosIds: readonly number[];
  /** Longest prompt and response together, tokens. */
  positions: number;
}

/** Keys and values of all layers, on the device. */
export type Caches = readonly LayerCache<Value>[];

/** What the rows of a grid have seen. */
export interface Seen {
  readonly prompt: Caches;
  readonly promptBias: Value;
  /** Null before the first call. */
  readonly generated: Caches | null;
}

export interface Decoded {
  /** [T, P, G]. */
  readonly tokens: Int32Array;
  readonly statistics: Record<Statistic, Float32Array>;
  readonly generated: Caches;
}

export class CachedModel {
  private prefillFunction: CompiledFunction<PrefillInputs, PrefillOutputs> | null = null;
  private repackFunction: CompiledFunction<RepackInputs, RepackOutputs> | null = null;
  private readonly decodeFunctions = new Map<string, CompiledFunction<DecodeInputs, DecodeOutputs>>();

  constructor(private readonly options: CachedModelOptions) {}

  /** Tokens that a call draws when `left` are left. */
  steps(left: number): number {
    return this.options.backend.controlFlow ? Math.min(STEPS, left) : 1;
  }

  async prefill({ tokens, position, causal }: PromptBatch, parameters: Named<Value>): Promise<Caches> {
    const { backend, bind, positions } = this.options;
    this.prefillFunction ??= await compileFunction(backend, prefillGraph(bind, positions), {
      keepOnDevice: (caches) => caches,
    });
    return this.prefillFunction.run({ tokens, position, causal, parameters });
  }

  /** Draws tokens for a grid of P problems; the caches that it is given stay as they are. */
  async decode(
    P: number,
    { tokens, position, done, uniform }: GridArrays,
    { prompt, promptBias, generated }: Seen,
    sampling: Pick<SamplingConfig, 'temperature' | 'topP' | 'topK'>,
    parameters: Named<Value>,
  ): Promise<Decoded> {
    const { backend } = this.options;
    const loops = backend.controlFlow;
    const places = tokens.length;
    const T = uniform.length / places;
    const grid = [P, places / P];
    const controls = this.controls(sampling);
    const decode = await this.decodeFunction(generated !== null, controls.truncates);
    const outputs = await decode.run({
      tokens: backend.value('int32', grid, tokens),
      position: backend.value('int64', [places, 1], position),
      prompt,
      promptBias,
      generated: generated ?? (loops ? this.nothing(places) : null),
      uniform: backend.value('float32', [T, ...grid], uniform),
      controls: controls.values,
      loop: loops
        ? {
            slots: backend.value(
              'int32',
              [T],
              Int32Array.from({ length: T }, (_, i) => i),
            ),
            done: backend.value('bool', grid, done),
          }
        : null,
      parameters,
    });
    const numbers: Record<Statistic, Float32Array> = statistics(() => new Float32Array(0));
    const drawn = (await backend.read(outputs.tokens)) as Int32Array;
    for (const [name, value] of Object.entries(outputs.statistics) as [Statistic, Value][]) {
      numbers[name] = (await backend.read(value)) as Float32Array;
    }
    return { tokens: drawn, statistics: numbers, generated: outputs.generated };
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
    const { backend, bind, eosIds, positions } = this.options;
    const loops = backend.controlFlow;
    const key = loops ? 'loops' : `${started} ${truncates}`;
    let compiled = this.decodeFunctions.get(key);
    if (!compiled) {
      const graph = decodeGraph(bind, { positions, eosIds, loops, started: loops || started, truncates });
      compiled = await compileFunction(backend, graph, { keepOnDevice: (o) => o.generated, packWeights: true });
      this.decodeFunctions.set(key, compiled);
    }
    return compiled;
  }

  private controls({ temperature, topP, topK }: Pick<SamplingConfig, 'temperature' | 'topP' | 'topK'>) {
    const { backend } = this.options;
    const greedy = temperature === 0;
    const truncates = !greedy && (topP < 1 || topK > 0);
    const float = (x: number) => backend.value('float32', [], Float32Array.of(x));
    const values = {
      temperature: float(greedy ? 1 : temperature),
      greedy: backend.value('bool', [], Uint8Array.of(greedy ? 1 : 0)),
      topP: float(truncates ? topP : 1),
      topK: backend.value('int32', [], Int32Array.of(truncates ? topK : 0)),
    };
    return { values, truncates };
  }

  /** The caches of this many rows before the first token. */
  private nothing(rows: number): Caches {
    const { backend, config } = this.options;
    const empty = backend.value('float32', [config.kvHeads * rows, 0, config.headDim], new Float32Array(0));
    return Array.from({ length: config.layers }, () => ({ keys: empty, values: empty }));
  }

  async release(): Promise<void> {
    const functions = [this.prefillFunction, this.repackFunction, ...this.decodeFunctions.values()];
    for (const compiled of functions) await compiled?.release();
  }
}
