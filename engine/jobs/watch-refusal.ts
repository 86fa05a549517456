/** The collapse watch cannot stop or roll back a job, since Rollscope only follows it. */
import type { Refusal } from '../config/refusals.ts';

export const WATCH_OF_JOB: Refusal = {
  path: 'watch',
  refused: ({ watch }) => watch === 'stop' || watch === 'rollback',
  why: 'Rollscope does not control a job; it can only warn while it follows one',
  hint: 'Use warn or off.',
};
