/** Runs on verl: jobs submitted to a Ray cluster, whose output is imported into a run folder as it grows. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { verl } from '../importers/formats/verl.ts';
import { ImportWork } from '../importers/import-work.ts';
import type { Dump } from '../importers/importer.ts';
import { judgesFor } from '../importers/judges.ts';
import type { ForeignMetrics } from '../importers/metrics.ts';
import { ImportedRun } from '../importers/run.ts';
import { withEvents } from '../importers/with-events.ts';
import { ON_VERL, type PreparedJob, prepareVerlJob, writeVerlFiles } from '../jobs/index.ts';
import { createJournal } from '../journal/create.ts';
import { type ImportState, readImportState, writeImportState } from '../journal/import-state.ts';
import type { Journal } from '../journal/journal.ts';
import { runName } from '../journal/layout.ts';
import { alreadyComplete, openJournalAt } from '../journal/open.ts';
import { markAsOwn } from '../journal/own-mark.ts';
import { readRunFile } from '../journal/reader.ts';
import { withoutTemplate } from '../model/prompt-text.ts';
import { RollscopeError, type RunConfig, requireOwnConfig } from '../protocol/index.ts';
import { VERSION } from '../protocol/version.ts';
import { rewardOf } from '../reward/index.ts';
import { readEnds } from '../runs/ends.ts';
import { remove } from '../system/files.ts';
import { WorkClock } from '../training/clock.ts';
import type { RunHandle } from '../training/handle.ts';
import { ProgressMeter } from '../training/progress.ts';
import { stopIfCanceled } from '../training/run/canceled.ts';
import { checkSameData } from '../training/run/changed.ts';
import { checkConsent } from '../training/run/consent.ts';
import { appendHeader, runFileOf, warn } from '../training/run/header.ts';
import type { ResumeOptions, StartOptions } from '../training/run/index.ts';
import { RunWatch } from '../training/watch.ts';
import { clusterOf } from './cluster.ts';
import { JobLog } from './job-log.ts';
import { JobProblems } from './problems.ts';
import { isFinished, RayJobs } from './ray-jobs.ts';
import { feedWatch, VerlRun } from './run.ts';
import { readJob, type SubmittedJob, verlFolder, writeJob } from './submitted-job.ts';
import { zipFolder } from './zip.ts';

/**
 * Starts a run on verl in a new folder. Rejects with RollscopeError if verl does not support a setting, the problems are
 * unusable, or the cluster refuses the job; the folder is then removed.
 */
export async function startVerl({ config: given, folder, signal }: StartOptions): Promise<RunHandle> {
  const jobs = new RayJobs(clusterOf(given.engine?.address));
  const prepared = await prepareVerlJob(given, ON_VERL, signal);
  const { config, material } = prepared;
  const places = placesOf(config, folder, jobs);
  stopIfCanceled(signal);
  const ray = await jobs.version();
  stopIfCanceled(signal);
  const created = new Date().toISOString();
  const runFile = runFileOf(config, { created, fingerprint: null }, material, { packages: { ray } });
  const prompts = promptsOf(prepared).map((text, problem) => ({ problem, text, tokens: null }));
  const journal = await createJournal(folder, { runFile, problems: material.problems, prompts });
  try {
    // The run names a program, which it starts on the cluster: marks the run as made on this machine.
    await markAsOwn(folder);
    describe(journal, prepared, jobs);
    const state = await beginState(journal, places.mount);
    const job = await submit(folder, prepared, jobs, places);
    return work({ journal, prepared, jobs, job, state });
  } catch (error) {
    await journal.close().catch(() => {});
    await remove(folder);
    throw error;
  }
}

/**
 * Follows the job of a run again; if it ended early, submits a new one that continues from verl's last checkpoint. Rejects
 * as `startVerl` does, but keeps the folder.
 */
export async function resumeVerl({ folder, signal, allowCommand = false }: ResumeOptions): Promise<RunHandle> {
  const file = await readRunFile(folder);
  const config = requireOwnConfig(file, 'Resuming', 'Start a new run with: rollscope train');
  await checkConsent(folder, config, allowCommand);
  if ((await readEnds(folder)).end?.reason === 'completed') throw alreadyComplete(runName(folder));
  const jobs = new RayJobs(clusterOf(config.engine?.address));
  const prepared = await prepareVerlJob(config, ON_VERL, signal);
  checkSameData(config, prepared.material, { run: runName(folder), runFile: file });
  const places = placesOf(config, folder, jobs);
  const before = await readJob(folder);
  const info = before && (await jobs.info(before.id));
  stopIfCanceled(signal);
  const state = await readImportState(folder);
  if (!state) throw missingStateError(folder);
  const journal = await openJournalAt(folder, state.position);
  try {
    if (allowCommand) await markAsOwn(folder);
    journal.append({ type: 'lifecycle', event: 'resumed' });
    const atWork = before && info && (!isFinished(info.status) || info.status === 'SUCCEEDED');
    const job = atWork ? before : await submit(folder, prepared, jobs, places);
    return work({ journal, prepared, jobs, job, state });
  } catch (error) {
    await journal.close();
    throw error;
  }
}

interface Places {
  /** verl's output folder as a path on the cluster (`outputs`), and as a path here (`mount`). */
  outputs: string;
  mount: string;
}

