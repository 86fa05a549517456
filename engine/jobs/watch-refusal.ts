/** Runs that Rollscope follows and does not control: whatever trains them, the watch cannot stop one. */
import type { Refusal } from '../config/refusals.ts';

export const WATCH_OF_JOB: Refusal = {
  path: 'watch',
  refused: ({ watch }) => watch === 'stop' || watch === 'rollback',
  why: 'Rollscope does not control a job; it can only warn while it follows one',
  hint: 'Use warn or off.',
};
