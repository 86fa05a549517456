/** A run that this process works on, as the server needs it; `engine/training/run.ts` makes them. */
import type { RunConfig } from '../protocol/config.ts';
import type { JournalRecord } from '../protocol/records.ts';
import type { Progress } from '../protocol/rpc.ts';

export type EndOfRun = Extract<JournalRecord, { type: 'end' }>;

export interface RunHandle {
  readonly run: string;
  readonly folder: string;
  progress(): Progress;
  pause(): void;
  continue(): void;
  /** Resolves when the checkpoint and the end record are written. */
  stop(): Promise<void>;
  readonly done: Promise<EndOfRun>;
  /** Every record after it is in the journal, in order. Returns the function that stops listening. */
  onRecord(listener: (record: JournalRecord) => void): () => void;
  onProgress(listener: (progress: Progress) => void): () => void;
  /** The journal's records from number `from` on. */
  records(from: number): Promise<JournalRecord[]>;
}

export interface StartOptions {
  config: RunConfig;
  /** The run's own folder, which must not exist yet. */
  folder: string;
  name: string;
  signal?: AbortSignal;
}

/** Both reject with RollscopeError, before a folder exists, when configuration, dataset or model are bad. */
export interface RunStarter {
  startRun(options: StartOptions): Promise<RunHandle>;
  resumeRun(options: { folder: string }): Promise<RunHandle>;
}
