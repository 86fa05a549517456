/**
 * The policy: a model that samples, is updated and is saved. It lives in the compute worker and owns everything that the
 * device holds; texts go in, rollouts with their texts come out.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { trainableParameters, Weights } from '../../model/decoder.ts';
import { initialLora } from '../../model/lora.ts';
import { readPeftAdapter, writePeftAdapter } from '../../model/peft.ts';
import { readSafetensorsIndex, readTensor, writeSafetensors } from '../../model/safetensors.ts';
import { type ModelSource, openModel } from '../../model/source.ts';
import type { PromptText } from '../../model/tokenizer.ts';
import type {
  LoraConfig,
  LossConfig,
  OptimizerConfig,
  PolicyRollout,
  RunConfig,
  SamplingConfig,
} from '../../protocol/index.ts';
import { generator, type StreamName } from '../../rollout/philox.ts';
import { type SampledRollout, Sampler } from '../../rollout/sampler.ts';
import type { Backend } from '../../runtime/backend.ts';
import { resolveDevice } from '../../runtime/choose-device.ts';
import { openDevice } from '../../runtime/devices/index.ts';
import { activationMemory } from './activation-memory.ts';
import { type AskOptions, Asks, type Responses } from './asks.ts';
import { type ScoreOptions, scoreCandidates } from './candidates.ts';
import { completionFinder } from './completion.ts';
import type { TrainedGroup } from './micro-batch.ts';
import { type EncodedPrompt, encodePrompts } from './prompts.ts';
import { NonFiniteError, Trainer, type UpdateMetrics } from './trainer.ts';
import { loadVoter } from './voters.ts';

export interface PolicyOptions {
  model: string;
  lora: LoraConfig | null;
  loss: LossConfig;
  optimizer: OptimizerConfig;
  device: RunConfig['device'];
  threads: number;
  /** Bytes; null: `USUAL_MEMORY`, or more where the longest problem needs it. */
  memoryLimit: number | null;
  seed: number;
  /** Problems' prompts, or what they became when the run was created; everything else names them by their place here. */
  prompts: (PromptText | EncodedPrompt)[];
  /** Sampling temperature of training, and longest response of any phase. */
  temperature: number;
  maxTokens: number;
  /** A probe needs no gradients and no optimizer. */
  trains: boolean;
  /** Training samples from a part of the distribution only (top-p, top-k). */
  truncates: boolean;
  /** Longest response to a question that is made of a problem and its response; null where none is asked. */
  questionTokens: number | null;
  /** Other policies that vote: `base`, adapter folders, checkpoints or models. */
  voters: string[];
}

export interface PolicyInfo {
  name: string;
  /** Of the problems, in their order. */
  prompts: EncodedPrompt[];
  /** Of the model and of the policies that vote beside it. */
  fingerprint: string;
  parameters: number;
  trainable: number;
  vocabulary: number;
  device: string;
  /** What a user should know, though it stops nothing. */
  warnings: string[];
}

export interface PolicyHooks {
  /** Between two calls of the device: throws to cancel, waits while paused. */
  tick: (progress: { activity: string; fraction: number | null; tokens: number }) => void;
}

export interface SampleOptions {
  problems: number[];
  rows: number;
  sampling: SamplingConfig;
  stream: StreamName;
  step: number;
}

export interface UpdateOptions {
  groups: Omit<TrainedGroup, 'prompt'>[];
  learningRate: number;
}

/** Tokens of the words around problem and response in a question. */
const QUESTION_WORDS = 256;

export class Policy {
  private constructor(
    private readonly options: PolicyOptions,
    private readonly source: ModelSource,
    private readonly prompts: readonly Int32Array[],
    private readonly positions: number,
    private readonly backend: Backend,
    private readonly trainer: Trainer,
    private readonly sampler: Sampler,
    private readonly asks: Asks,
    readonly info: PolicyInfo,
  ) {}

