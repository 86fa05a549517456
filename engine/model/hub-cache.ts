/**
 * The Hub client's cache, shared with the other programs of a machine that use the Hub: `blobs` by content, and for each
 * commit a folder of links to them. What one program has fetched, another one uses. Its place is that of `huggingface_hub`:
 * `$HF_HUB_CACHE`, `$HF_HOME/hub`, or `~/.cache/huggingface/hub`.
 */

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHFHubCachePath, getRepoFolderName } from '@huggingface/hub';
import { RollscopeError } from '../protocol/errors.ts';
import { writeWhole } from '../system/aside.ts';
import { isInnerPath } from '../system/file-name.ts';
import { ensureFolder, move, pointAt, writeInPlace } from '../system/files.ts';
import { FileLock } from '../system/lock.ts';

/** A model of the Hub as people name it: `owner/name`, or `owner/name@revision`. */
export interface HubId {
  /** As it was written. */
  spec: string;
  name: string;
  /** A branch, a tag or a commit. */
  revision: string;
  /** A model by default. */
  type?: 'model' | 'dataset';
}

const COMMIT = /^[0-9a-f]{40}$/;
const LOCK_RETRY_MS = 500;

/** One repository of the Hub in the cache. Paths are those of the cache's own layout; nothing is fetched here. */
export class CachedRepo {
  readonly #folder: string;
  readonly #lock: string;

  constructor(readonly id: HubId) {
    const cache = getHFHubCachePath();
    const name = getRepoFolderName({ type: id.type ?? 'model', name: id.name });
    this.#folder = path.join(cache, name);
    this.#lock = path.join(cache, '.locks', name, 'rollscope.lock');
  }

  /** The commit that the revision was when it was last asked for; null for one that was never asked for. */
  async commit(): Promise<string | null> {
    const { revision } = this.id;
    if (COMMIT.test(revision)) return revision;
    const text = await readFile(path.join(this.#folder, 'refs', revision), 'utf8').catch(() => '');
    return COMMIT.test(text.trim()) ? text.trim() : null;
  }

  async setCommit(commit: string): Promise<void> {
    if (this.id.revision !== commit) await writeWhole(path.join(this.#folder, 'refs', this.id.revision), commit);
  }

  /** The folder with the files of a commit, by their names. */
  snapshot(commit: string): string {
    if (!COMMIT.test(commit)) throw this.#outside(commit);
    return path.join(this.#folder, 'snapshots', commit);
  }

  /** Where a file of a commit is below `folder`. What the Hub names must not lead out of it. */
  #inner(folder: string, name: string): string {
    if (!isInnerPath(name)) throw this.#outside(name);
    return path.join(folder, name);
  }

  #outside(name: string): RollscopeError {
    return new RollscopeError(
      'model',
      `${this.id.spec}: the Hub names ${JSON.stringify(name)}, which is not a file of a repository.`,
      'Do not use this repository, or check where HF_ENDPOINT points.',
      { details: { reason: 'unsafe-path', model: this.id.spec, file: name } },
    );
  }

  /** Whether a commit is known to have no such file: a program that looked for it has noted that. */
  async lacks(commit: string, name: string): Promise<boolean> {
    return exists(this.#inner(path.join(this.#folder, '.no_exist', commit), name));
  }

  async setLacks(commit: string, name: string): Promise<void> {
    const note = this.#inner(path.join(this.#folder, '.no_exist', commit), name);
    await ensureFolder(path.dirname(note));
    await writeInPlace(note, '');
  }

  /** Where the bytes of a file are gathered until it is complete; other programs have names of their own for theirs. */
  async partial(etag: string): Promise<string> {
    const blobs = path.join(this.#folder, 'blobs');
    await ensureFolder(blobs);
    return path.join(blobs, `${blobName(etag)}.rollscope.incomplete`);
  }

  /** Puts a file whose content is there already (that of another commit) into a commit's folder; false where it is not. */
  async reuse(commit: string, name: string, etag: string): Promise<boolean> {
    const blob = path.join(this.#folder, 'blobs', blobName(etag));
    if (!(await exists(blob))) return false;
    await pointAt(this.#inner(this.snapshot(commit), name), blob);
    return true;
  }

  /** Puts a file that was fetched into a commit's folder. */
  async keep(commit: string, name: string, etag: string): Promise<void> {
    const blob = path.join(this.#folder, 'blobs', blobName(etag));
    await move(await this.partial(etag), blob);
    await pointAt(this.#inner(this.snapshot(commit), name), blob);
  }

  /** Runs `fetch` while no other process of Rollscope fetches this model. */
  async alone<T>(fetch: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    await ensureFolder(path.dirname(this.#lock));
    const held = new Error('another process fetches it');
    for (;;) {
      try {
        const lock = await FileLock.acquire(this.#lock, () => held);
        try {
          return await fetch();
        } finally {
          lock.release();
        }
      } catch (error) {
        if (error !== held) throw error;
        await sleep(LOCK_RETRY_MS, undefined, { signal });
      }
    }
  }
}

/** An entity tag as the cache names its content: without quotes and the mark of a weak one. */
function blobName(etag: string): string {
  return etag
    .replace(/^W\//, '')
    .replaceAll('"', '')
    .replace(/[^\w.-]/g, '_');
}

/** Whether there is a file or folder, with links followed; false too where it cannot be looked at. */
export async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null)) !== null;
}
