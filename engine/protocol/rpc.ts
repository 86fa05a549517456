/** What an engine reports about itself and its work. Requests: `engine/server/contract.ts`. */
import './schema-words.ts';
import * as z from 'zod';
import { ACTIVITIES } from './activity.ts';

/** Bumped when a client of the previous number could not talk to this engine. 3: records of run format 3. */
export const RPC_VERSION = 3;

/** The contents of an engine's discovery file, with which clients find it. Keys of newer versions are dropped. */
export const EngineAddress = z.object({
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
  /** `activityText` puts it into words. */
  activity: z.enum(ACTIVITIES),
  /** What it works on, if there are several possibilities; null if not. */
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
  /** The Python of `--engine trl`; null if there is none, or it was not looked for. */
  trl: z
    .strictObject({
      python: z.string(),
      /** Packages by version; null for one that is missing. */
      versions: z.record(z.string(), z.string().nullable()),
      missing: z.array(z.string()),
      /** A command that installs what is missing. */
      install: z.string().nullable(),
    })
    .nullable()
    .default(null),
});
export type DoctorReport = z.infer<typeof DoctorReport>;
