/**
 * The Hub client's cache, shared with other programs that use the Hub: `blobs` by content, and for each commit a folder
 * of links to them. Files that one program downloads are available to all. Its location is that of `huggingface_hub`:
 * `$HF_HUB_CACHE`, `$HF_HOME/hub`, or `~/.cache/huggingface/hub`.
 */

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHFHubCachePath, getRepoFolderName } from '@huggingface/hub';
import { RollscopeError } from '../protocol/errors.ts';
import { writeAtomically } from '../system/aside.ts';
import { isInnerPath } from '../system/file-name.ts';
import { ensureFolder, linkFile, move, writeInPlace } from '../system/files.ts';
import { FileLock } from '../system/lock.ts';

/** A model on the Hub as users name it: `owner/name`, or `owner/name@revision`. */
export interface HubId {
  /** As the user wrote it. */
  spec: string;
  name: string;
  /** A branch, tag or commit. */
  revision: string;
  /** Defaults to `model`. */
  type?: 'model' | 'dataset';
}

const COMMIT = /^[0-9a-f]{40}$/;
const LOCK_RETRY_MS = 500;

/** A Hub repository in the cache. Paths follow the cache's own layout; nothing is downloaded here. */
export class CachedRepo {
  readonly #folder: string;
  readonly #lock: string;

  constructor(readonly id: HubId) {
    const cache = getHFHubCachePath();
    const name = getRepoFolderName({ type: id.type ?? 'model', name: id.name });
    this.#folder = path.join(cache, name);
    this.#lock = path.join(cache, '.locks', name, 'rollscope.lock');
  }

  /** The commit of the revision when it was last requested; null if it never was. */
  async commit(): Promise<string | null> {
    const { revision } = this.id;
    if (COMMIT.test(revision)) return revision;
    const text = await readFile(path.join(this.#folder, 'refs', revision), 'utf8').catch(() => '');
    return COMMIT.test(text.trim()) ? text.trim() : null;
  }

  async setCommit(commit: string): Promise<void> {
    if (this.id.revision !== commit) await writeAtomically(path.join(this.#folder, 'refs', this.id.revision), commit);
  }

  /** The folder with the files of a commit. */
  snapshot(commit: string): string {
    if (!COMMIT.test(commit)) throw this.#outside(commit);
    return path.join(this.#folder, 'snapshots', commit);
  }

  /** The path of a commit's file in `folder`. Names from the Hub must not lead out of it. */
  #inner(folder: string, name: string): string {
    if (!isInnerPath(name)) throw this.#outside(name);
    return path.join(folder, name);
  }

  #outside(name: string): RollscopeError {
    return new RollscopeError(
      'model',
      `${this.id.spec}: the Hub lists the file name ${JSON.stringify(name)}, which is not valid in a repository.`,
      'Do not use this repository, or check where HF_ENDPOINT points.',
      { details: { reason: 'unsafe-path', model: this.id.spec, file: name } },
    );
  }

  /** Whether a commit is known not to contain this file: a program looked for it and recorded that. */
  async isKnownMissing(commit: string, name: string): Promise<boolean> {
    return exists(this.#inner(path.join(this.#folder, '.no_exist', commit), name));
  }

  async setKnownMissing(commit: string, name: string): Promise<void> {
    const note = this.#inner(path.join(this.#folder, '.no_exist', commit), name);
    await ensureFolder(path.dirname(note));
    await writeInPlace(note, '');
  }

  /** The path for a file's bytes until the download is complete; other programs use names of their own. */
  async partialPath(etag: string): Promise<string> {
    const blobs = path.join(this.#folder, 'blobs');
    await ensureFolder(blobs);
    return path.join(blobs, `${blobName(etag)}.rollscope.incomplete`);
  }

  /**
   * Adds a file whose content is already cached (from another commit) to a commit's folder; returns false if it is not
   * cached.
   */
  async linkCached(commit: string, name: string, etag: string): Promise<boolean> {
    const blob = path.join(this.#folder, 'blobs', blobName(etag));
    if (!(await exists(blob))) return false;
    await linkFile(this.#inner(this.snapshot(commit), name), blob);
    return true;
  }

  /** Adds a downloaded file to a commit's folder. */
  async addDownloaded(commit: string, name: string, etag: string): Promise<void> {
    const blob = path.join(this.#folder, 'blobs', blobName(etag));
    await move(await this.partialPath(etag), blob);
    await linkFile(this.#inner(this.snapshot(commit), name), blob);
  }

  /** Runs `fetch` while no other Rollscope process downloads this model. */
  async withDownloadLock<T>(fetch: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
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

/** The name of a blob for an ETag: without quotes and the weak prefix. */
function blobName(etag: string): string {
  return etag
    .replace(/^W\//, '')
    .replaceAll('"', '')
    .replace(/[^\w.-]/g, '_');
}

/** Whether a file or folder exists, following links; false also if it is inaccessible. */
export async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null)) !== null;
}
