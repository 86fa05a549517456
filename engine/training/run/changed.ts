/** The refusal to resume a run whose dataset or model has changed. */
import { RollscopeError } from '../../protocol/errors.ts';
import type { RunConfig, RunFile } from '../../protocol/index.ts';
import type { PolicyInfo } from '../policy/contract.ts';
import type { Material } from './material.ts';

/** What a run recorded when it was started. */
interface Recorded {
  run: string;
  runFile: Pick<RunFile, 'dataFingerprint' | 'modelFingerprint'>;
}

/** Throws RollscopeError `dataset` if the dataset is not the one that the run recorded. */
export function checkSameData(
  { dataset }: Pick<RunConfig, 'dataset'>,
  { fingerprint }: Pick<Material, 'fingerprint'>,
  { run, runFile }: Recorded,
): void {
  if (fingerprint !== runFile.dataFingerprint) throw changedSince(run, 'dataset', dataset.path);
}

/** Throws RollscopeError `model` if the model, or a policy that votes with it, is not the one that the run recorded. */
export async function checkSameModel(
  { model }: Pick<RunConfig, 'model'>,
  { fingerprint }: Pick<PolicyInfo, 'fingerprint'>,
  { run, runFile: { modelFingerprint: recorded } }: Recorded,
): Promise<void> {
  if (fingerprint === recorded || (recorded !== null && (await isSame(model, fingerprint, recorded)))) return;
  throw changedSince(run, 'model', `The model ${model}${fingerprint.includes('+') ? ' or another voting policy' : ''}`);
}

/** For runs of earlier versions, which recorded another kind of fingerprint; loaded for these only. */
async function isSame(model: string, current: string, recorded: string): Promise<boolean> {
  const { isSameModel } = await import('../../model/source.ts');
  return isSameModel(model, current, recorded);
}

/** @param name of the dataset or model, for people @param run its name */
function changedSince(run: string, what: 'dataset' | 'model', name: string): RollscopeError {
  return new RollscopeError(
    what,
    `${name} has changed since the run ${run} started.`,
    what === 'dataset'
      ? 'Restore the original file, or start a new run. (If the file is unchanged: this version may read labels, chats and choices differently from the one that started the run.)'
      : 'Restore the original model, or start a new run.',
    { details: { reason: 'changed', what, name, run } },
  );
}
