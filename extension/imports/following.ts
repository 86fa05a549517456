/** Resumes what the former window followed. Does not import VS Code. */
import type { OpenRun } from '../../engine/view/open-run.ts';
import { inEditorsWords } from './errors.ts';
import type { ImportJob, Imports } from './imports.ts';

export interface FollowParts {
  imports: Imports;
  panel: { readonly shown: OpenRun | null };
  viewer: { readAgain(run: OpenRun): Promise<void> };
  report: { error(error: unknown): void };
}

/** Follows again what the window before this one did; what the panel shows of it grows again. */
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
  job.done.catch((error: unknown) => report.error(inEditorsWords(error)));
}
