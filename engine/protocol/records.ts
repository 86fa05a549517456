/**
 * The journal's records: everything that happens in a run, in order. `events.jsonl` holds one per line; clients get the
 * same objects. Numbers that do not exist are null, never 0. Fields under `timing` may differ between two executions of
 * the same run; all others of a non-`lifecycle` record may not (exact resume compares them).
 */
import * as z from 'zod';
import { StoredRunConfig } from './config.ts';
import { Estimate } from './estimate.ts';
import { Forecast, ForecastScore } from './forecast.ts';
import { count32, FramePointer, GroupId, groupRecordFields, ScoredBy, type TokenColumns } from './group.ts';
import { WATCH_WARNING_LEVELS } from './warnings.ts';

export { Estimate };

const nullable = z.number().nullable();
/** A number that run folders of earlier versions lack. */
const addedLater = nullable.default(null);

/** Which columns of a dataset are used as what, by name. */
export const DataReading = z.strictObject({
  /** The file, the folder, or the dataset of the Hub. */
  source: z.string(),
  problems: z.int().min(0),
  /** null: the prompt is composed of other columns, there are no reference answers, problems are numbered. */
  prompt: z.string().nullable(),
  answer: z.string().nullable(),
  id: z.string().nullable(),
  /** Shown in the prompt in addition to the problem, and kept for the reward. */
  shown: z.array(z.string()),
  kept: z.array(z.string()),
  /** Columns that are not used. */
  left: z.array(z.string()),
});
export type DataReading = z.infer<typeof DataReading>;

const base = { seq: z.int().min(0), time: z.string() };

export const RunRecord = z.strictObject({
  type: z.literal('run'),
  ...base,
  /** null for a run of another trainer. */
  config: StoredRunConfig.nullable(),
  problems: z.int().min(0),
  /** Problems of a separate evaluation set come after the training problems in `problems.jsonl`. */
  evaluationProblems: z.int().min(0),
  model: z.strictObject({
    /** Each null if another trainer did not record it. */
    name: z.string().nullable(),
    parameters: z.int().nullable(),
    trainable: z.int().nullable(),
    fingerprint: z.string().nullable(),
    /** Size of the vocabulary that the statistics run over; null in runs of older versions. */
    vocabulary: z.int().min(1).nullable().default(null),
  }),
  dataFingerprint: z.string().nullable(),
  /** How the datasets of training and evaluation were read; absent in runs of older versions. */
  data: z.array(DataReading).optional(),
  device: z.string().nullable(),
});

export type RunRecord = z.infer<typeof RunRecord>;

/** The rollouts of one problem at one step, summarized; their facts are in the frame. */
export const GroupRecord = z.strictObject({ type: z.literal('group'), ...base, ...groupRecordFields });
export type GroupRecord = z.infer<typeof GroupRecord>;

/** What the updates of a step recorded about one of its problems: means over the updates that used it. */
export const ProblemUpdate = z.strictObject({
  problem: z.int().min(0),
  /** As the step's metric, over the problem's own tokens. */
  kl: nullable,
  clipFraction: nullable,
});
export type ProblemUpdate = z.infer<typeof ProblemUpdate>;

/**
 * One optimizer step. Means are over the step's rollouts unless noted otherwise; null if another trainer did not record
 * it.
 */
