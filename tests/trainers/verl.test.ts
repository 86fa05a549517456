/**
 * What the real verl makes of a job, on Ray and without a GPU: its configuration, dataset, reward workers and dump.
 * `node tests/interop/environments.mjs .cache/interop verl` installs them, 6 GB with PyTorch; CI leaves this suite out.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

import { importFrom } from '../support/import.ts';
import { interpreter } from '../support/interop.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';
import { writeJob } from '../support/verl-job.ts';

const python = interpreter('verl');
const there = requireOrSkip(
  'verl',
  python !== null,
  'node tests/interop/environments.mjs .cache/interop verl installs it',
);

function run(file: string, ...args: string[]) {
  const env = { ...process.env, OMP_NUM_THREADS: '1', PYTHONWARNINGS: 'ignore', PYTHONDONTWRITEBYTECODE: '1' };
  const { status, stdout, stderr } = spawnSync(python!, [path.join(ROOT, 'tests', file), ...args], {
    ...{ encoding: 'utf8', env, maxBuffer: 64e6 },
  });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

test.runIf(there)("verl's own code validates the configuration", async () => {
  const job = await writeJob({ lora: null, loss: { klCoefficient: 0.01 }, optimizer: { schedule: 'cosine' } });
  expect(run('interop/verl_compose.py', job, 'validate').trainer.total_training_steps).toBe(3);
});

test.runIf(there)(
  "rewards in verl's workers come from votes of whole groups, and reach the panel in verl's dump",
  async () => {
    const job = await writeJob({ lora: null });
    const dump = path.join(temporaryFolder(), 'out');
    const found = run('trainers/verl_rewards.py', job, path.join(temporaryFolder(), 'tokenizer'), dump);
    expect(found.problems).toEqual([4, 3]);
    expect(found.rewards).toEqual(found.whole);
    expect(found.rewards).toEqual({ a: [1, 0, 1, 0], b: [1, 0, 1, 1], d: [1, 0, 1, 0] });
    expect(found.naive).not.toEqual(found.whole);
    expect(found.extra.b.map(({ acc }: { acc: number }) => acc)).toEqual([0, 1, 0, 0]);
    expect(found.validation).toEqual([1, 0, 0]);
    expect(found.failure).toContain('Group uid-lonely of step 1 has 1 of 4 rollouts');

    const runFolder = path.join(temporaryFolder(), 'run');
    const report = await importFrom(dump, runFolder);
    expect(report).toMatchObject({ importer: 'verl', problems: 3, groups: 3, rollouts: 12 });
  },
);
