/** A policy's scores of given responses: log-probabilities and entropies of their tokens. */
import type { DecoderConfig } from '../../model/config.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import type { Backend, Value } from '../../runtime/backend.ts';
import { type CompiledFunction, compileFunction, dispose } from '../../runtime/function.ts';
import type { Named } from '../../tensor/index.ts';
import { batchFeeds } from './batch-feeds.ts';
import { microBatches } from './micro-batch.ts';
import type { TrainedResponse, WeightedGroup } from './responses.ts';
import { type ScoreInputs, type ScoreOutputs, scoreGraph } from './score-graph.ts';

/** Nats: one number per token. */
export interface ResponseScores {
  logprob: Float32Array;
  entropy: Float32Array;
}

export interface ScorerOptions {
  backend: Backend;
  bind: BindWeights;
  config: DecoderConfig;
  temperature: number;
  positions: number;
  /** Bytes for activations. */
  memory: number;
}

/** Scores responses under given parameters. */
export interface ScoreSource {
  /** Scores of all responses; `tick` is called between two calls of the device. */
  scores(
    groups: readonly WeightedGroup[],
    parameters: Named<Value>,
    tick: (fraction: number) => void,
  ): Promise<Map<TrainedResponse, ResponseScores>>;
  release(): Promise<void>;
}

/** Scores responses with one graph for the whole model, if its activations fit into memory. */
export class Scorer implements ScoreSource {
  private compiled: CompiledFunction<ScoreInputs, ScoreOutputs> | null = null;

  constructor(private readonly options: ScorerOptions) {}

  async scores(
    groups: readonly WeightedGroup[],
    parameters: Named<Value>,
    tick: (fraction: number) => void,
  ): Promise<Map<TrainedResponse, ResponseScores>> {
    const { backend, bind, positions, temperature, config, memory } = this.options;
    this.compiled ??= await compileFunction(backend, scoreGraph(bind, positions));
    const found = new Map<TrainedResponse, ResponseScores>();
    const batches = microBatches(groups, config, memory);
    for (const [i, batch] of batches.entries()) {
      tick(i / batches.length);
      const feeds = batchFeeds(backend, batch, temperature);
      const outputs = await this.compiled.run({ batch: feeds.batch, parameters });
      const [rows, L] = outputs.logprob.shape as [number, number];
      const logprob = (await backend.read(outputs.logprob)) as Float32Array;
      const entropy = (await backend.read(outputs.entropy)) as Float32Array;
      batch.forEach(({ responses }, p) => {
        responses.forEach(({ response }, g) => {
          const from = (p * (rows / batch.length) + g) * L;
          const to = from + response.tokens.length;
          found.set(response, { logprob: logprob.slice(from, to), entropy: entropy.slice(from, to) });
        });
      });
      dispose(outputs);
    }
    return found;
  }

  async release(): Promise<void> {
    await this.compiled?.release();
  }
}
