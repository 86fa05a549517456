/**
 * Sampling of rollouts: a prompt runs once, its cache serves all of its rows, and rows leave the batch when they are done.
 * What is drawn depends on seed, step, problem, rollout and position only (and on the rounding of the device).
 */
import type { DecoderConfig } from '../model/config.ts';
import type { SamplingConfig } from '../protocol/index.ts';
import type { DrawSettings } from '../protocol/sampling.ts';
import type { Value } from '../runtime/backend.ts';
import { dispose } from '../runtime/function.ts';
import type { Named } from '../tensor/index.ts';
import { paddingMask, promptBatch } from './batch.ts';
import { type CachePrecision, storedCacheBytes } from './cache-precision.ts';
import { type CachedContext, CachedModel, type CachedModelOptions, STEPS } from './cached-model.ts';
import {
  appendTokens,
  arraysOf,
  finishedRollouts,
  type Grid,
  newRows,
  packGrid,
  progressOf,
  type SampledRollout,
} from './grid.ts';
import { type StreamName, uniform } from './philox.ts';

export type { SampledRollout } from './grid.ts';

/** Rows are repacked once this share of them is done. */
const REPACK = 0.25;

/** Most rows that run at a time. */
const MAX_ROWS = 256;

export interface SampledPrompt {
  /** Names the problem in random numbers. */
  problem: number;
  /** Number of its first rollout in random numbers (default: 0). */
  first?: number;
  tokens: Int32Array;
}

export interface SampleRequest {
  prompts: readonly SampledPrompt[];
  /** Rollouts of every prompt. */
  rows: number;
  sampling: DrawSettings & Pick<SamplingConfig, 'maxTokens'>;
  seed: number;
  stream: StreamName;
  step: number;
  /** Parameters of another policy, if it should answer instead of the sampler's own. */
  parameters?: Named<Value>;
  /** Number of tokens after which a response is complete by its text, or null to continue. */
  complete?: (tokens: readonly number[]) => number | null;
  /** A prompt's rollouts are complete (index into `prompts`); their arrays are in few buffers. */
  onGroup: (promptIndex: number, rollouts: SampledRollout[]) => void;
  /** Called between two calls of the device; throws to cancel. */
  tick?: (tokens: number) => void;
}

export interface SamplerOptions extends CachedModelOptions {
  /** The policy's parameters. */
  parameters: () => Named<Value>;
  /** Bytes for caches and logits of the rows that are sampled at a time. */
  memory: number;
}

/**
 * Bytes that one row needs while it is sampled: its cache, which grows where it is or exists before and after a call and
 * as a copy, what a call adds to it, and its logits.
 */
export function rowBytes(
  { layers, kvHeads, headDim, vocabularySize }: DecoderConfig,
  maxTokens: number,
  { controlFlow, cachePrecision = 'float32' }: { controlFlow: boolean; cachePrecision?: CachePrecision | undefined },
): number {
  const wide = 2 * kvHeads * headDim * 4;
  const held = controlFlow ? 2 * kvHeads * storedCacheBytes(cachePrecision, headDim) : 2.5 * wide;
  // Those of one layer are widened where they are attended to, and transposed for a product.
  const widened = controlFlow && cachePrecision !== 'float32' ? 2 * wide : 0;
  return maxTokens * (layers * held + widened) + layers * wide * 4 * STEPS + vocabularySize * 4 * 8;
}

/** Samples for one policy, one request at a time. Release it. */
export class Sampler {
  private readonly model: CachedModel;

  constructor(private readonly options: SamplerOptions) {
    this.model = new CachedModel(options);
  }

