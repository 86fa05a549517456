/**
 * A group: the rollouts of one problem at one step of one phase. Its facts are stored once, in its frame
 * (`engine/journal/frame.ts`); what the journal's record says of it is `groupSummary` of them (`group-facts.ts`). What is
 * not known is null: a run of another trainer may know the texts and rewards only.
 */
import * as z from 'zod';
import type { Evidence } from './evidence.ts';
import type { Part } from './explanation.ts';
import { PHASES } from './group-id.ts';

export { groupKey, PHASES, type Phase } from './group-id.ts';

/** Columns hold these as 32-bit integers; no run comes near. */
export const MAX_COUNT = 2 ** 31 - 1;
export const count32 = z.int().min(0).max(MAX_COUNT);

const id = {
  phase: z.enum(PHASES),
  step: count32,
  /** Position in the run's problem list. */
  problem: count32,
};

/** What identifies a group within its run. Of two groups with one id, the one that the journal recorded later counts. */
export const GroupId = z.strictObject(id);

export type GroupId = z.infer<typeof GroupId>;

/** Where a group's rollouts are stored: a frame in `rollouts-NNN.bin`. */
export const FramePointer = z.strictObject({ file: z.string(), offset: z.int().min(0), length: z.int().min(1) });

export type FramePointer = z.infer<typeof FramePointer>;

const nullable = z.number().nullable();

/** A cluster as the journal's record has it. */
export const ClusterCount = z.strictObject({
  /** The answer as the first member wrote it (normalized by extraction). */
  answer: z.string(),
  /** Number of rollouts in it. */
  count: z.int().min(1).max(MAX_COUNT),
  /** Equivalent to the reference; null without one. */
  correct: z.boolean().nullable(),
});

export type ClusterCount = z.infer<typeof ClusterCount>;

export const Majority = z.strictObject({
  /** The largest cluster's answer. */
  answer: z.string(),
  /** Its rollouts / all rollouts, including those without an answer; `rawShare`: the same over equal strings. */
  share: z.number(),
  rawShare: z.number(),
  /** Equivalent to the reference; null without one. */
  correct: z.boolean().nullable(),
  /** Another cluster is as large: this one was so first. */
  tied: z.boolean(),
  /** Mean log-probability per token of its rollouts (mean of their means), nats; null where it is not known. */
  logprob: nullable,
});

export type Majority = z.infer<typeof Majority>;

/** Means over the rollouts that have the value; null if none has. */
export const GroupMeans = z.strictObject({
  /** Of the training reward. */
  reward: nullable,
  /** Share of right rollouts. */
  correct: nullable,
  /** Response length, tokens. */
  tokens: nullable,
  /** Log-probability and entropy per token, nats: mean of the rollouts' means. */
  logprob: nullable,
  entropy: nullable,
});

export type GroupMeans = z.infer<typeof GroupMeans>;

const summary = {
  /** Largest first; of equally large ones, the first to reach its size. */
  clusters: z.array(ClusterCount),
  /** null when no rollout has an answer. */
  majority: Majority.nullable(),
  /** Number of rollouts; of those, without an answer, and truncated at the length limit. */
  rollouts: count32,
  unanswered: count32,
  /** null where of no rollout it is known how it ended. */
  truncated: count32.nullable(),
  means: GroupMeans,
};

/** What views, lists and the read model need to know about a group without opening its frame. */
export const GroupSummary = z.strictObject({ ...id, ...summary });

export type GroupSummary = z.infer<typeof GroupSummary>;

/** Fields of a group's record, but for type, number and time. */
export const groupRecordFields = {
  ...id,
  ...summary,
  /** null if no rollouts were stored. */
  frame: FramePointer.nullable(),
};

/** A cluster with its members. */
export interface Cluster extends Omit<ClusterCount, 'count'> {
  /** Indices of the rollouts in it. */
  members: number[];
}

/** The statistics of a token, at the sampling temperature, in the order in which frames store them. */
export const TOKEN_STATISTICS = [
  /** log p(token), nats. */
  'logprob',
  /** Entropy of the distribution, nats. */
  'entropy',
  /** logsumexp of the tempered logits. */
  'logsumexp',
  /** Mean of the tempered logits over the vocabulary. */
  'meanLogit',
  /** Largest and second largest probability. */
  'top1',
  'top2',
] as const;
export type TokenStatistic = (typeof TOKEN_STATISTICS)[number];

