/** The states in which the editor shows a run. Does not import VS Code. */
import type { ListedRun } from '../engine/protocol/index.ts';

/** Distinguishes paused runs from running ones. */
export type ShownStatus = ListedRun['status'] | 'paused';
