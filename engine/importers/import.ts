/**
 * The import: reads a dump part by part, judges its rollouts as the engine judges its own, and writes them into a run folder.
 * After it was stopped or killed, it continues behind the last whole step, and imports nothing twice.
 */
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Dataset } from '../data/dataset.ts';
import type { GradingRules } from '../grading/grader.ts';
import { type ImportState, readImportState, writeImportState } from '../journal/import-state.ts';
import { readProblems, readPrompts } from '../journal/reader.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { Phase } from '../protocol/group.ts';
import type { ForeignRun } from '../protocol/run-file.ts';
import { addCounts, NO_GRADERS, twoGraders } from '../protocol/two-graders.ts';
import { remove } from '../system/files.ts';
import { FaultLog } from './faults.ts';
import type { Dump, DumpOptions, DumpPart, Importer, ReadContext } from './importer.ts';
import { type Judges, ownJudge } from './judges.ts';
import { KnownProblems } from './known-problems.ts';
import type { ForeignMetrics } from './metrics.ts';
import { Pipeline } from './pipeline.ts';
import { LoggedProblems } from './problems.ts';
import { ImportedRun } from './run.ts';

export interface ImportOptions extends DumpOptions {
  /** The problems that the trainer was given, and where they are from. */
  dataset?: { name: string; data: Dataset };
  /** How answers are found and compared. */
  rules: GradingRules;
  /** Who judges so many bytes of rollouts; by default this thread. */
  judges?: (rules: GradingRules, bytes: number) => Judges;
  /** Keep looking for more until `signal`. */
  follow: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: ImportProgress) => void;
  now?: () => Date;
  /** Milliseconds between two looks. */
  interval?: number;
}

export interface ImportProgress {
  /** Bytes that were read, and that are known to be there; 0 before the first look has ended. */
  bytes: number;
  total: number;
  steps: number;
  rollouts: number;
  /** Everything that is there has been imported; more may come. */
  waiting: boolean;
}

/** What an import has come to. */
export interface ImportReport {
  folder: string;
  importer: string;
  problems: number;
  groups: number;
  rollouts: number;
  steps: number;
  /** Lines and files that could not be read. */
  faults: number;
  /** The first of them: place and reason. */
  named: { place: string; why: string }[];
  /** Problems that the dataset does not have. */
  unmatched: number;
  /** Rollouts that the trainer's grader and Rollscope's judge differently, of those that both judge. */
  disagreements: number;
  compared: number;
  /** The reward of 1 or 0 is the vote of each group, no grader: it is not compared. */
  rewardIsVote: boolean;
  /** It was stopped before everything that is there had been imported. */
  stopped: boolean;
  /** It continued what an earlier import had begun. */
  resumed: boolean;
}

/** Least milliseconds between two notes of how far the import has come, each of which waits for the disk. */
const NOTE_INTERVAL = 1000;
const LOOK_INTERVAL = 2000;
const PROGRESS_INTERVAL = 200;

/**
 * Imports what is at `source` into the run folder `folder`: a new one, or one that an import of the same source has begun.
 * @throws RollscopeError `dataset` where nothing can be read, `usage`, `disk`; `canceled` after `signal`, unless it follows;
 * of a run without a single step nothing is left
 */
export async function importDump(
  importer: Importer,
  source: string,
  folder: string,
  options: ImportOptions,
): Promise<ImportReport> {
  const from = path.resolve(source);
  const state = await readImportState(folder);
  if (state && (state.source !== from || state.format !== importer.name)) throw otherSource(folder, state);
  const dump = await importer.open(from, options);
  const problems = new LoggedProblems(options.dataset ? new KnownProblems(options.dataset.data) : null);
  if (state) await restore(problems, folder, state);
  const { rules, now } = options;
  const run = state
    ? await ImportedRun.reopen(folder, state.position, problems, { rules, ...(now && { now }) })
    : await ImportedRun.create(folder, contentsOf(dump, options), problems, { rules, ...(now && { now }) });
  const work = new ImportWork({ importer, source: from, dump, problems, run, options, before: state });
  try {
    return await work.run();
  } catch (error) {
    await work.close();
    await run.close().catch(() => {});
    // What was not imported up to a step is of no use.
    if (!state && !work.noted) await remove(run.folder);
    throw error;
  }
}

interface Work {
  importer: Importer;
  source: string;
  dump: Dump;
  problems: LoggedProblems;
  run: ImportedRun;
  options: ImportOptions;
  before: ImportState | null;
}

class ImportWork {
  private readonly parts: ImportState['parts'];
  private readonly earlier: ImportState['counts'];
  private readonly faults = new FaultLog();
  private graders = NO_GRADERS;
  /** What was recorded of each step's metrics, so that only news is recorded. */
  private readonly recorded = new Map<number, string>();
  private readonly context: ReadContext;
  private fromZero: boolean;
  private identified = false;
  private latest = 0;
  private bytes = 0;
  private total = 0;
  /** What `bytes` can be while a part is read. */
  private most = Number.POSITIVE_INFINITY;
  private lastNote = 0;
  private lastProgress = 0;
  /** Something can be resumed. */
  noted = false;
  private judges: Judges;
  /** Behind the last whole part: what comes after it is read again when the import is continued. */
  private reached: Pick<ImportState, 'position' | 'counts' | 'identified'>;

