/** Datasets from the Hub: the files of one split, downloaded once into the Hub client's shared cache. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { datasetInfo, type FileDownloadInfoOutput, listFiles } from '@huggingface/hub';
import * as z from 'zod';
import type { DatasetId } from '../protocol/dataset-id.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { writeAtomically } from '../system/aside.ts';
import { isInnerPath } from '../system/file-name.ts';
import { ensureFolder } from '../system/files.ts';
import { hubAccess, offline, Repository } from './hub.ts';
import { CachedRepo, exists, type HubId } from './hub-cache.ts';
import { hubError } from './hub-error.ts';

/** Repositories with more files are refused, since they are unlikely to be problem datasets. */
const MAX_FILES = 20_000;

/**
 * Cache paths of the files that `choose` selects by name, in its order. A `split` that was downloaded once is used
 * offline. Throws RollscopeError: `dataset`, `disk` or `canceled`.
 */
export async function fetchHubDataset(
  { spec, name, revision }: DatasetId,
  split: string,
  choose: (names: string[]) => string[],
  signal?: AbortSignal | null,
): Promise<string[]> {
  const id: HubId = { spec, name, revision, type: 'dataset' };
  const cached = new CachedRepo(id);
  try {
    const known = await cached.commit();
    const kept = known === null ? null : await keptFiles(cached, known, split);
    if (kept !== null && known !== null) return choose(kept).map((file) => path.join(cached.snapshot(known), file));
    if (offline()) throw new Error('HF_HUB_OFFLINE is set');
    return await cached.withDownloadLock(
      () => fetchSplit(cached, split, choose, signal ?? undefined),
      signal ?? undefined,
    );
  } catch (error) {
    throw hubError(error, id);
  }
}

/** The path of the cached file list of a commit, which also names complete splits. */
function listPlace(cached: CachedRepo, commit: string): string {
  return path.join(path.dirname(path.dirname(cached.snapshot(commit))), '.rollscope', `${commit}.json`);
}

const Listing = z.object({
  files: z.array(z.string()),
  /** Splits, as requested, and their files. */
  complete: z.record(z.string(), z.array(z.string())),
});
type Listing = z.infer<typeof Listing>;

async function listing(cached: CachedRepo, commit: string): Promise<Listing | null> {
  try {
    return Listing.parse(JSON.parse(await readFile(listPlace(cached, commit), 'utf8')));
  } catch {
    return null;
  }
}

/** The names of a split's files in a commit, if all of them are cached. */
async function keptFiles(cached: CachedRepo, commit: string, split: string): Promise<string[] | null> {
  const list = await listing(cached, commit);
  const files = list && Object.hasOwn(list.complete, split) ? list.complete[split]! : null;
  if (!list || !files) return null;
  for (const file of files) if (!(await exists(path.join(cached.snapshot(commit), file)))) return null;
  return list.files;
}

async function fetchSplit(
  cached: CachedRepo,
  split: string,
  choose: (names: string[]) => string[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const { id } = cached;
  const { sha } = await datasetInfo({
    name: id.name,
    revision: id.revision,
    additionalFields: ['sha'],
    ...hubAccess(signal),
  });
  const files: string[] = [];
  const repo = { type: 'dataset' as const, name: id.name };
  for await (const { type, path: file } of listFiles({ repo, revision: sha, recursive: true, ...hubAccess(signal) })) {
    if (type === 'file' && isInnerPath(file)) files.push(file);
    if (files.length >= MAX_FILES) break;
  }
  const chosen = choose(files);
  const repository = new Repository(cached, sha, signal);
  await ensureFolder(repository.folder);
  for (const file of chosen) {
    if (await exists(path.join(repository.folder, file))) continue;
    const info: FileDownloadInfoOutput | null = await repository.info(file);
    if (!info)
      throw new RollscopeError('dataset', `${id.spec} has no file ${file}.`, 'Try again later.', {
        details: { reason: 'hub-failed', dataset: id.spec, file },
      });
    await repository.file(file, info, () => {});
  }
  const earlier = await listing(cached, sha);
  const complete = { ...earlier?.complete, [split]: chosen };
  await writeAtomically(listPlace(cached, sha), JSON.stringify({ files, complete } satisfies Listing));
  await cached.setCommit(sha);
  return chosen.map((file) => path.join(repository.folder, file));
}