/** Each run has its own folder there, so that none continues from the checkpoints of another. */
function placesOf({ engine }: RunConfig, folder: string, { cluster }: RayJobs): Places {
  const { outputs, mount } = engine ?? {};
  if (outputs === undefined) {
    if (cluster.isLocal) {
      const own = verlFolder(path.resolve(folder), 'outputs');
      return { outputs: own, mount: own };
    }
    throw new RollscopeError(
      'config',
      `--outputs is missing: the folder on the cluster at ${cluster.url} for rollouts, metrics and checkpoints.`,
      'Give an absolute path that all of its nodes share, for example --outputs /shared/outputs.',
      { details: { reason: 'outputs-missing', field: '--outputs', server: cluster.url } },
    );
  }
  if (!path.posix.isAbsolute(outputs)) {
    throw new RollscopeError(
      'config',
      `--outputs ${outputs}: not an absolute path on the cluster.`,
      'Give one that all nodes of the cluster share, for example --outputs /shared/outputs.',
      { details: { reason: 'outputs-not-absolute', field: '--outputs', value: outputs } },
    );
  }
  const run = runName(folder);
  return { outputs: path.posix.join(outputs, run), mount: path.join(mount ?? outputs, run) };
}

/** Submits the job; its id is stored first. */
async function submit(run: string, prepared: PreparedJob, jobs: RayJobs, places: Places): Promise<SubmittedJob> {
  const files = verlFolder(run, 'job');
  // Rewritten each time, so that files of a folder from elsewhere are never run.
  await remove(files);
  await writeVerlFiles(prepared, files);
  const stored = await jobs.upload(await zipFolder(files));
  const id = `rollscope-${randomBytes(8).toString('hex')}`;
  const job: SubmittedJob = { id, cluster: jobs.cluster.url, ...places };
  await writeJob(run, job);
  const overrides = prepared.config.engine?.overrides ?? [];
  const more = overrides.length > 0 ? ` -- ${overrides.map(quoted).join(' ')}` : '';
  await jobs.submit({
    id,
    entrypoint: `python train.py --out ${quoted(places.outputs)}${more}`,
    package: stored,
    metadata: { name: runName(run), rollscope: VERSION },
  });
  return job;
}

/** Quotes a word for the shell in which Ray starts the job. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function promptsOf({ material }: PreparedJob): string[] {
  return material.prompts.map(withoutTemplate);
}

/** Appends what is known before the job is submitted. */
function describe(journal: Journal, { config, material, validated }: PreparedJob, { cluster }: RayJobs): void {
  appendHeader(journal, config, material, {
    ...{ name: config.model, device: `verl on ${cluster.url}`, warnings: [] },
    ...{ parameters: null, trainable: null, fingerprint: null, vocabulary: null },
  });
  if (validated.length === 0 && config.evaluation.samples > 0) {
    warn(journal, 'dataset', 'verl does not validate: no evaluation problem has a reference answer.');
  }
}

/** The initial import state, valid until the first step was imported. */
async function beginState(journal: Journal, source: string): Promise<ImportState> {
  await journal.sync();
  const state: ImportState = {
    ...{ source, format: verl.name, fromZero: false, position: journal.position(), parts: {} },
    ...{ counts: { groups: 0, rollouts: 0, steps: 0, faults: 0 }, identified: true },
  };
  await writeImportState(journal.folder, state);
  return state;
}

interface RunningJob {
  journal: Journal;
  prepared: PreparedJob;
  jobs: RayJobs;
  job: SubmittedJob;
  state: ImportState;
}

async function work({ journal, prepared, jobs, job, state }: RunningJob): Promise<RunHandle> {
  const { config, material } = prepared;
  const { folder, run } = journal;
  const log = new JobLog(verlFolder(folder, 'job.log'));
  const problems = new JobProblems(material.problems, promptsOf(prepared));
  const imported = ImportedRun.over(journal, problems);
  const importer = { name: verl.name, curvesOnly: false };
  const dump = withLog(await withEvents(verl).open(job.mount, { map: {} }), log);
  const importing = new ImportWork({
    ...{ importer, source: job.mount, dump, problems, run: imported, before: { ...state, source: job.mount } },
    options: { rules: config.grading, judges: judgesFor, follow: true },
  });
  const watch = new RunWatch(config.watch, rewardOf(config.reward, config.rewardOptions));
  for (const record of journal.recordsFrom(0, state.position.nextSeq)) feedWatch(watch, record);
  const meter = new ProgressMeter({ run, folder }, config.steps, () => 0, new WorkClock());
  await log.follow(jobs.cluster, job.id);
  return new VerlRun({ config, journal, imported, work: importing, importer, jobs, job, log, meter, watch });
}

/** Adds the metrics from the job's log, for when verl's own file cannot be read. */
function withLog(dump: Dump, log: JobLog): Dump {
  return {
    ...dump,
    metrics: async (context) => {
      const bySteps = new Map(log.metrics.map((metric): [number, ForeignMetrics] => [metric.step, metric]));
      for (const { step, values } of (await dump.metrics?.(context)) ?? []) {
        bySteps.set(step, { step, values: { ...bySteps.get(step)?.values, ...values } });
      }
      return [...bySteps.values()].sort((a, b) => a.step - b.step);
    },
  };
}

function missingStateError(folder: string): RollscopeError {
  return new RollscopeError(
    'run-broken',
    `${folder} does not contain how far its job was followed: import.json is missing or damaged.`,
    'Import what verl wrote into a new run: rollscope import <outputs>',
    { details: { reason: 'no-import-state', folder } },
  );
}
