import { rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { type Checkpoint, listCheckpoints } from '../../engine/journal/checkpoints.ts';
import { checkCheckpoint, withCheckpoint } from '../../engine/journal/damaged-checkpoint.ts';
import { RollscopeError } from '../../engine/protocol/errors.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';
import { createFixtureJournal } from '../support/run-fixture.ts';

const WEIGHTS = Buffer.alloc(2.5 * 2 ** 20, 7);

let run: string;
let first: Checkpoint;
let last: Checkpoint;
beforeEach(async () => {
  run = join(temporaryFolder(), 'run');
  const journal = await createFixtureJournal(run);
  for (const step of [1, 2]) {
    const fill = async (folder: string) => {
      await writeFile(join(folder, 'model.safetensors'), WEIGHTS);
      await writeFile(join(folder, 'state.json'), '{"step":1}');
    };
    await journal.writeCheckpoint(step, fill, undefined, () => true);
  }
  await journal.close();
  [first, last] = (await listCheckpoints(run)) as [Checkpoint, Checkpoint];
});

test('an unmodified checkpoint is read', async () => {
  expect(await withCheckpoint(run, last, async () => 'read')).toBe('read');
  // Those of earlier versions have no checksums.
  unlinkSync(join(last.folder, 'checksums.json'));
  truncateSync(join(last.folder, 'model.safetensors'), 3);
  expect(await withCheckpoint(run, last, async () => 'read')).toBe('read');
});

test.each([
  ['shortened', (path: string) => truncateSync(path, 100), 'has 100 bytes instead of 2621440'],
  ['emptied', (path: string) => truncateSync(path, 0), 'has 0 bytes instead of 2621440'],
  ['deleted', (path: string) => unlinkSync(path), 'is missing'],
  [
    'changed in one byte',
    (path: string) => writeFileSync(path, Buffer.from(WEIGHTS).fill(8, 2_000_000, 2_000_001)),
    'has changed since it was written, after byte 1048576',
  ],
])('a checkpoint with a file that was %s is reported, with the remedy', async (_, damage, fault) => {
  damage(join(last.folder, 'model.safetensors'));
  const reading = withCheckpoint(run, last, async () => expect.unreachable());
  const facts = { reason: 'damaged-checkpoint', folder: last.folder, step: 2, system: `model.safetensors ${fault}` };
  await expectRejection(reading, 'run-broken', facts);
  await expect(checkCheckpoint(run, last)).rejects.toThrow(fault);
  await expect(checkCheckpoint(run, first)).resolves.toBeUndefined();
  await expect(checkCheckpoint(run, last)).rejects.toMatchObject({ hint: expect.stringContaining('step 1') });
  rmSync(first.folder, { recursive: true });
  await expect(checkCheckpoint(run, last)).rejects.toMatchObject({ hint: expect.stringContaining('its start') });
});

test('an unreadable checkpoint without checksums counts as damaged; other errors are kept', async () => {
  unlinkSync(join(last.folder, 'checksums.json'));
  const failing = (error: Error) => withCheckpoint(run, last, () => Promise.reject(error));
  const damage = { reason: 'damaged-checkpoint', system: 'the file is truncated' };
  await expectRejection(failing(new RollscopeError('model', 'the file is truncated.')), 'run-broken', damage);
  const missing = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' });
  await expectRejection(failing(missing), 'run-broken', { reason: 'damaged-checkpoint' });
  const canceled = new RollscopeError('canceled', 'Canceled.');
  await expect(failing(canceled)).rejects.toBe(canceled);
  writeFileSync(join(last.folder, 'checksums.json'), '{"model');
  await expectRejection(failing(canceled), 'run-broken', { system: 'checksums.json cannot be read' });
});
