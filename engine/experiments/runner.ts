/**
 * Works through a study: a folder with its runs, each an ordinary run folder that is resumed where it stopped; then the
 * findings, and one report. Called again on the same folder it goes on with what is missing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { parseRunConfig } from '../config/layers.ts';
import { readRunFolder } from '../journal/reader.ts';
import { RollscopeError, RunConfig } from '../protocol/index.ts';
import { mergeConfig } from '../protocol/presets.ts';
import { writeWhole } from '../system/aside.ts';
import type { RunHandle } from '../training/handle.ts';
import { resumeRun, startRun } from '../training/run/index.ts';
import { versions } from '../versions.ts';
import { reportPage } from './report/page.ts';
import { type Criterion, type Study, type StudyContext, type StudyRun, type Verdict, verdictOf } from './study.ts';
import { type WatchedStudyRun, type WatchSummary, watchedRun, watchSections, watchSummary } from './watched.ts';

export interface StudyProgress {
  done: number;
  /** Runs in all, as far as the study knows; at least `done`. */
  expected: number;
  active: { id: string; step: number; steps: number; activity: string }[];
  secondsLeft: number | null;
}

export interface StudyOptions {
  study: Study;
  base: RunConfig;
  embedded: boolean;
  /** Models beside the one of `base`, for a study that compares some. */
  against: readonly string[];
  seeds: readonly number[];
  folder: string;
  /** Runs at a time. */
  parallel: number;
  allowPrograms: boolean;
  signal: AbortSignal;
  onProgress(progress: StudyProgress): void;
}

export interface StudyResult {
  verdict: Verdict;
  criteria: Criterion[];
  report: string;
  /** Seconds of work, those of earlier calls on the folder included. */
  seconds: number;
  runs: number;
  /** How the collapse watch did over the runs. */
  watch: WatchSummary;
}

export const STUDY_FILE = 'study.json';
export const REPORT_FILE = 'report.html';
export const RESULT_FILE = 'result.json';

/** `study.json`: what the folder is a study of, so that it is not continued as another. */
const StudyFile = z.strictObject({
  study: z.string(),
  base: RunConfig,
  against: z.array(z.string()).default([]),
  seeds: z.array(z.int()),
  versions: z.record(z.string(), z.string()),
  /** Seconds worked by earlier calls. */
  seconds: z.number(),
});

/**
 * Runs a study to its report.
 * @throws RollscopeError `config` for a folder of another study, `cancelled`, or what a run failed with
 */
export async function runStudy(options: StudyOptions): Promise<StudyResult> {
  const { study, base, against, seeds, folder, signal } = options;
  const started = performance.now();
  const earlier = await openFolder(options);
  const worker = new StudyWorker(options);
  const save = async () => {
    const seconds = earlier + (performance.now() - started) / 1000;
    const identity = { study: study.name, base, against, seeds };
    await writeJson(path.join(folder, STUDY_FILE), { ...identity, versions: versions(), seconds });
    return seconds;
  };
  try {
    const findings = await study.run(worker.context());
    signal.throwIfAborted();
    const seconds = await save();
    const verdict = verdictOf(findings.criteria);
    const report = path.join(folder, REPORT_FILE);
    const watched = worker.watched.sort((a, b) => (a.run < b.run ? -1 : 1));
    const sections = [...findings.sections, ...watchSections(watched)];
    const watch = watchSummary(watched);
    const result = { verdict, criteria: findings.criteria, report, seconds, runs: worker.done, watch };
    await writeWhole(
      report,
      reportPage({ study, findings: { ...findings, sections }, verdict, base, seeds, seconds, runs: worker.folders }),
    );
    await writeJson(path.join(folder, RESULT_FILE), { study: study.name, ...result, remarks: findings.remarks });
    return result;
  } catch (error) {
    await worker.stop();
    await save();
    throw signal.aborted && !(error instanceof RollscopeError)
      ? new RollscopeError('cancelled', 'The study was stopped.', 'The same command goes on with it.')
      : error;
  }
}

/** Seconds of earlier calls. */
async function openFolder({ study, base, against, seeds, folder }: StudyOptions): Promise<number> {
  const file = path.join(folder, STUDY_FILE);
  const identity = { study: study.name, base, against, seeds };
  await mkdir(path.join(folder, 'runs'), { recursive: true });
  if (!existsSync(file)) {
    await writeJson(file, { ...identity, versions: versions(), seconds: 0 });
    return 0;
  }
  const begun = readStudyFile(folder);
  if (!begun || !sameStudy(begun, identity)) {
    throw new RollscopeError(
      'config',
      `${folder} holds another study${begun ? ` (${begun.study}), or the same with other options` : ''}.`,
      'Choose another folder (--out), or give the options that it was begun with.',
    );
  }
  return begun.seconds;
}

/** What a folder is a study of; null where it does not say, or says something that is not understood. */
export function readStudyFile(folder: string): z.infer<typeof StudyFile> | null {
  try {
    return StudyFile.parse(JSON.parse(readFileSync(path.join(folder, STUDY_FILE), 'utf8')));
  } catch {
    return null;
  }
}

/** A configuration as far as it decides what comes out: threads and memory do not. */
function deciding(config: RunConfig): string {
  return JSON.stringify(parseRunConfig({ ...config, threads: 0, memoryLimit: null }));
}

export interface StudyIdentity {
  study: string;
  base: RunConfig;
  against: readonly string[];
  seeds: readonly number[];
}

