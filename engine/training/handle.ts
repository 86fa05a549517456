/** A run that this process works on, as those who watch and steer it see it. */
import type { EndRecord, JournalRecord, Progress } from '../protocol/index.ts';

export interface RunHandle {
  readonly run: string;
  readonly folder: string;
  /** The message while it is being stopped; by default, that a checkpoint is being written. */
  readonly stopNote?: string;
  progress(): Progress;
  /** Takes effect between two calls of the device; so does `continue`. Throws `usage` if the trainer cannot pause. */
  pause(): void;
  continue(): void;
  /** Resolves when the checkpoint and the end record are written. */
  stop(): Promise<void>;
  /** The end record; never rejects. */
  readonly done: Promise<EndRecord>;
  /** Every record after it is in the journal, in order. Returns the function that stops listening. */
  onRecord(listener: (record: JournalRecord) => void): () => void;
  onProgress(listener: (progress: Progress) => void): () => void;
  /** At most `limit` of the journal's records, starting with number `from`; fewer only at the end of the journal. */
  records(from: number, limit: number): Promise<JournalRecord[]>;
  /** Largest resident size of the process so far, in bytes. */
  peakMemoryBytes(): number;
}
