/** An import at work: looks at a dump repeatedly, and reads, judges and writes what is new. */
import type { Dataset } from '../data/dataset.ts';
import type { GradingRules } from '../grading/grader.ts';
import type { ImportState } from '../journal/import-state.ts';
import type { Journal } from '../journal/journal.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { ImportProgress, PrintedImport } from '../protocol/printed.ts';
import { addCounts, NO_GRADERS, twoGraders } from '../protocol/two-graders.ts';
import { FileChanges } from '../system/changes.ts';
import { Continuation } from './continuation.ts';
import { FaultLog } from './faults.ts';
import type { Dump, DumpOptions, DumpPart, Importer, ReadContext } from './importer.ts';
import { type Judges, sameThreadJudge } from './judges.ts';
import type { ForeignMetrics } from './metrics.ts';
import { Pipeline } from './pipeline.ts';
import type { RunProblems } from './problems.ts';
import { ImportMeter } from './progress.ts';
import type { ImportedRun } from './run.ts';

export interface ImportOptions extends DumpOptions {
  /** The trainer's problems, and the name of their source. */
  dataset?: { name: string; data: Dataset };
  /** How answers are found and compared. */
  rules: GradingRules;
  /** Who judges so many bytes of rollouts; by default this thread. */
  judges?: (rules: GradingRules, bytes: number) => Judges;
  /**
   * Adds records of its own after new ones, and once if there are none; returns early after `signal`.
   * @param note makes everything recorded so far permanent
   */
  afterwards?: (journal: Journal, note: () => Promise<void>) => Promise<void>;
  /** Keep looking for more until `signal`. */
  follow: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: ImportProgress) => void;
  now?: () => Date;
  /** Milliseconds between two looks. */
  interval?: number;
}

/** The result of an import. */
export interface ImportReport extends PrintedImport {
  importer: string;
  groups: number;
  /** Which rollouts name no step, while others do; null where all are alike. */
  withoutStep: string | null;
  /** Problems that the dataset does not have. */
  unmatched: number;
  /** Whether it was stopped before everything was imported. */
  stopped: boolean;
  /** Whether it continued an earlier import. */
  resumed: boolean;
}

/** Most milliseconds between two looks. */
const LOOK_INTERVAL = 2000;

export interface ImportWorkParts {
  /** `curvesOnly` is read at each look, since it may change. */
  importer: Pick<Importer, 'name' | 'curvesOnly'>;
  /** Absolute path of the imported file or folder. */
  source: string;
  dump: Dump;
  problems: RunProblems;
  run: ImportedRun;
  options: Omit<ImportOptions, keyof DumpOptions>;
  /** The state of an earlier import; null for a new one. */
  before: ImportState | null;
}

/**
 * One import, from its first look to its report. `run` can be called once; a caller that decides itself when to look
 * and how the run ends uses `importNew`, `keep` and `finish` instead.
 */
export class ImportWork {
  private readonly faults = new FaultLog();
  private graders = NO_GRADERS;
  /** The metrics that were recorded for each step, so that only changes are recorded. */
  private readonly recorded = new Map<number, string>();
  private readonly context: ReadContext;
  private readonly place: Continuation;
  private readonly progress: ImportMeter;
  private judges: Judges;
  /** `afterwards` was called. */
  private added = false;

  constructor(private readonly work: ImportWorkParts) {
    const { importer, source, dump, problems, run, before, options } = work;
    const { fromZero = false } = dump;
    const place = new Continuation({ source, format: importer.name, run, before, fromZero });
    this.place = place;
    this.progress = new ImportMeter(() => {
      const { steps, rollouts } = this.counts();
      return { steps, rollouts };
    }, options.onProgress);
    this.judges = sameThreadJudge(options.rules);
    this.context = {
      problems: {
        register: (problem) => {
          place.identified ||= problem.id !== undefined;
          return problems.register(problem);
        },
      },
      faults: this.faults,
      check: (bytes = 0) => {
        this.progress.read(bytes);
        if (options.signal?.aborted) throw canceled();
      },
    };
  }

  /** Something of it can be continued. */
  get canContinue(): boolean {
    return this.place.begun;
  }

  async run(): Promise<ImportReport> {
    const { options, run, source } = this.work;
    const { interval: poll = LOOK_INTERVAL, signal } = options;
    let stopped = false;
    let changes: FileChanges | null = null;
    try {
      for (;;) {
        const more = await this.importNew(options.follow);
        await this.addAfterwards(more);
        if (!options.follow) break;
        if (!more) {
          this.progress.announce(true);
          // A file is complete if it has not changed between two looks.
          changes ??= new FileChanges(source, { poll, watch: false, signal });
          await changes.next();
        }
        if (options.signal?.aborted) throw canceled();
      }
    } catch (error) {
      if (!(error instanceof RollscopeError && error.code === 'canceled')) throw error;
      if (!this.canContinue) throw error;
      stopped = true;
    } finally {
      changes?.close();
    }
    if (!this.canContinue) throw this.nothingFoundError();
    await this.finish();
    await run.end(stopped ? 'stopped' : 'completed');
    return this.report(stopped);
  }

  /** Makes what was recorded since the last look part of the import, so that it survives a continuation. */
  async keep(): Promise<void> {
    this.place.mark(this.faults.count);
    await this.place.saveOccasionally();
  }

  /** Before the end record: writes the import's state, and reports what could not be read. */
  async finish(): Promise<void> {
    await this.place.save();
    this.warnOfFaults();
    await this.close();
  }

