/** Runs on TRL: started and resumed like runs of this engine, by the same training loop with another compute backend. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createJournal } from '../journal/create.ts';
import type { Journal } from '../journal/journal.ts';
import { checkWhole, openJournal } from '../journal/open.ts';
import { markAsOwn } from '../journal/own-mark.ts';
import { readRunFile } from '../journal/reader.ts';
import { type JournalRecord, RollscopeError, requireOwnConfig } from '../protocol/index.ts';
import { remove } from '../system/files.ts';
import type { RunHandle } from '../training/handle.ts';
import { LOOP_START, type LoopState, readState } from '../training/loop-position.ts';
import { stopIfCanceled } from '../training/run/canceled.ts';
import { checkSameData, checkSameModel } from '../training/run/changed.ts';
import { withChatTemplate } from '../training/run/chat-template.ts';
import { checkConfig, checkProblems, checkReward } from '../training/run/check.ts';
import { checkConsent } from '../training/run/consent.ts';
import { appendHeader, promptsOf, runFileOf, warnOfConfig } from '../training/run/header.ts';
import type { ResumeOptions, StartOptions } from '../training/run/index.ts';
import { begin, workerFor } from '../training/run/parts.ts';
import { TrlCompute } from './compute.ts';
import { prepareLaunch } from './launch.ts';
import { type Prepared, prepare } from './prepare.ts';

/**
 * Starts a run on TRL in a new folder. Rejects with RollscopeError if the configuration, dataset, model or Python is
 * unusable, or TRL does not start; the folder is then removed.
 */
export async function startTrl({
  config: given,
  folder,
  signal,
  allowPrograms = false,
}: StartOptions): Promise<RunHandle> {
  const config = await withChatTemplate(given);
  await checkConfig(config, allowPrograms);
  const created = new Date().toISOString();
  const prepared = await prepare(config, created, null, signal);
  checkProblems(config, prepared.material.training);
  stopIfCanceled(signal);
  const { material, info, packages } = prepared;
  const runFile = runFileOf(config, { created, fingerprint: info.fingerprint }, material, { packages });
  const prompts = promptsOf({ ...info, trainable: 0, device: '' });
  const journal = await createJournal(folder, { runFile, problems: material.problems, prompts });
  try {
    // The run names a program, its Python: marks the run as made on this machine.
    await markAsOwn(folder);
    const options = { resume: null, allowPrograms, state: LOOP_START, history: [], signal };
    return await work(journal, prepared, { ...options, fresh: true });
  } catch (error) {
    await journal.close().catch(() => {});
    await remove(folder);
    throw asStartFailure(error);
  }
}

/**
 * Resumes a run on TRL from its last checkpoint. Later steps are computed again, since TRL does not reproduce them bit by
 * bit. Rejects as `startTrl` does, but keeps the folder.
 */
export async function resumeTrl({
  folder,
  signal,
  allowPrograms = false,
  allowCommand = false,
}: ResumeOptions): Promise<RunHandle> {
  const file = await readRunFile(folder);
  const config = requireOwnConfig(file, 'Resuming', 'Start a new run with: rollscope train');
  await checkConsent(folder, config, allowCommand);
  const journal = await openJournal(folder, { remake: true });
  try {
    const { runFile, checkpoint, recovery } = journal;
    await checkReward(config, allowPrograms);
    if (allowCommand) await markAsOwn(folder);
    const prepared = await prepare(config, runFile.created, journal.prompts, signal);
    const { material, info } = prepared;
    checkSameData(config, material, journal);
    checkWhole(journal, material.problems.length);
    await checkSameModel(config, info, journal);
    const state = checkpoint ? await readState(checkpoint.folder) : LOOP_START;
    if (recovery) journal.append({ type: 'lifecycle', event: 'recovered', message: recovery.message });
    journal.append({ type: 'lifecycle', event: 'resumed' });
    const history = checkpoint ? journal.recordsFrom(0, checkpoint.position.nextSeq) : [];
    const weights = checkpoint && existsSync(path.join(checkpoint.folder, 'trainer_state.json'));
    const resume = weights ? checkpoint.folder : null;
    const options = { resume, allowPrograms, state, history, signal };
    return await work(journal, prepared, { ...options, fresh: checkpoint === null });
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** A run that failed to start has no log and nothing to resume. */
function asStartFailure(error: unknown): unknown {
  if (!(error instanceof RollscopeError) || error.details?.reason !== 'trl-ended') return error;
  const { file: _, run: __, ...details } = error.details;
  return new RollscopeError(error.code, error.message, 'The run did not start, and nothing of it was kept.', {
    details,
  });
}

interface WorkOptions {
  resume: string | null;
  allowPrograms: boolean;
  state: LoopState;
  history: readonly JournalRecord[];
  /** Whether its first records are still to be written. */
  fresh: boolean;
  /** Cancels the start of Python. */
  signal: AbortSignal;
}

async function work(journal: Journal, prepared: Prepared, options: WorkOptions): Promise<RunHandle> {
  const { config, material, source, python, info } = prepared;
  const { resume, allowPrograms, state, history, fresh, signal } = options;
  stopIfCanceled(signal);
  const { folder } = journal;
  const problems = material.training.length;
  const launch = await prepareLaunch({ config, folder, model: source.folder, problems, python, resume, allowPrograms });
  const worker = workerFor(folder, config, (listener) => new TrlCompute(listener, launch, source.tokenizer));
  const { compute } = worker;
  const giveUp = () => compute.kill();
  signal.addEventListener('abort', giveUp);
  try {
    const ready = await compute.ready();
    stopIfCanceled(signal);
    const device = `${ready.device.replace(/:\d+$/, '')} (TRL${ready.processes > 1 ? `, ${ready.processes} processes` : ''})`;
    if (fresh) {
      appendHeader(journal, config, material, { ...info, trainable: ready.trainable, device });
      warnOfConfig(journal, config);
    }
    compute.onMetrics = (step, values) => {
      journal.append({ type: 'metrics', step, metrics: {}, foreign: values });
    };
    const { vocabulary } = info;
    return begin(worker, { config, journal, material, vocabulary, state, history, outside: compute });
  } catch (error) {
    await compute.close();
    stopIfCanceled(signal);
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
