/**
 * What clients and the engine say to each other over vscode-jsonrpc. Every method has zod schemas for its parameters and
 * its result; both sides check. Bulk data (texts, token arrays) never crosses: it lies in the run folder.
 */
import * as z from 'zod';
import { RunConfig } from './config.ts';
import { JournalRecord } from './records.ts';

/** Bumped when a client of the previous number could not talk to this engine. */
export const RPC_VERSION = 2;

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
  state: z.enum(JOB_STATES),
  /** What is going on, in words for a person: `sampling`, `updating`, `evaluating`, `loading model`. */
  activity: z.string(),
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
  job: z.enum(['train', 'probe']),
  model: z.string(),
  dataset: z.string(),
  reward: z.string(),
  step: z.int().min(0),
  steps: z.int().min(0),
  /** `running`: a live engine holds it. `interrupted`: no engine holds it and it has no end record. */
  status: z.enum(['running', 'interrupted', 'completed', 'stopped', 'failed']),
  accuracyBefore: z.number().nullable(),
  accuracyAfter: z.number().nullable(),
});
export type RunInfo = z.infer<typeof RunInfo>;

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
});
export type DoctorReport = z.infer<typeof DoctorReport>;

const runOnly = z.strictObject({ run: z.string() });
const nothing = z.strictObject({});

/** Requests, client to engine. */
export const METHODS = {
  /** First request on every connection; anything else before it is refused. */
  hello: {
    params: z.strictObject({ token: z.string(), rpc: z.int(), client: z.string() }),
    result: z.strictObject({ version: z.string(), pid: z.int(), active: Progress.nullable() }),
  },
  /** Creates a run folder under `out` (the default runs folder when absent) and starts; answers once the folder exists. */
  start: {
    params: z.strictObject({
      config: RunConfig,
      out: z.string().optional(),
      name: z.string().optional(),
      /** Rewards may run programs: the client vouches that the workspace is trusted. */
      allowPrograms: z.boolean().default(false),
    }),
    result: z.strictObject({ run: z.string(), folder: z.string() }),
  },
  /** Goes on with a run that is not complete, from its last checkpoint. */
  resume: {
    params: z.strictObject({ folder: z.string(), allowPrograms: z.boolean().default(false) }),
    result: z.strictObject({ run: z.string(), folder: z.string() }),
  },
  /** Records of the active run from number `from`, then live `record` and `progress` notifications. */
  subscribe: {
    params: z.strictObject({ run: z.string(), from: z.int().min(0) }),
    result: z.strictObject({ folder: z.string(), records: z.array(JournalRecord), progress: Progress.nullable() }),
  },
  unsubscribe: { params: runOnly, result: nothing },
  /** Takes effect between two calls of the compute backend. */
  pause: { params: runOnly, result: nothing },
  continue: { params: runOnly, result: nothing },
  /** Writes a checkpoint and an end record with reason `stopped`; answers when that is done. */
  stop: { params: runOnly, result: nothing },
  status: { params: nothing, result: z.strictObject({ active: Progress.nullable(), clients: z.int() }) },
  doctor: { params: nothing, result: DoctorReport },
  /** Ends the engine; an active run is stopped with a checkpoint first. */
  shutdown: { params: nothing, result: nothing },
} as const;
export type Method = keyof typeof METHODS;
export type Params<M extends Method> = z.input<(typeof METHODS)[M]['params']>;
export type Result<M extends Method> = z.infer<(typeof METHODS)[M]['result']>;

/** Notifications, engine to client. */
export const NOTIFICATIONS = {
  record: z.strictObject({ run: z.string(), record: JournalRecord }),
  progress: Progress,
  log: z.strictObject({ level: z.enum(['info', 'warning', 'error']), message: z.string() }),
} as const;
export type Notification = keyof typeof NOTIFICATIONS;
export type NotificationParams<N extends Notification> = z.infer<(typeof NOTIFICATIONS)[N]>;
