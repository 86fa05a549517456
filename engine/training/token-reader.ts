/**
 * A model that reads given responses and computes the statistics that the sampler would have returned for each token.
 */
import { type DecoderConfig, longestSequence } from '../model/config.ts';
import { type ModelSource, openModel } from '../model/source.ts';
import { Weights } from '../model/weights.ts';
import type { LoraConfig } from '../protocol/config.ts';
import type { DeviceName } from '../protocol/devices.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { byStatistic, type ScoredBy, TOKEN_STATISTICS, type TokenColumns } from '../protocol/group.ts';
import type { Backend } from '../runtime/backend.ts';
import { resolveDevice } from '../runtime/choose-device.ts';
import { openDevice } from '../runtime/devices/index.ts';
import { type CompiledFunction, compileFunction, dispose } from '../runtime/function.ts';
import { activationMemory } from './policy/activation-memory.ts';
import { batchFeeds } from './policy/batch-feeds.ts';
import { microBatches } from './policy/micro-batch.ts';
import { withoutWeights } from './policy/responses.ts';
import type { ScoreInputs } from './policy/score-graph.ts';
import { type StatisticsOutputs, statisticsGraph } from './policy/statistics-graph.ts';

export interface ReaderOptions {
  device: 'auto' | DeviceName;
  threads: number;
  /** Bytes; null: the default. */
  memoryLimit: number | null;
  onProgress?: (message: string, fraction: number | null) => void;
  signal?: AbortSignal;
}

/** No weights are inputs, so all of them stay in their files. */
const FROZEN: LoraConfig = { rank: 1, alpha: 1, targets: [] };
/** Lengths are rounded up to this, so that few graphs are made. */
const STEP = 256;

/**
 * Token statistics of responses that another program sampled, computed with frozen weights. `release` frees the memory.
 */
export class TokenReader {
  /** Temperature at which the responses were sampled. */
  temperature = 1;
  private compiled: { positions: number; run: CompiledFunction<ScoreInputs, StatisticsOutputs> } | null = null;

  private constructor(
    readonly source: ModelSource,
    private readonly backend: Backend,
    private readonly options: ReaderOptions,
    /** As the user named it. */
    private readonly model: string,
  ) {}

  /** Throws RollscopeError `model`, `device`, `canceled`. */
  static async open(model: string, options: ReaderOptions): Promise<TokenReader> {
    const { device, threads, onProgress, signal } = options;
    const source = await openModel(model, { ...(onProgress && { onProgress }), ...(signal && { signal }) });
    const backend = await openDevice(await resolveDevice(device), { threads });
    return new TokenReader(source, backend, options, model);
  }

  get scoredBy(): ScoredBy {
    const { fingerprint, config } = this.source;
    return { model: this.model, fingerprint, vocabulary: config.vocabularySize, temperature: this.temperature };
  }

  get config(): DecoderConfig {
    return this.source.config;
  }

  /**
   * The statistics of each response's tokens, in order. Prompt and response must fit into the model's context.
   * @param signal is checked between calls of the device
   * @throws RollscopeError `memory` if one response does not fit; `canceled`
   */
  async read(prompt: Int32Array, responses: readonly Int32Array[], signal?: AbortSignal): Promise<TokenColumns[]> {
    const longest = responses.reduce((n, { length }) => Math.max(n, length), 0);
    const compiled = await this.compiledFor(prompt.length + longest);
    const { training: memory } = activationMemory(
      { lora: FROZEN, loss: NO_LOSS, trains: true, maxTokens: longest, memoryLimit: this.options.memoryLimit },
      this.source,
      { longest: prompt.length, trainable: 0, controlFlow: this.backend.controlFlow, stored: 'F32', oneGraph: true },
    );
    const trained = responses.map((tokens) => ({ tokens, ...untrainedResponse(tokens.length) }));
    const found = new Map<object, TokenColumns>();
    for (const batch of microBatches(
      withoutWeights([{ prompt, problem: 0, responses: trained }]),
      this.config,
      memory,
    )) {
      if (signal?.aborted) throw canceled();
      const feeds = batchFeeds(this.backend, batch, this.temperature);
      const outputs = await compiled.run({ batch: feeds.batch, parameters: {} });
      const [rows, L] = outputs.logprob.shape as [number, number];
      const values = {} as TokenColumns;
      for (const name of TOKEN_STATISTICS) values[name] = (await this.backend.read(outputs[name])) as Float32Array;
      batch.forEach(({ responses: those }, p) => {
        those.forEach(({ response }, g) => {
          const from = (p * (rows / batch.length) + g) * L;
          const to = from + response.tokens.length;
          found.set(
            response,
            byStatistic((name) => values[name].slice(from, to)),
          );
        });
      });
      dispose(outputs);
    }
    return trained.map((response) => found.get(response)!);
  }

  async release(): Promise<void> {
    await this.compiled?.run.release();
    await this.backend.release();
  }

  private async compiledFor(tokens: number): Promise<CompiledFunction<ScoreInputs, StatisticsOutputs>> {
    if (this.compiled && this.compiled.positions >= tokens) return this.compiled.run;
    await this.compiled?.run.release();
    const positions = Math.min(longestSequence(this.config), Math.ceil(tokens / STEP) * STEP);
    const bind = (graph: ConstructorParameters<typeof Weights>[0]) =>
      new Weights(graph, this.config, this.source.tensors, FROZEN);
    const run = await compileFunction(this.backend, statisticsGraph(bind, positions));
    this.compiled = { positions, run };
    return run;
  }
}

const NO_LOSS = { measureKl: false, klCoefficient: 0 } as Parameters<typeof activationMemory>[0]['loss'];
const untrainedResponse = (length: number) => ({ logprob: new Float32Array(length), advantage: 0, truncated: false });

function canceled(): RollscopeError {
  return new RollscopeError('canceled', 'Computing token statistics was canceled.', undefined, {
    details: { reason: 'statistics' },
  });
}