/** A record with `of(name)` for each statistic. A literal, because objects that a loop builds are slow to make and to read. */
export function byStatistic<T>(of: (name: TokenStatistic) => T): Record<TokenStatistic, T> {
  return {
    logprob: of('logprob'),
    entropy: of('entropy'),
    logsumexp: of('logsumexp'),
    meanLogit: of('meanLogit'),
    top1: of('top1'),
    top2: of('top2'),
  };
}

/** The statistics of a response's tokens, one entry per token. */
export type TokenColumns = Record<TokenStatistic, Float32Array>;

/** What is known about a response's tokens; each null if unknown. */
export type RolloutStatistics = Record<TokenStatistic, Float32Array | null>;
export const NO_STATISTICS: Readonly<RolloutStatistics> = Object.freeze(byStatistic(() => null));

/** A model that read stored texts and computed token statistics that the trainer had not recorded. */
export const ScoredBy = z.strictObject({
  /** Its name: a path, or an id of the Hub. */
  model: z.string(),
  /** Fingerprint of its weights, configuration and tokenizer. */
  fingerprint: z.string(),
  /** Size of the vocabulary that the statistics run over. */
  vocabulary: z.int().min(1),
  /** Temperature that the statistics are taken at. */
  temperature: z.number(),
});

export type ScoredBy = z.infer<typeof ScoredBy>;

/** A rollout in numbers: the input of metrics. */
export interface RolloutFacts {
  /** The extracted answer. */
  answer: string | null;
  /** Index into the group's clusters; null when no answer was extracted. */
  cluster: number | null;
  correct: boolean | null;
  /** The training reward; null in phases without one (evaluation and probe). */
  reward: number | null;
  /** null if the rollout does not train. */
  advantage: number | null;
  /** Number of tokens. */
  tokens: number | null;
  /** Mean log-probability per token at the sampling temperature, nats. */
  logprob: number | null;
  /** Mean entropy per token, nats. */
  entropy: number | null;
  /** Share of its token trigrams that stood in it before; null below three tokens. */
  repetition: number | null;
  /** `length`: truncated at the length limit. */
  finish: 'stop' | 'length' | null;
}

/** A value of another trainer, under the name that it has there. */
export const ForeignValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);

export type ForeignValue = z.infer<typeof ForeignValue>;

/** One rollout with everything that is known about it. */
export interface Rollout extends RolloutFacts {
  text: string;
  /**
   * Rewards by name, if there are several: the components of the training reward, or the results of other functions.
   */
  rewards: Record<string, number | null>;
  /** The explanation of its reward, recorded when the reward was computed; [] if there is none. */
  why: Part[];
  /** Other trainers' values. */
  foreign: Record<string, ForeignValue>;
  /** Token ids. */
  ids: Int32Array | null;
  /** The tokens' texts; joined, they give `text`. */
  tokenTexts: string[] | null;
  statistics: RolloutStatistics;
  /**
   * Which of `ids` and the statistics were computed by the model in the group's `scoredBy`; absent if the trainer
   * recorded all that is known.
   */
  computed?: readonly (TokenStatistic | 'ids')[];
}

/** A group with its rollouts, whatever the format that it was stored in. */
export interface GroupDetail extends GroupId {
  clusters: Cluster[];
  majority: Majority | null;
  rollouts: Rollout[];
  /** What the reward needed beyond the rollouts; {} for nothing. */
  evidence: Evidence;
  /** Who computed token statistics that the trainer did not record; absent where nobody did. */
  scoredBy?: ScoredBy;
}

/** A group with judged answers: the input of metrics. */
export interface JudgedGroup {
  clusters: readonly Cluster[];
  majority: Pick<Majority, 'answer' | 'share' | 'rawShare' | 'correct'> | null;
  rollouts: readonly RolloutFacts[];
}

/** A group as its record describes it: enough for views of answers over many steps. */
export type CountedGroup = Pick<GroupSummary, 'clusters' | 'rollouts' | 'unanswered' | 'means'> &
  Pick<JudgedGroup, 'majority'>;
