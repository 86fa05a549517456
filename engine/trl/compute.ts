/**
 * TRL as the compute backend of a run: it receives commands step by step, and its rollouts, metrics and checkpoints are
 * passed to the training loop like those of this engine's worker.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { toMetrics } from '../importers/metrics.ts';
import type { Tokenizer } from '../model/tokenizer.ts';
import { type PolicyRollout, RollscopeError } from '../protocol/index.ts';
import { copy, ensureFolder, move, remove } from '../system/files.ts';
import { type InteractiveProgram, startInteractive } from '../system/interactive-program.ts';
import type { ComputeListener, RunCompute } from '../training/compute.ts';
import type { OutsideGroup, OutsideTrainer } from '../training/outside.ts';
import type { SampleOptions } from '../training/policy/contract.ts';
import type { UpdateMetrics } from '../training/policy/trainer.ts';
import { type TrlEvent, TrlEvents } from './events.ts';
import { lastOutput } from './last-output.ts';
import type { Launch } from './launch.ts';
import { readWritten } from './rollouts.ts';

/** The phases of rollouts, as named in files. */
type Sampled = 'train' | 'evaluation' | 'greedy' | 'probe';
type EventOf<Name extends TrlEvent['event']> = Extract<TrlEvent, { event: Name }>;

/** Timeout in seconds of a clean shutdown. */
const SHUTDOWN_TIMEOUT_SECONDS = 30;
/** Output lines of the Python process shown in an error. */
const LAST_LINES = 12;
/** Output lines searched for the cause of a failure. */
const SEARCHED_LINES = 400;

/** A TRL process for one run, started by the constructor. */
export class TrlCompute implements RunCompute, OutsideTrainer {
  private readonly program: InteractiveProgram;
  private readonly events: TrlEvents;
  /** The exit status; null while it runs. */
  private ended: { code: number | null; signal: string | null; error?: Error } | null = null;
  private canceled = false;
  private pausing: { resolve: () => void; until: Promise<void> } | null = null;
  /** Makes the wait for rollouts outside of training give up. */
  private giveUp: (() => void) | null = null;
  /** The event for abandoned rollouts, which arrives before any other. */
  private unwanted: Promise<unknown> | null = null;
  private groups = new Map<number, OutsideGroup>();
  private waited = 0;
  /** Called with TRL's logged metrics of a step, under TRL's names. */
  onMetrics: (step: number, values: Record<string, number | null>) => void = () => {};

  constructor(
    private readonly listener: ComputeListener,
    private readonly launch: Launch,
    private readonly tokenizer: Pick<Tokenizer, 'tokenTexts'>,
  ) {
    this.events = new TrlEvents(launch.eventsFile);
    this.program = startInteractive(launch);
    void this.program.exited.then((status) => {
      this.ended = status;
    });
  }

  /** The event once the model is loaded. Throws RollscopeError `engine-stopped` if loading fails. */
  async ready(): Promise<EventOf<'ready'>> {
    this.listener.tick({ activity: 'loading', fraction: null, tokens: 0 });
    return this.event('ready');
  }

  batch(step: number): readonly number[] {
    return this.launch.batches[step - 1]!;
  }

  groupOf(_: number, problem: number): OutsideGroup {
    return this.groups.get(problem)!;
  }

  async sample(options: SampleOptions, onGroup: (problem: number, rollouts: PolicyRollout[]) => void): Promise<void> {
    const { problems, rows, sampling, stream, step } = options;
    const phase = phaseOf(options);
    await this.waitWhilePaused();
    this.listener.tick({ activity: 'sampling', fraction: null, tokens: 0 });
    if (stream === 'rollout') this.sendCommand({ command: 'step', step });
    else {
      const { temperature, topP, topK, maxTokens } = sampling;
      const how = { temperature, top_p: topP, top_k: topK, max_tokens: maxTokens };
      this.sendCommand({ command: 'sample', phase, step, problems, rows, sampling: how });
    }
    const { file } = await this.event('rollouts', phase !== 'train');
    const written = path.join(this.launch.rolloutsFolder, file);
    const groups = await readWritten(written, this.tokenizer);
    if (phase === 'train') this.groups = new Map(groups.map(({ problem, given }) => [problem, given]));
    const tokens = groups.reduce((n, { rollouts }) => n + rollouts.reduce((m, item) => m + item.tokens.length, 0), 0);
    this.listener.tick({ activity: phase === 'train' ? 'updating' : 'sampling', fraction: null, tokens });
    for (const { problem, rollouts } of groups) onGroup(problem, rollouts);
    // The rollouts are in the journal now.
    await remove(written);
  }

  async update(): Promise<UpdateMetrics> {
    const { step, metrics } = await this.event('step');
    this.onMetrics(step, metrics);
    const { loss = null, gradientNorm = null, clipFraction = null, kl = null } = toMetrics(metrics).metrics;
    return { loss, gradientNorm, clipFraction, kl, rolloutMismatch: null, problems: [] };
  }

