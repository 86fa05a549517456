/** All importers: a new one is its file in `formats` and its place here. */
import { existsSync } from 'node:fs';
import { RollscopeError } from '../protocol/errors.ts';
import { miles } from './formats/miles.ts';
import { primeRl } from './formats/prime-rl.ts';
import { checkColumns, hasRollouts, rollouts } from './formats/rollouts.ts';
import { tensorboard } from './formats/tensorboard.ts';
import { tinkerCookbook } from './formats/tinker-cookbook.ts';
import { trl } from './formats/trl.ts';
import { verl } from './formats/verl.ts';
import type { DumpOptions, Importer } from './importer.ts';
import { withEvents } from './with-events.ts';

/** The first that detects a path reads it: the more particular come first. */
export const IMPORTERS: readonly Importer[] = [
  ...[trl, verl, primeRl, tinkerCookbook, miles, rollouts].map(withEvents),
  tensorboard,
];

/** Recognizes the format by content. */
export const AUTO = 'auto';

/**
 * The importer of that name, or the one that recognizes what is at `path`.
 * @throws RollscopeError `usage` for an unknown name, `dataset` where none recognizes it
 */
export async function importerFor(path: string, format: string, options: DumpOptions): Promise<Importer> {
  if (!existsSync(path)) {
    throw new RollscopeError('dataset', `${path} does not exist.`, 'Check the path of the file or folder.', {
      details: { reason: 'not-found', file: path },
    });
  }
  await checkColumns(path, options.map);
  const known = IMPORTERS.map(({ name, title }) => `${name} (${title})`).join(', ');
  if (format !== AUTO) {
    const found = IMPORTERS.find(({ name }) => name === format);
    if (found) return found;
    throw new RollscopeError('usage', `Unknown format '${format}'.`, `Available formats: ${known}.`, {
      details: { reason: 'unknown-importer', value: format },
    });
  }
  for (const importer of IMPORTERS) if (await importer.detect(path, options)) return importer;
  const ofRows = IMPORTERS.find(({ name }) => name === rollouts.name);
  if (ofRows && (await hasRollouts(path, options))) return ofRows;
  throw new RollscopeError(
    'dataset',
    `${path} is not recognized as rollouts.`,
    `Name its format to see what is missing, for example --format ${rollouts.name}, or its columns with --map prompt=…,response=…. Available formats: ${known}.`,
    { details: { reason: 'no-importer', file: path } },
  );
}
