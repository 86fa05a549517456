/** Follows a run through its folder if the engine that writes it cannot be reached. */
import { tailRecords } from '../journal/tail.ts';
import type { DisposableLike } from './disposables.ts';
import type { OpenRun } from './open-run.ts';

export interface FollowListeners {
  /** Its engine has resumed from an earlier checkpoint, so the run has to be read again. Nothing follows. */
  replaced(): void;
  /** Reading failed partway. A run that could not be read at all reports that itself (`OpenRun.error`). */
  failed(error: unknown): void;
}

/** Appends the records that are written to a run's folder to the run, once it is read, until it is disposed of. */
export function follow(run: OpenRun, { replaced, failed }: FollowListeners): DisposableLike {
  const controller = new AbortController();
  const append = (records: Parameters<OpenRun['append']>[0]) => {
    const [first] = records;
    if (!first || first.seq > run.columns.seq) return run.append(records);
    controller.abort();
    replaced();
  };
  const read = async () => {
    await run.loaded;
    await tailRecords(run.folder, run.columns.seq + 1, append, controller.signal);
  };
  read().catch((error) => run.error === null && failed(error));
  return { dispose: () => controller.abort() };
}
