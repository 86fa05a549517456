/** The place of the loop that a checkpoint keeps. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readState } from '../../engine/training/loop-position.ts';
import { temporaryFolder } from '../support/processes.ts';

test('is read with additions of a newer version, and refused if invalid', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'state.json');
  writeFileSync(file, '{"step":4,"stage":"step","later":1}\n');
  expect(await readState(folder)).toEqual({ step: 4, stage: 'step' });
  for (const text of ['{"step":"4","stage":"step"}', '{"step":4,"stage":"sleep"}', '{"step":4}', 'null', '{"st']) {
    writeFileSync(file, text);
    await expect(readState(folder)).rejects.toMatchObject({ code: 'run-broken', details: { place: file } });
  }
});
