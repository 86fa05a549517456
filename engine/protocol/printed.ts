/**
 * What commands print as JSON for the editor: the command line's values have these types, and the editor reads them with
 * these schemas. They may print more. Comparisons of rewards and calibrations: `reward-comparison.ts`, `calibration.ts`.
 */
import * as z from 'zod';

/** `rollscope import --progress`, each line within `{"progress": …}`. */
export const ImportProgress = z.object({
  /** Bytes that were read, and the bytes known to exist; 0 before the first look has ended. */
  bytes: z.number(),
  total: z.number(),
  steps: z.number(),
  rollouts: z.number(),
  /** Everything that is there has been imported; more may come. */
  waiting: z.boolean(),
});
export type ImportProgress = z.infer<typeof ImportProgress>;

/** `rollscope import --json`. */
export const PrintedImport = z.object({
  folder: z.string(),
  problems: z.number(),
  rollouts: z.number(),
  steps: z.number(),
  /** Lines and files that could not be read, and the first of them: place and reason. */
  faults: z.number(),
  named: z.array(z.object({ place: z.string(), why: z.string() })),
  /** Rollouts that the trainer's grader and Rollscope's judge differently, of those that both judge. */
  disagreements: z.number(),
  compared: z.number(),
  /** The reward of 1 or 0 is the vote of each group, no grader: it is not compared. */
  rewardIsVote: z.boolean(),
});
export type PrintedImport = z.infer<typeof PrintedImport>;

/** One dump in the output of `rollscope import --find --json`. */
export const FoundDump = z.object({
  path: z.string(),
  /** Name of the importer that recognizes it. */
  format: z.string(),
  title: z.string(),
  /** It is a part of the last one before it that is not a part: verl's folder of training within the one that also has its evaluation. */
  part: z.boolean(),
});
export type FoundDump = z.infer<typeof FoundDump>;

/** `rollscope statistics --progress`, each line within `{"statistics": …}`. */
export const StatisticsProgress = z.object({
  /** Groups that were processed, and all groups. */
  groups: z.number(),
  total: z.number(),
  /** Rollouts whose statistics were computed. */
  rollouts: z.number(),
});
export type StatisticsProgress = z.infer<typeof StatisticsProgress>;

/** `rollscope statistics --json`. */
export const PrintedStatistics = z.object({
  /** Rollouts whose statistics were computed. */
  rollouts: z.number(),
  /** Rollouts about which everything was known before. */
  known: z.number(),
  /** Rollouts that were not changed, by reason. */
  left: z.record(z.string(), z.number()),
});
export type PrintedStatistics = z.infer<typeof PrintedStatistics>;
