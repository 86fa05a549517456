/** Strips types from TypeScript modules, for versions of Node that cannot run them. */
import fs from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from 'sucrase';
import { RollscopeError } from '../protocol/errors.ts';

const IMPORTED = /\b(?:from|import)(?:\s*\()?\s*(?:'([^'"\n]*)'|"([^'"\n]*)")/g;

/**
 * Strips the types of a TypeScript module and of those it imports by relative paths with extensions. Returns JavaScript by
 * file URL. Types are not checked.
 * @throws RollscopeError `config` that names file and line
 */
export async function withoutTypes(file: string, into: Record<string, string> = {}): Promise<Record<string, string>> {
  const url = pathToFileURL(file).href;
  if (into[url] !== undefined) return into;
  let source: string;
  try {
    source = await fs.readFile(file, 'utf8');
    into[url] = transform(source, {
      transforms: ['typescript'],
      disableESTransforms: true,
      filePath: file,
    }).code;
  } catch (error) {
    const system = error instanceof Error ? error.message : String(error);
    throw new RollscopeError('config', `The reward module cannot be read: ${system}.`, 'Fix the error there.', {
      cause: error,
      details: { reason: 'module-not-read', file, system },
    });
  }
  for (const [, single, double] of source.matchAll(IMPORTED)) {
    const target = single ?? double!;
    if (/^\.\.?\//.test(target) && /\.[cm]?ts$/.test(target))
      await withoutTypes(path.resolve(path.dirname(file), target), into);
  }
  return into;
}