export const StepRecord = z.strictObject({
  type: z.literal('step'),
  ...base,
  /** From 1: the number of steps done when this record is written. */
  step: count32.min(1),
  metrics: z.strictObject({
    /** Mean of the reward that trains. */
    proxyReward: nullable,
    /** Mean of correctness; null without labels. */
    groundTruthReward: nullable,
    /**
     * Share of rollouts whose reward agrees with correctness; null without labels, and if the reward implies neither.
     */
    rewardAccuracy: nullable,
    /** Share of problems whose majority answer is right; null without labels. */
    labelAccuracy: nullable,
    majorityShare: nullable,
    rawMajorityShare: nullable,
    /** Mean token entropy of the policy, nats. */
    entropy: nullable,
    /** Mean response length, tokens. */
    length: nullable,
    truncated: nullable,
    noAnswer: nullable,
    /** Mean over problems of the entropy of their answers, in nats; null if there were no answers. */
    answerEntropy: addedLater,
    /** Distinct majority answers / problems with a majority. */
    answerDiversity: addedLater,
    /** How well likelihood and vote agree: 1 fully, 0.5 not at all, 0 opposite. */
    confidenceAgreement: addedLater,
    /** Mean share of repeated token trigrams in a response. */
    repetition: addedLater,
    loss: nullable,
    gradientNorm: nullable,
    clipFraction: nullable,
    /** Distance of what sampled, in another precision, from the policy, nats per token (k3); null where both compute alike. */
    rolloutMismatch: addedLater,
    /**
     * KL divergence of the policy from the reference policy, in nats per trained token (k3); null if it was not
     * measured.
     */
    kl: addedLater,
    learningRate: nullable,
    /** Groups whose rewards were all equal, so that they did not train. */
    skippedGroups: z.int().min(0).nullable(),
    tokens: z.int().min(0).nullable(),
  }),
  /** Metrics of another trainer, under its own names; absent if there are none. */
  foreign: z.record(z.string(), nullable).optional(),
  /** For the problems of the batch, in order; absent in runs of older versions. */
  problems: z.array(ProblemUpdate).optional(),
  timing: z.strictObject({
    seconds: nullable,
    rolloutSeconds: nullable,
    updateSeconds: nullable,
    /** Seconds of the step that were not spent inside the compute backend. */
    engineSeconds: nullable,
    rolloutTokensPerSecond: nullable,
    residentBytes: nullable,
  }),
});
export type StepRecord = z.infer<typeof StepRecord>;

export const EvaluationRecord = z.strictObject({
  type: z.literal('evaluation'),
  ...base,
  step: count32,
  problems: z.int().min(0),
  /** Number of problems that these are a random sample of; absent if they are not a sample. */
  sampledFrom: z.int().min(1).optional(),
  samples: z.int().min(1),
  /** avg@k: mean correctness of sampled rollouts; interval by bootstrap over problems. null without labels. */
  accuracy: Estimate.nullable(),
  /** maj@k. */
  majorityAccuracy: Estimate.nullable(),
  greedyAccuracy: Estimate.nullable(),
  /** pass@k for k = samples. */
  passAtK: Estimate.nullable(),
  majorityShare: nullable,
  entropy: nullable,
  length: nullable,
  answerEntropy: addedLater,
  repetition: addedLater,
  truncated: addedLater,
  noAnswer: addedLater,
  /** pass@k and maj@k over k; null without labels. */
  atK: z
    .array(z.strictObject({ k: z.int().min(1), pass: Estimate, majority: Estimate }))
    .nullable()
    .default(null),
  timing: z.strictObject({ seconds: nullable }),
});
export type EvaluationRecord = z.infer<typeof EvaluationRecord>;

/** The forecast made before the first step. */
const ForecastRecord = z.strictObject({
  type: z.literal('forecast'),
  ...base,
  step: count32,
  forecast: Forecast,
});

/** The outcome of the forecast, by labels, after the last step. */
const ForecastScoreRecord = z.strictObject({
  type: z.literal('forecast-score'),
  ...base,
  step: count32,
  score: ForecastScore,
});

export const CheckpointRecord = z.strictObject({
  type: z.literal('checkpoint'),
  ...base,
  step: count32,
  /** Relative to the run folder. */
  path: z.string(),
});

