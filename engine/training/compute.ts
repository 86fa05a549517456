/** The engine's side of the compute worker: typed calls, progress, pause and cancel between two calls of the device. */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { assetPath } from '../assets.ts';
import { type ErrorData, RollscopeError, type StoredRollout } from '../protocol/index.ts';
import type { AskOptions, Responses, ScoreOptions } from './asks.ts';
import type { PolicyInfo, PolicyOptions, SampleOptions, UpdateOptions } from './policy.ts';
import type { UpdateMetrics } from './trainer.ts';

/** Values of the word that both threads share. */
export const CONTROL = { run: 0, pause: 1, cancel: 2 } as const;

export type ComputeRequest =
  | { method: 'open'; options: PolicyOptions }
  | { method: 'sample'; options: SampleOptions }
  | { method: 'update'; options: UpdateOptions }
  | { method: 'ask'; options: AskOptions }
  | { method: 'scoreCandidates'; options: ScoreOptions }
  | { method: 'boundaries'; texts: string[] }
  | { method: 'save' | 'restore' | 'exportWeights'; folder: string }
  | { method: 'deviceSeconds' }
  | { method: 'release' };

export interface Tick {
  activity: string;
  fraction: number | null;
  tokens: number;
}

export type ComputeEvent =
  | ({ event: 'tick' } & Tick)
  | { event: 'paused' | 'continued' }
  | { event: 'groups'; groups: { problem: number; rollouts: StoredRollout[] }[] };

export type ComputeReply =
  | { id: number; result: unknown }
  | { id: number; error: ErrorData & { problem?: number | null; stack?: string } };

/** A failed call; `problem` names the problem at fault where one is known. */
export class ComputeError extends RollscopeError {}

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

export interface ComputeListener {
  tick(tick: Tick): void;
  paused(): void;
  continued(): void;
}

export class Compute {
  private readonly worker: Worker;
  private readonly control = new Int32Array(new SharedArrayBuffer(4));
  private readonly pending = new Map<number, Pending>();
  private onGroup: ((problem: number, rollouts: StoredRollout[]) => void) | null = null;
  private next = 0;
  private exited: Promise<void>;

  constructor(private readonly listener: ComputeListener) {
    const file = assetPath('dist', 'compute.js');
    if (!existsSync(file)) throw new RollscopeError('internal', `${file} is missing.`, 'Run `npm run build`.');
    this.worker = new Worker(file, { workerData: { control: this.control }, stderr: false });
    this.worker.on('message', (message: ComputeEvent | ComputeReply) => this.receive(message));
    this.exited = new Promise((resolve) => {
      const end = (error: Error) => {
        for (const { reject } of this.pending.values()) reject(error);
        this.pending.clear();
        resolve();
      };
      this.worker.on('error', (error) =>
        end(new RollscopeError('internal', `The compute worker failed: ${error.message}`)),
      );
      this.worker.on('exit', () => end(new RollscopeError('engine-stopped', 'The compute worker has ended.')));
    });
  }

  private receive(message: ComputeEvent | ComputeReply): void {
    if ('event' in message) {
      if (message.event === 'tick') this.listener.tick(message);
      else if (message.event === 'groups')
        for (const { problem, rollouts } of message.groups) this.onGroup?.(problem, rollouts);
      else this.listener[message.event]();
      return;
    }
    const pending = this.pending.get(message.id);
    this.pending.delete(message.id);
    if ('result' in message) {
      pending?.resolve(message.result);
      return;
    }
    const { code, message: text, hint, problem, stack } = message.error;
    const error = new ComputeError(code, text, hint, { problem });
    if (stack) error.stack = stack;
    pending?.reject(error);
  }

  private call(request: ComputeRequest): Promise<unknown> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.worker.postMessage({ id, ...request });
    });
  }

  open(options: PolicyOptions): Promise<PolicyInfo> {
    return this.call({ method: 'open', options }) as Promise<PolicyInfo>;
  }

  /**
   * `onGroup` is called for every problem before the promise resolves. What it throws ends the sampling and is what the
   * promise rejects with.
   */
  async sample(options: SampleOptions, onGroup: (problem: number, rollouts: StoredRollout[]) => void): Promise<void> {
    const failures: unknown[] = [];
    this.onGroup = (problem, rollouts) => {
      if (failures.length > 0) return;
      try {
        onGroup(problem, rollouts);
      } catch (error) {
        failures.push(error);
        this.cancel();
      }
    };
    try {
      await this.call({ method: 'sample', options });
    } catch (error) {
      if (failures.length === 0) throw error;
    } finally {
      this.onGroup = null;
    }
    if (failures.length === 0) return;
    this.reset();
    throw failures[0];
  }

  update(options: UpdateOptions): Promise<UpdateMetrics> {
    return this.call({ method: 'update', options }) as Promise<UpdateMetrics>;
  }

  /** Responses to questions beside the problems, in their order. */
  ask(options: AskOptions): Promise<Responses[]> {
    return this.call({ method: 'ask', options }) as Promise<Responses[]>;
  }

  /** Mean log-probability a token of candidate texts after parts of responses, nats. */
  scoreCandidates(options: ScoreOptions): Promise<number[][]> {
    return this.call({ method: 'scoreCandidates', options }) as Promise<number[][]>;
  }

  /** Ends of the tokens of texts, in characters from the beginning. */
  boundaries(texts: string[]): Promise<number[][]> {
    return this.call({ method: 'boundaries', texts }) as Promise<number[][]>;
  }

  async save(folder: string): Promise<void> {
    await this.call({ method: 'save', folder });
  }

  async restore(folder: string): Promise<void> {
    await this.call({ method: 'restore', folder });
  }

  async exportWeights(folder: string): Promise<void> {
    await this.call({ method: 'exportWeights', folder });
  }

  deviceSeconds(): Promise<number> {
    return this.call({ method: 'deviceSeconds' }) as Promise<number>;
  }

  /** Takes effect between two calls of the device. */
  pause(): void {
    Atomics.compareExchange(this.control, 0, CONTROL.run, CONTROL.pause);
  }

  continue(): void {
    Atomics.compareExchange(this.control, 0, CONTROL.pause, CONTROL.run);
    Atomics.notify(this.control, 0);
  }

  /** Lets the call under way fail with `cancelled`; `reset` makes further calls possible. */
  cancel(): void {
    Atomics.store(this.control, 0, CONTROL.cancel);
    Atomics.notify(this.control, 0);
  }

  reset(): void {
    Atomics.store(this.control, 0, CONTROL.run);
    Atomics.notify(this.control, 0);
  }

  /** Ends the worker after the call under way; a worker that is inside the device's library must not be terminated. */
  async close(): Promise<void> {
    try {
      await this.call({ method: 'release' });
    } catch {
      // It has ended already.
    }
    await this.worker.terminate();
    await this.exited;
  }
}
