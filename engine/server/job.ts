/** What the server needs to have runs made; `engine/training/run/index.ts` does it. */
import type { RunHandle } from '../training/handle.ts';
import type { ResumeOptions, StartOptions } from '../training/run/index.ts';

export type { RunHandle } from '../training/handle.ts';
export type { ResumeOptions, StartOptions } from '../training/run/index.ts';

/** Both reject with RollscopeError, before a folder exists, when configuration, dataset or model are bad. */
export interface RunStarter {
  startRun(options: StartOptions): Promise<RunHandle>;
  resumeRun(options: ResumeOptions): Promise<RunHandle>;
}
