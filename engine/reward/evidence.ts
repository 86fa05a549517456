/**
 * What a reward needs beyond a problem's rollouts: what it asks of the policy and of programs, and the shape of what it
 * stores of the responses. A reward declares it in its own file; `engine/training/evidence.ts` carries it out.
 */
import type { Grader } from '../grading/index.ts';
import type { Activity } from '../protocol/activity.ts';
import type { RunConfig, SamplingConfig } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { Evidence } from '../protocol/evidence.ts';
import type { Cluster, RolloutFacts } from '../protocol/group.ts';
import type { Problem } from '../protocol/problem.ts';
import type {
  Check,
  CustomOptions,
  CustomRollout,
  LeanItem,
  LeanOptions,
  ProgramItem,
  ProgramTestOptions,
} from '../protocol/programs.ts';
import type { PolicyRollout } from '../protocol/records.ts';
import type { StoredShape } from './shape.ts';

export interface EvidenceSource<E, Options> {
  /** The shape of what is stored with a group and passed to `compute`. */
  shape: StoredShape<E>;
  /** Whether options make it necessary; absent: always. */
  when?(options: Options): boolean;
  /** For all groups of a step at once, in their order. Throws what the policy or a program throws. */
  gather(groups: readonly EvidenceGroup[], context: EvidenceContext<Options>): Promise<E[]>;
  /**
   * Longest text that the policy writes or scores after a problem and a response to it, tokens: room for it is kept in
   * the context. Absent where the policy is asked no such thing.
   */
  questionTokens?(options: Options): number;
  /** Throws RollscopeError `config` where a program is missing on this machine; absent where none runs. */
  require?(options: Options, programs: Programs): Promise<unknown>;
}

/** A problem's rollouts as evidence is gathered for them. Labels are null, unless the reward says that it reads them. */
export interface EvidenceGroup {
  readonly problem: Problem;
  readonly rollouts: readonly PolicyRollout[];
  /** Extracted answers by rollout; null if there is none. */
  readonly answers: readonly (string | null)[];
  readonly clusters: readonly Cluster[];
  readonly grader: Grader;
  /** By rollout. */
  readonly facts: readonly EvidenceFact[];
}

type EvidenceFact = Pick<RolloutFacts, 'answer' | 'cluster' | 'logprob' | 'entropy'> &
  Pick<PolicyRollout, 'finish'> & { tokens: number };

export interface EvidenceContext<Options = unknown> {
  /** The reward's own options. */
  options: Options;
  config: RunConfig;
  step: number;
  policy: AskedPolicy;
  programs: Programs;
  /** Numbers in [0, 1) for one problem at this step, which depend on nothing but the run's seed. */
  random(stream: string, problem: number): () => number;
}

/** The policy, and the other policies that a reward names. */
export interface AskedPolicy {
  ask(options: AskOptions): Promise<Responses[]>;
  /** Mean log-probability per token of candidate texts after parts of responses, nats; -Infinity where one does not fit. */
  scoreCandidates(options: ScoreOptions): Promise<number[][]>;
  /** Ends of the tokens of texts, in characters from the beginning. */
  boundaries(texts: string[]): Promise<number[][]>;
}

export interface Question {
  /** A text of its own, or the prompt of a problem. */
  prompt: { system?: string; user: string } | { problem: number };
  /** Names the question in random numbers, with the number of its first response. */
  problem: number;
  first?: number;
}

export interface AskOptions {
  questions: Question[];
  /** Responses to each question. */
  rows: number;
  sampling: SamplingConfig;
  /** Names the purpose in random numbers: questions of different purposes share none. */
  stream: string;
  step: number;
  /** The policy that answers: one of the reward's `policies`, or null for the one that trains. */
  policy: string | null;
  activity: Activity;
  /** What is being asked, if there are several possibilities, for people who wait. */
  detail?: string;
}

/** Responses to one question; null if the question does not fit into the model's context. */
export type Responses = string[] | null;

export interface ScoreOptions {
  /** A problem, a part of a response to it, and texts that might follow. */
  items: { problem: number; prefix: Int32Array; candidates: string[] }[];
  /** Comes between prefix and candidate; not scored. */
  cue: string;
  activity: Activity;
}

/** Programs outside, in processes with limits. */
export interface Programs {
  checkPrograms(options: ProgramTestOptions, items: readonly ProgramItem[]): Promise<Check[]>;
  checkLean(options: LeanOptions, items: readonly LeanItem[]): Promise<Check[]>;
  runCustom(options: CustomOptions, rollouts: readonly CustomRollout[]): Promise<Check[]>;
  requireInterpreter(language: ProgramTestOptions['language']): Promise<unknown>;
  requireLean(): Promise<unknown>;
  requireCustom(options: CustomOptions): Promise<unknown>;
}

/**
 * What a reward stored with a group.
 * @throws RollscopeError `config` where the rollouts were sampled for another reward, `run-broken` where it is damaged
 */
export function evidenceOf(name: string, shape: StoredShape<unknown>, evidence: Evidence): unknown {
  const stored = evidence[name];
  if (stored === undefined) {
    throw new RollscopeError(
      'config',
      `The reward ${name} needs model calls or program results that were not recorded with these rollouts.`,
      `Choose a reward that reads the rollouts only, or sample again with --reward ${name}.`,
      { details: { reason: 'evidence-not-recorded', reward: name } },
    );
  }
  const fault = shape.fault(stored, name);
  if (fault === null) return stored;
  throw new RollscopeError(
    'run-broken',
    `The recorded evidence of the reward ${name} is damaged: ${fault}.`,
    undefined,
    {
      details: { reason: 'damaged-evidence', reward: name, fault },
    },
  );
}
