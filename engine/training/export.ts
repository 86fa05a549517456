/** The weights that a run has come to, in the formats of other tools. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { latestCheckpoint } from '../journal/checkpoints.ts';
import { checkCheckpoint, checkNewestCheckpoint } from '../journal/damaged-checkpoint.ts';
import { runName } from '../journal/layout.ts';
import { readRunFile } from '../journal/reader.ts';
import { architectureOf } from '../model/architectures/index.ts';
import type { DecoderConfig } from '../model/config.ts';
import { configText, withFields } from '../model/config-text.ts';
import { folderAdapter, folderFile } from '../model/folder-export.ts';
import { usesDecoderLayout } from '../model/folder-layout.ts';
import { readGguf } from '../model/gguf.ts';
import { type GgufType, writeGgufModel } from '../model/gguf-out.ts';
import { sameTokenizer, tokenizerFields } from '../model/gguf-out-tokenizer.ts';
import { ggufTokenizer } from '../model/gguf-tokenizer.ts';
import { huggingFaceFiles } from '../model/huggingface.ts';
import { parseHuggingFaceConfig } from '../model/huggingface-config.ts';
import { adapterNames, addProduct } from '../model/lora.ts';
import { readPeftAdapter, writePeftTensors } from '../model/peft.ts';
import { readSafetensorsFolder, readTensor } from '../model/safetensors.ts';
import { type TensorToWrite, writeSafetensors } from '../model/safetensors-write.ts';
import { type ModelSource, openModel, referenceTo } from '../model/source.ts';
import { readTokenizerParts } from '../model/tokenizer-folder.ts';
import { RollscopeError, requireOwnConfig } from '../protocol/index.ts';
import { originText } from '../protocol/texts.ts';
import { writeAtomically } from '../system/aside.ts';
import { copy, ensureFolder } from '../system/files.ts';

const WEIGHTS = /^model(?:-\d+-of-\d+)?\.safetensors(?:\.index\.json)?$/;

const GGUF_BASE =
  'The base model is a GGUF file, which peft cannot load: export the whole model with --format safetensors, or name another copy of the base model in adapter_config.json.';

export const WEIGHT_FORMATS = ['peft', 'safetensors', 'gguf', 'gguf-q8_0', 'gguf-q4_0'] as const;
export type WeightFormat = (typeof WEIGHT_FORMATS)[number];

/**
 * Writes the weights of a run's last checkpoint. `peft`: the adapter folder. `safetensors`: `model.safetensors` with the
 * whole weights in float32, an adapter merged in (W + alpha/rank B A), next to the model's configuration and
 * tokenizer, so that transformers loads the folder. `gguf` and its kind: one file for llama.cpp. Returns the step, and what else the user has to know. Throws RollscopeError: `usage` (a probe, no
 * checkpoint, no adapter), `model`, `disk`.
 */
export async function exportWeights(
  run: string,
  format: WeightFormat,
  out: string,
): Promise<{ step: number; note?: string }> {
  const file = await readRunFile(run);
  const name = runName(run);
  const instead = `Use the weights saved by ${originText(file.origin)}. To export the rollouts, use --format jsonl or parquet.`;
  const config = requireOwnConfig(file, 'An export of weights', instead);
  if (config.job === 'probe') {
    const hint = 'To export its rollouts, use --format jsonl or parquet.';
    throw new RollscopeError('usage', `The run ${name} is a probe and has no trained weights.`, hint, {
      details: { reason: 'probe-has-no-weights', run: name },
    });
  }
  await checkNewestCheckpoint(run);
  const checkpoint = await latestCheckpoint(run);
  if (!checkpoint) {
    throw new RollscopeError(
      'usage',
      `The run ${name} has no checkpoint yet.`,
      'Wait for the first checkpoint, or stop the run: stopping writes one.',
      { details: { reason: 'no-checkpoint', run: name } },
    );
  }
  await checkCheckpoint(run, checkpoint);
  const { step, folder } = checkpoint;
  if (format === 'peft') {
    if (!config.lora) {
      throw new RollscopeError(
        'usage',
        `The run ${name} has no adapter: all weights were trained.`,
        'Use --format safetensors.',
        { details: { reason: 'no-adapter', run: name } },
      );
    }
    await ensureFolder(out);
    const base = await writeAdapter(folder, config.model, out);
    return { step, ...(/\.gguf$/i.test(base) && { note: GGUF_BASE }) };
  }
  const source = await openModel(config.model);
  const weights = config.lora ? await mergedWeights(source, folder) : await trainedWeights(folder);
  const type = GGUF_FORMATS[format];
  if (type) {
    const model = { name: source.name, config: source.config, tokenizer: await ggufTokenizerOf(source, config.model) };
    await writeGgufModel(out, { ...model, tensors: weights }, type);
    return { step };
  }
  await ensureFolder(out);
  const whole = path.join(out, 'model.safetensors');
  if (!usesDecoderLayout(source.config))
    await writeSafetensors(whole, folderFile(source.config, weights), { format: 'pt' });
  else if (config.lora) await writeSafetensors(whole, weights, { format: 'pt' });
  else {
    // One file, or the shards and index that TRL wrote.
    const files = (await readdir(folder)).filter((name) => WEIGHTS.test(name));
    for (const name of files) await copy(path.join(folder, name), path.join(out, name));
  }
  await writeModelFiles(source, config.model, out);
  return { step };
}

