/** Where a run is and how long it will still take: transient, for people who watch. */
import type { Progress } from '../protocol/index.ts';
import type { Tick } from './compute-contract.ts';

/** Weight of the newest step in the running mean of a step's seconds. */
const NEWEST = 0.3;

export class ProgressMeter {
  private current: Progress;
  private readonly listeners = new Set<(progress: Progress) => void>();
  private stepSeconds: number | null = null;
  private evaluationSeconds: number | null = null;
  private samplingSince: { time: number; tokens: number } | null = null;
  private stepStarted = performance.now();
  /** Largest resident size seen, bytes. */
  peakBytes = 0;

  constructor(
    run: string,
    steps: number,
    private readonly evaluationsLeft: (step: number) => number,
  ) {
    this.current = {
      run,
      state: 'preparing',
      activity: 'loading model',
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
  tick({ activity, fraction, tokens }: Tick, phase: string): void {
    const now = performance.now();
    let { tokensPerSecond } = this.current;
    if (activity === 'sampling') {
      if (!this.samplingSince || tokens < this.samplingSince.tokens) this.samplingSince = { time: now, tokens };
      else if (now - this.samplingSince.time > 250) {
        tokensPerSecond = ((tokens - this.samplingSince.tokens) / (now - this.samplingSince.time)) * 1000;
      }
    } else {
      this.samplingSince = null;
    }
    const shown = activity === 'sampling' && phase !== 'train' ? phase : activity;
    this.set({ activity: shown, fraction, tokensPerSecond, secondsLeft: this.secondsLeft(now) });
  }

  stepBegins(step: number): void {
    this.stepStarted = performance.now();
    this.set({ step });
  }

  /** `tokensPerSecond`: of the step's rollouts; short ones are over before they could be timed on the way. */
  stepEnds(step: number, seconds: number, tokensPerSecond: number): void {
    this.stepSeconds = this.stepSeconds === null ? seconds : NEWEST * seconds + (1 - NEWEST) * this.stepSeconds;
    this.stepStarted = performance.now();
    this.set({ step, tokensPerSecond, secondsLeft: this.secondsLeft(this.stepStarted) });
  }

  evaluationEnds(seconds: number): void {
    this.evaluationSeconds = seconds;
  }

  private secondsLeft(now: number): number | null {
    if (this.stepSeconds === null) return null;
    const { step, steps } = this.current;
    const running = Math.min(this.stepSeconds, (now - this.stepStarted) / 1000);
    const evaluations = this.evaluationsLeft(step) * (this.evaluationSeconds ?? 0);
    return Math.max(0, (steps - step) * this.stepSeconds - running + evaluations);
  }
}
