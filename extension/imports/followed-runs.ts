/** The runs imported from followed folders: open in this window, and growing. Does not import VS Code. */

import { Emitter } from '../../engine/messages/json-rpc.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import { follow } from '../../engine/view/follow.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import type { ImportJob, Imports } from './imports.ts';

export interface FollowedParts {
  imports: Pick<Imports, 'following' | 'onDidChange'>;
  /**
   * Called when a run has grown or was opened. @param since the last record that an earlier window may have reported
   */
  grown(run: OpenRun, since: number): void;
  report(error: unknown): void;
}

interface Followed {
  run: OpenRun | null;
  scope: Disposables;
}

/** Each run is read separately from the copy that the panel shows, which is closed with the panel. */
export class FollowedRuns {
  private readonly scope = new Disposables();
  private readonly followed = new Map<ImportJob, Followed>();
  private readonly changeEmitter = this.scope.add(new Emitter<void>());
  /** One of them has grown, was opened, or is no longer followed. */
  readonly onDidChange = this.changeEmitter.event;

  constructor(private readonly parts: FollowedParts) {
    this.scope.add(parts.imports.onDidChange(() => this.update()));
    this.update();
  }

  /** Those that have a step. */
  get runs(): readonly OpenRun[] {
    return [...this.followed.values()].flatMap(({ run }) => run ?? []);
  }

  /** The run that an import writes; null before its first step. */
  of(job: ImportJob): OpenRun | null {
    return this.followed.get(job)?.run ?? null;
  }

  dispose(): void {
    for (const job of [...this.followed.keys()]) this.unfollow(job);
    this.scope.dispose();
  }

  private update(): void {
    const { following } = this.parts.imports;
    for (const job of [...this.followed.keys()]) if (!following.includes(job)) this.unfollow(job);
    for (const job of following) if (!this.followed.has(job)) this.begin(job);
  }

  private unfollow(job: ImportJob): void {
    const followed = this.followed.get(job)!;
    this.followed.delete(job);
    followed.scope.dispose();
    followed.run?.dispose();
    this.changeEmitter.fire();
  }

  private begin(job: ImportJob): void {
    const followed: Followed = { run: null, scope: new Disposables() };
    this.followed.set(job, followed);
    const open = () => this.open(job, followed, job.isRestored ? null : -1).catch(this.parts.report);
    if ((job.progress?.steps ?? 0) > 0) {
      void open();
      return;
    }
    const first = followed.scope.add(
      job.onDidProgress(({ steps }) => {
        if (steps === 0) return;
        first.dispose();
        void open();
      }),
    );
  }

  /** @param since null: the last record in the folder */
  private async open(job: ImportJob, followed: Followed, since: number | null): Promise<void> {
    const run = await OpenRun.open(job.folder);
    const left = () => this.followed.get(job) !== followed;
    if (left()) {
      run.dispose();
      return;
    }
    followed.run?.dispose();
    followed.run = run;
    await run.loaded;
    if (left()) return;
    const from = since ?? run.columns.seq;
    const grown = () => {
      this.parts.grown(run, from);
      this.changeEmitter.fire();
    };
    followed.scope.add(run.onDidAppend(grown));
    const tail = followed.scope.add(
      follow(run, {
        // The trainer wrote a step again, so the records after it are gone.
        replaced: () => {
          tail.dispose();
          void this.open(job, followed, from).catch(this.parts.report);
        },
        failed: this.parts.report,
      }),
    );
    grown();
  }
}
