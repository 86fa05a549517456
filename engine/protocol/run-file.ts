/** `run.json`: what a run folder contains. Written once when the run is created. */
import * as z from 'zod';
import { Grading, RUN_FORMAT, type RunConfig, StoredRunConfig } from './config.ts';
import { RollscopeError } from './errors.ts';
import { ForeignValue } from './group.ts';
import { originText } from './texts.ts';

/** Where a run's records came from. */
export const RunOrigin = z.strictObject({
  /** `rollscope`, or the trainer that wrote what was imported. */
  engine: z.string(),
  /** That program's version; null if unknown. */
  version: z.string().nullable(),
  /** Files that were imported; [] for a run of this engine. */
  files: z.array(z.string()),
});
export type RunOrigin = z.infer<typeof RunOrigin>;

/** The description of another trainer's run, in place of a configuration. */
export const ForeignRun = z.strictObject({
  job: z.enum(['imported', 'train', 'probe']),
  model: z.string().nullable(),
  /** Path or name of the training data. */
  dataset: z.string().nullable(),
  /** The trainer's name for the training reward. */
  reward: z.string().nullable(),
  /** Planned optimizer steps. */
  steps: z.int().min(0).nullable(),
  /** Its other settings, under the names that they have there. */
  settings: z.record(z.string(), ForeignValue),
  /** How answers were found and compared when it was imported; absent in imports of older versions. */
  grading: Grading.optional(),
});
export type ForeignRun = z.infer<typeof ForeignRun>;

/** The checkpoint that a forked run began with. */
export const RunParent = z.strictObject({
  /** Name and absolute folder of the run, when the fork was made. */
  run: z.string(),
  folder: z.string(),
  /** Step of the checkpoint. */
  step: z.int().min(0),
});
export type RunParent = z.infer<typeof RunParent>;

export const RunFile = z.strictObject({
  format: z.int().min(1).max(RUN_FORMAT),
  created: z.string(),
  origin: RunOrigin,
  /** null for a run of another trainer, whose settings are in `foreign`. */
  config: StoredRunConfig.nullable(),
  /** null for a run of this engine. */
  foreign: ForeignRun.nullable().default(null),
  versions: z.record(z.string(), z.string()),
  /** Fingerprints of model and data; null where they are not known (another trainer). */
  modelFingerprint: z.string().nullable(),
  dataFingerprint: z.string().nullable(),
  /** Absent for a run that began with the weights of its model. */
  parent: RunParent.optional(),
});
export type RunFile = z.infer<typeof RunFile>;

/** What a run is, whichever trainer made it; null if unknown. */
export function describeRun({ config, foreign }: Pick<RunFile, 'config' | 'foreign'>): Omit<ForeignRun, 'settings'> {
  if (!config) {
    const { settings: _, ...rest } = foreign ?? UNKNOWN_RUN;
    return rest;
  }
  const { job, model, dataset, reward, steps } = config;
  return { job, model, dataset: dataset.path, reward, steps: job === 'probe' ? 0 : steps };
}

/** A run of another trainer about which nothing is known. */
export const UNKNOWN_RUN: ForeignRun = {
  job: 'imported',
  model: null,
  dataset: null,
  reward: null,
  steps: null,
  settings: {},
};

/** How a run finds and compares answers, whichever trainer made it; undefined if unknown. */
export function gradingOf({ config, foreign }: Pick<RunFile, 'config' | 'foreign'>): RunConfig['grading'] | undefined {
  return config?.grading ?? foreign?.grading;
}

/**
 * The configuration of a run of this engine.
 * @param purpose what it is needed for, as the subject of a sentence @param hint what else to do
 * @throws RollscopeError `usage` for a run of another trainer, which has none
 */
export function requireOwnConfig(
  { config, origin }: Pick<RunFile, 'config' | 'origin'>,
  purpose: string,
  hint: string,
): RunConfig {
  if (config) return config;
  throw new RollscopeError(
    'usage',
    `${purpose} requires a run trained by Rollscope. This one was imported from ${originText(origin)}, without a Rollscope configuration.`,
    hint,
  );
}
