/** Where another program finds the model under an exported adapter. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { referenceTo } from '../../engine/model/source.ts';
import { ROOT } from '../support/processes.ts';

test.each<[string, string, string | null]>([
  ['embedded', path.join(ROOT, 'engine', 'embedded', 'model'), null],
  ['tests/unit', path.join(ROOT, 'tests', 'unit'), null],
  ['owner/name', 'owner/name', null],
  ['owner/name@v1', 'owner/name', 'v1'],
  ['/gone/model.gguf', '/gone/model.gguf', null],
])('%s', async (spec, name, revision) => {
  expect(await referenceTo(spec)).toEqual({ name, revision });
});
