/** Writes the generated files that are not current; `scripts/generate.mjs` starts it. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generatedFiles } from './pages.ts';

const root = process.cwd();
for (const { file, text } of generatedFiles(root)) {
  const place = path.join(root, file);
  const before = (() => {
    try {
      return readFileSync(place, 'utf8');
    } catch {
      return null;
    }
  })();
  if (before === text) continue;
  writeFileSync(place, text);
  console.log(`${file} ${before === null ? 'written' : 'renewed'}`);
}
