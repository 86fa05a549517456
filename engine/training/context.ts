/** What the stages of a run have in common. Nothing in it changes but what the parts keep themselves. */
import type { Journal } from '../journal/journal.ts';
import type { Problem, RunConfig } from '../protocol/index.ts';
import type { RunReward } from '../reward/index.ts';
import type { WorkClock } from './clock.ts';
import type { RunCompute } from './compute.ts';
import type { OutsideTrainer } from './outside.ts';
import type { ProgressMeter } from './progress.ts';
import type { RunForecast } from './run-forecast.ts';
import type { RunSignal } from './signal.ts';
import type { RunWatch } from './watch.ts';

export interface RunContext {
  readonly config: RunConfig;
  readonly reward: RunReward;
  /** The training problems; evaluation problems, where they differ, come after them. */
  readonly training: readonly Problem[];
  readonly evaluation: readonly Problem[];
  /** Number of problems of which those of the evaluation are a random sample; null where they are not a sample. */
  readonly sampledFrom: number | null;
  /** Size of the model's vocabulary. */
  readonly vocabulary: number;
  readonly journal: Journal;
  readonly compute: RunCompute;
  /** What else is known of a step that another trainer makes; null where this engine does. */
  readonly outside: OutsideTrainer | null;
  readonly clock: WorkClock;
  readonly meter: ProgressMeter;
  readonly watch: RunWatch;
  readonly runSignal: RunSignal;
  readonly forecast: RunForecast;
  /** Aborted when the run is to stop. */
  readonly signal: AbortSignal;
}
