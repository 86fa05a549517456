/** A base model with a PEFT adapter merged into its weights: computed once and cached. */
import path from 'node:path';
import { removeAbandoned } from '../system/aside.ts';
import { ensureFolder } from '../system/files.ts';
import type { DecoderConfig } from './config.ts';
import { asOwnAdapter } from './foreign-adapter.ts';
import { adapterNames, addProduct, loraParameters } from './lora.ts';
import { projectionsOf } from './parameters.ts';
import type { PeftAdapter } from './peft.ts';
import { readSafetensorsIndex, readTensor, type StoredTensor } from './safetensors.ts';
import { type TensorToWrite, writeSafetensors } from './safetensors-write.ts';

/** Increased when the conversion changes, so that older cache files are rebuilt. */
const CONVERTER = '1';

interface Adapted {
  /** The adapter's folder, named in errors. */
  folder: string;
  adapter: PeftAdapter;
  config: DecoderConfig;
  /** Tensors of the base model. */
  tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * Returns the merged weights W + scale B A from `<cacheDir>/<fingerprint>.safetensors`, which is created if missing.
 * Throws RollscopeError: `model` for an unsupported adapter or other modules, `disk` if space runs out.
 */
export async function adaptedWeights(
  { folder, adapter, config, tensors }: Adapted,
  { cacheDir, fingerprint }: { cacheDir: string; fingerprint: string },
): Promise<Map<string, StoredTensor>> {
  const file = path.join(cacheDir, `${fingerprint}.safetensors`);
  const cached = await readSafetensorsIndex(file).catch(() => null);
  if (cached?.metadata.converter === CONVERTER) return cached.tensors;
  const ranks = [...adapter.tensors]
    .filter(([name]) => name.endsWith('.lora_A.weight'))
    .map(([, { shape }]) => shape[0]!);
  const rank = Math.max(1, ...ranks);
  const lora = { rank, alpha: rank, targets: projectionsOf(config) };
  const values = asOwnAdapter(folder, adapter, lora, loraParameters(config, lora), config, 'start');
  const merged = new Map<string, TensorToWrite>();
  for (const [name, stored] of tensors) {
    const names = adapterNames(name.replace(/\.weight$/, ''));
    const [a, b] = [values.get(names.a), values.get(names.b)];
    const data = async function* () {
      const weight = await readTensor(stored);
      if (a && b) addProduct(weight, b, a, rank, 1);
      yield weight;
    };
    merged.set(name, { shape: stored.shape, data });
  }
  await ensureFolder(cacheDir);
  await removeAbandoned(file);
  await writeSafetensors(file, merged, { converter: CONVERTER });
  return (await readSafetensorsIndex(file)).tensors;
}
