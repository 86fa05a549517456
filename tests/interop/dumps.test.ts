/** What the trainers' own packages write, imported: as the dumps in `tests/fixtures/dumps`, which their scripts wrote. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { importFrom } from '../support/import.ts';
import { interpreter, runPython } from '../support/interop.ts';
import { temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';

const DUMPS = path.join(import.meta.dirname, '../fixtures/dumps');
const python = interpreter('verifiers');
const there = requireOrSkip(
  'Python packages of the interop suite',
  python !== null,
  'node tests/interop/environments.mjs makes them',
);

describe.runIf(there)('verifiers', () => {
  test('writes episodes that are read like those of the fixture', async () => {
    const root = temporaryFolder();
    const script = path.join(import.meta.dirname, 'prime_rl_run.py');
    const source = path.join(root, 'run');
    await runPython(python!, `import runpy; runpy.run_path(${JSON.stringify(script)})`, [source]);
    const groups = async (from: string, name: string) => {
      const { folder } = await importFrom(from, path.join(root, name));
      const { records } = await readRunFolder(folder);
      return records.flatMap((record) => {
        if (record.type !== 'group') return [];
        const { seq: _, time: __, frame: ___, ...facts } = record;
        return [facts];
      });
    };
    expect(await groups(source, 'fresh')).toEqual(await groups(path.join(DUMPS, 'prime-rl-0.8.0'), 'kept'));
  });
});
