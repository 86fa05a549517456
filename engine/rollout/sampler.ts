/**
 * Sampling of rollouts: a prompt runs once, its cache serves all of its rows, and rows leave the batch when they are done.
 * What is drawn depends on seed, step, problem, rollout and position only (and on the rounding of the device).
 */
import type { DecoderConfig } from '../model/config.ts';
import type { LayerCache } from '../model/decoder.ts';
import type { SamplingConfig, TokenStatistics } from '../protocol/index.ts';
import type { Backend, Value } from '../runtime/backend.ts';
import { type CompiledFunction, compileFunction, dispose } from '../runtime/function.ts';
import type { Named } from '../tensor/index.ts';
import { paddingMask, promptBatch } from './batch.ts';
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
  STATISTICS,
  type Statistic,
  statistics,
} from './graphs.ts';
import { type StreamName, uniform } from './philox.ts';

/** Tokens drawn in one call of the decode graph where it loops. */
const TURNS = 16;

/** Rows are packed anew once this share of them is done. */
const REPACK = 0.25;

export interface SampledPrompt {
  /** Names the problem in random numbers. */
  problem: number;
  /** Number of its first rollout in random numbers; 0 when absent. */
  first?: number;
  tokens: Int32Array;
}

export interface SampleRequest {
  prompts: readonly SampledPrompt[];
  /** Rollouts of every prompt. */
  rows: number;
  sampling: Pick<SamplingConfig, 'temperature' | 'topP' | 'topK' | 'maxTokens'>;
  seed: number;
  stream: StreamName;
  step: number;
  /** Where another policy than the sampler's own is to answer. */
  parameters?: Named<Value>;
  /** Number of tokens after which a response is complete by its text, or null to go on. */
  complete?: (tokens: readonly number[]) => number | null;
  /** A prompt's rollouts are complete (index into `prompts`); their arrays lie in few buffers. */
  onGroup: (prompt: number, rollouts: SampledRollout[]) => void;
  /** Called between two calls of the device; throws to cancel. */
  tick?: (tokens: number) => void;
}

export interface SampledRollout extends TokenStatistics {
  finish: 'stop' | 'length';
}

/** A rollout while it grows. */
interface Row {
  prompt: number;
  index: number;
  tokens: number[];
  statistics: Record<Statistic, number[]>;
  finish: 'stop' | 'length' | null;
}

export interface SamplerOptions {
  backend: Backend;
  bind: BindWeights;
  config: DecoderConfig;
  eosIds: readonly number[];
  /** Longest prompt and response together, tokens. */
  positions: number;
  /** The policy's parameters. */
  parameters: () => Named<Value>;
  /** Bytes for caches and logits of the rows that are sampled at a time. */
  memory: number;
}

/** Bytes that one row needs while it is sampled: its cache before and after a call, and its logits. */
export function rowBytes(config: DecoderConfig, maxTokens: number): number {
  const token = 2 * config.layers * config.kvHeads * config.headDim * 4;
  return token * (2.5 * maxTokens + 2 * TURNS) + config.vocabularySize * 4 * 8;
}

/** The caches of all layers on the device. */
type Caches = readonly LayerCache<Value>[];

export class Sampler {
  private prefill: CompiledFunction<PrefillInputs, PrefillOutputs> | null = null;
  private repack: CompiledFunction<RepackInputs, RepackOutputs> | null = null;
  private readonly decoders = new Map<string, CompiledFunction<DecodeInputs, DecodeOutputs>>();

  constructor(private readonly options: SamplerOptions) {}

  private async decoder(started: boolean, truncates: boolean): Promise<CompiledFunction<DecodeInputs, DecodeOutputs>> {
    const { backend, bind, eosIds, positions } = this.options;
    const loops = backend.controlFlow;
    const key = loops ? 'loops' : `${started} ${truncates}`;
    let decoder = this.decoders.get(key);
    if (!decoder) {
      const graph = decodeGraph(bind, { positions, eosIds, loops, started: loops || started, truncates });
      decoder = await compileFunction(backend, graph, { keepOnDevice: (o) => o.generated, packWeights: true });
      this.decoders.set(key, decoder);
    }
    return decoder;
  }

  /** Samples every prompt; prompts of similar length go together, so they are complete in another order than given. */
  async sample(request: SampleRequest): Promise<void> {
    const { config, memory } = this.options;
    const most = Math.max(1, Math.min(256, Math.floor(memory / rowBytes(config, request.sampling.maxTokens))));
    let total = 0;
    const count = (tokens: number) => {
      total += tokens;
      request.tick?.(total);
    };
    const length = (prompt: number) => request.prompts[prompt]!.tokens.length;
    const order = request.prompts.map((_, i) => i).sort((a, b) => length(a) - length(b) || a - b);
    const rowsEach = Math.min(request.rows, most);
    const promptsEach = Math.max(1, Math.floor(most / rowsEach));
    for (let at = 0; at < order.length; at += promptsEach) {
      const prompts = order.slice(at, at + promptsEach);
      const results: SampledRollout[][] = prompts.map(() => []);
      for (let first = 0; first < request.rows; first += rowsEach) {
        const rows = Math.min(rowsEach, request.rows - first);
        const rollouts = await this.chunk(request, prompts, first, rows, count);
        results.forEach((group, p) => {
          group.push(...rollouts[p]!);
        });
      }
      prompts.forEach((prompt, p) => {
        request.onGroup(prompt, results[p]!);
      });
    }
  }

