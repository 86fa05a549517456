/** A folder in which names say the steps, whose last file is completed while it is looked at. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { NamedSteps } from '../../engine/importers/named-steps.ts';
import { RowReader } from '../../engine/importers/rows.ts';
import { temporaryFolder } from '../support/processes.ts';

const trainer = vi.hoisted(() => ({ writes: (_: string) => {} }));
vi.mock('../../engine/importers/whole-file.ts', async (original) => {
  const real = await original<typeof import('../../engine/importers/whole-file.ts')>();
  return {
    ...real,
    endsLine: async (file: string) => {
      trainer.writes(file);
      return real.endsLine(file);
    },
  };
});

test('its step is imported once', async () => {
  const root = temporaryFolder();
  const file = path.join(root, 'rollouts_step1.jsonl');
  writeFileSync(file, '{"prompt": "1+1=",');
  let completing = true;
  trainer.writes = () => {
    if (completing) writeFileSync(file, '{"prompt": "1+1=", "response": "2", "reward": 1}\n');
    completing = false;
  };
  const steps = new NamedSteps(root, new RowReader());
  const look = async () => (await steps.scan(true)).parts.length;
  // Not settled; completed meanwhile, and so another file; not settled; the file.
  expect([await look(), await look(), await look(), await look()]).toEqual([0, 0, 0, 1]);
});
