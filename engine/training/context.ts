/** What the stages of a run share. It is constant, except for the state inside its parts. */
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
  /** Number of problems from which the evaluation's are a random sample; null if they are not a sample. */
  readonly sampledFrom: number | null;
  /** Size of the model's vocabulary. */
  readonly vocabulary: number;
  readonly journal: Journal;
  readonly compute: RunCompute;
  /** What another trainer decides about a step; null if this engine makes it. */
  readonly outside: OutsideTrainer | null;
  readonly clock: WorkClock;
  readonly meter: ProgressMeter;
  readonly watch: RunWatch;
  readonly runSignal: RunSignal;
  readonly forecast: RunForecast;
  /** Aborted when the run is to stop. */
  readonly signal: AbortSignal;
}
