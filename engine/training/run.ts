/** A run, from configuration to end record: what the server, the command line and experiments start and steer. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Dataset, loadDataset } from '../data/dataset.ts';
import { placeholders } from '../data/template.ts';
import { Journal } from '../journal/journal.ts';
import {
  type JournalRecord,
  type NewRecord,
  type Problem,
  type Progress,
  RollscopeError,
  RUN_FORMAT,
  type RunConfig,
  toErrorData,
} from '../protocol/index.ts';
import { rewardOf } from '../reward/index.ts';
import { versions } from '../versions.ts';
import { Compute } from './compute.ts';
import { questionTokens, requirePrograms } from './evidence.ts';
import type { EndOfRun, RunHandle } from './handle.ts';
import { Loop, type LoopState, STATE_FILE } from './loop.ts';
import type { PolicyInfo } from './policy.ts';
import { ProgressMeter } from './progress.ts';
import { evaluationDue } from './schedule.ts';

export interface StartOptions {
  config: RunConfig;
  /** The run's own folder, which must not exist yet or be empty. */
  folder: string;
  name: string;
  signal?: AbortSignal;
  /** Rewards may run programs: the user's own, and those that the model writes. */
  allowPrograms?: boolean;
}

export type ResumeOptions = Pick<StartOptions, 'folder' | 'allowPrograms'>;

interface Material {
  problems: Problem[];
  training: Problem[];
  evaluation: Problem[];
  prompts: { system?: string; user: string }[];
  fingerprint: string;
  warnings: string[];
}

/** Columns that are kept for the reward: rephrasings are put into the template, which may ask for some. */
function columnsOf({ reward, rewardOptions, dataset }: RunConfig): { required: string[]; optional: string[] } {
  const { columns, evidence } = rewardOf(reward, rewardOptions);
  if (!evidence.includes('co-reward')) return columns;
  return { ...columns, optional: [...columns.optional, ...placeholders(dataset.template)] };
}

/** Reads the problems of training and evaluation. Evaluation problems of their own are numbered after the others. */
async function loadMaterial(config: RunConfig): Promise<Material> {
  const own = await loadDataset(config.dataset, columnsOf(config));
  const texts = (dataset: Dataset) => dataset.prompts.map((user) => ({ system: dataset.system, user }));
  const limited = <T>(items: T[]) => items.slice(0, config.evaluation.limit ?? items.length);
  const { dataset } = config.evaluation;
  if (config.job === 'probe' || !dataset) {
    return {
      problems: own.problems,
      training: own.problems,
      evaluation: limited(own.problems),
      prompts: texts(own),
      fingerprint: own.fingerprint,
      warnings: own.warnings,
    };
  }
  const other = await loadDataset(dataset);
  const evaluation = limited(other.problems).map((p, i) => ({ ...p, index: own.problems.length + i }));
  return {
    problems: [...own.problems, ...evaluation],
    training: own.problems,
    evaluation,
    prompts: [...texts(own), ...limited(texts(other))],
    fingerprint: `${own.fingerprint}+${other.fingerprint}`,
    warnings: [...own.warnings, ...other.warnings],
  };
}

async function checkConfig(config: RunConfig, allowPrograms: boolean): Promise<void> {
  await checkReward(config, allowPrograms);
  if (config.group > config.votes) {
    throw new RollscopeError(
      'config',
      `group (${config.group}) is larger than votes (${config.votes}).`,
      'The rollouts that train are some of those that vote: lower --group or raise --votes.',
    );
  }
  if (config.sampling.temperature === 0 && config.job === 'train') {
    throw new RollscopeError(
      'config',
      'sampling.temperature is 0: every rollout of a problem would be the same.',
      'Use a temperature above 0; the paper uses 1.',
    );
  }
}

/** Throws RollscopeError `config` where the reward runs programs and may not, or lacks what it needs or must be told. */
async function checkReward(config: RunConfig, allowPrograms: boolean): Promise<void> {
  const { parts, executes, evidence } = rewardOf(config.reward, config.rewardOptions);
  if (executes && !allowPrograms) {
    const names = parts.flatMap((part) => (part.executes ? part.name : [])).join(', ');
    throw new RollscopeError(
      'config',
      `The reward ${names} runs programs on this machine, which was not allowed.`,
      'Allow it with --allow-programs where you trust the model, the data and the program; in the editor, trust the workspace.',
    );
  }
  const { rlccf, custom } = config.rewardOptions;
  const asks = (name: string) => parts.some((part) => part.name === name);
  if (asks('rlccf') && rlccf.policies.length === 0) {
    throw new RollscopeError(
      'config',
      'The reward rlccf needs other policies to vote beside the one that trains.',
      'Name them with --voter: adapter folders, checkpoints, models of the same shape, or base.',
    );
  }
  if (asks('custom') && custom.command.length === 0) {
    throw new RollscopeError(
      'config',
      'The reward custom needs a module or a program.',
      'Name it with --reward-program, such as --reward-program reward.mjs.',
    );
  }
  await requirePrograms(evidence, config);
}

