/** The run folder that an import writes, through the journal, as the engine writes its own. */
import { evaluationMetrics, stepMetrics } from '../analysis/index.ts';
import { createJournal } from '../journal/create.ts';
import type { Journal, JournalOptions } from '../journal/journal.ts';
import type { JournalPosition } from '../journal/layout.ts';
import { openJournalAt } from '../journal/open.ts';
import { RUN_FORMAT } from '../protocol/config.ts';
import type { JudgedGroup, Phase } from '../protocol/group.ts';
import { STEP_METRICS, type StepMetric } from '../protocol/metrics.ts';
import type { StepRecord } from '../protocol/records.ts';
import type { ForeignRun, RunOrigin } from '../protocol/run-file.ts';
import { VERSION } from '../protocol/version.ts';
import { finiteValues } from './finite.ts';
import { ImportWatch } from './import-watch.ts';
import type { WrittenGroup } from './judge.ts';
import { type ForeignMetrics, toMetrics } from './metrics.ts';
import type { RunProblems } from './problems.ts';

/** What is known about a run before its records. */
export interface ForeignContents {
  origin: RunOrigin;
  run: ForeignRun;
  /** When the run was started; null if unknown. */
  created: Date | null;
}

/** The number of imported items. */
export interface ImportedCounts {
  groups: number;
  rollouts: number;
  /** Step records. */
  steps: number;
}

/** A run folder that is being written. Records are added in the order of events. */
export class ImportedRun {
  readonly counts: ImportedCounts = { groups: 0, rollouts: 0, steps: 0 };
  /** Groups since the last step or evaluation, without their texts: the input of its metrics. */
  private waiting: Waiting[] = [];
  private lastStep = 0;
  private watch: ImportWatch | null = null;

  private constructor(
    private readonly journal: Journal,
    private readonly problems: RunProblems,
  ) {}

  /**
   * A new run in `folder`.
   * @throws RollscopeError `usage` where the folder holds something, `disk`
   */
  static async create(
    folder: string,
    contents: ForeignContents,
    problems: RunProblems,
    options: JournalOptions = {},
  ): Promise<ImportedRun> {
    const { origin, run, created } = contents;
    const runFile = {
      format: RUN_FORMAT,
      created: (created ?? options.now?.() ?? new Date()).toISOString(),
      origin,
      config: null,
      foreign: { ...run, settings: finiteValues(run.settings) },
      versions: { rollscope: VERSION },
      modelFingerprint: null,
      dataFingerprint: null,
    };
    const journal = await createJournal(folder, { runFile, problems: [], prompts: [] }, options);
    journal.append({
      type: 'run',
      config: null,
      problems: 0,
      evaluationProblems: 0,
      model: { name: run.model, parameters: null, trainable: null, fingerprint: null, vocabulary: null },
      dataFingerprint: null,
      device: null,
    });
    return new ImportedRun(journal, problems);
  }

  /**
   * Reopens a run that was imported up to `at`; everything recorded after that is dropped.
   * @throws RollscopeError `run-not-found`, `run-version`, `run-in-use`, `run-broken`, `disk`
   */
  static async reopen(
    folder: string,
    at: JournalPosition,
    problems: RunProblems,
    options: JournalOptions,
  ): Promise<ImportedRun> {
    const journal = await openJournalAt(folder, at, options);
    journal.append({ type: 'lifecycle', event: 'resumed' });
    return new ImportedRun(journal, problems);
  }

  /** A run whose journal is open. */
  static over(journal: Journal, problems: RunProblems): ImportedRun {
    return new ImportedRun(journal, problems);
  }

  get folder(): string {
    return this.journal.folder;
  }

  /** The last step of training whose rollouts were imported; 0 before the first. */
  get lastTrainStep(): number {
    return this.lastStep;
  }

  /** The position of the journal: the import can be continued from here once it is durable. */
  get position(): JournalPosition {
    return this.journal.position();
  }

  /**
   * A group that was judged, with the problems that were found since the last one.
   * @param problems how many were known when it was read
   */
  written({ summary, frame, facts }: WrittenGroup, problems: number): void {
    this.recordProblems(problems);
    this.journal.appendEncoded(summary, frame);
    const { phase, step, rollouts } = summary;
    this.waiting.push({ phase, step, group: facts });
    this.counts.groups++;
    this.counts.rollouts += rollouts;
  }

