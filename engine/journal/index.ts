/** The run folder: its writer, its readers, where runs lie. Exports to other formats are imported from `export/`. */
export { type Checkpoint, latestCheckpoint, listCheckpoints } from './checkpoints.ts';
export { Journal, type JournalOptions, type RecordListener } from './journal.ts';
export type { FrameCursor, JournalPosition } from './layout.ts';
export { newRunName, rollscopeHome, runsRoot } from './locations.ts';
export { type LockOwner, liveWriter } from './lock.ts';
export { type RunFolder, readFrame, readProblems, readRunFile, readRunFolder } from './reader.ts';
export type { Recovery } from './recovery.ts';
export { REPLAY_DIVERGED } from './replay.ts';
export { listRuns, readRunInfo } from './runs.ts';
export { tailRecords } from './tail.ts';