/** The matrices' type of a format that is a GGUF file. */
const GGUF_FORMATS: Partial<Record<WeightFormat, GgufType>> = {
  gguf: 'F16',
  'gguf-q8_0': 'Q8_0',
  'gguf-q4_0': 'Q4_0',
};

/** The model's weights with the adapter of a checkpoint in them: W + alpha/rank B A. */
async function mergedWeights({ tensors }: ModelSource, checkpoint: string): Promise<Map<string, TensorToWrite>> {
  const { tensors: adapter, rank, alpha } = await readPeftAdapter(checkpoint);
  const merged = new Map<string, TensorToWrite>();
  for (const [key, stored] of tensors) {
    const { a, b } = adapterNames(key.replace(/\.weight$/, ''));
    const [A, B] = [adapter.get(a), adapter.get(b)];
    const data = async function* () {
      const weight = await readTensor(stored);
      if (A && B) addProduct(weight, B.data, A.data, rank, alpha / rank);
      yield weight;
    };
    merged.set(key, { shape: stored.shape, data });
  }
  return merged;
}

/** The weights of a checkpoint, where all of them were trained. */
async function trainedWeights(checkpoint: string): Promise<Map<string, TensorToWrite>> {
  const { tensors } = await readSafetensorsFolder(checkpoint);
  return new Map(
    [...tensors].map(([name, stored]) => {
      const data = async function* () {
        yield await readTensor(stored);
      };
      return [name, { shape: stored.shape, data }] as const;
    }),
  );
}

/** The tokenizer's metadata: that of the model's GGUF file, or made from its folder. */
async function ggufTokenizerOf({ config, folder }: ModelSource, spec: string) {
  if (folder === null) return sameTokenizer((await readGguf(spec)).metadata);
  return tokenizerFields(await readTokenizerParts(folder), config.vocabularySize);
}

/** The adapter, for a base model that another program finds: a checkpoint has its name only. Returns the base. */
async function writeAdapter(checkpoint: string, model: string, out: string): Promise<string> {
  const stored = JSON.parse(await readFile(path.join(checkpoint, 'adapter_config.json'), 'utf8'));
  const { name, revision } = await referenceTo(model);
  const config = await modelConfig(model);
  const file = path.join(out, 'adapter_model.safetensors');
  let other: object = {};
  if (config && !usesDecoderLayout(config)) {
    const adapter = await readPeftAdapter(checkpoint);
    const written = folderAdapter(config, adapter.tensors, adapter.alpha);
    await writePeftTensors(file, written.tensors);
    other = written.config;
  } else await copy(path.join(checkpoint, 'adapter_model.safetensors'), file);
  const whole = { ...stored, ...other, base_model_name_or_path: name, ...(revision !== null && { revision }) };
  await writeAtomically(path.join(out, 'adapter_config.json'), `${JSON.stringify(whole, null, 2)}\n`);
  return name;
}

/** The decoder configuration of a model folder; null for other models, or if it is gone. */
async function modelConfig(model: string): Promise<DecoderConfig | null> {
  const file = path.join(model, 'config.json');
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null ? null : parseHuggingFaceConfig(JSON.parse(text), file);
}

/** Configuration and tokenizer next to the weights, so that the folder is a complete model. */
async function writeModelFiles({ config, folder }: ModelSource, spec: string, out: string): Promise<void> {
  if (folder === null) {
    for (const [file, value] of huggingFaceFiles(config, ggufTokenizer(await readGguf(spec)))) {
      await writeAtomically(path.join(out, file), configText(value));
    }
    return;
  }
  for (const file of await readdir(folder)) {
    if (/\.(json|jinja|txt|model)$/.test(file) && !file.endsWith('.index.json')) {
      await copy(path.join(folder, file), path.join(out, file));
    }
  }
  // The weights are float32 now, and loaders follow the configuration.
  const text = await readFile(path.join(folder, 'config.json'), 'utf8');
  const { architectures } = JSON.parse(text);
  const named = architectures ?? [architectureOf(config.architecture).huggingFace.className];
  const described = withFields(text, { dtype: undefined, architectures: named, torch_dtype: 'float32' });
  await writeAtomically(path.join(out, 'config.json'), described);
}