/** Whether two studies ask the same: threads and memory do not count. */
export function sameStudy(a: StudyIdentity, b: StudyIdentity): boolean {
  const key = ({ study, base, against, seeds }: StudyIdentity) =>
    JSON.stringify([study, deciding(base), against, seeds]);
  return key(a) === key(b);
}

/** Runs that must have been worked through before the rest is estimated from them. */
const LEAST_WORK = 0.1;

class StudyWorker {
  done = 0;
  readonly folders: { id: string; folder: string }[] = [];
  readonly watched: WatchedStudyRun[] = [];
  private expected = 0;
  /** Runs computed by this call, and when the first of them began (milliseconds). */
  private computed = 0;
  private began: number | null = null;
  private readonly started = new Map<string, Promise<StudyRun>>();
  private readonly active = new Map<string, RunHandle>();
  private readonly waiting: (() => void)[] = [];
  private places: number;

  constructor(private readonly options: StudyOptions) {
    this.places = options.parallel;
    options.signal.addEventListener('abort', () => void this.stop());
  }

  context(): StudyContext {
    const { base, against, seeds, embedded, folder } = this.options;
    return {
      base,
      seeds,
      embedded,
      models: [base.model, ...against],
      config: (changes) => parseRunConfig(mergeConfig(base, changes)),
      run: (id, config) => this.run(id, config),
      expect: (runs) => {
        this.expected = runs;
        this.report();
      },
      problems: async (name, rows) => {
        const file = path.join(folder, 'problems', `${name}.jsonl`);
        await writeWhole(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
        return file;
      },
    };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.active.values()].map((handle) => handle.stop()));
  }

  private run(id: string, config: RunConfig): Promise<StudyRun> {
    const known = this.started.get(id);
    if (known) return known;
    const made = this.make(id, config);
    this.started.set(id, made);
    // A study that fails elsewhere leaves this one to be stopped, not to be an error that nobody hears.
    made.catch(() => {});
    return made;
  }

  private async make(id: string, config: RunConfig): Promise<StudyRun> {
    const { signal, folder } = this.options;
    const place = path.join(folder, 'runs', id);
    const found = await this.finished(place, config);
    if (!found) {
      if (this.places === 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
      else this.places--;
      this.began ??= performance.now();
      try {
        signal.throwIfAborted();
        await this.compute(id, place, config);
        this.computed++;
      } finally {
        const next = this.waiting.shift();
        if (next) next();
        else this.places++;
      }
    }
    const { records, problems, runFile } = found ?? (await readRunFolder(place));
    this.done++;
    this.folders.push({ id, folder: place });
    const watched = watchedRun(id, records);
    if (watched) this.watched.push(watched);
    this.report();
    return { id, config: runFile.config, folder: place, records, problems };
  }

  /** The run, if it was completed by an earlier call. */
  private async finished(place: string, config: RunConfig) {
    if (!existsSync(path.join(place, 'run.json'))) return null;
    const run = await readRunFolder(place);
    if (deciding(run.runFile.config) !== deciding(config)) {
      throw new RollscopeError(
        'config',
        `${place} was made with another configuration.`,
        'Choose another folder for the study (--out).',
      );
    }
    const end = run.records.findLast((record) => record.type === 'end');
    return end?.reason === 'completed' || end?.error?.code === 'non-finite' ? run : null;
  }

  private async compute(id: string, place: string, config: RunConfig): Promise<void> {
    const { signal, allowPrograms } = this.options;
    const begun = existsSync(path.join(place, 'run.json'));
    if (!begun && existsSync(place) && (await readdir(place)).length > 0) {
      throw new RollscopeError(
        'disk',
        `${place} holds files that are no run.`,
        'Remove them, or choose another folder.',
      );
    }
    const handle = begun
      ? await resumeRun({ folder: place, allowPrograms })
      : await startRun({ config, folder: place, signal, allowPrograms });
    this.active.set(id, handle);
    const stopListening = handle.onProgress(() => this.report());
    if (signal.aborted) await handle.stop();
    const end = await handle.done;
    stopListening();
    this.active.delete(id);
    if (end.reason === 'completed') return;
    if (end.reason === 'stopped')
      throw new RollscopeError('cancelled', 'The study was stopped.', 'The same command goes on with it.');
    // Weights that are no numbers any more are a result: the run collapsed.
    if (end.error?.code === 'non-finite') return;
    const { code = 'internal', message = 'The run failed.', hint } = end.error ?? {};
    throw new RollscopeError(code as RollscopeError['code'], `Run ${id}: ${message}`, hint);
  }

  private report(): void {
    const active = [...this.active].map(([id, handle]) => {
      const { step, steps, activity } = handle.progress();
      return { id, step, steps, activity };
    });
    const expected = Math.max(this.expected, this.done + active.length);
    const part = active.reduce((sum, { step, steps }) => sum + (steps > 0 ? step / steps : 0), 0);
    const worked = this.computed + part;
    const elapsed = this.began === null ? 0 : (performance.now() - this.began) / 1000;
    const secondsLeft = worked > LEAST_WORK ? (elapsed / worked) * Math.max(0, expected - this.done - part) : null;
    this.options.onProgress({ done: this.done, expected, active, secondsLeft });
  }
}

function writeJson(file: string, value: unknown): Promise<void> {
  return writeWhole(file, `${JSON.stringify(value, null, 2)}\n`);
}
