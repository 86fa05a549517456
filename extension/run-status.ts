/** The states in which the editor shows a run. No VS Code. */
import type { ListedRun } from '../engine/protocol/index.ts';

/** A running run that waits is `paused` here. */
export type ShownStatus = ListedRun['status'] | 'paused';
