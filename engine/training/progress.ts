/** The position of a run and its remaining time: transient, for people who watch. */
import type { Phase, Progress, StepRecord } from '../protocol/index.ts';
import type { WorkClock } from './clock.ts';
import type { Tick } from './policy/contract.ts';

/** Weight of the newest step in the running mean of a step's seconds. */
const NEWEST_STEP_WEIGHT = 0.3;

/** The progress of one run, told to listeners as it changes. Times exclude pauses. */
export class ProgressMeter {
  private current: Progress;
  private readonly listeners = new Set<(progress: Progress) => void>();
  private stepSeconds: number | null = null;
  private evaluationSeconds: number | null = null;
  /** Times are seconds of work: a pause neither slows the run down nor brings its end nearer. */
  private samplingSince: { time: number; tokens: number } | null = null;
  private stepStarted: number;
  private sampledFor: Phase = 'train';
  /** Largest resident size so far, in bytes. */
  peakBytes = 0;

  constructor(
    { run, folder }: Pick<Progress, 'run' | 'folder'>,
    steps: number,
    private readonly evaluationsLeft: (step: number) => number,
    private readonly clock: WorkClock,
  ) {
    this.stepStarted = clock.seconds;
    this.current = {
      run,
      folder,
      state: 'preparing',
      activity: 'loading',
      detail: null,
      step: 0,
      steps,
      fraction: null,
      tokensPerSecond: null,
      secondsLeft: null,
      residentBytes: null,
    };
  }

  get progress(): Progress {
    return this.current;
  }

  /** What the policy is being sampled for, or was last. */
  get phase(): Phase {
    return this.sampledFor;
  }

  samplesFor(phase: Phase): void {
    this.sampledFor = phase;
  }

  onProgress(listener: (progress: Progress) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  set(change: Partial<Progress>): void {
    const residentBytes = process.memoryUsage.rss();
    this.peakBytes = Math.max(this.peakBytes, residentBytes);
    this.current = { ...this.current, residentBytes, ...change };
    for (const listener of this.listeners) listener(this.current);
  }

  /** A message of the compute worker, between two calls of the device. */
  tick({ activity, detail, fraction, tokens }: Tick): void {
    const now = this.clock.seconds;
    let { tokensPerSecond } = this.current;
    if (activity === 'sampling') {
      if (!this.samplingSince || tokens < this.samplingSince.tokens) this.samplingSince = { time: now, tokens };
      else if (now - this.samplingSince.time > 0.25) {
        tokensPerSecond = (tokens - this.samplingSince.tokens) / (now - this.samplingSince.time);
      }
    } else {
      this.samplingSince = null;
    }
    const shown = activity === 'sampling' && this.phase !== 'train' ? this.phase : activity;
    this.set({
      activity: shown,
      detail: detail ?? null,
      fraction,
      tokensPerSecond,
      secondsLeft: this.secondsLeft(now),
    });
  }

  beginStep(step: number): void {
    this.stepStarted = this.clock.seconds;
    this.set({ step });
  }

  /**
   * The speed is that of all rollouts of the step, since short ones are over before they could be timed individually.
   */
  endStep(
    step: number,
    {
      seconds,
      rolloutTokensPerSecond: tokensPerSecond,
    }: Pick<StepRecord['timing'], 'seconds' | 'rolloutTokensPerSecond'>,
  ): void {
    if (seconds !== null)
      this.stepSeconds =
        this.stepSeconds === null
          ? seconds
          : NEWEST_STEP_WEIGHT * seconds + (1 - NEWEST_STEP_WEIGHT) * this.stepSeconds;
    this.stepStarted = this.clock.seconds;
    this.set({ step, tokensPerSecond, secondsLeft: this.secondsLeft(this.stepStarted) });
  }

  endEvaluation(seconds: number): void {
    this.evaluationSeconds = seconds;
  }

  private secondsLeft(now: number): number | null {
    if (this.stepSeconds === null) return null;
    const { step, steps } = this.current;
    const running = Math.min(this.stepSeconds, now - this.stepStarted);
    const evaluations = this.evaluationsLeft(step) * (this.evaluationSeconds ?? 0);
    return Math.max(0, (steps - step) * this.stepSeconds - running + evaluations);
  }
}
