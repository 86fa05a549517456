/** The problems of a run, which it began with: each rollout that verl writes answers one of them. */
import type { GradedProblem } from '../importers/group.ts';
import type { LoggedProblem } from '../importers/importer.ts';
import { KnownProblems } from '../importers/known-problems.ts';
import type { RunProblems } from '../importers/problems.ts';
import { RowFault } from '../importers/row-fault.ts';
import type { Problem } from '../protocol/index.ts';

/**
 * Finds the problem of a logged rollout by id, then by prompt; a rollout of any other problem is a fault of its row.
 */
export class GivenProblems implements RunProblems {
  /** All problems are the run's own. */
  readonly unmatched = 0;
  private readonly byId = new Map<string, Problem[]>();
  private readonly byText: KnownProblems;
  private latest: { id: string | undefined; prompt: string; index: number } | null = null;

  /** @param asked what the template made of each problem */
  constructor(
    private readonly problems: readonly Problem[],
    asked: readonly string[],
  ) {
    this.byText = new KnownProblems(problems, asked);
    for (const problem of problems) {
      const same = this.byId.get(problem.id);
      if (same) same.push(problem);
      else this.byId.set(problem.id, [problem]);
    }
  }

  get count(): number {
    return this.problems.length;
  }

  get(at: number): GradedProblem {
    const { index, answer, accepted, rule } = this.problems[at]!;
    return { index, reference: accepted ?? answer, rule };
  }

  /** They are written when the run begins. */
  taken(): never[] {
    return [];
  }

  /** By the id, which the job's reward code writes next to each rollout; else by the prompt. @throws RowFault for another problem */
  take(logged: LoggedProblem): number {
    const { id, prompt } = logged;
    const before = this.latest;
    if (before && before.id === id && before.prompt === prompt) return before.index;
    const same = id === undefined ? [] : (this.byId.get(id) ?? []);
    const found =
      same.length === 1 ? same[0] : (same.find(({ text }) => prompt.includes(text)) ?? this.byText.find(logged));
    if (!found) throw new RowFault('unknown-problem', 'the problem is not one of this run', 'prompt');
    this.latest = { id, prompt, index: found.index };
    return found.index;
  }
}