  /**
   * Opens a model for a set of prompts. Throws RollscopeError: `model` (missing, broken, unsupported), `dataset` (a prompt
   * that does not fit the context), `device`, `memory` (the limit does not hold the model).
   */
  static async open(options: PolicyOptions, hooks: PolicyHooks): Promise<Policy> {
    hooks.tick({ activity: 'loading model', fraction: null, tokens: 0 });
    const source = await openModel(options.model, {
      onProgress: (message, fraction) => hooks.tick({ activity: message, fraction, tokens: 0 }),
    });
    const { config, tokenizer } = source;
    const { encoded, warnings } = encodePrompts(options.prompts, options.maxTokens, source);
    const prompts = encoded.map(({ tokens }) => Int32Array.from(tokens));
    const longest = prompts.reduce((n, p) => Math.max(n, p.length), 0);
    // A question about a response holds the problem, the response, and the words around them.
    const sequence =
      longest +
      options.maxTokens +
      (options.questionTokens === null ? 0 : QUESTION_WORDS + Math.max(options.questionTokens, options.maxTokens));
    // Rounded up so that a longer problem set does not change the graphs.
    const positions = Math.min(config.contextLength, Math.ceil(sequence / 256) * 256);
    const device = await resolveDevice(options.device);
    const backend = await openDevice(device, { threads: options.threads });
    const parameters = trainableParameters(config, source.tensors, options.lora);
    const trainable = parameters.reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0);

