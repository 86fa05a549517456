/** Starting and resuming runs. */
export { type ResumeOptions, resumeRun } from './resume.ts';
export { type StartOptions, startRun } from './start.ts';
