import path from 'node:path';
import { ROOT } from './processes.ts';

/**
 * The file with all texts of a surface, which other tests do not assert. `npx vitest run -u <test>` renews it; read what
 * changed before committing.
 */
export function wordingFile(surface: string): string {
  return path.join(ROOT, 'tests', 'wording', `${surface}.txt`);
}
