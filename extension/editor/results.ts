/** The results of the newest run on a problem file, by problem. Does not import VS Code. */
import path from 'node:path';
import { Emitter } from '../../engine/messages/json-rpc.ts';
import type { Problem } from '../../engine/protocol/index.ts';
import type { ProblemView } from '../../engine/runs/problem-view.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import type { OpenRun } from '../../engine/view/open-run.ts';
import { throttle } from '../../engine/view/timing.ts';
import type { RunLibrary } from '../run/library.ts';
import type { RunSession } from '../run/session.ts';

/** Milliseconds between two announcements during a run. */
const UPDATE_INTERVAL_MS = 500;

/** A problem in the file's current text. */
export interface ProblemText {
  row: number;
  id: string;
  /** null while the row is not valid JSON. */
  prompt: string | null;
}

export interface ProblemInRun {
  run: OpenRun;
  problem: Problem;
  /** Its state in the run. */
  view: ProblemView;
}

/** The results of one run on one file. */
export class FileResults {
  private readonly byPrompt = new Map<string, Problem[]>();

  constructor(
    readonly run: OpenRun,
    dataset: string,
  ) {
    for (const problem of run.problems) {
      if (!samePath(problem.source, dataset)) continue;
      const same = this.byPrompt.get(problem.text);
      if (same) same.push(problem);
      else this.byPrompt.set(problem.text, [problem]);
    }
  }

  /**
   * The latest result of a problem whose text is unchanged since it was sampled. Among problems with the same text, one with
   * the same id or row takes precedence.
   */
  find({ row, id, prompt }: ProblemText): ProblemInRun | undefined {
    const same = prompt === null ? undefined : this.byPrompt.get(prompt);
    if (!same) return undefined;
    const problem =
      same.find((candidate) => candidate.id === id) ?? same.find((candidate) => candidate.row === row) ?? same[0]!;
    const view = this.run.view(problem.index);
    return view.row === null ? undefined : { run: this.run, problem, view };
  }
}

/** The results of every file for which they were requested. */
export class Results {
  private readonly scope = new Disposables();
  private readonly changeEmitter = this.scope.add(new Emitter<void>());
  private readonly files = new Map<string, FileResults | null>();
  /** The latest search for the newest run on each file: an earlier one may end after it. */
  private readonly searches = new Map<string, object>();
  private readonly announce = this.scope.add(throttle(UPDATE_INTERVAL_MS, () => this.changeEmitter.fire()));
  /** Resources of the active run. */
  private readonly following = this.scope.add(new Disposables());

  readonly onDidChange = this.changeEmitter.event;

  constructor(
    private readonly library: RunLibrary,
    session: RunSession,
    /** A file's name in runs. */
    private readonly nameOf: (file: string) => string,
    private readonly report: (error: unknown) => void,
  ) {
    this.scope.add(library.onDidChange(() => this.reload()));
    this.scope.add(
      session.onDidChangeActive((run) => {
        this.following.clear();
        if (run) this.following.add(run.onDidAppend(() => this.announce()));
      }),
    );
  }

  /** Results of a file; undefined if there are none or they are still being loaded, in which case a change follows. */
  of(file: string): FileResults | undefined {
    const known = this.files.get(file);
    if (known === undefined) {
      this.files.set(file, null);
      void this.load(file);
    }
    return known ?? undefined;
  }

  /** Whether a file is a run's dataset. */
  isOn(run: OpenRun, file: string): boolean {
    return isSame(run.info.dataset, this.nameOf(file));
  }

  dispose(): void {
    this.scope.dispose();
  }

  private reload(): void {
    for (const file of this.files.keys()) void this.load(file);
  }

  private async load(file: string): Promise<void> {
    const search = {};
    this.searches.set(file, search);
    try {
      const name = this.nameOf(file);
      const run = await this.library.newestOn((dataset) => isSame(dataset, name));
      if (this.searches.get(file) !== search || this.files.get(file)?.run === run) return;
      this.files.set(file, run ? new FileResults(run, name) : null);
      this.announce();
    } catch (error) {
      this.report(error);
    }
  }
}

/** Whether a run that names this dataset, if it names one, is on a file. */
function isSame(dataset: string | null, file: string): boolean {
  return dataset !== null && samePath(dataset, file);
}

/** Whether two paths name the same place; on Windows without regard to case. Links are not followed. */
export function samePath(a: string, b: string): boolean {
  const [left, right] = [path.resolve(a), path.resolve(b)];
  return process.platform === 'win32' ? left.toLowerCase() === right.toLowerCase() : left === right;
}
