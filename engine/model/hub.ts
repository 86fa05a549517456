/** Models from the Hugging Face Hub: downloaded once into the Hub client's cache, resumable, then used offline. */

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { downloadFile, type FileDownloadInfoOutput, fileDownloadInfo, modelInfo } from '@huggingface/hub';
import { RollscopeError } from '../protocol/errors.ts';
import { ensureFolder, openToWrite } from '../system/files.ts';
import { CachedRepo, exists, type HubId } from './hub-cache.ts';
import { endpoint, hubError } from './hub-error.ts';
import { parseWeightMap } from './safetensors.ts';

const REQUIRED = ['config.json', 'tokenizer.json'] as const;
const OPTIONAL = ['tokenizer_config.json', 'generation_config.json', 'chat_template.jinja'] as const;
/** Additional chat templates, as transformers stores them. */
const TEMPLATES = /^additional_chat_templates\/[^/\\]{1,100}\.jinja$/;
const MAX_TEMPLATES = 20;
const WEIGHTS = 'model.safetensors';
const WEIGHTS_INDEX = 'model.safetensors.index.json';
/** Time limit in milliseconds for requesting optional files; after it, the model is used without them. */
const OPTIONAL_LIMIT = 10_000;

export interface HubOptions {
  /** Rollscope's own cache, where earlier versions stored models. */
  cacheDir: string;
  onProgress?: ((message: string, fraction: number | null) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Parses a Hub id: `owner/name`, optionally with `@` and a branch, tag or commit; null if it is not one. */
export function parseHubId(spec: string): HubId | null {
  const [, name, revision = 'main'] = /^([\w-][\w.-]*\/[\w-][\w.-]*)(?:@([\w-][\w.-]*))?$/.exec(spec) ?? [];
  return name === undefined ? null : { spec, name, revision };
}

/** A commit of a model or dataset on the Hub. */
export class Repository {
  constructor(
    private readonly cached: CachedRepo,
    private readonly commit: string,
    private readonly signal: AbortSignal | undefined,
  ) {}

  get folder(): string {
    return this.cached.snapshot(this.commit);
  }

  /** Size and ETag of a file; null if the repository does not contain it. */
  async info(name: string): Promise<FileDownloadInfoOutput | null> {
    const info = await fileDownloadInfo(this.request(name));
    if (info === null) await this.cached.setKnownMissing(this.commit, name);
    return info;
  }

  /** Downloads a file unless it is cached. Resumes an earlier partial download; `count` is called for every chunk. */
  async file(name: string, info: FileDownloadInfoOutput, count: (bytes: number) => void): Promise<void> {
    if (await this.cached.linkCached(this.commit, name, info.etag)) {
      count(info.size);
      return;
    }
    const partial = await this.cached.partialPath(info.etag);
    const have = (await stat(partial).catch(() => null))?.size ?? 0;
    const start = have <= info.size ? have : 0;
    count(start);
    if (start < info.size || info.size === 0) {
      const blob = await downloadFile({ ...this.request(name), downloadInfo: info, xet: false });
      if (!blob)
        throw new RollscopeError('model', `${this.cached.id.spec} has no file ${name}.`, 'Choose another model.', {
          details: { reason: 'missing-file', model: this.cached.id.spec, file: name },
        });
      await this.write(partial, start, blob.slice(start), count);
    }
    const { size } = await stat(partial);
    if (size !== info.size) throw new Error(`${name} ended after ${size} of ${info.size} bytes`);
    await this.cached.addDownloaded(this.commit, name, info.etag);
  }

  /** Appends a response body to the partial file. If it ends early, the received bytes are kept. */
  private async write(partial: string, start: number, body: Blob, count: (bytes: number) => void): Promise<void> {
    const file = await openToWrite(partial, start > 0 ? 'end' : 'beginning');
    try {
      for await (const chunk of body.stream() as unknown as AsyncIterable<Uint8Array>) {
        await file.writeFile(chunk);
        count(chunk.length);
      }
    } catch (error) {
      // The body reports an aborted request only as text.
      this.signal?.throwIfAborted();
      throw error;
    } finally {
      await file.close();
    }
  }

  private request(name: string) {
    const { type = 'model', name: repo } = this.cached.id;
    return { repo: { type, name: repo }, path: name, revision: this.commit, ...hubAccess(this.signal) };
  }
}

/** Options for the Hub client: its URL, the token from `HF_TOKEN`, and requests that the signal aborts. */
export function hubAccess(signal: AbortSignal | undefined) {
  const accessToken = process.env.HF_TOKEN;
  return {
    hubUrl: endpoint(),
    fetch: ((input, init) => fetch(input, { ...init, signal: signal ?? null })) as typeof fetch,
    ...(accessToken && { accessToken }),
  };
}

/** Whether a folder contains all files that a model needs. */
async function complete(folder: string): Promise<boolean> {
  for (const name of REQUIRED) if (!(await exists(path.join(folder, name)))) return false;
  if (await exists(path.join(folder, WEIGHTS))) return true;
  if (!(await exists(path.join(folder, WEIGHTS_INDEX)))) return false;
  for (const shard of await shardsOf(folder)) if (!(await exists(path.join(folder, shard)))) return false;
  return true;
}

async function shardsOf(folder: string): Promise<string[]> {
  const file = path.join(folder, WEIGHTS_INDEX);
  return [...new Set(parseWeightMap(await readFile(file, 'utf8'), file).values())];
}

/** Optional files that are not cached and not known to be missing: another program may have skipped them. */
async function unknownFiles(cached: CachedRepo, commit: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of OPTIONAL) {
    if (await exists(path.join(cached.snapshot(commit), name))) continue;
    if (!(await cached.isKnownMissing(commit, name))) names.push(name);
  }
  return names;
}

/**
 * Returns the cached folder of a Hub model, and downloads what is missing. Reads `$HF_HUB_CACHE` and related variables,
 * `$HF_ENDPOINT`, `$HF_HUB_OFFLINE` and `$HF_TOKEN`. Throws RollscopeError: `model` (unknown, not permitted,
 * unreachable, without safetensors), `disk`, `canceled`.
 */
export async function fetchHubModel(id: HubId, options: HubOptions): Promise<string> {
  const earlier = path.join(options.cacheDir, 'hub', id.name.replace('/', '--'));
  // Runs that started with this copy resume with it.
  if (id.revision === 'main' && (await complete(earlier))) return earlier;
  const cached = new CachedRepo(id);
  try {
    const known = await cached.commit();
    if (known !== null && (await complete(cached.snapshot(known)))) {
      if (!offline()) await fetchUnknown(cached, known, options);
      return cached.snapshot(known);
    }
    if (offline()) throw new Error('HF_HUB_OFFLINE is set');
    return await cached.withDownloadLock(() => fetchMissing(cached, options), options.signal);
  } catch (error) {
    throw hubError(error, id);
  }
}

/** Whether downloads are disabled: `HF_HUB_OFFLINE`, with the values that the Hub client treats as true. */
export function offline(): boolean {
  return /^(1|ON|YES|TRUE)$/i.test(process.env.HF_HUB_OFFLINE ?? '');
}

/** Downloads small optional files that a complete model lacks, if the Hub responds. */
async function fetchUnknown(cached: CachedRepo, commit: string, { signal }: HubOptions): Promise<void> {
  const names = await unknownFiles(cached, commit);
  if (names.length === 0) return;
  const limit = AbortSignal.any([AbortSignal.timeout(OPTIONAL_LIMIT), ...(signal ? [signal] : [])]);
  const repository = new Repository(cached, commit, limit);
  try {
    for (const name of names) {
      const info = await repository.info(name);
      if (info) await repository.file(name, info, () => {});
    }
  } catch (error) {
    if (signal?.aborted) throw error;
    // Offline, the model is used as the other program left it.
  }
}

async function fetchMissing(cached: CachedRepo, { signal, onProgress }: HubOptions): Promise<string> {
  const { id } = cached;
  const { sha, filePaths = [] } = await modelInfo({
    name: id.name,
    revision: id.revision,
    additionalFields: ['sha', 'filePaths'],
    ...hubAccess(signal),
  });
  const repository = new Repository(cached, sha, signal);
  const { folder } = repository;
  await ensureFolder(folder);
  const wanted = new Map<string, FileDownloadInfoOutput>();
  const want = async (name: string): Promise<boolean> => {
    if (await exists(path.join(folder, name))) return true;
    const info = await repository.info(name);
    if (info) wanted.set(name, info);
    return info !== null;
  };
  for (const name of REQUIRED) if (!(await want(name))) throw missingFileError(id, name);
  const templates = filePaths.filter((name) => TEMPLATES.test(name));
  for (const name of [...OPTIONAL, ...templates.slice(0, MAX_TEMPLATES)]) await want(name);
  if (!(await want(WEIGHTS))) {
    if (!(await want(WEIGHTS_INDEX))) throw withoutWeights(id);
    const index = wanted.get(WEIGHTS_INDEX);
    if (index) await repository.file(WEIGHTS_INDEX, index, () => {});
    wanted.delete(WEIGHTS_INDEX);
    for (const shard of await shardsOf(folder)) {
      if (!(await want(shard))) throw missingFileError(id, shard);
    }
  }
  const total = [...wanted.values()].reduce((n, { size }) => n + size, 0);
  let done = 0;
  for (const [name, info] of wanted) {
    await repository.file(name, info, (bytes) => {
      done += bytes;
      onProgress?.(`fetching ${id.spec}`, total === 0 ? null : Math.min(1, done / total));
    });
  }
  await cached.setCommit(sha);
  return folder;
}

function missingFileError({ spec }: HubId, name: string): RollscopeError {
  return new RollscopeError(
    'model',
    `${spec} has no ${name}.`,
    "Rollscope needs a model in Hugging Face's format with a fast tokenizer.",
    { details: { reason: 'missing-file', model: spec, file: name } },
  );
}

function withoutWeights({ spec }: HubId): RollscopeError {
  return new RollscopeError(
    'model',
    `${spec} has no safetensors weights.`,
    'Choose a model with model.safetensors, or a .gguf file.',
    { details: { reason: 'no-weights', model: spec } },
  );
}
