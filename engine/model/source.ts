/** Opens a model: an embedded one, a GGUF file, a Hugging Face folder, or one from the Hub. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { assetPath } from '../assets.ts';
import { EMBEDDED, isEmbedded } from '../protocol/embedded.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { cacheFolder } from '../protocol/home.ts';
import { isGguf } from '../system/found-models.ts';
import { refuseSpecialFiles } from '../system/regular-file.ts';
import { adaptedWeights } from './adapted-model.ts';
import type { ChatChoice } from './chat-choice.ts';
import type { DecoderConfig } from './config.ts';
import { fileFingerprint, filesFingerprint, folderFingerprint } from './fingerprint.ts';
import { checkFinite } from './finite-weights.ts';
import { folderWeights } from './folder-weights.ts';
import { readGguf } from './gguf.ts';
import { readGgufConfig } from './gguf-config.ts';
import { ggufTokenizer } from './gguf-tokenizer.ts';
import { ggufTensors } from './gguf-weights.ts';
import { fetchHubModel, parseHubId } from './hub.ts';
import { parseHuggingFaceConfig } from './huggingface-config.ts';
import { narrowTensors } from './narrow-weights.ts';
import { parameterCount } from './parameters.ts';
import { adapterFingerprint, type PeftAdapter, readPeftAdapter } from './peft.ts';
import { ggufReader, type NarrowPrecision, storedReader } from './quantized-weights.ts';
import { readSafetensorsFolder, type StoredTensor } from './safetensors.ts';
import { isSampled, sampledFile, sampledFolder } from './sampled-fingerprint.ts';
import { createTokenizer, type Tokenizer } from './tokenizer.ts';
import { readTokenizerFolder } from './tokenizer-folder.ts';

export interface ModelSource {
  name: string;
  /** Changes if any byte of the model's files changes. */
  fingerprint: string;
  config: DecoderConfig;
  /** Number of weights. */
  parameters: number;
  /**
   * By Hugging Face's names; `lm_head.weight` is absent if it is tied to the embedding matrix. Contains
   * `MEAN_UNEMBEDDING` if tensors are kept in memory with fewer bits than float32.
   */
  tensors: Map<string, StoredTensor>;
  tokenizer: Tokenizer;
  /** The folder with configuration and tokenizer files; null for a GGUF file. */
  folder: string | null;
}

export interface ModelOpenOptions {
  /** Cache folder for dequantized weights (default: `$ROLLSCOPE_CACHE` or the user's cache folder). */
  cacheDir?: string;
  /** Chat template (default: the model's own). */
  chat?: ChatChoice;
  /** Precision of matrices, block-quantized or 16 bits (default: as stored in the files). */
  precision?: NarrowPrecision | undefined;
  /** Whether matrix products with block-quantized weights round the other factor, which needs a different layout. */
  roundsFactors?: boolean | undefined;
  onProgress?: (message: string, fraction: number | null) => void;
  signal?: AbortSignal;
}

/** Where weights derived from a model's are cached, and the progress callback for creating them. */
function cacheOptions(
  { cacheDir = cacheFolder(), roundsFactors, onProgress, signal }: ModelOpenOptions,
  fingerprint: string,
) {
  return { cacheDir, fingerprint, roundsFactors, onProgress, signal };
}

async function openGguf(file: string, name: string, options: ModelOpenOptions): Promise<ModelSource> {
  await refuseSpecialFiles([file], 'model');
  const gguf = await readGguf(file);
  const config = await readGgufConfig(gguf);
  const tokenizer = createTokenizer(ggufTokenizer(gguf), file, options.chat);
  const fingerprint =
    gguf.files.length > 1 ? await filesFingerprint(gguf.files, options) : await fileFingerprint(file, options);
  const kept = cacheOptions(options, fingerprint);
  const tensors = options.precision
    ? await narrowTensors(config, ggufReader(gguf, config), { ...kept, precision: options.precision })
    : await ggufTensors(gguf, config, kept);
  await checkFinite(tensors, { ...options, of: file });
  return {
    name,
    fingerprint,
    config,
    parameters: parameterCount(config),
    tensors,
    tokenizer,
    folder: null,
  };
}