  /** Moves TRL's checkpoint into `folder`; before the first step there is nothing to save. */
  async save(folder: string): Promise<void> {
    this.listener.tick({ activity: 'saving', fraction: null, tokens: 0 });
    this.sendCommand({ command: 'save' });
    const saved = await this.event('saved');
    if (saved.folder === null) return;
    if (!existsSync(saved.folder)) {
      // It was already moved to the checkpoint folder of this step, so it is copied from there.
      await copy(this.launch.checkpointFolder(saved.step), folder);
      return;
    }
    await ensureFolder(folder);
    for (const name of await readdir(saved.folder)) await move(path.join(saved.folder, name), path.join(folder, name));
    await remove(saved.folder);
  }

  async deviceSeconds(): Promise<number> {
    return this.waited;
  }

  pause(): void {
    if (this.pausing) return;
    let resolve = () => {};
    const until = new Promise<void>((settle) => {
      resolve = settle;
    });
    this.pausing = { resolve, until };
  }

  continue(): void {
    this.pausing?.resolve();
    this.pausing = null;
  }

  /** Lets the current training step finish; then the next operation fails with `canceled`. */
  cancel(): void {
    this.canceled = true;
    this.giveUp?.();
    this.continue();
  }

  reset(): void {
    this.canceled = false;
  }

  /** Kills the process. */
  kill(): void {
    this.program.kill();
  }

  /** Asks the process to end, and kills it after a timeout. */
  async close(): Promise<void> {
    this.sendCommand({ command: 'end' });
    const late = setTimeout(() => this.program.kill(), SHUTDOWN_TIMEOUT_SECONDS * 1000);
    await this.program.exited;
    clearTimeout(late);
    // A launcher may end before its child processes.
    this.program.kill();
  }

  ask = refusedOperation;
  scoreCandidates = refusedOperation;
  boundaries = refusedOperation;
  restore = refusedOperation;

  private sendCommand(command: object): void {
    this.program.writeLine(JSON.stringify(command));
  }

  /** Called before an operation: waits while paused, and throws if canceled. */
  private async waitWhilePaused(): Promise<void> {
    if (this.pausing && !this.canceled) {
      this.listener.paused();
      await this.pausing.until;
      this.listener.continued();
    }
    if (this.canceled) throw canceled();
  }

  /** The next event, which must have this name. `yields`: a cancel does not wait for it. */
  private async event<Name extends TrlEvent['event']>(name: Name, yields = false): Promise<EventOf<Name>> {
    const begun = performance.now();
    await this.unwanted;
    this.unwanted = null;
    const gaveUp = new Promise<'gave-up'>((resolve) => {
      this.giveUp = yields ? () => resolve('gave-up') : null;
    });
    const wanted = this.expectEvent(name);
    try {
      const found = await Promise.race([wanted, gaveUp]);
      if (found !== 'gave-up') return found;
      this.unwanted = wanted.catch(() => {});
      throw canceled();
    } finally {
      this.giveUp = null;
      this.waited += (performance.now() - begun) / 1000;
    }
  }

  private async expectEvent<Name extends TrlEvent['event']>(name: Name): Promise<EventOf<Name>> {
    for (;;) {
      const event = await this.events.next(() => this.ended !== null);
      if (!event) throw await this.crashError();
      if (event.event === 'training') continue;
      if (event.event !== name) throw new Error(`TRL sent ${event.event} where ${name} was expected`);
      return event as EventOf<Name>;
    }
  }

  private async crashError(): Promise<RollscopeError> {
    const { code, signal, error } = this.ended!;
    const how = error ? `could not be started: ${error.message}` : `ended with ${signal ?? `code ${code}`}`;
    const { cause, killed, lines } = lastOutput(await this.program.lastLines(SEARCHED_LINES), LAST_LINES);
    const output = lines.join('\n');
    const memory = killed ? 'The system kills processes when memory runs out. ' : '';
    return new RollscopeError(
      'engine-stopped',
      `TRL's process ${how}${cause ? `: ${cause}` : ''}${output === '' ? '' : `\nLast output:\n${output}`}`,
      `${memory}All of it is in ${this.launch.logFile}. Resume with: rollscope resume ${this.launch.run}`,
      { details: { reason: 'trl-ended', file: this.launch.logFile, run: this.launch.run, code, output } },
    );
  }
}

function phaseOf({ stream, sampling }: SampleOptions): Sampled {
  if (stream === 'rollout') return 'train';
  if (stream === 'probe') return 'probe';
  return sampling.temperature === 0 ? 'greedy' : 'evaluation';
}

function canceled(): RollscopeError {
  return new RollscopeError('canceled', 'The run was stopped.', undefined, { details: { reason: 'run' } });
}

/** Rewards that ask the policy, and rollbacks, were refused before the run began. */
async function refusedOperation(): Promise<never> {
  throw new Error('TRL is asked for steps, rollouts and checkpoints only');
}
