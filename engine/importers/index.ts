/** All importers, and the import of a run: a new importer is its file and its place here. */
import { RollscopeError } from '../protocol/errors.ts';
import type { Importer } from './importer.ts';
import { rollouts } from './rollouts.ts';
import { type ImportedCounts, importRun } from './run.ts';

/** The first that detects a path reads it: the more particular come first. */
export const IMPORTERS: readonly Importer[] = [rollouts];

export interface ImportOptions {
  /** Name of an importer; without it the files say which. */
  from?: string | undefined;
  now?: () => Date;
}

/**
 * Imports what is at `path` into the run folder `folder`, which must be missing or empty.
 * @throws RollscopeError `dataset` where the files cannot be read, `usage`, `disk`; nothing of the folder is left then
 */
export async function importFrom(
  path: string,
  folder: string,
  { from, now }: ImportOptions = {},
): Promise<ImportedCounts & { importer: string }> {
  const importer = await importerFor(path, from);
  const { contents, write } = await importer.read(path);
  return { importer: importer.name, ...(await importRun(folder, contents, write, now ? { now } : {})) };
}

/** The importer of that name, or the one that detects the files. */
async function importerFor(path: string, from: string | undefined): Promise<Importer> {
  const known = IMPORTERS.map(({ name, title }) => `${name} (${title})`).join(', ');
  if (from !== undefined) {
    const found = IMPORTERS.find(({ name }) => name === from);
    if (found) return found;
    throw new RollscopeError('usage', `There is no importer '${from}'.`, `Available importers: ${known}.`, {
      details: { reason: 'unknown-importer', value: from },
    });
  }
  for (const importer of IMPORTERS) if (await importer.detect(path)) return importer;
  throw new RollscopeError(
    'dataset',
    `${path} is not recognized as rollouts.`,
    `Name the importer to see what is missing, for example --from ${IMPORTERS[0]!.name}. Available importers: ${known}.`,
    { details: { reason: 'no-importer', file: path } },
  );
}
