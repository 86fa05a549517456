/** Forking: a run that begins with the weights and the optimizer's state of another run's checkpoint. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type Checkpoint, listCheckpoints } from '../../journal/checkpoints.ts';
import { checkCheckpoint, withCheckpoint } from '../../journal/damaged-checkpoint.ts';
import type { Journal } from '../../journal/journal.ts';
import { runName } from '../../journal/layout.ts';
import { readRunFile } from '../../journal/reader.ts';
import { isOnTrl, isOnVerl, RollscopeError, type RunConfig, requireOwnConfig } from '../../protocol/index.ts';
import type { RunParent } from '../../protocol/run-file.ts';
import { copy } from '../../system/files.ts';
import type { Compute } from '../compute.ts';
import { LOOP_START, type LoopState, writeState } from '../loop-position.ts';

/** The files of a checkpoint with weights and optimizer state; a fork's place in the run is its own. */
const WEIGHTS = /^(adapter_config\.json|.*\.safetensors)$/;

/** A checkpoint that a run can begin with. */
export interface Fork {
  parent: RunParent;
  /** @throws RollscopeError `model` if the model is not the one that the checkpoint belongs to */
  checkModel(fingerprint: string): void;
  /** Copies the checkpoint into the new run, as the one at step 0, and sends its weights to the worker. */
  begin(journal: Journal, compute: Compute): Promise<void>;
}

/**
 * @throws RollscopeError `usage` for a run without that checkpoint or of another engine, `config` where the new run has
 *   another model or adapter, `run-broken` for a damaged checkpoint
 */
export async function openParent(config: RunConfig, { folder, step }: { folder: string; step: number }): Promise<Fork> {
  const file = await readRunFile(folder);
  const run = runName(folder);
  const own = requireOwnConfig(file, 'A fork', 'Start a new run with: rollscope train');
  if (isOnTrl(own) || isOnVerl(own)) {
    throw new RollscopeError(
      'usage',
      `The run ${run} was trained by ${own.engine?.kind}: its checkpoints cannot be forked.`,
      'Start a new run with: rollscope train',
      { details: { reason: 'engine-has-no-forks', run, value: own.engine?.kind } },
    );
  }
  const checkpoint = await checkpointAt(folder, step);
  await checkCheckpoint(folder, checkpoint);
  refuseOtherModel(config, own, run);
  return {
    parent: { run, folder: path.resolve(folder), step },
    checkModel: (fingerprint) => {
      // Other voting policies may differ.
      const modelOf = (text: string | null) => text?.split('+')[0];
      if (file.modelFingerprint === null || modelOf(fingerprint) === modelOf(file.modelFingerprint)) return;
      throw new RollscopeError(
        'model',
        `The model ${config.model} has changed since run ${run} was trained, so its checkpoint does not fit.`,
        'Restore the model, or start a new run with: rollscope train',
        { details: { reason: 'changed', field: 'model', run } },
      );
    },
    begin: async (journal, compute) => {
      await journal.writeCheckpoint(0, (to) => copyWeights(checkpoint.folder, to));
      await withCheckpoint(folder, checkpoint, () => compute.restore(checkpoint.folder));
    },
  };
}

/** The place of a run without a checkpoint of its own: its start, with its initial weights. */
export async function restoreParent(parent: RunParent | undefined, compute: Compute): Promise<LoopState> {
  if (parent) {
    const checkpoint = await checkpointAt(parent.folder, parent.step);
    await withCheckpoint(parent.folder, checkpoint, () => compute.restore(checkpoint.folder));
  }
  return LOOP_START;
}

async function checkpointAt(folder: string, step: number): Promise<Checkpoint> {
  const checkpoints = await listCheckpoints(folder);
  const found = checkpoints.find((candidate) => candidate.step === step);
  if (found) return found;
  const steps = checkpoints.map((item) => item.step);
  throw new RollscopeError(
    'usage',
    `The run ${runName(folder)} has no checkpoint of step ${step}.`,
    steps.length > 0
      ? `It has checkpoints of steps ${steps.join(', ')}.`
      : 'It has none: probes and imported runs write none.',
    { details: { reason: 'no-checkpoint', run: runName(folder), step, allowed: steps } },
  );
}

/** A checkpoint fits its model and its adapter only. */
function refuseOtherModel(config: RunConfig, parent: RunConfig, run: string): void {
  const kept = { model: [config.model, parent.model], lora: [config.lora, parent.lora] };
  for (const [field, [now, then]] of Object.entries(kept)) {
    if (JSON.stringify(now) === JSON.stringify(then)) continue;
    throw new RollscopeError(
      'config',
      field === 'model'
        ? `A fork keeps its model: run ${run} trained ${parent.model}.`
        : `A fork keeps its adapter: run ${run} trained ${parent.lora ? `LoRA rank ${parent.lora.rank}, alpha ${parent.lora.alpha}` : 'all weights'}.`,
      'Leave that setting out, or start a new run with: rollscope train',
      { details: { reason: 'kept-by-fork', field, run } },
    );
  }
}

async function copyWeights(from: string, to: string): Promise<void> {
  for (const name of await readdir(from)) {
    if (WEIGHTS.test(name)) await copy(path.join(from, name), path.join(to, name));
  }
  await writeState(to, LOOP_START);
}
