/** LoRA adapters in PEFT's layout: `adapter_config.json` and `adapter_model.safetensors`. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import { ensureFolder, writeInPlace } from '../system/files.ts';
import { filesFingerprint } from './fingerprint.ts';
import { checkFinite } from './finite-weights.ts';
import { readSafetensorsIndex, readTensor } from './safetensors.ts';
import { type TensorToWrite, writeSafetensors } from './safetensors-write.ts';

const PREFIX = 'base_model.model.';
const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';

export interface PeftAdapter {
  rank: number;
  alpha: number;
  targets: readonly string[];
  /** Name or path of the base model. */
  baseModel: string;
  /** The contents of `adapter_config.json`. */
  config: Readonly<Record<string, unknown>>;
  /** By names such as `model.layers.0.self_attn.q_proj.lora_A.weight`: A [rank, in], B [out, rank]. */
  tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>;
}

/** Writes an adapter that `PeftModel.from_pretrained` loads. Throws RollscopeError `disk` if space runs out. */
export async function writePeftAdapter(folder: string, adapter: Omit<PeftAdapter, 'config'>): Promise<void> {
  await ensureFolder(folder);
  await writePeftTensors(path.join(folder, WEIGHTS), adapter.tensors);
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: adapter.baseModel,
    r: adapter.rank,
    lora_alpha: adapter.alpha,
    target_modules: [...adapter.targets],
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    use_rslora: false,
    use_dora: false,
  };
  await writeInPlace(path.join(folder, CONFIG), `${JSON.stringify(config, null, 2)}\n`);
}

/** Writes an adapter's tensors, keyed by the names of the modules that they adapt. */
export async function writePeftTensors(file: string, tensors: PeftAdapter['tensors']): Promise<void> {
  const named = new Map<string, TensorToWrite>([...tensors].map(([name, tensor]) => [PREFIX + name, tensor]));
  await writeSafetensors(file, named, { format: 'pt' });
}

/** Reads an adapter. Throws RollscopeError `model` if a file is missing or broken. */
export async function readPeftAdapter(folder: string): Promise<PeftAdapter> {
  const file = path.join(folder, CONFIG);
  let config: { r: number; lora_alpha: number; target_modules: string[]; base_model_name_or_path: string };
  try {
    config = JSON.parse(await readFile(file, 'utf8'));
  } catch {
    throw new RollscopeError('model', `${file} is missing or not valid JSON.`, 'The folder is not a PEFT adapter.', {
      details: { reason: 'bad-adapter', file },
    });
  }
  const { tensors } = await readSafetensorsIndex(path.join(folder, WEIGHTS));
  await checkFinite(tensors);
  const read = await Promise.all(
    [...tensors].map(async ([name, stored]) => {
      const plain = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
      return [plain, { shape: stored.shape, data: await readTensor(stored) }] as const;
    }),
  );
  return {
    rank: config.r,
    alpha: config.lora_alpha,
    targets: config.target_modules,
    baseModel: config.base_model_name_or_path,
    config,
    tensors: new Map(read),
  };
}

/** The fingerprint of an adapter's folder. */
export function adapterFingerprint(folder: string): Promise<string> {
  return filesFingerprint([CONFIG, WEIGHTS].map((name) => path.join(folder, name)));
}
