/** The engine's side of the compute worker: typed calls, progress, pause and cancel between two calls of the device. */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { assetPath } from '../assets.ts';
import { Peer } from '../messages/peer.ts';
import { portTransport } from '../messages/post.ts';
import { type PolicyRollout, RollscopeError } from '../protocol/index.ts';
import type { AskOptions, Responses, ScoreOptions } from '../reward/index.ts';
import { CONTROL, type ComputeContract } from './compute-contract.ts';
import type { PolicyInfo, PolicyOptions, SampleOptions, Tick, UpdateOptions } from './policy/contract.ts';
import type { UpdateMetrics } from './policy/trainer.ts';

export interface ComputeListener {
  tick(tick: Tick): void;
  paused(): void;
  continued(): void;
}

/** What a run needs from its compute backend: this engine's worker, or another trainer that the engine drives. */
export type RunCompute = Pick<
  Compute,
  | 'sample'
  | 'update'
  | 'ask'
  | 'scoreCandidates'
  | 'boundaries'
  | 'save'
  | 'restore'
  | 'deviceSeconds'
  | 'pause'
  | 'continue'
  | 'cancel'
  | 'reset'
  | 'close'
>;

/** A failed call rejects with RollscopeError; its `problem` is the problem at fault, if known. */
export class Compute {
  private readonly worker: Worker;
  private readonly peer: Peer<ComputeContract>;
  private readonly control = new Int32Array(new SharedArrayBuffer(4));
  private readonly exited: Promise<void>;

  constructor(listener: ComputeListener) {
    const file = assetPath('dist', 'compute.js');
    if (!existsSync(file))
      throw new RollscopeError('internal', `${file} is missing.`, 'Run `npm run build`.', {
        details: { reason: 'missing-file', file },
      });
    this.worker = new Worker(file, { workerData: { control: this.control }, stderr: false });
    const ended = () =>
      new RollscopeError('engine-stopped', 'The compute worker has exited.', undefined, {
        details: { reason: 'worker-ended' },
      });
    this.peer = new Peer<ComputeContract>(portTransport(this.worker), { lost: ended });
    this.peer.on('tick', (tick) => listener.tick(tick));
    this.peer.on('paused', () => listener.paused());
    this.peer.on('continued', () => listener.continued());
    this.exited = new Promise((resolve) => {
      this.worker.on('error', (error) => {
        this.peer.close(
          new RollscopeError('internal', `The compute worker failed: ${error.message}`, undefined, {
            details: { reason: 'worker-failed' },
          }),
        );
        resolve();
      });
      this.worker.on('exit', () => {
        this.peer.close();
        resolve();
      });
    });
    this.peer.listen();
  }

  /** @param signal cancels downloads at once, and other work at its next report of progress */
  async open(options: PolicyOptions, signal: AbortSignal): Promise<PolicyInfo> {
    const cancel = () => this.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await this.peer.request('open', options, { signal });
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  /**
   * `onGroup` is called for every problem before the promise resolves. An error in it ends the sampling and rejects the
   * promise.
   */
  async sample(options: SampleOptions, onGroup: (problem: number, rollouts: PolicyRollout[]) => void): Promise<void> {
    const failures: unknown[] = [];
    const stopListening = this.peer.on('groups', ({ groups }) => {
      for (const { problem, rollouts } of groups) {
        if (failures.length > 0) return;
        try {
          onGroup(problem, rollouts);
        } catch (error) {
          failures.push(error);
          this.cancel();
        }
      }
    });
    try {
      await this.peer.request('sample', options);
    } catch (error) {
      if (failures.length === 0) throw error;
    } finally {
      stopListening();
    }
    if (failures.length === 0) return;
    this.reset();
    throw failures[0];
  }

  update(options: UpdateOptions): Promise<UpdateMetrics> {
    return this.peer.request('update', options);
  }

  /** Responses to questions other than the problems, in order. */
  ask(options: AskOptions): Promise<Responses[]> {
    return this.peer.request('ask', options);
  }

  /** Mean log-probability per token of candidate texts after parts of responses, nats. */
  scoreCandidates(options: ScoreOptions): Promise<number[][]> {
    return this.peer.request('scoreCandidates', options);
  }

  /** Ends of the tokens of texts, in characters from the beginning. */
  boundaries(texts: string[]): Promise<number[][]> {
    return this.peer.request('boundaries', { texts });
  }

  async save(folder: string): Promise<void> {
    await this.peer.request('save', { folder });
  }

  async restore(folder: string): Promise<void> {
    await this.peer.request('restore', { folder });
  }

  async exportWeights(folder: string): Promise<void> {
    await this.peer.request('exportWeights', { folder });
  }

  deviceSeconds(): Promise<number> {
    return this.peer.request('deviceSeconds', {});
  }

  /** Takes effect between two calls of the device. */
  pause(): void {
    Atomics.compareExchange(this.control, 0, CONTROL.run, CONTROL.pause);
  }

  continue(): void {
    Atomics.compareExchange(this.control, 0, CONTROL.pause, CONTROL.run);
    Atomics.notify(this.control, 0);
  }

  /** Makes the current call fail with `canceled`; `reset` allows further calls. */
  cancel(): void {
    Atomics.store(this.control, 0, CONTROL.cancel);
    Atomics.notify(this.control, 0);
  }

  reset(): void {
    Atomics.store(this.control, 0, CONTROL.run);
    Atomics.notify(this.control, 0);
  }

  /** Ends the worker after the current call; a worker inside the device's library must not be terminated. */
  async close(): Promise<void> {
    try {
      await this.peer.request('release', {});
    } catch {
      // It has already ended.
    }
    await this.worker.terminate();
    await this.exited;
  }
}
