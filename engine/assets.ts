/** Files that ship with the program: found from the source tree, from the bundles in `dist`, and in an installed extension. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { RollscopeError } from './protocol/errors.ts';

let root: string | null = null;

/** The folder of the `package.json` that is named rollscope, at or above this module. */
function packageRoot(): string {
  if (root !== null) return root;
  for (let folder = path.dirname(fileURLToPath(import.meta.url)); ; folder = path.dirname(folder)) {
    if (nameIn(folder) === 'rollscope') {
      root = folder;
      return folder;
    }
    if (folder === path.dirname(folder)) {
      throw new RollscopeError('internal', 'Files of Rollscope are missing.', 'Install Rollscope again.', {
        details: { reason: 'incomplete-installation' },
      });
    }
  }
}

function nameIn(folder: string): unknown {
  try {
    const file: unknown = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    return typeof file === 'object' && file !== null && 'name' in file ? file.name : null;
  } catch {
    return null;
  }
}

/** Absolute path of a file of the package, such as `assetPath('engine', 'embedded', 'problems.jsonl')`. */
export function assetPath(...parts: string[]): string {
  return path.join(packageRoot(), ...parts);
}
