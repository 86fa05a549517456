/** Resumes following the folders that the previous window followed. Does not import VS Code. */
import type { OpenRun } from '../../engine/view/open-run.ts';
import { withEditorHint } from './errors.ts';
import type { ImportJob, Imports } from './imports.ts';

export interface FollowParts {
  imports: Imports;
  panel: { readonly shown: OpenRun | null };
  viewer: { readAgain(run: OpenRun): Promise<void> };
  report: { error(error: unknown): void };
}

/** Follows the folders of the previous window again, so that their runs in the panel keep growing. */
export function continueFollowing({ imports, panel, viewer, report }: FollowParts): void {
  imports.restore();
  for (const job of imports.following) {
    reportEnd(job, report);
    const first = job.onDidProgress(() => {
      first.dispose();
      const { shown } = panel;
      if (shown?.folder === job.folder) viewer.readAgain(shown).catch((error: unknown) => report.error(error));
    });
  }
}

/** Reports the error with which an import ends by itself. */
export function reportEnd(job: ImportJob, report: FollowParts['report']): void {
  job.done.catch((error: unknown) => report.error(withEditorHint(error)));
}
