/** What is generated from definitions is current: `npm run generate` renews it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { generatedFiles } from '../../scripts/generate/pages.ts';
import { ROOT } from '../support/processes.ts';

test.each(generatedFiles(ROOT).map(({ file, text }) => [file, text] as const))('%s is current', (file, text) => {
  const stored = readFileSync(path.join(ROOT, file), 'utf8');
  // The texts themselves would be a diff of thousands of lines.
  expect(stored === text, `${file} is not current: npm run generate`).toBe(true);
});
