/**
 * Runs an experiment: a folder of ordinary run folders, each resumed where it stopped, then the findings and one report.
 * Another call on the same folder adds what is missing.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { parseRunConfig } from '../config/layers.ts';
import { inRun, RUN_FILE } from '../journal/layout.ts';
import { readRunFolder } from '../journal/reader.ts';
import type { Reproduction } from '../protocol/experiments.ts';
import { activityText, errorCodeOf, RollscopeError, type RunConfig } from '../protocol/index.ts';
import { mergeConfig } from '../protocol/presets.ts';
import { requireOwnConfig } from '../protocol/run-file.ts';
import { writeAtomically } from '../system/aside.ts';
import type { RunHandle } from '../training/handle.ts';
import { resumeRun, startRun } from '../training/run/index.ts';
import {
  type Criterion,
  type Experiment,
  type ExperimentContext,
  type ExperimentRun,
  reproductionOf,
} from './experiment.ts';
import { decidingSettings, openFolder, REPORT_FILE, RESULT_FILE, writeIdentity, writeJson } from './folder.ts';
import type { OtherOption } from './other-options.ts';
import { reportPage } from './report/page.ts';
import { type WatchedExperimentRun, type WatchSummary, watchedRun, watchSections, watchSummary } from './watched.ts';

const OTHER_FOLDER = 'Choose another folder for the experiment (--out).';

export interface ExperimentProgress {
  done: number;
  /** Total number of runs, as far as the experiment knows; at least `done`. */
  expected: number;
  active: { id: string; step: number; steps: number; activity: string }[];
  secondsLeft: number | null;
}

export interface ExperimentOptions {
  experiment: Experiment;
  base: RunConfig;
  embedded: boolean;
  /** Models in addition to that of `base`, for experiments that compare models. */
  against: readonly string[];
  seeds: readonly number[];
  /** Options that differ from the experiment's own. */
  changed: readonly OtherOption[];
  folder: string;
  /** Runs at the same time. */
  parallel: number;
  allowPrograms: boolean;
  signal: AbortSignal;
  onProgress(progress: ExperimentProgress): void;
}

export interface ExperimentResult {
  /** Options that differ from the experiment's own: the result is that of the changed recipe. */
  changed: readonly OtherOption[];
  reproduction: Reproduction;
  criteria: Criterion[];
  report: string;
  /** Seconds of compute, including earlier calls on the folder. */
  seconds: number;
  runs: number;
  /** How the collapse watch performed over the runs. */
  watch: WatchSummary;
}

/**
 * Runs an experiment to its report.
 * @throws RollscopeError `config` for a folder of another experiment, `canceled`, or the error of a failed run
 */
export async function runExperiment(options: ExperimentOptions): Promise<ExperimentResult> {
  const { experiment, base, against, seeds, changed, folder, signal } = options;
  const started = performance.now();
  const identity = { experiment: experiment.name, base, against, seeds };
  const earlier = await openFolder(folder, identity);
  const worker = new ExperimentWorker(options);
  const save = async () => {
    const seconds = earlier + (performance.now() - started) / 1000;
    await writeIdentity(folder, identity, seconds);
    return seconds;
  };
  try {
    const findings = await experiment.run(worker.context());
    signal.throwIfAborted();
    const seconds = await save();
    const reproduction = reproductionOf(findings.criteria);
    const report = path.join(folder, REPORT_FILE);
    const watched = worker.watched.sort((a, b) => (a.run < b.run ? -1 : 1));
    const sections = [...findings.sections, ...watchSections(watched)];
    const watch = watchSummary(watched);
    const result = {
      changed,
      reproduction,
      criteria: findings.criteria,
      report,
      seconds,
      runs: worker.done,
      watch,
    };
    await writeAtomically(
      report,
      reportPage({
        experiment,
        findings: { ...findings, sections },
        reproduction,
        changed,
        base,
        seeds,
        seconds,
        runs: worker.folders,
      }),
    );
    await writeJson(path.join(folder, RESULT_FILE), {
      experiment: experiment.name,
      ...result,
      remarks: findings.remarks,
    });
    return result;
  } catch (error) {
    await worker.stop();
    await save();
    const hasFailed = error instanceof RollscopeError && error.code !== 'canceled';
    throw signal.aborted && !hasFailed ? stoppedError() : error;
  }
}

function stoppedError(): RollscopeError {
  return new RollscopeError('canceled', 'The experiment was stopped.', 'Repeat the command to resume it.', {
    details: { reason: 'stopped' },
  });
}