  /** Samples every prompt; prompts of similar length go together, so they are complete in another order than given. */
  async sample(request: SampleRequest): Promise<void> {
    const { backend, config, memory } = this.options;
    const { controlFlow } = backend;
    const { cachePrecision } = this.options;
    const row = rowBytes(config, request.sampling.maxTokens, { controlFlow, cachePrecision });
    const fitting = Math.floor(memory / row);
    const most = Math.max(1, Math.min(MAX_ROWS, fitting));
    let total = 0;
    const count = (tokens: number) => {
      total += tokens;
      request.tick?.(total);
    };
    const length = (promptIndex: number) => request.prompts[promptIndex]!.tokens.length;
    const order = request.prompts.map((_, i) => i).sort((a, b) => length(a) - length(b) || a - b);
    const rowsEach = Math.min(request.rows, most);
    const promptsEach = Math.max(1, Math.floor(most / rowsEach));
    for (let at = 0; at < order.length; at += promptsEach) {
      const prompts = order.slice(at, at + promptsEach);
      const results: SampledRollout[][] = prompts.map(() => []);
      for (let first = 0; first < request.rows; first += rowsEach) {
        const rows = Math.min(rowsEach, request.rows - first);
        const chosen = prompts.map((i) => request.prompts[i]!);
        const rollouts = await this.chunk(request, chosen, first, rows, count);
        results.forEach((group, p) => {
          group.push(...rollouts[p]!);
        });
      }
      prompts.forEach((promptIndex, p) => {
        request.onGroup(promptIndex, results[p]!);
      });
    }
  }

  /** Rollouts `first` to `first + rows` of the prompts, which run together. */
  private async chunk(
    request: SampleRequest,
    prompts: readonly SampledPrompt[],
    first: number,
    rows: number,
    count: (tokens: number) => void,
  ): Promise<SampledRollout[][]> {
    const { backend, eosIds } = this.options;
    const { sampling, complete } = request;
    const parameters = request.parameters ?? this.options.parameters();
    const all = prompts.map((prompt) => newRows((prompt.first ?? 0) + first, rows));
    let grid: Grid = prompts.map(({ problem, tokens }, p) => ({ problem, prompt: tokens, places: all[p]! }));
    const batch = promptBatch(
      backend,
      prompts.map(({ tokens }) => tokens),
    );
    count(0);
    let seen: CachedContext = {
      prompt: await this.model.prefill(batch, parameters),
      promptBias: batch.bias,
      generated: null,
    };
    try {
      count(0);
      for (;;) {
        const { length } = progressOf(grid);
        const arrays = arraysOf(grid, this.model.steps(sampling.maxTokens - length), randomNumbers(request));
        const decoded = await this.model.decode(grid.length, arrays, seen, sampling, parameters);
        if (decoded.generated !== seen.generated) this.model.free(seen.generated);
        seen = { ...seen, generated: decoded.generated };
        const { maxTokens } = sampling;
        count(appendTokens(grid, decoded.tokens, decoded.statistics, { eosIds, maxTokens, complete }));
        const { places, running } = progressOf(grid);
        if (running === 0) break;
        if (running <= places * (1 - REPACK)) [grid, seen] = await this.packed(grid, seen, batch.length);
      }
    } finally {
      dispose(seen.prompt);
      this.model.free(seen.generated);
    }
    return all.map(finishedRollouts);
  }

  /** The grid without finished rows, and its caches; the previous caches are freed. */
  private async packed(grid: Grid, seen: CachedContext, promptLength: number): Promise<[Grid, CachedContext]> {
    const { backend, config } = this.options;
    const packed = packGrid(grid, config.kvHeads);
    const prompts = packed.grid.map(({ prompt }) => prompt);
    const next = {
      prompt: await this.model.gather(seen.prompt, packed.promptRows),
      promptBias: paddingMask(backend, prompts, promptLength),
      generated: await this.model.pack(seen.generated, packed.generatedRows),
    };
    dispose(seen.prompt);
    return [packed.grid, next];
  }

  release(): Promise<void> {
    return this.model.release();
  }
}

function randomNumbers({ seed, stream, step }: SampleRequest) {
  return (problem: number, rollout: number, token: number) => uniform(seed, stream, step, problem, rollout, token);
}
