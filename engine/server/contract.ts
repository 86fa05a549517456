/**
 * What clients ask the engine and what it tells them. Parameters come from anyone who reached the socket and are
 * checked; results come from the engine that a client chose by its address, token and protocol number. Bulk data
 * (texts, token arrays) is never sent: it is in the run folder.
 */
import * as z from 'zod';
import { defineContract, unchecked } from '../messages/contract.ts';
import { RunConfig } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { JournalRecord } from '../protocol/records.ts';
import { DoctorReport, Progress } from '../protocol/rpc.ts';

const runOnly = z.strictObject({ run: z.string() });
const nothing = z.strictObject({});
const RunReference = z.strictObject({ run: z.string(), folder: z.string() });

export const ENGINE = defineContract({
  requests: {
    /** First request on every connection; any other request before it is refused. */
    hello: {
      params: z.strictObject({ token: z.string(), rpc: z.int(), client: z.string() }),
      result: z.strictObject({ version: z.string(), pid: z.int(), active: Progress.nullable() }),
    },
    /** Creates a run folder under `out` (default: the runs folder) and starts; answers once the folder exists. */
    start: {
      params: z.strictObject({
        config: RunConfig,
        out: z.string().optional(),
        name: z.string().optional(),
        /** Rewards may run programs: the client vouches that the workspace is trusted. */
        allowPrograms: z.boolean().default(false),
        /** The programs of a run from elsewhere that is forked were shown to the user, who allowed them. */
        allowCommand: z.boolean().default(false),
        /** Begins with a checkpoint of another run: its folder, and the step. */
        from: z.strictObject({ folder: z.string(), step: z.int().min(0) }).optional(),
      }),
      result: RunReference,
    },
    /** Resumes a run that is not complete, from its last checkpoint. */
    resume: {
      params: z.strictObject({
        folder: z.string(),
        allowPrograms: z.boolean().default(false),
        /** The programs of a run from elsewhere were shown to the user, who allowed them. */
        allowCommand: z.boolean().default(false),
      }),
      result: RunReference,
    },
    /** Records of the active run from number `from`, then live `record` and `progress` notifications. */
    subscribe: {
      params: z.strictObject({ run: z.string(), from: z.int().min(0) }),
      result: unchecked<{ folder: string; records: JournalRecord[]; progress: Progress | null }>(),
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
  },
  notifications: {
    /** `folder`: the run's folder. */
    record: unchecked<{ folder: string; record: JournalRecord }>(),
    progress: unchecked<Progress>(),
    log: unchecked<{ level: 'info' | 'warning' | 'error'; message: string }>(),
  },
});
export type EngineContract = typeof ENGINE;

/** An `engine-stopped` error for requests that were pending, or are made, after the socket closed. */
export function connectionLost(): RollscopeError {
  return new RollscopeError(
    'engine-stopped',
    'The connection to the engine was lost.',
    'Start or restart the engine; an interrupted run can be resumed from its last checkpoint.',
    { details: { reason: 'connection-lost' } },
  );
}