/** Work, in runs, that must be done before the remaining time is estimated. */
const MIN_WORK = 0.1;

class ExperimentWorker {
  done = 0;
  readonly folders: { id: string; folder: string }[] = [];
  readonly watched: WatchedExperimentRun[] = [];
  private expected = 0;
  /** Runs computed by this call, and when the first of them began (milliseconds). */
  private computed = 0;
  private began: number | null = null;
  private readonly started = new Map<string, Promise<ExperimentRun>>();
  private readonly active = new Map<string, RunHandle>();
  private readonly waiting: (() => void)[] = [];
  private places: number;

  constructor(private readonly options: ExperimentOptions) {
    this.places = options.parallel;
    options.signal.addEventListener('abort', () => void this.stop());
  }

  context(): ExperimentContext {
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
        await writeAtomically(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
        return file;
      },
    };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.active.values()].map((handle) => handle.stop()));
  }

  private run(id: string, config: RunConfig): Promise<ExperimentRun> {
    const known = this.started.get(id);
    if (known) return known;
    const made = this.makeRun(id, config);
    this.started.set(id, made);
    // If another run fails, this one is stopped, and its rejection must not count as unhandled.
    made.catch(() => {});
    return made;
  }

  private async makeRun(id: string, config: RunConfig): Promise<ExperimentRun> {
    const { signal, folder } = this.options;
    const place = path.join(folder, 'runs', id);
    const found = await this.readFinished(place, config);
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
    return { id, config: requireOwnConfig(runFile, 'An experiment', OTHER_FOLDER), folder: place, records, problems };
  }

  /** The run, if an earlier call completed it. */
  private async readFinished(place: string, config: RunConfig) {
    if (!existsSync(inRun(place, RUN_FILE))) return null;
    const run = await readRunFolder(place);
    if (decidingSettings(requireOwnConfig(run.runFile, 'An experiment', OTHER_FOLDER)) !== decidingSettings(config)) {
      throw new RollscopeError('config', `${place} was run with another configuration.`, OTHER_FOLDER, {
        details: { reason: 'other-configuration', folder: place },
      });
    }
    const end = run.records.findLast((record) => record.type === 'end');
    return end?.reason === 'completed' || end?.error?.code === 'non-finite' ? run : null;
  }

  private async compute(id: string, place: string, config: RunConfig): Promise<void> {
    const { signal, allowPrograms } = this.options;
    const begun = existsSync(inRun(place, RUN_FILE));
    if (!begun && existsSync(place) && (await readdir(place)).length > 0) {
      throw new RollscopeError(
        'disk',
        `${place} contains files that are not a run.`,
        'Remove them, or choose another folder (--out).',
        { details: { reason: 'not-a-run', folder: place } },
      );
    }
    const handle = begun
      ? // Its configuration is the one that was asked for here.
        await resumeRun({ folder: place, signal, allowPrograms, allowCommand: true })
      : await startRun({ config, folder: place, signal, allowPrograms });
    this.active.set(id, handle);
    const stopListening = handle.onProgress(() => this.report());
    if (signal.aborted) await handle.stop();
    const end = await handle.done;
    stopListening();
    this.active.delete(id);
    if (end.reason === 'completed') return;
    if (end.reason === 'stopped') throw stoppedError();
    // Non-finite weights are a result: the run collapsed.
    if (end.error?.code === 'non-finite') return;
    const { code = 'internal', message = 'The run failed.', hint } = end.error ?? {};
    throw new RollscopeError(errorCodeOf(code) ?? 'internal', `Run ${id}: ${message}`, hint, {
      details: { reason: 'run-failed', run: id },
    });
  }

  private report(): void {
    const active = [...this.active].map(([id, handle]) => {
      const progress = handle.progress();
      return { id, step: progress.step, steps: progress.steps, activity: activityText(progress) };
    });
    const expected = Math.max(this.expected, this.done + active.length);
    const part = active.reduce((sum, { step, steps }) => sum + (steps > 0 ? step / steps : 0), 0);
    const worked = this.computed + part;
    const elapsed = this.began === null ? 0 : (performance.now() - this.began) / 1000;
    const secondsLeft = worked > MIN_WORK ? (elapsed / worked) * Math.max(0, expected - this.done - part) : null;
    this.options.onProgress({ done: this.done, expected, active, secondsLeft });
  }
}
