/**
 * Questions to the policy in addition to the problems themselves, for the rewards that need them: a judge's prompts,
 * rephrasings, dual tasks, rollouts of other policies. Lives in the compute worker, on top of the sampler.
 */

import type { ModelSource } from '../../model/source.ts';
import type { AskOptions, Responses } from '../../reward/index.ts';
import type { Sampler } from '../../rollout/sampler.ts';
import type { Value } from '../../runtime/backend.ts';
import { dispose } from '../../runtime/function.ts';
import type { Named } from '../../tensor/index.ts';
import { completionFinder } from './completion.ts';
import type { PolicyHooks } from './contract.ts';

export interface PolicyQuestionsOptions {
  source: ModelSource;
  /** The date that chat templates print. */
  date: Date;
  prompts: readonly Int32Array[];
  positions: number;
  sampler: Sampler;
  seed: number;
}

/** Asks one policy, and others that were added by name. */
export class PolicyQuestions {
  private readonly otherPolicies = new Map<string, Named<Value>>();

  constructor(private readonly options: PolicyQuestionsOptions) {}

  /** Another policy that can be asked; its parameters are released with the others. */
  addPolicy(name: string, parameters: Named<Value>): void {
    this.otherPolicies.set(name, parameters);
  }

  async ask(options: AskOptions, tick: PolicyHooks['tick']): Promise<Responses[]> {
    const { source, date, positions, sampler, seed, prompts } = this.options;
    const { tokenizer } = source;
    const { questions, rows, sampling, stream, step, policy, activity, detail } = options;
    const encoded = questions.map(({ prompt }) =>
      'problem' in prompt ? prompts[prompt.problem]! : tokenizer.encodePrompt(prompt, date).tokens,
    );
    const fits = encoded.map((tokens) => tokens.length > 0 && tokens.length + sampling.maxTokens <= positions);
    const asked = questions.map((_, i) => i).filter((i) => fits[i]);
    const results: Responses[] = questions.map(() => null);
    if (asked.length === 0 || rows === 0) return results;
    let complete = 0;
    await sampler.sample({
      prompts: asked.map((i) => ({
        problem: questions[i]!.problem,
        first: questions[i]!.first ?? 0,
        tokens: encoded[i]!,
      })),
      rows,
      sampling,
      seed,
      stream,
      step,
      ...(policy !== null && { parameters: this.otherPolicies.get(policy)! }),
      complete: completionFinder(sampling, (tokens) => tokenizer.decode(tokens)),
      tick: (tokens) =>
        tick({ activity, ...(detail !== undefined && { detail }), fraction: complete / asked.length, tokens }),
      onGroup: (at, rollouts) => {
        complete++;
        results[asked[at]!] = rollouts.map(({ tokens }) =>
          tokenizer.decode([...tokens].filter((id) => !tokenizer.eosIds.includes(id))),
        );
      },
    });
    return results;
  }

  /** For each text the ends of its tokens, in characters from its beginning. */
  boundaries(texts: readonly string[]): number[][] {
    const { tokenizer } = this.options.source;
    return texts.map((text) => {
      let at = 0;
      return tokenizer.tokenTexts(tokenizer.encodeLiteral(text)).map((tokenText) => {
        at += tokenText.length;
        return at;
      });
    });
  }

  release(): void {
    for (const parameters of this.otherPolicies.values()) dispose(parameters);
    this.otherPolicies.clear();
  }
}
