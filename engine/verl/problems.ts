/** The fixed problems of a run: each rollout that verl writes must belong to one of them. */
import type { GradedProblem } from '../importers/group.ts';
import type { LoggedProblem } from '../importers/importer.ts';
import { KnownProblems } from '../importers/known-problems.ts';
import type { RunProblems } from '../importers/problems.ts';
import { RowFault } from '../importers/row-fault.ts';
import type { Problem } from '../protocol/index.ts';

/**
 * Finds the problem of a logged rollout by id, then by prompt; reports the row of any other problem as faulty.
 */
export class JobProblems implements RunProblems {
  /** Always 0, since unknown problems are refused. */
  readonly unmatched = 0;
  private readonly byId = new Map<string, Problem[]>();
  private readonly byText: KnownProblems;
  private latest: { id: string | undefined; prompt: string; index: number } | null = null;

  /** @param asked the rendered prompt of each problem */
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

  /** Empty, since all problems are written when the run begins. */
  takeNew(): never[] {
    return [];
  }

  /** Finds by id, which the job's reward code logs with each rollout; else by prompt. @throws RowFault for others */
  register(logged: LoggedProblem): number {
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