  /** Lets go of the threads that judge. */
  async close(): Promise<void> {
    await this.judges.close();
    this.judges = sameThreadJudge(this.work.options.rules);
  }

  /**
   * Imports what is there; false if nothing was new.
   * @param following whether more may come
   */
  async importNew(following: boolean): Promise<boolean> {
    const { dump, importer, options } = this.work;
    const { place, progress } = this;
    const { parts, waiting } = await dump.scan(this.context, following);
    if (parts.some(({ phase, step }) => phase === 'train' && step === 0)) place.countsFromZero();
    const fresh = place.newParts(parts);
    const total = fresh.reduce((sum, { bytes }) => sum + bytes, 0) + waiting;
    progress.begin(total);
    const { judges } = options;
    if (judges && fresh.length > 0) {
      await this.close();
      this.judges = judges(options.rules, total);
    }
    const pipeline = new Pipeline(this.judges);
    for (const parts of groupParts(fresh)) {
      let groups = 0;
      for (const part of parts) {
        progress.beginPart(part.bytes);
        groups += await this.readPart(part, pipeline);
        progress.endPart();
      }
      const faults = this.faults.count;
      pipeline.whenWritten(() => this.endParts(parts, groups, faults));
    }
    progress.end();
    await pipeline.end();
    await this.close();
    await this.recordMetrics(following);
    this.work.run.warnOfCollapse();
    place.mark(this.faults.count);
    if (fresh.length > 0 || importer.curvesOnly) await place.save();
    return fresh.length > 0;
  }

  private async addAfterwards(isNews: boolean): Promise<void> {
    const { options, run } = this.work;
    const { afterwards } = options;
    if (!afterwards || !this.canContinue || (this.added && !isNews)) return;
    this.added = true;
    const note = async () => {
      this.place.mark(this.faults.count);
      await this.place.save();
    };
    await run.add((journal) => afterwards(journal, note));
    await note();
    if (options.signal?.aborted) throw canceled();
  }

  /** Returns the number of its groups. */
  private async readPart(part: DumpPart, pipeline: Pipeline): Promise<number> {
    const { run, problems } = this.work;
    const { phase } = part;
    const step = this.place.stepOf(part);
    let groups = 0;
    for await (const { problem, rollouts } of part.groups(this.context)) {
      const known = problems.count;
      await pipeline.group({ id: { phase, step }, problem: problems.get(problem), rollouts }, (written) => {
        this.graders = addCounts(this.graders, written.graders);
        run.written(written, known);
      });
      groups++;
    }
    return groups;
  }

  /** @param parts of one step of training, or all of one evaluation */
  private async endParts(parts: readonly DumpPart[], groups: number, faults: number): Promise<void> {
    const { run } = this.work;
    const [{ phase }] = parts as [DumpPart];
    const step = this.place.stepOf(parts[0]!);
    if (groups > 0) {
      if (phase === 'train') run.step(step);
      else run.evaluation(step);
      this.place.begun = true;
    }
    if (phase === 'train') for (const known of this.recorded.keys()) if (known >= step) this.recorded.delete(known);
    for (const part of parts) this.place.markTaken(part, step);
    this.place.mark(faults);
    await this.place.saveOccasionally();
  }

  /** Metrics of steps whose rollouts are still missing wait for them while more may come. */
  private async recordMetrics(following: boolean): Promise<void> {
    const { place } = this;
    const { dump, importer, run } = this.work;
    const { curvesOnly = false } = importer;
    const all = (await dump.metrics?.(this.context)) ?? [];
    if (curvesOnly && !place.begun && all[0]?.step === 0) place.countsFromZero();
    for (const { step: foreign, values } of all) {
      const step = place.stepOf({ phase: 'train', step: foreign });
      if (!Number.isSafeInteger(step) || step < 1 || (following && !curvesOnly && step > place.latest)) continue;
      const text = JSON.stringify(values satisfies ForeignMetrics['values']);
      if (this.recorded.get(step) === text) continue;
      this.recorded.set(step, text);
      run.metrics({ step, values });
      place.begun ||= curvesOnly;
    }
  }

  private counts(): ImportState['counts'] {
    return this.place.counts(this.faults.count);
  }

  private warnOfFaults(): void {
    for (const text of [this.faults.text, this.faults.withoutStepText]) {
      if (text !== null) this.work.run.warn(text);
    }
  }

  private report(stopped: boolean): ImportReport {
    const { run, importer, problems, before } = this.work;
    return {
      folder: run.folder,
      importer: importer.name,
      problems: problems.count,
      ...this.counts(),
      named: this.faults.stored,
      withoutStep: this.faults.withoutStepText,
      unmatched: problems.unmatched,
      ...twoGraders(this.graders),
      stopped,
      resumed: before !== null,
    };
  }

  private nothingFoundError(): RollscopeError {
    const { source } = this.work;
    const [first] = this.faults.stored;
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

/** Each step of training alone; the parts of an evaluation together, which are its sets of problems: it has one record. */
function groupParts(parts: readonly DumpPart[]): DumpPart[][] {
  const found: DumpPart[][] = [];
  const byStep = new Map<string, DumpPart[]>();
  for (const part of parts) {
    const key = `${part.phase} ${part.step}`;
    const same = part.phase === 'train' ? undefined : byStep.get(key);
    if (same) {
      same.push(part);
      continue;
    }
    const begun = [part];
    byStep.set(key, begun);
    found.push(begun);
  }
  return found;
}

function canceled(): RollscopeError {
  return new RollscopeError('canceled', 'The import was canceled.', undefined, { details: { reason: 'import' } });
}