    const memory = activationMemory(options, source, { longest, trainable });
    const bind = (graph: ConstructorParameters<typeof Weights>[0]) =>
      new Weights(graph, config, source.tensors, options.lora);
    const initial = options.lora
      ? initialLora(parameters, generator(options.seed, 'initialise'))
      : new Map(
          await Promise.all(
            parameters.map(async ({ name }) => [name, await readTensor(source.tensors.get(name)!)] as const),
          ),
        );
    const trainer = new Trainer({
      backend,
      bind,
      config,
      parameters,
      initial,
      loss: options.loss,
      truncates: options.truncates,
      optimizer: options.optimizer,
      maxTokens: options.maxTokens,
      temperature: options.temperature || 1,
      positions,
      memory: memory.training,
    });
    const sampler = new Sampler({
      backend,
      bind,
      config,
      eosIds: tokenizer.eosIds,
      positions,
      parameters: () => trainer.parameters,
      memory: memory.sampling,
    });
    const asks = new Asks({ source, prompts, positions, sampler, seed: options.seed });
    const fingerprints = [source.fingerprint];
    for (const voter of options.voters) {
      hooks.tick({ activity: `loading ${voter}`, fraction: null, tokens: 0 });
      const loaded = await loadVoter(voter, backend, parameters, options.lora, initial);
      asks.addVoter(voter, loaded.parameters);
      if (loaded.fingerprint) fingerprints.push(loaded.fingerprint);
    }
    const info = {
      name: source.name,
      prompts: encoded,
      fingerprint: fingerprints.join('+'),
      parameters: source.parameters,
      trainable,
      vocabulary: config.vocabularySize,
      device,
      warnings,
    };
    return new Policy(options, source, prompts, positions, backend, trainer, sampler, asks, info);
  }

  /** Seconds spent inside the device's library so far. */
  get deviceSeconds(): number {
    return this.backend.seconds;
  }

  /** Samples `rows` rollouts of each problem; `onGroup` gets a problem's rollouts as soon as they are complete. */
  async sample(
    { problems, rows, sampling, stream, step }: SampleOptions,
    hooks: PolicyHooks,
    onGroup: (problem: number, rollouts: PolicyRollout[]) => void,
  ): Promise<void> {
    const { tokenizer } = this.source;
    let complete = 0;
    await this.sampler.sample({
      prompts: problems.map((problem) => ({ problem, tokens: this.prompts[problem]! })),
      rows,
      sampling,
      seed: this.options.seed,
      stream,
      step,
      complete: completionFinder(sampling, (tokens) => tokenizer.decode(tokens)),
      tick: (tokens) => hooks.tick({ activity: 'sampling', fraction: complete / problems.length, tokens }),
      onGroup: (prompt, rollouts) => {
        complete++;
        if (!rollouts.every(hasFiniteStatistics)) throw new NonFiniteError('probability of a token', problems[prompt]!);
        onGroup(
          problems[prompt]!,
          rollouts.map((rollout) => {
            const shown = [...rollout.tokens].filter((id) => !tokenizer.eosIds.includes(id));
            const tokenTexts = tokenizer.tokenTexts(shown);
            const hidden = rollout.tokens.length - shown.length;
            return {
              ...rollout,
              text: tokenTexts.join(''),
              tokenTexts: [...tokenTexts, ...new Array<string>(hidden).fill('')],
            };
          }),
        );
      },
    });
  }

  /** Responses to questions beside the problems. */
  async ask(options: AskOptions, hooks: PolicyHooks): Promise<Responses[]> {
    return this.asks.ask(options, hooks.tick);
  }

  /** How likely candidate texts are after parts of responses: mean log-probability per token, nats. */
  async scoreCandidates(options: ScoreOptions, { tick }: PolicyHooks): Promise<number[][]> {
    const { prompts, positions, trainer } = this;
    const { tokenizer } = this.source;
    return scoreCandidates(options, { tokenizer, prompts, positions, tick, score: (groups) => trainer.score(groups) });
  }

  /** Ends of the tokens of texts, in characters. */
  boundaries(texts: readonly string[]): number[][] {
    return this.asks.boundaries(texts);
  }

  /** One optimizer step. */
  async update({ groups, learningRate }: UpdateOptions, hooks: PolicyHooks): Promise<UpdateMetrics> {
    const withPrompts = groups.map((g) => ({ ...g, prompt: this.prompts[g.problem]! }));
    return this.trainer.update(withPrompts, learningRate, (fraction) =>
      hooks.tick({ activity: 'updating', fraction, tokens: 0 }),
    );
  }

  /** Writes what training needs to go on from here: adapter or weights, and the optimizer's state. */
  async save(folder: string): Promise<void> {
    await this.exportWeights(folder);
    const { updates, tensors } = await this.trainer.optimizerState();
    await writeSafetensors(path.join(folder, 'optimizer.safetensors'), tensors, { updates: String(updates) });
  }

  /** Writes the adapter as a PEFT folder, or the weights as `model.safetensors`. */
  async exportWeights(folder: string): Promise<void> {
    await fs.mkdir(folder, { recursive: true });
    const weights = await this.trainer.weights();
    const { lora } = this.options;
    if (lora) await writePeftAdapter(folder, { ...lora, baseModel: this.source.name, tensors: weights });
    else await writeSafetensors(path.join(folder, 'model.safetensors'), weights, { format: 'pt' });
  }

  /** Goes back to what `save` wrote. */
  async restore(folder: string): Promise<void> {
    const weights = this.options.lora
      ? new Map([...(await readPeftAdapter(folder)).tensors].map(([name, { data }]) => [name, data]))
      : await readAll(path.join(folder, 'model.safetensors'));
    const file = path.join(folder, 'optimizer.safetensors');
    const { metadata } = await readSafetensorsIndex(file);
    this.trainer.restore(weights, await readAll(file), Number(metadata.updates));
  }

  async release(): Promise<void> {
    this.asks.release();
    await this.sampler.release();
    await this.trainer.release();
    await this.backend.release();
  }
}

/** Whether all numbers about a rollout's tokens are finite: they are not once weights are, or logits overflow. */
function hasFiniteStatistics({ logprob, entropy, logsumexp }: SampledRollout): boolean {
  return [logprob, entropy, logsumexp].every((values) => values.every(Number.isFinite));
}

async function readAll(file: string): Promise<Map<string, Float32Array>> {
  const { tensors } = await readSafetensorsIndex(file);
  return new Map(
    await Promise.all([...tensors].map(async ([name, stored]) => [name, await readTensor(stored)] as const)),
  );
}
