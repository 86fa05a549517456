/** What an engine reports about itself and its work. Requests: `engine/server/contract.ts`. */
import * as z from 'zod';
import { ACTIVITIES } from './activity.ts';
import { ERROR_CODES } from './errors.ts';
import { RunOrigin } from './run-file.ts';

/** Bumped when a client of the previous number could not talk to this engine. 3: records of run format 3. */
export const RPC_VERSION = 3;

/** What an engine writes into its discovery file, so that clients find it. */
export const EngineAddress = z.strictObject({
  pid: z.int(),
  socket: z.string(),
  token: z.string(),
  version: z.string(),
  rpc: z.int(),
  started: z.string(),
});
export type EngineAddress = z.infer<typeof EngineAddress>;

export const JOB_STATES = ['preparing', 'running', 'pausing', 'paused', 'stopping', 'ended'] as const;

/** The job that an engine works on now; transient, never journaled. */
export const Progress = z.strictObject({
  run: z.string(),
  /** Identifies the run: several folders may have runs of one name. */
  folder: z.string(),
  state: z.enum(JOB_STATES),
  /** `activityText` says it to people. */
  activity: z.enum(ACTIVITIES),
  /** What it works on, where there is a choice; null where not. */
  detail: z.string().nullable(),
  step: z.int().min(0),
  steps: z.int().min(0),
  /** Part of the current activity that is done, 0 to 1; null when unknown. */
  fraction: z.number().min(0).max(1).nullable(),
  tokensPerSecond: z.number().nullable(),
  secondsLeft: z.number().nullable(),
  residentBytes: z.number().nullable(),
});
export type Progress = z.infer<typeof Progress>;

export const RunInfo = z.strictObject({
  run: z.string(),
  folder: z.string(),
  created: z.string(),
  job: z.enum(['imported', 'train', 'probe']),
  /** null where another trainer does not say. */
  model: z.string().nullable(),
  dataset: z.string().nullable(),
  reward: z.string().nullable(),
  step: z.int().min(0),
  /** Planned steps, 0 for a probe; null where another trainer does not say. */
  steps: z.int().min(0).nullable(),
  origin: RunOrigin,
  /** `running`: a live engine holds it. `interrupted`: no engine holds it and it has no end record. */
  status: z.enum(['running', 'interrupted', 'completed', 'stopped', 'failed']),
  /** On what accuracies were measured, where that is a sample: `32 of 60 problems, sampled`. */
  sampled: z.string().optional(),
  /** What the run warned of after its first steps, where it can hardly learn. */
  warning: z.string().optional(),
  accuracyBefore: z.number().nullable(),
  accuracyAfter: z.number().nullable(),
  /** Records of types that this version does not know; null for none. */
  skipped: z
    .strictObject({
      records: z.int().min(1),
      /** Records by type. */
      types: z.record(z.string(), z.int().min(1)),
      /** The version of Rollscope to get; null where the run does not tell. */
      version: z.string().nullable(),
      /** What it means and what to do, for a person. */
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

export const DeviceReport = z.strictObject({
  name: z.string(),
  available: z.boolean(),
  detail: z.string(),
  hint: z.string().optional(),
});
export const DoctorReport = z.strictObject({
  version: z.string(),
  node: z.string(),
  onnxruntime: z.string(),
  platform: z.string(),
  cores: z.int(),
  memoryBytes: z.number(),
  devices: z.array(DeviceReport),
  problems: z.array(z.string()),
  /** The Python of `--engine trl`; null where there is none, or nobody looked. */
  trl: z
    .strictObject({
      python: z.string(),
      /** Packages by version; null for one that is missing. */
      versions: z.record(z.string(), z.string().nullable()),
      missing: z.array(z.string()),
      /** Installs what is missing. */
      install: z.string().nullable(),
    })
    .nullable()
    .default(null),
});
export type DoctorReport = z.infer<typeof DoctorReport>;