  private async chunk(
    request: SampleRequest,
    prompts: readonly number[],
    first: number,
    rows: number,
    count: (tokens: number) => void,
  ): Promise<SampledRollout[][]> {
    const { backend, bind, positions } = this.options;
    const tokensOf = prompts.map((i) => request.prompts[i]!.tokens);
    const batch = promptBatch(backend, tokensOf);
    this.prefill ??= await compileFunction(backend, prefillGraph(bind, positions), {
      keepOnDevice: (caches) => caches,
    });
    count(0);
    const prompt = await this.prefill.run({ ...batch, parameters: request.parameters ?? this.options.parameters() });
    const all: Row[][] = prompts.map((p) =>
      Array.from({ length: rows }, (_, g) => ({
        prompt: p,
        index: (request.prompts[p]!.first ?? 0) + first + g,
        tokens: [],
        statistics: statistics(() => []),
        finish: null,
      })),
    );
    // The batch is a grid of problems and rows; a place without a row to run holds null and computes nothing of use.
    let grid: (Row | null)[][] = all.map((r) => [...r]);
    let promptSlots = prompts.map((_, i) => i);
    let generated: Caches | null = null;
    let promptCaches: Caches = prompt;
    let bias = batch.bias;
    try {
      while (grid.length > 0) {
        const turns = await this.turns(request, grid, tokensOf, promptSlots, {
          promptCaches,
          bias,
          generated,
        });
        dispose(generated);
        generated = turns.caches;
        count(turns.tokens);
        const places = grid.flat().length;
        const alive = grid.flat().filter((r) => r && r.finish === null).length;
        if (alive === 0) break;
        if (alive <= places * (1 - REPACK)) {
          const packed = await this.pack(grid, promptCaches, generated);
          if (promptCaches !== prompt) dispose(promptCaches);
          dispose(generated);
          promptCaches = packed.prompt;
          generated = packed.generated;
          promptSlots = packed.problems.map((p) => promptSlots[p]!);
          grid = packed.grid;
          bias = paddingMask(
            backend,
            promptSlots.map((s) => tokensOf[s]!),
            batch.length,
          );
        }
      }
    } finally {
      dispose([prompt, promptCaches, generated]);
    }
    return all.map(finished);
  }

  /** One call: up to TURNS tokens for every row. */
  private async turns(
    request: SampleRequest,
    grid: readonly (Row | null)[][],
    tokensOf: readonly Int32Array[],
    promptSlots: readonly number[],
    state: {
      promptCaches: Caches;
      bias: Value;
      generated: Caches | null;
    },
  ): Promise<{ caches: Caches; tokens: number }> {
    const { backend } = this.options;
    const { sampling, seed, stream, step } = request;
    const loops = backend.controlFlow;
    const P = grid.length;
    const G = grid[0]!.length;
    const alive = grid.flat().filter((r): r is Row => r !== null && r.finish === null);
    const sofar = alive[0]!.tokens.length;
    const T = loops ? Math.min(TURNS, sampling.maxTokens - sofar) : 1;

    const tokens = new Int32Array(P * G);
    const position = new BigInt64Array(P * G);
    const done = new Uint8Array(P * G).fill(1);
    const u = new Float32Array(T * P * G);
    grid.forEach((row, p) => {
      const promptTokens = tokensOf[promptSlots[p]!]!;
      row.forEach((r, g) => {
        const at = p * G + g;
        tokens[at] = r?.tokens.at(-1) ?? promptTokens.at(-1)!;
        position[at] = BigInt(promptTokens.length - 1 + sofar);
        if (!r || r.finish !== null) return;
        done[at] = 0;
        const problem = request.prompts[r.prompt]!.problem;
        for (let t = 0; t < T; t++) u[t * P * G + at] = uniform(seed, stream, step, problem, r.index, sofar + t);
      });
    });

    const greedy = sampling.temperature === 0;
    const truncates = !greedy && (sampling.topP < 1 || sampling.topK > 0);
    const scalar = (dtype: 'float32' | 'int32' | 'bool', x: number) =>
      backend.value(
        dtype,
        [],
        dtype === 'float32' ? Float32Array.of(x) : dtype === 'int32' ? Int32Array.of(x) : Uint8Array.of(x),
      );
    const slots = Int32Array.from({ length: T }, (_, i) => i);
    const decoder = await this.decoder(state.generated !== null, truncates);
    const outputs = await decoder.run({
      parameters: request.parameters ?? this.options.parameters(),
      tokens: backend.value('int32', [P, G], tokens),
      position: backend.value('int64', [P * G, 1], position),
      prompt: state.promptCaches,
      promptBias: state.bias,
      generated: state.generated ?? (loops ? this.nothingGenerated(P * G) : null),
      uniform: backend.value('float32', [T, P, G], u),
      controls: {
        temperature: scalar('float32', greedy ? 1 : sampling.temperature),
        greedy: scalar('bool', greedy ? 1 : 0),
        topP: scalar('float32', truncates ? sampling.topP : 1),
        topK: scalar('int32', truncates ? sampling.topK : 0),
      },
      loop: loops ? { slots: backend.value('int32', [T], slots), done: backend.value('bool', [P, G], done) } : null,
    });

    const drawn = (await backend.read(outputs.tokens)) as Int32Array;
    const numbers = {} as Record<Statistic, Float32Array>;
    for (const name of STATISTICS) numbers[name] = (await backend.read(outputs.statistics[name])) as Float32Array;
    let count = 0;
    grid.forEach((row, p) => {
      row.forEach((r, g) => {
        if (!r || r.finish !== null) return;
        for (let t = 0; t * P * G < drawn.length && r.finish === null; t++) {
          const at = t * P * G + p * G + g;
          const token = drawn[at]!;
          r.tokens.push(token);
          for (const name of STATISTICS) r.statistics[name].push(numbers[name][at]!);
          count++;
          if (this.options.eosIds.includes(token)) r.finish = 'stop';
          else if (r.tokens.length >= sampling.maxTokens) r.finish = 'length';
        }
        const complete = request.complete?.(r.tokens) ?? null;
        // An end token right after the completing text stays: it was drawn.
        if (complete !== null && complete <= r.tokens.length - (r.finish === 'stop' ? 2 : 0)) {
          r.tokens.length = complete;
          for (const name of STATISTICS) r.statistics[name].length = complete;
          r.finish = 'stop';
        }
      });
    });
    return { caches: outputs.generated, tokens: count };
  }