  constructor(private readonly work: Work) {
    const { dump, problems, before, options } = work;
    this.parts = before?.parts ?? {};
    this.earlier = before?.counts ?? { groups: 0, rollouts: 0, steps: 0, faults: 0 };
    this.fromZero = before?.fromZero ?? dump.fromZero ?? false;
    this.identified = before?.identified ?? false;
    this.latest = Math.max(0, ...Object.values(this.parts).map(({ step }) => step));
    this.noted = before !== null;
    this.judges = ownJudge(options.rules);
    this.reached = { position: work.run.position, counts: this.earlier, identified: this.identified };
    this.context = {
      problems: {
        take: (problem) => {
          this.identified ||= problem.id !== undefined;
          return problems.take(problem);
        },
      },
      faults: this.faults,
      check: (bytes = 0) => {
        // What is read twice counts once.
        this.bytes = Math.min(this.most, this.bytes + bytes);
        this.tell(false);
        if (options.signal?.aborted) throw canceled();
      },
    };
  }

  async run(): Promise<ImportReport> {
    const { options, run } = this.work;
    let stopped = false;
    try {
      for (;;) {
        const more = await this.lookOnce();
        if (!options.follow) break;
        if (!more) {
          this.tell(true);
          // Given up early by the signal, which is looked at next.
          await setTimeout(options.interval ?? LOOK_INTERVAL, undefined, { signal: options.signal }).catch(() => {});
        }
        if (options.signal?.aborted) throw canceled();
      }
    } catch (error) {
      if (!(error instanceof RollscopeError && error.code === 'canceled')) throw error;
      if (!this.noted) throw error;
      stopped = true;
    }
    if (!this.noted) throw this.nothing();
    await this.note();
    this.warnOfFaults();
    await run.end(stopped ? 'stopped' : 'completed');
    await this.close();
    return this.report(stopped);
  }

  /** Lets go of the threads that judge. */
  async close(): Promise<void> {
    await this.judges.close();
    this.judges = ownJudge(this.work.options.rules);
  }

  /** Imports what is there; false where nothing was new. */
  private async lookOnce(): Promise<boolean> {
    const { dump, importer, options } = this.work;
    const { parts, waiting } = await dump.look(this.context, options.follow);
    this.fromZero ||= parts.some(({ phase, step }) => phase === 'train' && step === 0);
    const fresh = this.freshOf(parts);
    this.bytes = 0;
    this.total = fresh.reduce((sum, { bytes }) => sum + bytes, 0) + waiting;
    const { judges } = options;
    if (judges && fresh.length > 0) {
      await this.close();
      this.judges = judges(options.rules, this.total);
    }
    const pipeline = new Pipeline(this.judges);
    let begun = 0;
    for (const part of fresh) {
      this.most = begun + part.bytes;
      await this.readPart(part, pipeline);
      begun = this.most;
      this.bytes = begun;
    }
    this.most = Number.POSITIVE_INFINITY;
    await pipeline.end();
    await this.close();
    await this.recordMetrics();
    this.mark();
    if (fresh.length > 0 || importer.curvesOnly) await this.note();
    return fresh.length > 0;
  }

  /** New parts, and those that the trainer wrote again, with all of the later steps, which a step that comes again ends. */
  private freshOf(parts: readonly DumpPart[]): DumpPart[] {
    const changed = parts.filter(({ name, stamp }) => this.parts[name] && this.parts[name].stamp !== stamp);
    const back = new Map<Phase, number>();
    for (const { phase, step } of changed) back.set(phase, Math.min(step, back.get(phase) ?? step));
    return parts.filter(({ name, phase, step }) => !this.parts[name] || step >= (back.get(phase) ?? step + 1));
  }

  private async readPart(part: DumpPart, pipeline: Pipeline): Promise<void> {
    const { run, problems } = this.work;
    const { phase } = part;
    const step = this.stepOf(part);
    let groups = 0;
    for await (const { problem, rollouts } of part.groups(this.context)) {
      const known = problems.count;
      await pipeline.group({ id: { phase, step }, problem: problems.get(problem), rollouts }, (written) => {
        this.graders = addCounts(this.graders, written.graders);
        run.written(written, known);
      });
      groups++;
    }
    const faults = this.faults.count;
    pipeline.afterwards(() => this.endPart(part, step, groups, faults));
  }

