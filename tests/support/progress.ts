import type { Progress } from '../../engine/protocol/index.ts';

/** A run in its twelfth of a hundred steps. */
export const PROGRESS: Progress = {
  run: 'run',
  folder: '/runs/run',
  state: 'running',
  activity: 'sampling',
  detail: null,
  step: 12,
  steps: 100,
  fraction: 0.5,
  tokensPerSecond: 812.4,
  secondsLeft: 75,
  residentBytes: 3e8,
};