async function openFolder(folder: string, name: string, options: ModelOpenOptions): Promise<ModelSource> {
  const names = await readdir(folder).catch(() => []);
  await refuseSpecialFiles(
    names.map((item) => path.join(folder, item)),
    'model',
  );
  const configFile = path.join(folder, 'config.json');
  const text = await readFile(configFile, 'utf8').catch(() => null);
  if (text === null) {
    throw new RollscopeError(
      'model',
      `${configFile} is missing.`,
      'Choose a Hugging Face model folder, or a .gguf file.',
      { details: { reason: 'missing-file', file: configFile } },
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new RollscopeError(
      'model',
      `${configFile} is not valid JSON.`,
      'The file is damaged; download the model again.',
      { details: { reason: 'not-json', file: configFile } },
    );
  }
  const config = parseHuggingFaceConfig(json, configFile);
  const { tensors: all, files, unsupported } = await readSafetensorsFolder(folder);
  const tokenizer = await readTokenizerFolder(folder, options.chat);
  const fingerprint = await folderFingerprint(folder, files, options);
  const tensors = await folderWeights({ folder, config, all, unsupported }, { ...options, fingerprint });
  await checkFinite(tensors, options);
  const { precision } = options;
  return {
    name,
    fingerprint,
    config,
    parameters: parameterCount(config),
    tensors: precision
      ? await narrowTensors(config, storedReader(tensors, folder), { ...cacheOptions(options, fingerprint), precision })
      : tensors,
    tokenizer,
    folder,
  };
}

/** Opens a base model with an adapter merged into its weights, so that a new one can be trained on top. */
async function openAdapter(folder: string, name: string, options: ModelOpenOptions): Promise<ModelSource> {
  const adapter = await readPeftAdapter(folder);
  const base = await openModel(await baseOf(folder, adapter), { ...options, precision: undefined });
  const own = await adapterFingerprint(folder);
  const fingerprint = `sha256-${createHash('sha256').update(`${base.fingerprint} ${own}`).digest('hex')}`;
  const { config, tensors } = base;
  const kept = cacheOptions(options, fingerprint);
  const adapted = await adaptedWeights({ folder, adapter, config, tensors }, kept);
  await checkFinite(adapted, { ...options, of: folder });
  const { precision } = options;
  return {
    ...base,
    name,
    fingerprint,
    tensors: precision ? await narrowTensors(config, storedReader(adapted, folder), { ...kept, precision }) : adapted,
  };
}

/** The base model of an adapter: a path relative to the adapter's folder if that exists, otherwise the name itself. */
async function baseOf(folder: string, { baseModel }: Pick<PeftAdapter, 'baseModel'>): Promise<string> {
  if (typeof baseModel !== 'string' || baseModel === '') {
    const file = path.join(folder, 'adapter_config.json');
    throw new RollscopeError(
      'model',
      `${file} does not name its base model (base_model_name_or_path).`,
      'Add the folder or the Hub id of the model that the adapter was trained on.',
      { details: { reason: 'no-base-model', file } },
    );
  }
  const near = path.resolve(folder, baseModel);
  return near !== path.resolve(folder) && (await stat(near).catch(() => null)) ? near : baseModel;
}

/** `embedded` is the default embedded model; `embedded:<name>` selects one of the others that ship. */
async function embeddedFolder(spec: string): Promise<string> {
  if (spec === EMBEDDED) return assetPath('engine', 'embedded', 'model');
  const name = spec.slice(EMBEDDED.length + 1);
  const models = assetPath('engine', 'embedded', 'models');
  const names = (await readdir(models)).sort();
  // only a name from the list becomes a path
  if (names.includes(name)) return path.join(models, name);
  throw new RollscopeError(
    'model',
    `Unknown embedded model '${name}'.`,
    `Available: ${[EMBEDDED, ...names.map((known) => `${EMBEDDED}:${known}`)].join(', ')}.`,
    { details: { reason: 'unknown-embedded-model', value: name } },
  );
}

/** A model's location and name. */
interface Location {
  format: 'folder' | 'gguf' | 'adapter';
  place: string;
  name: string;
}

async function locate(spec: string, options: ModelOpenOptions): Promise<Location> {
  if (isEmbedded(spec)) return { format: 'folder', place: await embeddedFolder(spec), name: spec };
  const found = await stat(spec).catch(() => null);
  const hubId = found ? null : parseHubId(spec);
  if (hubId) {
    const cacheDir = options.cacheDir ?? cacheFolder();
    const { onProgress, signal } = options;
    return { format: 'folder', place: await fetchHubModel(hubId, { cacheDir, onProgress, signal }), name: spec };
  }
  if (!found) {
    throw new RollscopeError(
      'model',
      `No model found at ${spec}.`,
      'Use `embedded`, the path of a .gguf file or of a Hugging Face model folder, or a Hub id such as Qwen/Qwen3-0.6B.',
      { details: { reason: 'not-found', value: spec } },
    );
  }
  if (found.isDirectory()) {
    const has = async (file: string) => (await stat(path.join(spec, file)).catch(() => null)) !== null;
    const isAdapter = (await has('adapter_config.json')) && !(await has('config.json'));
    return { format: isAdapter ? 'adapter' : 'folder', place: spec, name: path.basename(path.resolve(spec)) };
  }
  if (spec.toLowerCase().endsWith('.gguf') || (await isGguf(spec)))
    return { format: 'gguf', place: spec, name: path.basename(spec, '.gguf') };
  throw new RollscopeError(
    'model',
    `${spec} is not a model that Rollscope can read.`,
    'Use a .gguf file or a Hugging Face model folder.',
    { details: { reason: 'unsupported-type', file: spec } },
  );
}

/**
 * Opens a model by `embedded` or `embedded:<name>`, the path of a .gguf file or of a Hugging Face folder, the folder of
 * a PEFT adapter (its base model with the adapter merged into the weights), or a Hub id. Throws RollscopeError: `model`
 * if it is missing, broken or not supported, `disk` if its weights cannot be unpacked, `canceled`.
 */
export async function openModel(spec: string, options: ModelOpenOptions = {}): Promise<ModelSource> {
  const { format, place, name } = await locate(spec, options);
  if (format === 'adapter') return openAdapter(place, name, options);
  return format === 'gguf' ? openGguf(place, name, options) : openFolder(place, name, options);
}

/** How another program can find a model: an absolute path, or the name and revision of a Hub model. */
export async function referenceTo(spec: string): Promise<{ name: string; revision: string | null }> {
  if (isEmbedded(spec)) return { name: await embeddedFolder(spec), revision: null };
  const hubId = (await stat(spec).catch(() => null)) ? null : parseHubId(spec);
  if (!hubId) return { name: path.resolve(spec), revision: null };
  return { name: hubId.name, revision: hubId.revision === 'main' ? null : hubId.revision };
}

/**
 * Whether the model with the current fingerprint is the one that a run recorded. Runs of earlier versions recorded
 * samples of the files; those are compared by the rule of their version.
 */
export async function isSameModel(spec: string, current: string, recorded: string): Promise<boolean> {
  if (!isSampled(recorded)) return current === recorded;
  const { format, place } = await locate(spec, {});
  if (format === 'gguf') return (await sampledFile(place)) === recorded;
  // Runs of these versions could not start with an adapter.
  if (format === 'adapter') return false;
  const { files } = await readSafetensorsFolder(place);
  return (await sampledFolder(place, files)) === recorded;
}
