/** Starting a run: everything that can be wrong is found before its folder exists. */
import { programsOf } from '../../config/programs.ts';
import { createJournal } from '../../journal/create.ts';
import type { Journal } from '../../journal/journal.ts';
import { markAsOwn } from '../../journal/own-mark.ts';
import { isOnTrl, isOnVerl, RollscopeError, type RunConfig } from '../../protocol/index.ts';
import type { RunHandle } from '../handle.ts';
import { LOOP_START } from '../loop-position.ts';
import { stopIfCanceled } from './canceled.ts';
import { withChatTemplate } from './chat-template.ts';
import { checkConfig, checkProblems } from './check.ts';
import { checkInherited } from './consent.ts';
import { openParent } from './fork.ts';
import { appendHeader, promptsOf, runFileOf, warnOfConfig } from './header.ts';
import { loadMaterial } from './material.ts';
import { openPolicy } from './open.ts';
import { begin, createWorker } from './parts.ts';

export interface StartOptions {
  config: RunConfig;
  /** The run's own folder, which must not exist yet or be empty; its name is the run's. */
  folder: string;
  /** Cancels the preparation. */
  signal: AbortSignal;
  /** Whether rewards may run programs: the user's own, and those that the model writes. */
  allowPrograms?: boolean;
  /**
   * Whether the user has seen and allowed the programs of the run from elsewhere whose checkpoint this run begins with.
   */
  allowCommand?: boolean | undefined;
  /** Begins with the weights and the optimizer's state of a checkpoint of another run: its folder, and the step. */
  from?: { folder: string; step: number } | undefined;
}

/**
 * @throws RollscopeError `config` for another engine in a fork, an experiment or a probe, which only this engine can
 * make
 */
function refuseOtherEngine(config: RunConfig): void {
  if (!isOnTrl(config) && !isOnVerl(config)) return;
  const value = config.engine?.kind;
  throw new RollscopeError(
    'config',
    `--engine ${value} only trains: forks, probes and experiments need Rollscope's own engine.`,
    'Leave out --engine, or start it with: rollscope train',
    { details: { reason: 'train-only', field: '--engine', value } },
  );
}

/**
 * Starts a run in a new folder. Rejects with RollscopeError, before the folder exists, when configuration, dataset or
 * model are bad.
 */
export async function startRun(options: StartOptions): Promise<RunHandle> {
  const { folder, signal, allowPrograms = false } = options;
  const config = await withChatTemplate(options.config);
  const fork = options.from ? await openParent(config, options.from) : null;
  refuseOtherEngine(config);
  await checkConfig(config, allowPrograms);
  if (options.from) await checkInherited(options.from.folder, config, options.allowCommand === true);
  const material = await loadMaterial(config, signal);
  checkProblems(config, material.training);
  stopIfCanceled(signal);
  const worker = createWorker(folder, config);
  let journal: Journal | null = null;
  try {
    const created = new Date().toISOString();
    const info = await openPolicy(config, { ...material, date: created }, worker.compute, signal);
    stopIfCanceled(signal);
    fork?.checkModel(info.fingerprint);
    const runFile = runFileOf(config, { created, fingerprint: info.fingerprint }, material, { parent: fork?.parent });
    const { problems } = material;
    journal = await createJournal(folder, { runFile, problems, prompts: promptsOf(info) });
    if (programsOf(config).length > 0) await markAsOwn(folder);
    appendHeader(journal, config, material, info);
    warnOfConfig(journal, config);
    if (fork) await fork.begin(journal, worker.compute);
    const { vocabulary } = info;
    return begin(worker, { config, journal, material, vocabulary, state: LOOP_START, history: [] });
  } catch (error) {
    await worker.compute.close();
    await journal?.close().catch(() => {});
    throw error;
  }
}