/** Looks whether verifiers can read every problem. Throws RollscopeError that names the row. */
function checkProblems(config: RunConfig, problems: readonly Problem[]): void {
  const verifiers = rewardOf(config.reward, config.rewardOptions)
    .parts.filter((part) => part.columns && !part.evidence)
    .map((part) => rewardOf(part.name, config.rewardOptions));
  const nothing = { rollouts: [], answers: [], clusters: [], correct: [], vocabulary: null, evidence: {} };
  for (const problem of problems) {
    try {
      for (const verifier of verifiers) verifier.score({ problem, ...nothing });
    } catch (error) {
      if (!(error instanceof RollscopeError)) throw error;
      throw new RollscopeError(error.code, `${placeOf(problem)}: ${error.message}`, error.hint);
    }
  }
}

/** Whether training samples from a part of the distribution only. */
function truncates({ sampling }: RunConfig): boolean {
  return sampling.topP < 1 || sampling.topK > 0;
}

class Run implements RunHandle {
  readonly done: Promise<EndOfRun>;
  private stopping: Promise<void> | null = null;
  private finished = false;

  constructor(
    private readonly journal: Journal,
    private readonly compute: Compute,
    private readonly loop: Loop,
    private readonly meter: ProgressMeter,
    private readonly stopper: AbortController,
  ) {
    this.done = this.work();
  }

  get run(): string {
    return this.journal.runFile.run;
  }
  get folder(): string {
    return this.journal.folder;
  }
  progress(): Progress {
    return this.meter.progress;
  }
  peakMemoryBytes(): number {
    return Math.max(this.meter.peakBytes, process.resourceUsage().maxRSS * 1024);
  }
  onRecord(listener: (record: JournalRecord) => void): () => void {
    return this.journal.onRecord(listener);
  }
  onProgress(listener: (progress: Progress) => void): () => void {
    return this.meter.onProgress(listener);
  }
  async records(from: number): Promise<JournalRecord[]> {
    return this.journal.recordsFrom(from);
  }

  pause(): void {
    if (this.finished || this.stopping || this.meter.progress.state !== 'running') return;
    this.meter.set({ state: 'pausing' });
    this.compute.pause();
  }

  continue(): void {
    if (this.finished || this.stopping) return;
    this.compute.continue();
    this.meter.set({ state: 'running' });
  }

  /** The worker has stopped between two calls. */
  paused(): void {
    this.meter.set({ state: 'paused', tokensPerSecond: null });
    this.remark('paused');
  }

  continued(): void {
    if (this.stopping) return;
    this.meter.set({ state: 'running' });
    this.remark('continued');
  }

  private remark(event: 'paused' | 'continued'): void {
    try {
      this.journal.append({ type: 'lifecycle', event });
    } catch {
      // The disk is full: the next record of the run's work meets the same error, where the run can end by it.
    }
  }

  stop(): Promise<void> {
    if (this.finished) return Promise.resolve();
    this.stopping ??= (async () => {
      this.meter.set({ state: 'stopping', activity: 'writing a checkpoint' });
      this.compute.cancel();
      this.stopper.abort();
      await this.done;
    })();
    return this.stopping;
  }

  private async work(): Promise<EndOfRun> {
    // Whoever started the run shall have its handle before anything happens.
    await Promise.resolve();
    this.meter.set({ state: 'running', step: this.loop.step });
    let end: Omit<Extract<NewRecord, { type: 'end' }>, 'step'>;
    try {
      await this.loop.run();
      end = { type: 'end', reason: 'completed' };
    } catch (error) {
      end = await this.interrupted(error).catch((failure) => ({
        type: 'end' as const,
        reason: 'failed' as const,
        error: toErrorData(failure),
      }));
    }
    let record: EndOfRun;
    try {
      record = this.journal.append({ ...end, step: this.loop.step }) as EndOfRun;
    } catch (error) {
      // No space for the end record: the run folder stays as it is and can be resumed.
      const failure = toErrorData(error);
      record = {
        ...end,
        reason: 'failed',
        error: failure,
        step: this.loop.step,
        seq: this.journal.length,
        time: new Date().toISOString(),
      };
    }
    await this.compute.close();
    await this.journal.close().catch(() => {});
    this.finished = true;
    this.meter.set({ state: 'ended', fraction: null, secondsLeft: null });
    return record;
  }