  /** The caches of this many rows before the first token. */
  private nothingGenerated(rows: number): Caches {
    const { backend, config } = this.options;
    const empty = backend.value('float32', [config.kvHeads * rows, 0, config.headDim], new Float32Array(0));
    return Array.from({ length: config.layers }, () => ({ keys: empty, values: empty }));
  }

  /** Packs the rows that are not done into a smaller grid and gathers their caches. */
  private async pack(
    grid: readonly (Row | null)[][],
    prompt: Caches,
    generated: Caches,
  ): Promise<{ grid: (Row | null)[][]; problems: number[]; prompt: Caches; generated: Caches }> {
    const { backend, config } = this.options;
    const { layers, kvHeads, headDim } = config;
    const G = grid[0]!.length;
    const places = grid.map((row) => row.flatMap((r, g) => (r && r.finish === null ? [g] : [])));
    const problems = places.flatMap((rows, p) => (rows.length > 0 ? [p] : []));
    const width = Math.max(...problems.map((p) => places[p]!.length));
    const next = problems.map((p) =>
      Array.from({ length: width }, (_, g) => (g < places[p]!.length ? grid[p]![places[p]![g]!]! : null)),
    );
    const gatherRows = async (caches: Caches, index: number[]): Promise<Caches> => {
      this.repack ??= await compileFunction(backend, repackGraph(layers, headDim), {
        keepOnDevice: (packed) => packed,
      });
      return this.repack.run({ index: backend.value('int32', [index.length], Int32Array.from(index)), caches });
    };
    const heads = Array.from({ length: kvHeads }, (_, h) => h);
    const promptIndex = problems.flatMap((p) => heads.map((h) => p * kvHeads + h));
    const generatedIndex = problems.flatMap((p) =>
      heads.flatMap((h) =>
        Array.from({ length: width }, (_, g) => (p * kvHeads + h) * G + (places[p]![g] ?? places[p]![0]!)),
      ),
    );
    return {
      grid: next,
      problems,
      prompt: await gatherRows(prompt, promptIndex),
      generated: await gatherRows(generated, generatedIndex),
    };
  }

  async release(): Promise<void> {
    for (const executable of [this.prefill, this.repack, ...this.decoders.values()]) await executable?.release();
  }
}

/** The rows of a problem. All of their arrays share one buffer, which can be handed to another thread as it is. */
function finished(rows: readonly Row[]): SampledRollout[] {
  const total = rows.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const buffer = new ArrayBuffer(4 * total * (1 + STATISTICS.length));
  let at = 0;
  return rows.map(({ tokens, statistics, finish }) => {
    const place = () => {
      const offset = at;
      at += 4 * tokens.length;
      return [buffer, offset, tokens.length] as const;
    };
    const ids = new Int32Array(...place());
    ids.set(tokens);
    const numbers = {} as Record<Statistic, Float32Array>;
    for (const name of STATISTICS) {
      numbers[name] = new Float32Array(...place());
      numbers[name].set(statistics[name]);
    }
    return { tokens: ids, ...numbers, finish: finish ?? 'length' };
  });
}
