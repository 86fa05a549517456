/** Opening a model: an embedded one, a GGUF file, a Hugging Face folder, or one of the Hub. */
import { createHash } from 'node:crypto';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { assetPath } from '../assets.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { isEmbedded } from '../protocol/presets.ts';
import { type DecoderConfig, parameterShapes, parseHuggingFaceConfig } from './config.ts';
import { readGguf } from './gguf.ts';
import { ggufTokenizer } from './gguf-tokenizer.ts';
import { ggufTensors, readGgufConfig } from './gguf-weights.ts';
import { fetchHubModel, isHubId } from './hub.ts';
import { readSafetensorsFolder, type StoredTensor } from './safetensors.ts';
import { createTokenizer, readTokenizerFolder, type Tokenizer } from './tokenizer.ts';

export interface ModelSource {
  name: string;
  /** Changes when the model's files do. */
  fingerprint: string;
  config: DecoderConfig;
  /** Number of weights. */
  parameters: number;
  /** By Hugging Face's names; `lm_head.weight` is absent where it is the embedding matrix. */
  tensors: Map<string, StoredTensor>;
  tokenizer: Tokenizer;
  /** The folder with configuration and tokenizer files; null for a GGUF file. */
  folder: string | null;
}

export interface OpenOptions {
  /** Where dequantised weights are kept; `$ROLLSCOPE_CACHE` or the user's cache folder when absent. */
  cacheDir?: string;
  onProgress?: (message: string, fraction: number | null) => void;
  signal?: AbortSignal;
}

/** `$ROLLSCOPE_CACHE`, else the platform's place for files that can be made again. */
export function defaultCacheDir(): string {
  const { ROLLSCOPE_CACHE, LOCALAPPDATA, XDG_CACHE_HOME } = process.env;
  if (ROLLSCOPE_CACHE) return ROLLSCOPE_CACHE;
  if (process.platform === 'win32' && LOCALAPPDATA) return path.join(LOCALAPPDATA, 'rollscope', 'cache');
  return path.join(XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'rollscope');
}

const SAMPLE_BYTES = 1 << 16;
const SAMPLES = 64;

/**
 * A hash of a file's size and of 64 samples of 64 KiB spread over it (all of it when it is small): quick for gigabytes,
 * and different for any two models in practice. Neither name nor time counts, so a copy has the same.
 */
async function fileFingerprint(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const hash = createHash('sha256').update(String(size));
    const step = Math.max(SAMPLE_BYTES, Math.floor((size - SAMPLE_BYTES) / (SAMPLES - 1)));
    const buffer = Buffer.alloc(SAMPLE_BYTES);
    for (let at = 0; at < size; at += step) {
      const { bytesRead } = await handle.read(buffer, 0, SAMPLE_BYTES, at);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return hash.digest('hex').slice(0, 32);
  } finally {
    await handle.close();
  }
}

function count(tensors: ReadonlyMap<string, StoredTensor>): number {
  return [...tensors.values()].reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0);
}

async function openGguf(file: string, options: OpenOptions): Promise<ModelSource> {
  const gguf = await readGguf(file);
  const config = await readGgufConfig(gguf);
  const tokenizer = createTokenizer(ggufTokenizer(gguf), file);
  const fingerprint = await fileFingerprint(file);
  const tensors = await ggufTensors(gguf, config, {
    cacheDir: options.cacheDir ?? defaultCacheDir(),
    fingerprint,
    onProgress: options.onProgress,
    signal: options.signal,
  });
  return {
    name: path.basename(file, '.gguf'),
    fingerprint,
    config,
    parameters: count(tensors),
    tensors,
    tokenizer,
    folder: null,
  };
}

async function openFolder(folder: string, name: string): Promise<ModelSource> {
  const configFile = path.join(folder, 'config.json');
  const text = await readFile(configFile, 'utf8').catch(() => null);
  if (text === null) {
    throw new RollscopeError(
      'model',
      `${configFile} is missing.`,
      'Choose a Hugging Face model folder, or a .gguf file.',
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new RollscopeError(
      'model',
      `${configFile} is not valid JSON.`,
      'The file is damaged; fetch the model again.',
    );
  }
  const config = parseHuggingFaceConfig(json, configFile);
  const { tensors: all, files, unsupported } = await readSafetensorsFolder(folder);
  const tensors = new Map<string, StoredTensor>();
  for (const [key, shape] of parameterShapes(config)) {
    const found = all.get(key);
    const type = unsupported.get(key);
    const problem = type
      ? `is of the type ${type}, which is not supported`
      : !found
        ? 'is missing'
        : String(found.shape) === String(shape)
          ? null
          : `has the shape [${found.shape}] instead of [${shape}]`;
    if (problem) {
      throw new RollscopeError(
        'model',
        `${folder}: tensor "${key}" ${problem}.`,
        'Use a model in F32, BF16 or F16, complete and of the architecture that its config.json names.',
      );
    }
    tensors.set(key, found!);
  }
  const hash = createHash('sha256').update(text);
  for (const file of files) hash.update(await fileFingerprint(file));
  const tokenizer = await readTokenizerFolder(folder);
  return {
    name,
    fingerprint: hash.digest('hex').slice(0, 32),
    config,
    parameters: count(tensors),
    tensors,
    tokenizer,
    folder,
  };
}

const EMBEDDED = 'embedded';

/** `embedded` is prior S; `embedded:W` and the like lie beside it. */
async function embeddedFolder(spec: string): Promise<string> {
  if (spec === EMBEDDED) return assetPath('engine', 'embedded', 'model');
  const name = spec.slice(EMBEDDED.length + 1);
  const priors = assetPath('engine', 'embedded', 'priors');
  const names = (await readdir(priors)).sort();
  // only a name from the list becomes a path
  if (names.includes(name)) return path.join(priors, name);
  throw new RollscopeError(
    'model',
    `There is no embedded model named '${name}'.`,
    `There are ${[EMBEDDED, ...names.map((known) => `${EMBEDDED}:${known}`)].join(', ')}.`,
  );
}

/**
 * Opens a model by `embedded` or `embedded:<name>`, the path of a .gguf file or of a Hugging Face folder, or a Hub id.
 * Throws RollscopeError `model` when it is missing, broken or not supported; `disk` when its weights cannot be unpacked;
 * `cancelled`.
 */
export async function openModel(spec: string, options: OpenOptions = {}): Promise<ModelSource> {
  if (isEmbedded(spec)) return openFolder(await embeddedFolder(spec), spec);
  const found = await stat(spec).catch(() => null);
  if (!found && isHubId(spec)) {
    const cacheDir = options.cacheDir ?? defaultCacheDir();
    const { onProgress, signal } = options;
    return openFolder(await fetchHubModel(spec, { cacheDir, onProgress, signal }), spec);
  }
  if (!found) {
    throw new RollscopeError(
      'model',
      `There is no model at ${spec}.`,
      'Give `embedded`, the path of a .gguf file or of a Hugging Face model folder, or a Hub id such as Qwen/Qwen3-0.6B.',
    );
  }
  if (found.isDirectory()) return openFolder(spec, path.basename(path.resolve(spec)));
  if (spec.toLowerCase().endsWith('.gguf')) return openGguf(spec, options);
  throw new RollscopeError(
    'model',
    `${spec} is not a model that Rollscope can read.`,
    'Give a .gguf file or a Hugging Face model folder.',
  );
}