  private async interrupted(error: unknown): Promise<Omit<Extract<NewRecord, { type: 'end' }>, 'step'>> {
    const cancelled = error instanceof RollscopeError && error.code === 'cancelled';
    if (cancelled) {
      this.compute.reset();
      try {
        await this.loop.save();
        return { type: 'end', reason: 'stopped' };
      } catch (failure) {
        return { type: 'end', reason: 'failed', error: toErrorData(failure) };
      }
    }
    if (error instanceof RollscopeError && error.code === 'non-finite') return this.nonFinite(error);
    return { type: 'end', reason: 'failed', error: toErrorData(error) };
  }

  private nonFinite(error: RollscopeError): Omit<Extract<NewRecord, { type: 'end' }>, 'step'> {
    const { step: done, currentPhase: phase } = this.loop;
    const problem = error.problem === null ? null : this.journal.problems[error.problem]!;
    const step = phase === 'train' ? done + 1 : done;
    const when =
      phase === 'probe' ? 'While probing' : phase === 'train' ? `At step ${step}` : `In the evaluation at step ${step}`;
    const where = problem ? `, at problem ${problem.id} (${placeOf(problem)})` : '';
    const message = `${when}${where}, ${error.message}.`;
    this.journal.append({ type: 'warning', code: 'non-finite', message, step, problem: error.problem });
    const hint =
      done === 0
        ? "The model's weights are as they were opened: fetch the model again, or choose another one."
        : 'Start anew with a lower learning rate (--lr). The checkpoints that were written are kept.';
    return { type: 'end', reason: 'failed', error: { code: 'non-finite', message, hint } };
  }
}

/** `file:12`, or `file, row 11` in binary files. */
function placeOf({ source, line, row }: Problem): string {
  return line === null ? `${source}, row ${row}` : `${source}:${line}`;
}

/** Opens the model in a worker. The worker is closed again when that fails. */
async function openPolicy(
  config: RunConfig,
  material: Pick<Material, 'prompts' | 'problems'>,
  compute: Compute,
): Promise<PolicyInfo> {
  const reward = rewardOf(config.reward, config.rewardOptions);
  try {
    return await compute.open({
      model: config.model,
      lora: config.lora,
      loss: config.loss,
      optimizer: config.optimizer,
      device: config.device,
      threads: config.threads,
      memoryLimit: config.memoryLimit,
      seed: config.seed,
      prompts: material.prompts,
      temperature: config.sampling.temperature,
      maxTokens: config.sampling.maxTokens,
      trains: config.job === 'train',
      truncates: truncates(config),
      questionTokens: questionTokens(reward.evidence, config),
      voters: reward.evidence.includes('rlccf') ? config.rewardOptions.rlccf.policies : [],
    });
  } catch (error) {
    await compute.close();
    if (error instanceof RollscopeError && error.problem !== null) {
      const problem = material.problems[error.problem]!;
      throw new RollscopeError(error.code, `${placeOf(problem)}, problem ${problem.id}: ${error.message}`, error.hint);
    }
    throw error;
  }
}

/** The parts of a run whose journal is open. */
function assemble(
  config: RunConfig,
  journal: Journal,
  material: Material,
  setUp: SetUp,
  state: LoopState,
  vocabulary: number,
  history: readonly JournalRecord[] = [],
): Run {
  const { compute, meter, listener } = setUp;
  const stopper = new AbortController();
  const loop = new Loop(
    {
      config,
      journal,
      compute,
      meter,
      training: material.training,
      evaluation: material.evaluation,
      vocabulary,
      history,
      signal: stopper.signal,
    },
    state,
  );
  const run = new Run(journal, compute, loop, meter, stopper);
  listener.run = run;
  listener.loop = loop;
  return run;
}

interface SetUp {
  compute: Compute;
  meter: ProgressMeter;
  listener: { run: Run | null; loop: Loop | null };
}

function setUp(name: string, config: RunConfig): SetUp {
  const listener: SetUp['listener'] = { run: null, loop: null };
  const meter = new ProgressMeter(name, config.job === 'probe' ? 0 : config.steps, (step) => {
    let left = 0;
    for (let s = step + 1; s <= config.steps; s++) if (evaluationDue(config, s)) left++;
    return left;
  });
  const compute = new Compute({
    tick: (tick) => meter.tick(tick, listener.loop?.currentPhase ?? 'train'),
    paused: () => listener.run?.paused(),
    continued: () => listener.run?.continued(),
  });
  return { compute, meter, listener };
}

