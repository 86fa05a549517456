/**
 * The policy: a model that samples, is updated and is saved. It lives in the compute worker and owns everything that the
 * device holds; texts go in, rollouts with their texts come out.
 */
import { hasFiniteTokens } from '../../protocol/group-facts.ts';
import type { PolicyRollout } from '../../protocol/index.ts';
import type { AskOptions, Responses, ScoreOptions } from '../../reward/index.ts';
import { scoreCandidates } from './candidates.ts';
import { completionFinder } from './completion.ts';
import type { PolicyHooks, PolicyInfo, PolicyOptions, SampleOptions, UpdateOptions } from './contract.ts';
import { exportPolicy, type PolicyFiles, restorePolicy, savePolicy } from './files.ts';
import { NonFiniteError } from './non-finite.ts';
import { openPolicyParts, type PolicyParts } from './open.ts';
import type { UpdateMetrics } from './trainer.ts';

/** A policy on its device. Open one with `Policy.open`, and release it. */
export class Policy {
  private constructor(private readonly parts: PolicyParts) {}

  /** Throws as `openPolicyParts` does. */
  static async open(options: PolicyOptions, hooks: PolicyHooks, signal?: AbortSignal): Promise<Policy> {
    return new Policy(await openPolicyParts(options, hooks, signal));
  }

  get info(): PolicyInfo {
    return this.parts.info;
  }

  /** Seconds spent inside the device's library so far. */
  get deviceSeconds(): number {
    return this.parts.backend.seconds;
  }

  /** Samples `rows` rollouts of each problem; `onGroup` gets a problem's rollouts as soon as they are complete. */
  async sample(
    { problems, rows, sampling, stream, step }: SampleOptions,
    hooks: PolicyHooks,
    onGroup: (problem: number, rollouts: PolicyRollout[]) => void,
  ): Promise<void> {
    const { tokenizer } = this.parts.source;
    let complete = 0;
    await this.parts.sampler.sample({
      prompts: problems.map((problem) => ({ problem, tokens: this.parts.prompts[problem]! })),
      rows,
      sampling,
      seed: this.parts.options.seed,
      stream,
      step,
      complete: completionFinder(sampling, (tokens) => tokenizer.decode(tokens)),
      tick: (tokens) => hooks.tick({ activity: 'sampling', fraction: complete / problems.length, tokens }),
      onGroup: (prompt, rollouts) => {
        complete++;
        if (!rollouts.every(hasFiniteTokens)) throw new NonFiniteError('token probability', problems[prompt]!);
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
    return this.parts.asks.ask(options, hooks.tick);
  }

  /** How likely candidate texts are after parts of responses: mean log-probability per token, nats. */
  async scoreCandidates(options: ScoreOptions, { tick }: PolicyHooks): Promise<number[][]> {
    const { prompts, positions, trainer } = this.parts;
    const { tokenizer } = this.parts.source;
    return scoreCandidates(options, { tokenizer, prompts, positions, tick, score: (groups) => trainer.score(groups) });
  }

  /** Ends of the tokens of texts, in characters. */
  boundaries(texts: readonly string[]): number[][] {
    return this.parts.asks.boundaries(texts);
  }

  /** One optimizer step. */
  async update({ groups, learningRate }: UpdateOptions, hooks: PolicyHooks): Promise<UpdateMetrics> {
    const withPrompts = groups.map((g) => ({ ...g, prompt: this.parts.prompts[g.problem]! }));
    return this.parts.trainer.update(withPrompts, learningRate, (fraction) =>
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
    return { trainer: this.parts.trainer, lora: this.parts.options.lora, baseModel: this.parts.source.name };
  }

  async release(): Promise<void> {
    this.parts.asks.release();
    await this.parts.sampler.release();
    await this.parts.trainer.release();
    for (const layers of this.parts.layers) await layers.release();
    await this.parts.backend.release();
  }
}
