/** One run in a list of runs. */
import * as z from 'zod';
import { DIAGNOSES } from './diagnosis.ts';
import { ERROR_CODES } from './errors.ts';
import { RunOrigin, RunParent } from './run-file.ts';

export const RunInfo = z.strictObject({
  run: z.string(),
  folder: z.string(),
  created: z.string(),
  job: z.enum(['imported', 'train', 'probe']),
  /** null if another trainer did not record it. */
  model: z.string().nullable(),
  dataset: z.string().nullable(),
  reward: z.string().nullable(),
  step: z.int().min(0),
  /** Planned steps, 0 for a probe; null if another trainer did not record them. */
  steps: z.int().min(0).nullable(),
  origin: RunOrigin,
  /** `running`: a live engine holds it. `interrupted`: no engine holds it and it has no end record. */
  status: z.enum(['running', 'interrupted', 'completed', 'stopped', 'failed']),
  /** The checkpoint that it began with, if it is a fork. */
  parent: RunParent.optional(),
  /** What accuracies were measured on, if it is a sample: `32 of 60 problems, sampled`. */
  sampled: z.string().optional(),
  /** The run's warning after its first steps that it can hardly learn. */
  warning: z.string().optional(),
  /** Files with its rollouts are missing: what, and what helps. */
  fault: z.string().optional(),
  /** Its diagnosis, from its evaluations and warnings; null before there is anything to compare, and for a probe. */
  diagnosis: z.strictObject({ kind: z.enum(DIAGNOSES), since: z.int().min(0).nullable() }).nullable(),
  accuracyBefore: z.number().nullable(),
  accuracyAfter: z.number().nullable(),
  /** Records of types that this version does not know; null for none. */
  skipped: z
    .strictObject({
      records: z.int().min(1),
      /** Records by type. */
      types: z.record(z.string(), z.int().min(1)),
      /** The version of Rollscope that can read it; null if the run does not contain it. */
      version: z.string().nullable(),
      /** What it means and what to do, for people. */
      message: z.string(),
    })
    .nullable(),
});
export type RunInfo = z.infer<typeof RunInfo>;

/** A run folder that cannot be read, and why. */
export const UnreadableRun = z.strictObject({
  run: z.string(),
  folder: z.string(),
  created: z.string(),
  status: z.literal('unreadable'),
  error: z.strictObject({
    code: z.enum(ERROR_CODES),
    message: z.string(),
    hint: z.string().optional(),
    details: z.looseObject({ reason: z.string() }).optional(),
  }),
});
export type UnreadableRun = z.infer<typeof UnreadableRun>;
/** An entry of the list of runs. */
export type ListedRun = RunInfo | UnreadableRun;
