/** The problems of another trainer's run, found among its rollouts: trainers log prompts, not problem sets. Pure. */
import { referenceAnswer } from '../grading/index.ts';
import type { Problem } from '../protocol/records.ts';

/** A problem as a trainer's log has it. */
export interface LoggedProblem {
  /** Its text without template, where the log has that; else the prompt. */
  text: string;
  /** The label of the data, such as `#### 18`; absent or null without one. */
  label?: string | null;
  /** Its id in the data; absent: its text identifies it. */
  id?: string;
  /** The file that names it, its row there from 0, and line from 1. */
  source: string;
  row?: number;
  line?: number | null;
}

/** Gives each problem its index, in the order in which they come. */
export class LoggedProblems {
  readonly all: Problem[] = [];
  private readonly known = new Map<string, Problem>();

  /** The problem of a log entry: the one that came before with the same id, or the same text and label. */
  take({ text, label = null, id, source, row, line = null }: LoggedProblem): Problem {
    const answer = label === null ? null : referenceAnswer(label);
    const key = JSON.stringify(id === undefined ? [text, answer] : [id]);
    const found = this.known.get(key);
    if (found) return found;
    const index = this.all.length;
    const problem: Problem = { index, id: id ?? String(index + 1), text, answer, source, row: row ?? index, line };
    this.all.push(problem);
    this.known.set(key, problem);
    return problem;
  }
}
