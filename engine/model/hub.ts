/** Models from the Hugging Face Hub: fetched once into the cache, resumable, then used without a network. */
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { downloadFile, type FileDownloadInfoOutput, fileDownloadInfo, HubApiError } from '@huggingface/hub';
import { RollscopeError } from '../protocol/errors.ts';

const REQUIRED = ['config.json', 'tokenizer.json'] as const;
const OPTIONAL = ['tokenizer_config.json', 'generation_config.json', 'chat_template.jinja'] as const;
const WEIGHTS = 'model.safetensors';
const WEIGHTS_INDEX = 'model.safetensors.index.json';

export interface HubOptions {
  cacheDir: string;
  onProgress?: ((message: string, fraction: number | null) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Whether a model's name has the form of a Hub id: `owner/name`. */
export function isHubId(spec: string): boolean {
  return /^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(spec);
}

/** Where `$HF_ENDPOINT` says, else the public Hub. */
function endpoint(): string {
  return process.env.HF_ENDPOINT || 'https://huggingface.co';
}

/** Says in words what went wrong, and what to do. */
function hubError(error: unknown, id: string): RollscopeError {
  if (error instanceof RollscopeError) return error;
  if (error instanceof HubApiError) {
    const { statusCode } = error;
    if (statusCode === 401 || statusCode === 403) {
      return new RollscopeError(
        'model',
        `The Hub does not let you read ${id} (status ${statusCode}): it is private, gated, or does not exist.`,
        'Check the name; accept the terms on the model’s page and set HF_TOKEN to a token that may read it.',
      );
    }
    if (statusCode === 404) {
      return new RollscopeError('model', `The Hub has no model ${id}.`, 'Check the owner and the name.');
    }
    return new RollscopeError(
      'model',
      `The Hub answered ${statusCode} for ${id}: ${error.message}`,
      'Try again later.',
    );
  }
  if ((error as Error | null)?.name === 'AbortError')
    return new RollscopeError('cancelled', 'The download was cancelled.');
  if ((error as NodeJS.ErrnoException | null)?.code === 'ENOSPC') {
    return new RollscopeError(
      'disk',
      `No space left while fetching ${id}.`,
      'Free some space, then try again: what was fetched is kept.',
    );
  }
  const reason =
    error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
  return new RollscopeError(
    'model',
    `${id} is not in the cache and the Hub at ${endpoint()} cannot be reached: ${reason}`,
    'Check the connection, or give the path of a .gguf file or of a model folder. What was fetched so far is kept.',
  );
}

class Repository {
  constructor(
    private readonly id: string,
    private readonly folder: string,
    private readonly options: HubOptions,
  ) {}

  private readonly fetch: typeof fetch = (input, init) =>
    fetch(input, { ...init, signal: this.options.signal ?? null });

  private request(name: string) {
    const accessToken = process.env.HF_TOKEN;
    return {
      repo: this.id,
      path: name,
      hubUrl: endpoint(),
      fetch: this.fetch,
      ...(accessToken && { accessToken }),
    };
  }

  /** Size and tag of a file; null when the repository does not have it. */
  async info(name: string): Promise<FileDownloadInfoOutput | null> {
    return fileDownloadInfo(this.request(name));
  }

  /** Fetches a file unless it is there. Bytes of an earlier try are kept; `count` hears of every piece. */
  async file(name: string, info: FileDownloadInfoOutput, count: (bytes: number) => void): Promise<void> {
    const target = path.join(this.folder, name);
    const partial = `${target}.${info.etag.replace(/\W/g, '').slice(0, 16)}.partial`;
    const have = (await stat(partial).catch(() => null))?.size ?? 0;
    const start = have <= info.size ? have : 0;
    count(start);
    if (start < info.size || info.size === 0) {
      const blob = await downloadFile({ ...this.request(name), downloadInfo: info, xet: false });
      if (!blob) throw new RollscopeError('model', `${this.id} has no file ${name}.`, 'Choose another model.');
      const source = Readable.fromWeb(blob.slice(start).stream() as Parameters<typeof Readable.fromWeb>[0]);
      source.on('data', (piece: Uint8Array) => count(piece.length));
      const sink = createWriteStream(partial, { flags: start > 0 ? 'a' : 'w' });
      await pipeline(source, sink, { signal: this.options.signal });
    }
    const { size } = await stat(partial);
    if (size !== info.size) throw new Error(`${name} ended after ${size} of ${info.size} bytes`);
    await rename(partial, target);
  }
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null)) !== null;
}

/** Whether every weight file that the folder needs is there. */
async function complete(folder: string): Promise<boolean> {
  for (const name of REQUIRED) if (!(await exists(path.join(folder, name)))) return false;
  if (await exists(path.join(folder, WEIGHTS))) return true;
  const index = await readFile(path.join(folder, WEIGHTS_INDEX), 'utf8').catch(() => null);
  if (index === null) return false;
  for (const shard of shardsOf(index)) if (!(await exists(path.join(folder, shard)))) return false;
  return true;
}

function shardsOf(index: string): string[] {
  const { weight_map } = JSON.parse(index) as { weight_map: Record<string, string> };
  return [...new Set(Object.values(weight_map))];
}

/**
 * The folder of a Hub model in the cache, fetched where it is not complete. Reads `$HF_ENDPOINT` and `$HF_TOKEN`. Throws
 * RollscopeError: `model` (unknown, not permitted, out of reach, without safetensors), `disk`, `cancelled`.
 */
export async function fetchHubModel(id: string, options: HubOptions): Promise<string> {
  const folder = path.join(options.cacheDir, 'hub', id.replace('/', '--'));
  if (await complete(folder)) return folder;
  const repository = new Repository(id, folder, options);
  try {
    await mkdir(folder, { recursive: true });
    const wanted = new Map<string, FileDownloadInfoOutput>();
    const want = async (name: string): Promise<boolean> => {
      const info = await repository.info(name);
      if (info && !(await exists(path.join(folder, name)))) wanted.set(name, info);
      return info !== null;
    };
    for (const name of REQUIRED) {
      if (await want(name)) continue;
      throw new RollscopeError(
        'model',
        `${id} has no ${name}.`,
        'Rollscope needs a model in Hugging Face’s format with a fast tokenizer.',
      );
    }
    for (const name of OPTIONAL) await want(name);
    if (!(await want(WEIGHTS))) {
      if (!(await want(WEIGHTS_INDEX))) {
        throw new RollscopeError(
          'model',
          `${id} has no safetensors weights.`,
          'Choose a model with model.safetensors, or a .gguf file.',
        );
      }
      const index = wanted.get(WEIGHTS_INDEX);
      if (index) await repository.file(WEIGHTS_INDEX, index, () => {});
      wanted.delete(WEIGHTS_INDEX);
      for (const shard of shardsOf(await readFile(path.join(folder, WEIGHTS_INDEX), 'utf8'))) await want(shard);
    }
    const total = [...wanted.values()].reduce((n, { size }) => n + size, 0);
    let done = 0;
    for (const [name, info] of wanted) {
      await repository.file(name, info, (bytes) => {
        done += bytes;
        options.onProgress?.(`fetching ${id}`, total === 0 ? null : Math.min(1, done / total));
      });
    }
  } catch (error) {
    throw hubError(error, id);
  }
  return folder;
}
