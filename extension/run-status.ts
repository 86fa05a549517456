/** The states in which the editor shows a run, and the name of each as the context of a tree item. No VS Code. */
import type { ListedRun } from '../engine/protocol/index.ts';

/** A running run that waits is `paused` here. */
export type ShownStatus = ListedRun['status'] | 'paused';

/** `viewItem` of a run in the Runs view; the `when` clauses of `command-definitions.ts` ask for it. */
export function contextOf(status: ShownStatus): string {
  return `run.${status}`;
}