export const WarningRecord = z.strictObject({
  type: z.literal('warning'),
  ...base,
  /** One of `WARNING_CODES`, or another of a newer version. */
  code: z.string(),
  message: z.string(),
  step: z.int().min(0).nullable(),
  problem: z.int().min(0).nullable(),
  /** What the collapse watch saw; absent in other warnings, and in runs of older versions. */
  watch: z
    .strictObject({
      level: z.enum(WATCH_WARNING_LEVELS),
      reasons: z.array(z.strictObject({ signal: z.string(), level: z.enum(['watch', 'alarm']), text: z.string() })),
    })
    .optional(),
});

/**
 * Problems that became known after the run began, since an import finds them among the rollouts. They are at the end of
 * `problems.jsonl`.
 */
export const ProblemsRecord = z.strictObject({
  type: z.literal('problems'),
  ...base,
  /** The number of the run's problems from here on. */
  total: z.int().min(0),
});
export type ProblemsRecord = z.infer<typeof ProblemsRecord>;

/** What another trainer's log contains about a step; it may be read before or after the step's rollouts. */
export const MetricsRecord = z.strictObject({
  type: z.literal('metrics'),
  ...base,
  step: z.int().min(1),
  /** Our metrics that it measured, by our names; they take precedence over what follows from the rollouts. */
  metrics: z.partialRecord(StepRecord.shape.metrics.keyof(), nullable),
  /** All of its metrics under its own names. */
  foreign: z.record(z.string(), nullable),
});
export type MetricsRecord = z.infer<typeof MetricsRecord>;

/** Token statistics that a model computed afterwards for a group of an imported run; they replace unknown ones. */
export const StatisticsRecord = z.strictObject({
  type: z.literal('statistics'),
  ...base,
  ...GroupId.shape,
  by: ScoredBy,
  /** As in the group's record. */
  means: z.strictObject({ tokens: nullable, logprob: nullable, entropy: nullable }),
  majorityLogprob: nullable,
  /** The group's rollouts, with the statistics. */
  frame: FramePointer,
});
export type StatisticsRecord = z.infer<typeof StatisticsRecord>;

/** What people did to the run; not compared on resume. */
export const LifecycleRecord = z.strictObject({
  type: z.literal('lifecycle'),
  ...base,
  event: z.enum(['paused', 'continued', 'resumed', 'recovered', 'stopping']),
  message: z.string().optional(),
});

export const EndRecord = z.strictObject({
  type: z.literal('end'),
  ...base,
  /** `stopped` and `failed` runs can be resumed. */
  reason: z.enum(['completed', 'stopped', 'failed']),
  step: count32,
  error: z.strictObject({ code: z.string(), message: z.string(), hint: z.string().optional() }).optional(),
});
export type EndRecord = z.infer<typeof EndRecord>;

export const JournalRecord = z.discriminatedUnion('type', [
  RunRecord,
  GroupRecord,
  StepRecord,
  EvaluationRecord,
  ForecastRecord,
  ForecastScoreRecord,
  CheckpointRecord,
  WarningRecord,
  ProblemsRecord,
  MetricsRecord,
  StatisticsRecord,
  LifecycleRecord,
  EndRecord,
]);
export type JournalRecord = z.infer<typeof JournalRecord>;
/** The types of records that this version knows. */
export const RECORD_TYPES: ReadonlySet<string> = new Set(JournalRecord.options.map(({ shape }) => shape.type.value));
/** The record of a type. */
export type RecordOf<T extends JournalRecord['type']> = Extract<JournalRecord, { type: T }>;
type WithoutBase<T> = T extends unknown ? Omit<T, 'seq' | 'time'> : never;
/** A record before the journal has given it its number and time. */
export type NewRecord = WithoutBase<JournalRecord>;

/** A rollout's tokens with everything that the sampler returns about each. */
export interface TokenStatistics extends TokenColumns {
  tokens: Int32Array;
}

/** One rollout as the policy returns it. `tokenTexts` are the tokens' texts; joined, they give `text`. */
export interface PolicyRollout extends TokenStatistics {
  text: string;
  tokenTexts: string[];
  finish: 'stop' | 'length';
}
