/** What an importer is: it knows the files of a trainer, and reads a run from them. */
import type { ForeignContents, ImportedRun } from './run.ts';

/** A run as a trainer's files have it. */
export interface ReadRun {
  contents: ForeignContents;
  /** Gives its records to the run that is written, in the order in which things happened. */
  write(run: ImportedRun): Promise<void> | void;
}

export interface Importer {
  /** As `--from` takes it. */
  name: string;
  /** What it reads, for lists and help. */
  title: string;
  /** Whether a file or folder is one of its own, by its name and beginning. Does not throw. */
  detect(path: string): Promise<boolean>;
  /** @throws RollscopeError `dataset`, naming file and line */
  read(path: string): Promise<ReadRun>;
}
