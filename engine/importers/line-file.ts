/** One file of JSON Lines as parts: one part per step that its rows name, updated as the file grows. */
import { PHASES, type Phase } from '../protocol/group.ts';
import type { DumpPart, ReadContext } from './importer.ts';
import { fileState, LineGroups, readGroups, type ScanPosition, scanLines } from './line-index.ts';
import { addRowFault, RowFault } from './row-fault.ts';
import type { RowFileOptions, StepAndPhase } from './rows.ts';

interface Step {
  phase: Phase;
  step: number;
  lines: LineGroups;
  given: boolean;
}

/** One file that is looked at repeatedly; each scan reads only what is new. */
export class LineFile {
  private position: ScanPosition = { offset: 0, lines: 0 };
  private steps = new Map<string, Step>();
  private size = 0;

  constructor(
    readonly file: string,
    private readonly options: RowFileOptions,
  ) {}

  /**
   * Scans what is new. A file that became shorter is scanned again from its start: it was rewritten.
   * @param last whether the file no longer grows, so that the text after the last newline is a line
   */
  async scan(context: ReadContext, last: boolean): Promise<void> {
    const state = await fileState(this.file);
    if (state === null) return;
    if (state.size < this.position.offset) this.restart();
    this.size = state.size;
    for await (const line of scanLines(this.file, this.options.name, this.position, context, last)) {
      try {
        this.place(line, context);
      } catch (error) {
        addRowFault(context.faults, `${this.options.name}:${line.number}`, error);
      }
    }
  }

  /** Bytes that were not scanned as whole lines. */
  get waiting(): number {
    return Math.max(0, this.size - this.position.offset);
  }

  /** The complete steps: all but the last one of each phase if the file may grow. */
  parts(growing: boolean): DumpPart[] {
    const all = [...this.steps.values()].sort(bySteps);
    const open = growing ? PHASES.map((phase) => all.findLast((step) => step.phase === phase)) : [];
    return all.filter((step) => !open.includes(step)).map((step) => this.part(step));
  }

  private part(step: Step): DumpPart {
    const { phase, lines } = step;
    const { rows } = this.options;
    return {
      name: this.options.fixed ? this.options.name : `${this.options.name}#${phase}-${step.step}`,
      phase,
      step: step.step,
      bytes: lines.bytes,
      stamp: `at ${lines.first}`,
      groups: ({ check }) => {
        step.given = true;
        return readGroups(
          this.file,
          lines,
          (values) => rows.rolloutRows(values).map((row) => rows.rollout(row)),
          check,
        );
      },
    };
  }

  private place(
    {
      values,
      number,
      start,
      length,
    }: { values: Record<string, unknown>; number: number; start: number; length: number },
    { problems, faults }: ReadContext,
  ): void {
    const { rows, fixed } = this.options;
    const where: StepAndPhase = fixed ? { step: null, phase: null } : rows.stepAndPhase(values);
    const all = rows.rolloutRows(values);
    // A row without a response is not a rollout, which must be known before its group is read.
    for (const one of all) rows.response(one);
    const problem = problems.register({ ...rows.problem(all[0]!), source: this.file, line: number });
    const phase = where.phase ?? this.options.phase;
    const step = where.step ?? this.options.step;
    const key = `${phase} ${step}`;
    let found = this.steps.get(key);
    if (found?.given) throw new RowFault('late', `a rollout of ${phase} step ${step}, which was already imported`);
    if (!found) {
      found = { phase, step, lines: new LineGroups(start), given: false };
      this.steps.set(key, found);
    }
    found.lines.add(problem, start, length);
    if (!fixed) faults.placed?.(where.step !== null, step);
  }

  private restart(): void {
    this.position = { offset: 0, lines: 0 };
    this.steps.clear();
  }
}

/** Training comes before evaluations of the same step. */
export function bySteps(a: { step: number; phase: Phase }, b: { step: number; phase: Phase }): number {
  return a.step - b.step || PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase);
}