  private async endPart(part: DumpPart, step: number, groups: number, faults: number): Promise<void> {
    const { run } = this.work;
    if (groups > 0) {
      if (part.phase === 'train') run.step(step);
      else run.evaluation(step);
      this.noted = true;
    }
    if (part.phase === 'train')
      for (const known of this.recorded.keys()) if (known >= step) this.recorded.delete(known);
    this.latest = Math.max(this.latest, step);
    this.parts[part.name] = { stamp: part.stamp, step, phase: part.phase };
    this.mark(faults);
    if (performance.now() - this.lastNote > NOTE_INTERVAL) await this.note();
  }

  /** Steps count the updates that were made: what was sampled for the first is step 1, what was evaluated before it 0. */
  private stepOf({ phase, step }: Pick<DumpPart, 'phase' | 'step'>): number {
    return phase === 'train' && this.fromZero ? step + 1 : step;
  }

  /** Those of steps whose rollouts are still to come wait for them, as long as more may come. */
  private async recordMetrics(): Promise<void> {
    const { dump, importer, run, options } = this.work;
    const { curvesOnly = false } = importer;
    const all = (await dump.metrics?.(this.context)) ?? [];
    if (curvesOnly && !this.noted) this.fromZero ||= all[0]?.step === 0;
    for (const { step: foreign, values } of all) {
      const step = this.stepOf({ phase: 'train', step: foreign });
      if (!Number.isSafeInteger(step) || step < 1 || (options.follow && !curvesOnly && step > this.latest)) continue;
      const text = JSON.stringify(values satisfies ForeignMetrics['values']);
      if (this.recorded.get(step) === text) continue;
      this.recorded.set(step, text);
      run.metrics({ step, values });
      this.noted ||= curvesOnly;
    }
  }

  /** The import can be continued from here. */
  private mark(faults = this.faults.count): void {
    const { earlier, identified } = this;
    const counts = { ...this.counts(), faults: earlier.faults + faults };
    this.reached = { position: this.work.run.position, counts, identified };
  }

  /** Notes how far the import has come, once that is on the disk. */
  private async note(): Promise<void> {
    if (!this.noted) return;
    const { run, importer, source } = this.work;
    this.lastNote = performance.now();
    await run.sync();
    const { fromZero, parts, reached } = this;
    const state = { source, format: importer.name, fromZero, parts, ...reached };
    await writeImportState(run.folder, state);
  }

  private counts(): ImportState['counts'] {
    const { groups, rollouts, steps } = this.work.run.counts;
    const { earlier } = this;
    return {
      groups: earlier.groups + groups,
      rollouts: earlier.rollouts + rollouts,
      steps: earlier.steps + steps,
      faults: earlier.faults + this.faults.count,
    };
  }

  private warnOfFaults(): void {
    const text = this.faults.text;
    if (text !== null) this.work.run.warn('import', text);
  }

  private report(stopped: boolean): ImportReport {
    const { run, importer, problems, before } = this.work;
    return {
      folder: run.folder,
      importer: importer.name,
      problems: problems.count,
      ...this.counts(),
      named: this.faults.named,
      unmatched: problems.unmatched,
      ...twoGraders(this.graders),
      stopped,
      resumed: before !== null,
    };
  }

  private tell(waiting: boolean): void {
    const now = performance.now();
    if (!waiting && now - this.lastProgress < PROGRESS_INTERVAL) return;
    this.lastProgress = now;
    const { steps, rollouts } = this.counts();
    this.work.options.onProgress?.({ bytes: this.bytes, total: this.total, steps, rollouts, waiting });
  }

  private nothing(): RollscopeError {
    const { source } = this.work;
    const [first] = this.faults.named;
    return new RollscopeError(
      'dataset',
      first
        ? `${source} contains no readable rollouts: ${first.place}: ${first.why}.`
        : `${source} contains no rollouts.`,
      'A rollout has a prompt and a response. Name their columns with --map prompt=…,response=…',
      {
        details: {
          reason: 'no-rollouts',
          file: source,
          faults: this.faults.count,
          ...(first && { place: first.place, why: first.reason }),
        },
      },
    );
  }
}

function contentsOf({ origin, run, created }: Dump, { dataset, rules }: ImportOptions) {
  const foreign: ForeignRun = { ...run, job: 'imported', dataset: dataset?.name ?? run.dataset, grading: rules };
  return { origin, run: foreign, created };
}

async function restore(problems: LoggedProblems, folder: string, { identified }: ImportState): Promise<void> {
  const [known, prompts] = [await readProblems(folder), await readPrompts(folder)];
  for (const [i, problem] of known.entries()) problems.restore(problem, prompts?.[i], identified);
}

function otherSource(folder: string, { source }: ImportState): RollscopeError {
  return new RollscopeError('usage', `${folder} was imported from ${source}.`, 'Choose another name for this import.', {
    details: { reason: 'imported-from-elsewhere', folder, source },
  });
}

function canceled(): RollscopeError {
  return new RollscopeError('canceled', 'The import was canceled.', undefined, { details: { reason: 'import' } });
}
