/** Resuming a run. */
import { programsOf } from '../../config/programs.ts';
import type { Checkpoint } from '../../journal/checkpoints.ts';
import { withCheckpoint } from '../../journal/damaged-checkpoint.ts';
import { checkWhole, openJournal } from '../../journal/open.ts';
import { markAsOwn } from '../../journal/own-mark.ts';
import { readRunFile } from '../../journal/reader.ts';
import { type Prompt, requireOwnConfig } from '../../protocol/index.ts';
import { originText } from '../../protocol/texts.ts';
import type { RunHandle } from '../handle.ts';
import { type LoopState, readState } from '../loop-position.ts';
import { stopIfCanceled } from './canceled.ts';
import { checkSameData, checkSameModel } from './changed.ts';
import { checkReward } from './check.ts';
import { checkConsent } from './consent.ts';
import { restoreParent } from './fork.ts';
import { appendHeader, promptsOf, warnOfConfig } from './header.ts';
import { loadMaterial } from './material.ts';
import { openPolicy } from './open.ts';
import { begin, createWorker, type Worker } from './parts.ts';
import type { StartOptions } from './start.ts';

export interface ResumeOptions extends Pick<StartOptions, 'folder' | 'signal' | 'allowPrograms'> {
  /** Whether the user has seen and allowed the programs of a run from elsewhere. */
  allowCommand?: boolean;
}

/**
 * Resumes an interrupted, stopped or failed run from its last checkpoint, with the results of an uninterrupted run.
 * Rejects with RollscopeError if the folder cannot be opened, or if model or dataset have changed.
 */
export async function resumeRun({
  folder,
  signal,
  allowPrograms = false,
  allowCommand = false,
}: ResumeOptions): Promise<RunHandle> {
  // Before the folder is locked and repaired: a run of another trainer stays as it is.
  const file = await readRunFile(folder);
  const hint = `Continue it with ${originText(file.origin)} and import it again, or start a new run with: rollscope train`;
  const config = requireOwnConfig(file, 'Resuming', hint);
  if (allowPrograms) await checkConsent(folder, config, allowCommand);
  const journal = await openJournal(folder);
  let worker: Worker | null = null;
  try {
    const { runFile, checkpoint, recovery } = journal;
    await checkReward(config, allowPrograms);
    if (allowCommand && programsOf(config).length > 0) await markAsOwn(folder);
    const material = await loadMaterial(config, signal);
    checkSameData(config, material, journal);
    checkWhole(journal, material.problems.length);
    worker = createWorker(folder, config);
    // As the model got them when the run was created; its chat template could give others today.
    const prompts = storedPrompts(journal.prompts) ?? [...material.prompts];
    const info = await openPolicy(
      config,
      { prompts, problems: material.problems, date: runFile.created },
      worker.compute,
      signal,
    );
    stopIfCanceled(signal);
    await checkSameModel(config, info, journal);
    const state = checkpoint
      ? await restore(folder, checkpoint, worker)
      : await restoreParent(runFile.parent, worker.compute);
    if (!checkpoint) {
      appendHeader(journal, config, material, info);
      warnOfConfig(journal, config);
    }
    if (!journal.prompts) await journal.writePrompts(promptsOf(info));
    if (recovery) journal.append({ type: 'lifecycle', event: 'recovered', message: recovery.message });
    journal.append({ type: 'lifecycle', event: 'resumed' });
    const history = checkpoint ? journal.recordsFrom(0, checkpoint.position.nextSeq) : [];
    return begin(worker, { config, journal, material, vocabulary: info.vocabulary, state, history });
  } catch (error) {
    await worker?.compute.close();
    await journal.close();
    throw error;
  }
}

/** Gives the worker the weights of a checkpoint; returns the place of the loop. */
function restore(run: string, checkpoint: Checkpoint, { compute }: Worker): Promise<LoopState> {
  return withCheckpoint(run, checkpoint, async () => {
    const state = await readState(checkpoint.folder);
    await compute.restore(checkpoint.folder);
    return state;
  });
}

/** null if the run has none; a run of this engine has the tokens of all prompts. */
function storedPrompts(prompts: readonly Prompt[] | null) {
  const encoded = prompts?.flatMap(({ text, tokens }) => (tokens ? { text, tokens } : []));
  return encoded && encoded.length === prompts?.length ? encoded : null;
}