  /** A step, after its groups of the phase `train`. */
  step(step: number): void {
    const groups = this.takeGroups('train', step);
    this.counts.steps++;
    this.lastStep = step;
    this.journal.append({
      type: 'step',
      step,
      // It is unknown here whether the trainer's reward says right or wrong.
      metrics: { ...UNKNOWN_METRICS, ...stepMetrics(groups, { saysRight: false }) },
      timing: NO_TIMING,
    });
  }

  /** An evaluation, after its groups of the phases `evaluation` and `greedy`. */
  evaluation(step: number): void {
    const sampled = this.takeGroups('evaluation', step);
    const greedy = this.takeGroups('greedy', step);
    this.journal.append({
      type: 'evaluation',
      step,
      problems: Math.max(sampled.length, greedy.length),
      samples: Math.max(1, ...sampled.map(({ rollouts }) => rollouts.length)),
      ...evaluationMetrics(sampled, greedy),
      timing: { seconds: null },
    });
  }

  /** The trainer's log entry for a step, whenever it is read. */
  metrics({ step, values }: ForeignMetrics): void {
    this.journal.append({ type: 'metrics', step, ...toMetrics(values) });
  }

  /** Lets another part add records that do not come from the import. */
  async add<T>(work: (journal: Journal) => Promise<T>): Promise<T> {
    return work(this.journal);
  }

  /** From now on `warnOfCollapse` reports the warnings of the collapse watch, including those for earlier records. */
  watchCollapse(): void {
    const watch = new ImportWatch();
    const { nextSeq } = this.journal.position();
    for (let seq = 0; seq < nextSeq; seq += READ_AT_ONCE)
      for (const record of this.journal.recordsFrom(seq, Math.min(READ_AT_ONCE, nextSeq - seq))) watch.take(record);
    this.journal.onRecord((record) => watch.take(record));
    this.watch = watch;
  }

  /** Records the new warnings of the collapse watch. */
  warnOfCollapse(): void {
    for (const warning of this.watch?.newWarnings() ?? []) this.journal.append(warning);
  }

  warn(message: string): void {
    this.journal.append({ type: 'warning', code: 'import', message, step: null, problem: null });
  }

  /** Returns when everything recorded so far is durable. */
  async sync(): Promise<void> {
    await this.journal.sync();
  }

  /** Ends the run as complete, or as stopped if more may come. */
  async end(reason: 'completed' | 'stopped'): Promise<void> {
    this.recordProblems();
    this.journal.append({ type: 'end', reason, step: this.lastStep });
    await this.journal.close();
  }

  /** Lets go of the folder as it is. */
  async close(): Promise<void> {
    await this.journal.close();
  }

  private recordProblems(count = this.problems.count): void {
    const fresh = this.problems.takeNew(count);
    if (fresh.length === 0) return;
    const total = fresh.at(-1)!.problem.index + 1;
    this.journal.appendProblems(
      fresh.map(({ problem }) => problem),
      fresh.map(({ prompt }) => prompt),
      total,
    );
  }

  private takeGroups(phase: Phase, step: number): JudgedGroup[] {
    const isIt = (item: Waiting) => item.phase === phase && item.step === step;
    const found = this.waiting.filter(isIt);
    this.waiting = this.waiting.filter((item) => !isIt(item));
    return found.map(({ group }) => group);
  }
}

/** Records that are read into memory together. */
const READ_AT_ONCE = 2000;

interface Waiting {
  phase: Phase;
  step: number;
  group: JudgedGroup;
}

/** Metrics that do not follow from the rollouts are unknown until the trainer's log provides them. */
const UNKNOWN_METRICS = Object.fromEntries(Object.keys(STEP_METRICS).map((name) => [name, null])) as Record<
  StepMetric,
  null
>;

const NO_TIMING: StepRecord['timing'] = {
  seconds: null,
  rolloutSeconds: null,
  updateSeconds: null,
  engineSeconds: null,
  rolloutTokensPerSecond: null,
  residentBytes: null,
};
