/**
 * What an importer is: it knows the files of a trainer and reads their contents. Everything else is the same for all
 * importers (`import.ts`): problems, votes, grading, records, following, resuming.
 */
import type { Phase } from '../protocol/group.ts';
import type { Turn } from '../protocol/problem.ts';
import type { ForeignRun, RunOrigin } from '../protocol/run-file.ts';
import type { ColumnMap } from './columns.ts';
import type { ForeignRollout } from './group.ts';
import type { ForeignMetrics } from './metrics.ts';

/** A trainer's log entry about the problem of a rollout. */
export interface LoggedProblem {
  /** The prompt as the model got it, as far as the log has it. */
  prompt: string;
  /** The problem's own text, if the log stores it separately from the prompt. */
  text?: string;
  /** The conversation, if it has more than one turn. */
  messages?: Turn[];
  /** The label of the data, such as `#### 18`, or a list of all that are accepted; absent or null without one. */
  label?: unknown;
  /** Its id in the data; absent: prompt and label identify it. */
  id?: string;
  /** The file that names it, and the line from 1; null for binary formats. */
  source: string;
  line: number | null;
}

/** The rollouts of one problem at one step. */
export interface LoggedGroup {
  /** Index of the problem, as returned by `ProblemRegister.register`. */
  problem: number;
  rollouts: readonly ForeignRollout[];
}

/** Assigns indices to problems. */
export interface ProblemRegister {
  register(problem: LoggedProblem): number;
}

/** Lines and files that could not be read, and why. */
export interface Faults {
  /** @param place such as `12.jsonl:7` @param why such as `broken JSON` */
  add(place: string, why: string, reason: string): void;
  /** Hears of every rollout that is read whether its row names a step, and at which step it is placed. */
  placed?(named: boolean, step: number): void;
}

export interface ReadContext {
  problems: ProblemRegister;
  faults: Faults;
  /**
   * Throws `canceled` when the import has to end. Readers call it often, with the number of bytes read since the last
   * call.
   */
  check(bytes?: number): void;
}

/** The rollouts of one step and phase: the unit of progress, after which an import can be continued. */
export interface DumpPart {
  /** Identifies it within the import, whatever happens to the files: `rollouts/12.jsonl`. */
  name: string;
  phase: Phase;
  /** In the trainer's numbering. */
  step: number;
  /** Bytes to read, for progress. */
  bytes: number;
  /** Identifies its source: if the stamp changes, the trainer has written it again. */
  stamp: string;
  groups(context: ReadContext): AsyncIterable<LoggedGroup>;
}

/** What can be read at the moment. */
export interface DumpScan {
  /** Parts that are whole, in the order in which they are to be imported. */
  parts: DumpPart[];
  /** Bytes that are still being written. */
  waiting: number;
}

/** A run as a trainer's files have it. */
export interface Dump {
  origin: RunOrigin;
  run: Omit<ForeignRun, 'job'>;
  /** When the run was started; null if unknown. */
  created: Date | null;
  /** The first step of training is 0. */
  fromZero?: boolean;
  /** @param following whether more may come; then anything that may be incomplete waits */
  scan(context: ReadContext, following: boolean): Promise<DumpScan>;
  /** What the trainer logged for each step; every call returns all of it. */
  metrics?(context: ReadContext): Promise<ForeignMetrics[]>;
}

export interface DumpOptions {
  /** The user's names of columns. */
  map: ColumnMap;
}

export interface Importer {
  /** The name for `--format`. */
  name: string;
  /** A description of what it reads, for lists and help. */
  title: string;
  /** The versions whose files it was checked against. */
  checked: string;
  /** Whether there are no rollouts: metrics alone are a run, but are not offered for import. */
  curvesOnly?: boolean;
  /** Whether a file or folder belongs to this format, by its name and beginning. Does not throw. */
  detect(path: string, options: DumpOptions): Promise<boolean>;
  /** @throws RollscopeError `dataset`, naming the file */
  open(path: string, options: DumpOptions): Promise<Dump>;
}
