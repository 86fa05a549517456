/**
 * The policy: a model that samples, is updated and is saved. It lives in the compute worker and owns everything that the
 * device holds; texts go in, rollouts with their texts come out.
 */
import { trainableParameters, Weights } from '../../model/decoder.ts';
import { initialLora } from '../../model/lora.ts';
import { readTensor } from '../../model/safetensors.ts';
import { type ModelSource, openModel } from '../../model/source.ts';
import type { PolicyRollout } from '../../protocol/index.ts';
import type { AskOptions, Responses, ScoreOptions } from '../../reward/index.ts';
import { generator } from '../../rollout/philox.ts';
import { type SampledRollout, Sampler } from '../../rollout/sampler.ts';
import type { Backend } from '../../runtime/backend.ts';
import { resolveDevice } from '../../runtime/choose-device.ts';
import { openDevice } from '../../runtime/devices/index.ts';
import type { Parameter } from '../../tensor/optimizer.ts';
import { activationMemory } from './activation-memory.ts';
import { Asks } from './asks.ts';
import { scoreCandidates } from './candidates.ts';
import { completionFinder } from './completion.ts';
import type { PolicyHooks, PolicyInfo, PolicyOptions, SampleOptions, UpdateOptions } from './contract.ts';
import { exportPolicy, type PolicyFiles, restorePolicy, savePolicy } from './files.ts';
import { NonFiniteError } from './non-finite.ts';
import { loadOtherPolicy } from './other-policies.ts';
import { encodePrompts } from './prompts.ts';
import { Trainer, type UpdateMetrics } from './trainer.ts';

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
    hooks.tick({ activity: 'loading', fraction: null, tokens: 0 });
    const source = await openModel(options.model, {
      ...(options.chat && { chat: options.chat }),
      onProgress: (message, fraction) =>
        hooks.tick({ activity: 'preparing-model', detail: message, fraction, tokens: 0 }),
    });
    const { config, tokenizer } = source;
    const date = new Date(options.date);
    const { encoded, warnings } = encodePrompts(
      options.prompts,
      { date, maxTokens: options.maxTokens, template: options.chat?.template },
      source,
    );
    const prompts = encoded.map(({ tokens }) => Int32Array.from(tokens));
    const longest = prompts.reduce((n, p) => Math.max(n, p.length), 0);
    const positions = positionsFor(options, longest, config.contextLength);
    const device = await resolveDevice(options.device);
    const backend = await openDevice(device, { threads: options.threads });
    const parameters = trainableParameters(config, source.tensors, options.lora);
    const trainable = parameters.reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0);

    const memory = activationMemory(options, source, { longest, trainable });
    const bind = (graph: ConstructorParameters<typeof Weights>[0]) =>
      new Weights(graph, config, source.tensors, options.lora);
    const initial = await initialValues(parameters, options, source);
    const shared = { backend, bind, config, positions };
    const { loss, truncates, optimizer, maxTokens } = options;
    const trainer = new Trainer({
      ...shared,
      ...{ parameters, initial, loss, truncates, optimizer, maxTokens },
      temperature: options.temperature || 1,
      memory: memory.training,
    });
    const sampler = new Sampler({
      ...shared,
      eosIds: tokenizer.eosIds,
      parameters: () => trainer.parameters,
      memory: memory.sampling,
    });
    const asks = new Asks({ source, date, prompts, positions, sampler, seed: options.seed });
    const fingerprints = [source.fingerprint];
    for (const policy of options.otherPolicies) {
      hooks.tick({ activity: 'loading', detail: policy, fraction: null, tokens: 0 });
      const loaded = await loadOtherPolicy(policy, backend, parameters, options.lora, initial);
      asks.addPolicy(policy, loaded.parameters);
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
        if (!rollouts.every(hasFiniteStatistics)) throw new NonFiniteError('token probability', problems[prompt]!);
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

  /** Responses to questions other than the problems. */
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

  /** Writes what training needs to resume from here: adapter or weights, and the optimizer's state. */
  async save(folder: string): Promise<void> {
    await savePolicy(folder, this.files);
  }

  /** Writes the adapter as a PEFT folder, or the weights as `model.safetensors`. */
  async exportWeights(folder: string): Promise<void> {
    await exportPolicy(folder, this.files);
  }

  /** Goes back to what `save` wrote. */
  async restore(folder: string): Promise<void> {
    await restorePolicy(folder, this.files);
  }

  private get files(): PolicyFiles {
    return { trainer: this.trainer, lora: this.options.lora, baseModel: this.source.name };
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

/** Tokens of the longest sequence that the graphs take. */
function positionsFor({ maxTokens, questionTokens }: PolicyOptions, longest: number, contextLength: number): number {
  // A question about a response holds the problem, the response, and the words around them.
  const question = questionTokens === null ? 0 : QUESTION_WORDS + Math.max(questionTokens, maxTokens);
  // Rounded up so that a longer problem set does not change the graphs.
  return Math.min(contextLength, Math.ceil((longest + maxTokens + question) / 256) * 256);
}

/** First values of the parameters that train: a new adapter, which does nothing yet, or the model's own weights. */
async function initialValues(
  parameters: readonly Parameter[],
  { lora, seed }: PolicyOptions,
  { tensors }: ModelSource,
): Promise<ReadonlyMap<string, Float32Array>> {
  if (lora) return initialLora(parameters, generator(seed, 'initialize'));
  return new Map(
    await Promise.all(parameters.map(async ({ name }) => [name, await readTensor(tensors.get(name)!)] as const)),
  );
}
