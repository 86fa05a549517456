/** A policy's files: what training needs to resume, as a PEFT adapter or as weights, with the optimizer's state. */

import path from 'node:path';
import { readPeftAdapter, writePeftAdapter } from '../../model/peft.ts';
import { readSafetensorsIndex, readTensor } from '../../model/safetensors.ts';
import { writeSafetensors } from '../../model/safetensors-write.ts';
import type { LoraConfig } from '../../protocol/index.ts';
import { ensureFolder } from '../../system/files.ts';
import type { Trainer } from './trainer.ts';

const WEIGHTS = 'model.safetensors';
const OPTIMIZER = 'optimizer.safetensors';

export interface PolicyFiles {
  trainer: Pick<Trainer, 'weights' | 'optimizerState' | 'restore'>;
  /** null where all weights train. */
  lora: LoraConfig | null;
  /** Name of the model under the adapter. */
  baseModel: string;
}

/** Writes what training needs to resume from here: adapter or weights, and the optimizer's state. */
export async function savePolicy(folder: string, policy: PolicyFiles): Promise<void> {
  await exportPolicy(folder, policy);
  const { updates, tensors } = await policy.trainer.optimizerState();
  await writeSafetensors(path.join(folder, OPTIMIZER), tensors, { updates: String(updates) });
}

/** Writes the adapter as a PEFT folder, or the weights as `model.safetensors`. */
export async function exportPolicy(folder: string, { trainer, lora, baseModel }: PolicyFiles): Promise<void> {
  await ensureFolder(folder);
  const weights = await trainer.weights();
  if (lora) await writePeftAdapter(folder, { ...lora, baseModel, tensors: weights });
  else await writeSafetensors(path.join(folder, WEIGHTS), weights, { format: 'pt' });
}

/**
 * Restores weights, moments of the optimizer and number of updates that `savePolicy` wrote into a folder.
 * @throws RollscopeError `model` where a file is missing or damaged
 */
export async function restorePolicy(folder: string, { trainer, lora }: PolicyFiles): Promise<void> {
  const weights = lora
    ? new Map([...(await readPeftAdapter(folder)).tensors].map(([name, { data }]) => [name, data]))
    : await readAll(path.join(folder, WEIGHTS));
  const file = path.join(folder, OPTIMIZER);
  const { metadata } = await readSafetensorsIndex(file);
  trainer.restore(weights, await readAll(file), Number(metadata.updates));
}

async function readAll(file: string): Promise<Map<string, Float32Array>> {
  const { tensors } = await readSafetensorsIndex(file);
  return new Map(
    await Promise.all([...tensors].map(async ([name, stored]) => [name, await readTensor(stored)] as const)),
  );
}
