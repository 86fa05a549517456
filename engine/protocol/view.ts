/** What the webview panel and the extension host say to each other (postMessage). Types only: both ends are ours. */
import type { JournalRecord, Problem, StoredRollout } from './records.ts';
import type { Progress, RunInfo } from './rpc.ts';
import type { Metric } from './state.ts';

/** Identifies one rollout of a run. */
export interface RolloutId {
  /** Sequence number of the group record. */
  group: number;
  /** Index within the group. */
  rollout: number;
}

/** Host to view. */
export type ToView =
  /** A complete snapshot; replaces everything the view knows. */
  | { kind: 'run'; info: RunInfo; problems: Problem[]; records: JournalRecord[]; progress: Progress | null }
  | { kind: 'records'; run: string; records: JournalRecord[] }
  | { kind: 'progress'; progress: Progress | null; status: RunInfo['status'] }
  /** `why` explains the reward of each. */
  | { kind: 'rollouts'; group: number; rollouts: StoredRollout[]; why: string[] }
  | { kind: 'no-run' }
  | { kind: 'select'; problem: number }
  | { kind: 'error'; message: string; hint?: string };

/** View to host. */
export type FromView =
  | { kind: 'ready' }
  | { kind: 'pause' | 'continue' | 'stop' | 'resume' | 'choose-run' | 'train' }
  /** Texts and token arrays of a group: answered by `rollouts`. */
  | { kind: 'read-rollouts'; group: number }
  | { kind: 'open-rollout'; id: RolloutId }
  | { kind: 'reveal-problem'; problem: number };

/** What the view keeps over a reload: navigation only. */
export interface ViewState {
  run: string | null;
  problem: number | null;
  step: number | null;
  /** Metrics of the charts that can be chosen; absent until somebody has chosen. */
  charts?: Metric[];
}
