/** Sends the run of cursor A, if that is another run, to one page: first as a whole, then what is new. */
import type { Peer } from '../messages/peer.ts';
import { toErrorData } from '../protocol/errors.ts';
import { differentSettings } from '../runs/comparison/settings.ts';
import { type ColumnsMark, markOf, pack } from '../runs/packed.ts';
import type { PanelContract, ShownCursorARun } from '../runs/panel-contract.ts';
import { Disposables } from './disposables.ts';
import type { HostWords } from './host-words.ts';
import type { OpenRun } from './open-run.ts';
import { throttle } from './timing.ts';

export interface CursorARunParts {
  /** The run that is shown, whose settings it is compared with. */
  shown: OpenRun;
  peer: Peer<PanelContract>;
  words: Pick<HostWords, 'error'>;
  /** Whether nobody sees the page now; `catchUp` is called later then. */
  misses(): boolean;
  /** Milliseconds between two messages. */
  pace: number;
}

/** Tells from the beginning on, until it is disposed of. */
export class CursorARun {
  private readonly scope = new Disposables();
  /** How much of the columns the page has; null before it has any. */
  private mark: ColumnsMark | null = null;
  private problems = 0;

  constructor(
    readonly run: OpenRun,
    private readonly parts: CursorARunParts,
  ) {
    const told = this.scope.add(throttle(parts.pace, () => parts.misses() || this.catchUp()));
    this.scope.add(run.onDidLoad(() => told()));
    this.scope.add(run.onDidAppend(() => told()));
    this.catchUp();
  }

  dispose(): void {
    this.scope.dispose();
  }

  /** Sends the page what it lacks. */
  catchUp(): void {
    const { run, mark } = this;
    const { peer } = this.parts;
    if (!mark) {
      void peer.notify('cursorARun', this.whole());
      return;
    }
    const columns = pack(run.columns, mark);
    this.mark = markOf(run.columns);
    const problems = run.problems.slice(this.problems);
    this.problems = run.problems.length;
    void peer.notify('columnsOfA', { folder: run.folder, columns, problems });
  }

  private whole(): ShownCursorARun {
    const { run } = this;
    const { shown, words } = this.parts;
    const isComplete = run.loadedPart === 1;
    this.mark = isComplete ? markOf(run.columns) : null;
    this.problems = run.problems.length;
    return {
      run: run.run,
      folder: run.folder,
      problems: run.problems,
      columns: isComplete ? pack(run.columns) : null,
      loaded: run.loadedPart,
      error: run.error ? words.error(toErrorData(run.error)) : null,
      settings: differentSettings([run.file, shown.file]),
    };
  }
}
