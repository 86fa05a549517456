/**
 * What an importer is: it knows the files of a trainer and says what is in them. The import (`import.ts`) does the rest the
 * same way for all: problems, votes, grading, records, following, resuming.
 */
import type { Phase } from '../protocol/group.ts';
import type { Turn } from '../protocol/problem.ts';
import type { ForeignRun, RunOrigin } from '../protocol/run-file.ts';
import type { ColumnMap } from './columns.ts';
import type { ForeignRollout } from './group.ts';
import type { ForeignMetrics } from './metrics.ts';

/** What a trainer's log says of the problem that a rollout answers. */
export interface LoggedProblem {
  /** The prompt as the model got it, or as far as the log has it. */
  prompt: string;
  /** The problem's own text, where the log has it apart from the prompt. */
  text?: string;
  /** The conversation, where it is more than one turn. */
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
  /** Index of the problem, as `ProblemRegister.take` gave it. */
  problem: number;
  rollouts: readonly ForeignRollout[];
}

/** Gives problems their indices. */
export interface ProblemRegister {
  take(problem: LoggedProblem): number;
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
  /** Throws `canceled` once the import is to end. Readers call it often, and say how many bytes they have read since. */
  check(bytes?: number): void;
}

/** One step's rollouts of one phase: the unit in which an import proceeds, and after which it is resumed. */
export interface DumpPart {
  /** Identifies it within what is imported, whatever happens to the files: `rollouts/12.jsonl`. */
  name: string;
  phase: Phase;
  /** As the trainer counts. */
  step: number;
  /** What is read for it, for progress. */
  bytes: number;
  /** Identifies what it was made of: if it changes, the trainer has written it again. */
  stamp: string;
  groups(context: ReadContext): AsyncIterable<LoggedGroup>;
}

/** What can be read now. */
export interface Look {
  /** Parts that are whole, in the order in which they are to be imported. */
  parts: DumpPart[];
  /** Bytes of what is still being written. */
  waiting: number;
}

/** A run as a trainer's files have it. */
export interface Dump {
  origin: RunOrigin;
  run: Omit<ForeignRun, 'job'>;
  /** When the run was started; null where that is not known. */
  created: Date | null;
  /** The first step of training is 0. */
  fromZero?: boolean;
  /** @param following whether more may come: what is not certainly whole then waits */
  look(context: ReadContext, following: boolean): Promise<Look>;
  /** What the trainer logged of each step; all of it each time. */
  metrics?(context: ReadContext): Promise<ForeignMetrics[]>;
}

export interface DumpOptions {
  /** Columns by the names that the user gave. */
  map: ColumnMap;
}

export interface Importer {
  /** As `--format` takes it. */
  name: string;
  /** What it reads, for lists and help. */
  title: string;
  /** The versions whose files it was checked against. */
  checked: string;
  /** There are no rollouts: metrics alone are a run, which is not offered on its own. */
  curvesOnly?: boolean;
  /** Whether a file or folder is one of its own, by its name and beginning. Does not throw. */
  detect(path: string, options: DumpOptions): Promise<boolean>;
  /** @throws RollscopeError `dataset`, naming the file */
  open(path: string, options: DumpOptions): Promise<Dump>;
}
