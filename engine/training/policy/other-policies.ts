/** Other policies that vote with the one being trained: their weights under the names of its parameters. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { DecoderConfig } from '../../model/config.ts';
import { fileFingerprint } from '../../model/fingerprint.ts';
import { checkFinite } from '../../model/finite-weights.ts';
import { asOwnAdapter } from '../../model/foreign-adapter.ts';
import { adapterFingerprint, readPeftAdapter } from '../../model/peft.ts';
import { readSafetensorsIndex, readTensor, type StoredTensor } from '../../model/safetensors.ts';
import { openModel } from '../../model/source.ts';
import { type LoraConfig, RollscopeError } from '../../protocol/index.ts';
import type { Backend, Value } from '../../runtime/backend.ts';
import type { Named } from '../../tensor/index.ts';
import type { Parameter } from '../../tensor/optimizer.ts';
import { elementsOf } from '../../tensor/tensor.ts';

export interface OtherPolicy {
  /** Under the parameter names of the trained policy. */
  parameters: Named<Value>;
  /** null for `base`. */
  fingerprint: string | null;
}

/** The policy that is trained, which the others must fit. */
export interface TrainedPolicy {
  backend: Backend;
  parameters: readonly Parameter[];
  lora: LoraConfig | null;
  /** The weights of `base`. */
  base: ReadonlyMap<string, Float32Array>;
  config: DecoderConfig;
  /** Cancels a download. */
  signal: AbortSignal | undefined;
}

/**
 * Loads a policy that votes: `base` (without the adapter, the weights of `base`), the folder of an adapter or of a
 * checkpoint, or a model of the same shape. Throws RollscopeError `model` if it does not fit.
 */
export async function loadOtherPolicy(policy: string, trained: TrainedPolicy): Promise<OtherPolicy> {
  const { backend, parameters, base } = trained;
  const { weights, fingerprint } =
    policy === 'base' ? { weights: base, fingerprint: null } : await readOtherPolicy(policy, trained);
  const values: Record<string, Value> = {};
  for (const { name, shape } of parameters) {
    const data = weights.get(name);
    if (data?.length !== elementsOf(shape)) {
      throw new RollscopeError(
        'model',
        `rlccf: the policy ${policy} ${data ? 'has a different shape' : `lacks ${name}`}, so it cannot vote with the policy being trained.`,
        'Use checkpoints of the same model, or models of the same shape.',
        { details: { reason: data ? 'other-shape' : 'missing-tensor', policy, field: name } },
      );
    }
    values[name] = backend.value('float32', shape, data);
  }
  return { parameters: values, fingerprint };
}

async function readOtherPolicy(
  policy: string,
  { lora, parameters, config, signal }: TrainedPolicy,
): Promise<{ weights: Map<string, Float32Array>; fingerprint: string }> {
  if (lora) {
    const weights = asOwnAdapter(policy, await readPeftAdapter(policy), lora, parameters, config);
    return { weights, fingerprint: await adapterFingerprint(policy) };
  }
  const { tensors, fingerprint } = await openOtherPolicy(policy, signal);
  const weights = new Map<string, Float32Array>();
  for (const { name } of parameters) {
    const tensor = tensors.get(name);
    if (tensor) weights.set(name, await readTensor(tensor));
  }
  return { weights, fingerprint };
}

/** A checkpoint has weights without a configuration; anything else is a model. */
async function openOtherPolicy(
  policy: string,
  signal: AbortSignal | undefined,
): Promise<{ tensors: ReadonlyMap<string, StoredTensor>; fingerprint: string }> {
  const file = path.join(policy, 'model.safetensors');
  const isModel = !existsSync(file) || existsSync(path.join(policy, 'config.json'));
  if (isModel) return openModel(policy, signal ? { signal } : {});
  const { tensors } = await readSafetensorsIndex(file);
  await checkFinite(tensors);
  return { tensors, fingerprint: await fileFingerprint(file) };
}
