/**
 * The problems of another trainer's run, found among its rollouts, since trainers log prompts rather than problem sets.
 * If the user names the dataset, the problems are those of the dataset. Keeps only what grading needs; the rest is
 * written to the run folder.
 */
import { createHash } from 'node:crypto';
import { labelOrNone } from '../data/labels.ts';
import type { Problem, Prompt } from '../protocol/problem.ts';
import type { GradedProblem } from './group.ts';
import type { LoggedProblem, ProblemRegister } from './importer.ts';
import type { KnownProblems } from './known-problems.ts';
import { userText } from './prompt-text.ts';

/** The problems of a run that is imported, as the import and its journal need them. */
export interface RunProblems extends ProblemRegister {
  readonly count: number;
  /** The number of problems that the user's dataset does not contain. */
  readonly unmatched: number;
  get(index: number): GradedProblem;
  /** The problems among the first `count` that were not returned by an earlier call. */
  takeNew(count?: number): { problem: Problem; prompt: Prompt }[];
}

/**
 * Numbers problems from 0 in the order in which the log mentions them first. Memory grows with the number of problems,
 * not of rollouts.
 */
export class LoggedProblems implements RunProblems {
  private readonly graded: GradedProblem[] = [];
  private readonly byKey = new Map<string, number>();
  private latest: { id: string | null; prompt: string; label: unknown; index: number } | null = null;
  private fresh: { problem: Problem; prompt: Prompt }[] = [];
  /** Problems of the log that the dataset does not have. */
  unmatched = 0;

  /** @param dataset the problems that the user says these are; null to take them as the log has them */
  constructor(private readonly dataset: KnownProblems | null = null) {}

  get count(): number {
    return this.graded.length;
  }

  get(index: number): GradedProblem {
    return this.graded[index]!;
  }

  /** The earlier problem with the same id, or with the same prompt and label; otherwise a new one. */
  register(logged: LoggedProblem): number {
    const { id = null, prompt, label = null } = logged;
    const before = this.latest;
    // The rollouts of a group mostly be together; reading a label and digesting a prompt cost more than these.
    if (
      before &&
      before.id === id &&
      before.label === label &&
      (label === null || typeof label !== 'object') &&
      before.prompt === prompt
    )
      return before.index;
    const index = this.find(logged);
    this.latest = { id, prompt, label, index };
    return index;
  }

  private find(logged: LoggedProblem): number {
    const label = labelOrNone(logged.label ?? null);
    const key = keyOf(logged.id ?? null, logged.prompt, label?.answer ?? null);
    const found = this.byKey.get(key);
    if (found !== undefined) return found;
    const index = this.graded.length;
    const known = this.dataset?.find(logged) ?? null;
    if (this.dataset && !known) this.unmatched++;
    const problem = known ? { ...known, index } : asStoredProblem(logged, index, label);
    this.add(key, problem);
    const { prompt: text, messages } = logged;
    this.fresh.push({ problem, prompt: { problem: index, text, tokens: null, ...(messages && { messages }) } });
    return index;
  }

  /**
   * The problems among the first `count` that were not returned by an earlier call; they must be written before a group
   * refers to them.
   */
  takeNew(count = this.count): { problem: Problem; prompt: Prompt }[] {
    const { fresh } = this;
    const end = fresh.findIndex(({ problem }) => problem.index >= count);
    if (end < 0) {
      this.fresh = [];
      return fresh;
    }
    this.fresh = fresh.slice(end);
    return fresh.slice(0, end);
  }

  /** Restores a problem that was imported earlier. */
  restore(problem: Problem, prompt: Prompt | undefined, identified: boolean): void {
    const text = prompt?.text ?? problem.text;
    this.add(keyOf(identified ? problem.id : null, text, problem.answer), problem);
  }

  private add(key: string, { index, answer, accepted, rule }: Problem): void {
    this.graded.push({ index, reference: accepted ?? answer, rule });
    this.byKey.set(key, index);
  }
}

function asStoredProblem(
  { prompt, text, messages, id, source, line }: LoggedProblem,
  index: number,
  label: { answer: string; accepted?: string[] } | null,
): Problem {
  return {
    index,
    id: id ?? String(index + 1),
    text: text ?? userText(prompt),
    answer: label?.answer ?? null,
    ...(label?.accepted && { accepted: label.accepted }),
    ...(messages && messages.length > 1 && { messages }),
    source,
    row: index,
    line,
  };
}

/** Prompts are long and there are many, so a digest of them is kept. */
function keyOf(id: string | null, prompt: string, answer: string | null): string {
  if (id !== null) return `id ${id}`;
  return createHash('sha1')
    .update(JSON.stringify([prompt, answer]))
    .digest('base64');
}
