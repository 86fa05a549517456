/** What the server needs in order to create runs; implemented by `engine/training/run/index.ts`. */
import type { RunHandle } from '../training/handle.ts';
import type { ResumeOptions, StartOptions } from '../training/run/index.ts';

export type { RunHandle } from '../training/handle.ts';
export type { ResumeOptions, StartOptions } from '../training/run/index.ts';

/** Both reject with RollscopeError, before a folder exists, if configuration, dataset or model are invalid. */
export interface RunStarter {
  startRun(options: StartOptions): Promise<RunHandle>;
  resumeRun(options: ResumeOptions): Promise<RunHandle>;
}
