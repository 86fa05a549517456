/** The parts of a run: first the compute worker and its reports, the rest once its journal is open. */
import path from 'node:path';
import type { Journal } from '../../journal/journal.ts';
import { runName } from '../../journal/layout.ts';
import type { JournalRecord, RunConfig } from '../../protocol/index.ts';
import { rewardOf } from '../../reward/index.ts';
import { WorkClock } from '../clock.ts';
import { Compute, type ComputeListener, type RunCompute } from '../compute.ts';
import type { RunContext } from '../context.ts';
import { LoopPosition, type LoopState } from '../loop-position.ts';
import type { OutsideTrainer } from '../outside.ts';
import { ProgressMeter } from '../progress.ts';
import { RunForecast } from '../run-forecast.ts';
import { checkpointDue, evaluationDue } from '../schedule.ts';
import { RunSignal } from '../signal.ts';
import { RunWatch } from '../watch.ts';
import type { Material } from './material.ts';
import { Run } from './run.ts';

export interface Worker<C extends RunCompute = Compute> {
  clock: WorkClock;
  meter: ProgressMeter;
  compute: C;
  /** Hears of pauses, once there is a run. */
  run: Pick<Run, 'paused' | 'continued'> | null;
}

/**
 * Starts the compute worker of a run and connects its reports to the run; it has no model until the policy is opened.
 */
export function createWorker(folder: string, config: RunConfig): Worker {
  return workerFor(folder, config, (listener) => new Compute(listener));
}

/** The same with whatever computes for the run. */
export function workerFor<C extends RunCompute>(
  folder: string,
  config: RunConfig,
  make: (listener: ComputeListener) => C,
): Worker<C> {
  const clock = new WorkClock();
  const steps = config.job === 'probe' ? 0 : config.steps;
  const meter = new ProgressMeter(
    { run: runName(folder), folder: path.resolve(folder) },
    steps,
    (step) => evaluationsAfter(config, step),
    clock,
  );
  const compute = make({
    tick: (tick) => meter.tick(tick),
    paused: () => {
      clock.pause();
      worker.run?.paused();
    },
    continued: () => {
      clock.continue();
      worker.run?.continued();
    },
  });
  const worker: Worker<C> = { clock, meter, compute, run: null };
  return worker;
}

function evaluationsAfter(config: RunConfig, step: number): number {
  let left = 0;
  for (let s = step + 1; s <= config.steps; s++) if (evaluationDue(config, s)) left++;
  return left;
}

export interface Opened {
  config: RunConfig;
  journal: Journal;
  material: Material;
  /** Size of the model's vocabulary. */
  vocabulary: number;
  /** Where it begins, and the records that it made before. */
  state: LoopState;
  history: readonly JournalRecord[];
  /** Another trainer that makes the steps. */
  outside?: OutsideTrainer;
}

/** Sets a run to work whose policy and journal are open. */
export function begin<C extends RunCompute>(
  worker: Worker<C>,
  { config, journal, material, vocabulary, state, history, outside }: Opened,
): Run {
  const { clock, meter, compute } = worker;
  const reward = rewardOf(config.reward, config.rewardOptions);
  const watch = new RunWatch(config.watch, reward);
  const forecast = new RunForecast(config, journal);
  const runSignal = new RunSignal(config);
  for (const record of history) {
    forecast.restore(record);
    runSignal.restore(record);
    if (record.type !== 'checkpoint') watch.restore(record);
    else if (checkpointDue(config, record.step)) watch.addCheckpoint(record.step);
  }
  // The checkpoint that the run resumes from was recorded after the records that it belongs to.
  if (state.stage === 'step' && checkpointDue(config, state.step)) watch.addCheckpoint(state.step);
  const { training, evaluation, sampledFrom } = material;
  const stopper = new AbortController();
  const context: RunContext = {
    ...{
      config,
      reward,
      training,
      evaluation,
      sampledFrom,
      vocabulary,
      journal,
      compute,
      outside: outside ?? null,
      clock,
      meter,
      watch,
      runSignal,
      forecast,
    },
    signal: stopper.signal,
  };
  const position = new LoopPosition({ config, journal, compute, watch }, state);
  const run = new Run(context, position, stopper);
  worker.run = run;
  return run;
}
