/** What those who gather evidence have in common: what they are given, and how questions are put. */
import { cellText } from '../../data/fields.ts';
import { meansProblem, render } from '../../data/template.ts';
import type { Grader } from '../../grading/index.ts';
import type { Evidence, EvidenceKind, Problem, RunConfig } from '../../protocol/index.ts';
import type { RewardOptions } from '../../reward/index.ts';
import type { Compute } from '../compute.ts';
import type { Responses } from '../policy/asks.ts';
import type { Judged } from '../stages.ts';

export interface EvidenceContext {
  config: RunConfig;
  step: number;
  compute: Pick<Compute, 'ask' | 'scoreCandidates' | 'boundaries'>;
  /** Ends programs that run; the model is canceled on its own. */
  signal: AbortSignal;
}

/** How one kind of evidence comes about, and what that takes. */
export interface Gatherer<K extends EvidenceKind> {
  /** For all groups of a step, in their order. Throws what the model or a program throws. */
  gather(groups: readonly Judged[], context: EvidenceContext): Promise<NonNullable<Evidence[K]>[]>;
  /**
   * Longest text that the policy writes or scores behind a problem and a response to it, tokens: room for it is kept in the
   * context. null where the policy is asked no such thing.
   */
  questionTokens: ((options: RewardOptions) => number) | null;
  /** Throws RollscopeError `config` where a program is missing on this machine; null where none runs. */
  require: ((options: RewardOptions) => Promise<unknown>) | null;
}

/** Room for the samples of one rollout's question, and for the rollouts of one rephrasing or policy, in random numbers. */
export const SAMPLES = 64;
export const ROLLOUTS = 4096;

export const askSampling = { topP: 1, topK: 0, stop: [], stopAtAnswer: true };

/** A template with these values in it; a name that has none stays as it is. */
export function filled(template: string, values: Record<string, string>): string {
  return render(template, (name) => values[name] ?? `{{${name}}}`);
}

/** A rephrasing as the problem itself is put; `columns` has what the template asks for. */
export function rephrased(template: string, prompt: string, columns: Problem['columns'] = {}): string {
  return render(template, (name) => (meansProblem(name) ? prompt : (cellText(columns[name]) ?? '')));
}

/** The system message of the data, where it is the user's own, goes with every question. */
export function question(config: RunConfig, user: string): { system?: string; user: string } {
  const { system } = config.dataset;
  return system === undefined ? { user } : { system, user };
}

export function answersOf(responses: Responses, grader: Grader): (string | null)[] {
  return (responses ?? []).map((text) => grader.extract(text));
}