/**
 * Starts a run in a new folder. Rejects with RollscopeError, before the folder exists, when configuration, dataset or
 * model are bad.
 */
export async function startRun({
  config,
  folder,
  name,
  signal,
  allowPrograms = false,
}: StartOptions): Promise<RunHandle> {
  await checkConfig(config, allowPrograms);
  const material = await loadMaterial(config);
  checkProblems(config, material.training);
  signal?.throwIfAborted();
  const parts = setUp(name, config);
  const info = await openPolicy(config, material, parts.compute);
  let journal: Journal;
  try {
    signal?.throwIfAborted();
    journal = await Journal.create(
      folder,
      {
        format: RUN_FORMAT,
        run: name,
        created: new Date().toISOString(),
        config,
        versions: versions(),
        modelFingerprint: info.fingerprint,
        dataFingerprint: material.fingerprint,
      },
      material.problems,
    );
  } catch (error) {
    await parts.compute.close();
    throw error;
  }
  appendHeader(journal, config, material, info);
  return assemble(config, journal, material, parts, { step: 0, stage: 'evaluate' }, info.vocabulary);
}

function appendHeader(journal: Journal, config: RunConfig, material: Material, info: PolicyInfo): void {
  const { name, parameters, trainable, fingerprint, vocabulary, device } = info;
  journal.append({
    type: 'run',
    run: journal.runFile.run,
    config,
    problems: material.training.length,
    evaluationProblems: material.problems.length - material.training.length,
    model: { name, parameters, trainable, fingerprint, vocabulary },
    dataFingerprint: material.fingerprint,
    device,
  });
  const warn = (code: string) => (message: string) => {
    journal.append({ type: 'warning', code, message, step: null, problem: null });
  };
  material.warnings.forEach(warn('dataset'));
  info.warnings.forEach(warn('model'));
  const { epochs, miniBatch } = config.loss;
  if (config.job === 'train' && truncates(config) && (epochs > 1 || miniBatch !== undefined)) {
    warn('config')(
      'With top-p or top-k no importance ratios are taken: later updates on the same rollouts are unclipped.',
    );
  }
}

/**
 * Goes on with an interrupted, stopped or failed run from its last checkpoint, exactly as it would have gone on. Rejects
 * with RollscopeError when the folder cannot be opened, or when model or dataset are no longer what they were.
 */
export async function resumeRun({ folder, allowPrograms = false }: ResumeOptions): Promise<RunHandle> {
  const journal = await Journal.open(folder);
  const { runFile, checkpoint } = journal;
  const { config } = runFile;
  let parts: SetUp | null = null;
  try {
    await checkReward(config, allowPrograms);
    const material = await loadMaterial(config);
    if (material.fingerprint !== runFile.dataFingerprint) {
      throw new RollscopeError(
        'dataset',
        `${config.dataset.path} has changed since the run ${runFile.run} began.`,
        'Restore the file as it was, or start a new run.',
      );
    }
    parts = setUp(runFile.run, config);
    const info = await openPolicy(config, material, parts.compute);
    if (!(await isRecordedModel(config.model, info.fingerprint, runFile.modelFingerprint))) {
      const voters = info.fingerprint.includes('+') ? ' or a policy that votes beside it' : '';
      throw new RollscopeError(
        'model',
        `The model ${config.model}${voters} has changed since the run ${runFile.run} began.`,
        'Restore the model as it was, or start a new run.',
      );
    }
    let state: LoopState = { step: 0, stage: 'evaluate' };
    if (checkpoint) {
      await parts.compute.restore(checkpoint.folder);
      state = JSON.parse(await readFile(path.join(checkpoint.folder, STATE_FILE), 'utf8')) as LoopState;
    } else {
      appendHeader(journal, config, material, info);
    }
    if (journal.recovery) {
      journal.append({ type: 'lifecycle', event: 'recovered', message: journal.recovery.message });
    }
    journal.append({ type: 'lifecycle', event: 'resumed' });
    const history = checkpoint ? journal.recordsFrom(0, checkpoint.position.nextSeq) : [];
    return assemble(config, journal, material, parts, state, info.vocabulary, history);
  } catch (error) {
    await parts?.compute.close();
    await journal.close();
    throw error;
  }
}

/** Whether the model is still the one that a run recorded; see `isSameModel`, which is loaded for old runs only. */
async function isRecordedModel(model: string, current: string, recorded: string): Promise<boolean> {
  if (current === recorded) return true;
  const { isSameModel } = await import('../model/source.ts');
  return isSameModel(model, current, recorded);
}
