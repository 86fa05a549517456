/**
 * Models that other programs have put on this machine: the Hugging Face cache, Ollama and LM Studio. Only names and places
 * are read here; whether a model is supported shows when it is opened.
 */
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

export type ModelOwner = 'Hugging Face cache' | 'Ollama' | 'LM Studio';

export interface FoundModel {
  /** The program's name for it: a Hub id, `qwen3:0.6b`, or a file name. */
  readonly name: string;
  /** What `--model` takes: a Hub id, or the path of a GGUF file. */
  readonly model: string;
  readonly owner: ModelOwner;
  /** Size of its weights. */
  readonly bytes: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where each program stores its models, according to the environment variables that it reads. */
export function modelPlaces(env: Environment = process.env, home = homedir()): Record<ModelOwner, readonly string[]> {
  const cache = env.XDG_CACHE_HOME || path.join(home, '.cache');
  const hub = env.HF_HUB_CACHE || path.join(env.HF_HOME || path.join(cache, 'huggingface'), 'hub');
  return {
    'Hugging Face cache': [hub],
    // The second is that of Ollama's service on Linux.
    Ollama: env.OLLAMA_MODELS
      ? [env.OLLAMA_MODELS]
      : [path.join(home, '.ollama', 'models'), '/usr/share/ollama/.ollama/models'],
    'LM Studio': [path.join(home, '.lmstudio', 'models'), path.join(home, '.cache', 'lm-studio', 'models')],
  };
}

/** All models, by owner and name. A folder that is missing or unreadable has none. */
export async function findModels(places = modelPlaces()): Promise<FoundModel[]> {
  const found = await Promise.all([
    ...places['Hugging Face cache'].map(hubModels),
    ...places.Ollama.map(ollamaModels),
    ...places['LM Studio'].map(lmStudioModels),
  ]);
  return found.flat();
}

async function names(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

async function sizeOf(file: string): Promise<number | null> {
  const found = await stat(file).catch(() => null);
  return found?.isFile() ? found.size : null;
}

/** Repositories with a commit that has weights: `models--owner--name/snapshots/<commit>`. */
async function hubModels(hub: string): Promise<FoundModel[]> {
  const models: FoundModel[] = [];
  for (const folder of await names(hub)) {
    const [kind, ...parts] = folder.split('--');
    if (kind !== 'models' || parts.length === 0) continue;
    const main = await readFile(path.join(hub, folder, 'refs', 'main'), 'utf8').catch(() => '');
    const commits = await names(path.join(hub, folder, 'snapshots'));
    const commit = commits.includes(main.trim()) ? main.trim() : commits[0];
    if (commit === undefined) continue;
    const snapshot = path.join(hub, folder, 'snapshots', commit);
    const files = await names(snapshot);
    const id = parts.join('/');
    let bytes = 0;
    for (const file of files) {
      const own = (await sizeOf(path.join(snapshot, file))) ?? 0;
      if (file.endsWith('.safetensors')) bytes += own;
      if (isFirstGguf(file)) {
        models.push({
          name: `${id}/${file}`,
          model: path.join(snapshot, file),
          owner: 'Hugging Face cache',
          bytes: own,
        });
      }
    }
    if (bytes > 0 && files.includes('config.json'))
      models.push({ name: id, model: id, owner: 'Hugging Face cache', bytes });
  }
  return models;
}

/** A GGUF file, or the first part of one. */
function isFirstGguf(file: string): boolean {
  if (!/\.gguf$/i.test(file)) return false;
  const part = /-(\d{5})-of-\d{5}\.gguf$/i.exec(file);
  return part === null || Number(part[1]) === 1;
}

const LAYER = 'application/vnd.ollama.image.model';

/** Manifests `<registry>/<owner>/<name>/<tag>`, whose layer of weights is a blob. */
async function ollamaModels(folder: string): Promise<FoundModel[]> {
  const models: FoundModel[] = [];
  const manifests = path.join(folder, 'manifests');
  for (const registry of await names(manifests)) {
    for (const owner of await names(path.join(manifests, registry))) {
      for (const name of await names(path.join(manifests, registry, owner))) {
        for (const tag of await names(path.join(manifests, registry, owner, name))) {
          const digest = await weightsFileOf(path.join(manifests, registry, owner, name, tag));
          const blob = digest && path.join(folder, 'blobs', digest.replace(':', '-'));
          const bytes = blob ? await sizeOf(blob) : null;
          if (!blob || bytes === null || !(await isGguf(blob))) continue;
          const full = owner === 'library' ? `${name}:${tag}` : `${owner}/${name}:${tag}`;
          models.push({ name: full, model: blob, owner: 'Ollama', bytes });
        }
      }
    }
  }
  return models;
}

async function weightsFileOf(manifest: string): Promise<string | null> {
  try {
    const { layers } = JSON.parse(await readFile(manifest, 'utf8')) as {
      layers: { mediaType: string; digest: string }[];
    };
    const digest = layers.find(({ mediaType }) => mediaType === LAYER)?.digest;
    return digest !== undefined && /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : null;
  } catch {
    return null;
  }
}

/** Files `<publisher>/<repository>/<file>.gguf`. */
async function lmStudioModels(folder: string): Promise<FoundModel[]> {
  const models: FoundModel[] = [];
  for (const publisher of await names(folder)) {
    for (const repository of await names(path.join(folder, publisher))) {
      for (const file of await names(path.join(folder, publisher, repository))) {
        const place = path.join(folder, publisher, repository, file);
        const bytes = isFirstGguf(file) ? await sizeOf(place) : null;
        // Image projectors are not language models.
        if (bytes === null || /^mmproj/i.test(file)) continue;
        models.push({ name: `${publisher}/${repository}/${file}`, model: place, owner: 'LM Studio', bytes });
      }
    }
  }
  return models;
}

/** Whether a file begins like a GGUF file, whatever its name. */
export async function isGguf(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => null);
  if (!handle) return false;
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.toString('latin1') === 'GGUF';
  } finally {
    await handle.close();
  }
}
