/**
 * A job that `rollscope job --for trl` writes, trained by the real TRL on one and two processes and imported back.
 * `node tests/interop/environments.mjs .cache/interop trl` installs it; CI leaves this suite out.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { graderOf } from '../../engine/grading/index.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { importFrom } from '../support/import.ts';
import { interpreter } from '../support/interop.ts';
import { ROOT, runCli, temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';

const python = interpreter('trl');
const there = requireOrSkip(
  'TRL',
  python !== null,
  'node tests/interop/environments.mjs .cache/interop trl installs it',
);

const PROBLEMS = [
  { id: 'a', question: '2 + 3?', answer: '5' },
  { id: 'b', question: '7 - 4?', answer: '3' },
  { id: 'c', question: '4 + 4?', answer: '8' },
];

let home: string;
let job: string;

beforeAll(async () => {
  if (!there) return;
  home = temporaryFolder();
  job = path.join(home, 'job');
  python3(path.join(ROOT, 'tests', 'interop', 'tiny_model.py'), path.join(home, 'model'));
  const dataset = path.join(home, 'problems.jsonl');
  writeFileSync(dataset, PROBLEMS.map((problem) => `${JSON.stringify(problem)}\n`).join(''));
  const args = ['job', dataset, '--for', 'trl', '--out', job, '--model', path.join(home, 'model'), '--gpus', '2'];
  args.push('--template', '{{problem}}', '--no-lora', '--group', '8', '--votes', '8', '--batch', '1', '--steps', '4');
  args.push('--max-tokens', '8', '--lr', '1e-4', '--checkpoint-every', '2', '--seed', '5');
  const written = await runCli(args, { home });
  expect(written.code, written.stderr).toBe(0);
});

function python3(...args: string[]): void {
  const env = { ...process.env, OMP_NUM_THREADS: '1', ACCELERATE_USE_CPU: 'true', PYTHONDONTWRITEBYTECODE: '1' };
  const { status, stderr } = spawnSync(python!, args, {
    ...{ encoding: 'utf8', env: { ...env, ROLLSCOPE_NODE: process.execPath }, maxBuffer: 64e6 },
  });
  expect(status, stderr).toBe(0);
}

describe.runIf(there)('a job for TRL', () => {
  test.each([1, 2])('votes by whole groups on %d processes, and its run can be imported', async (processes) => {
    const out = path.join(home, `out-${processes}`);
    const launch = ['-m', 'accelerate.commands.launch', '--cpu', '--num_processes', String(processes)];
    const train = [...launch, '--num_machines', '1', '--mixed_precision', 'no', '--dynamo_backend', 'no'];
    python3(...train, path.join(job, 'train.py'), '--out', out);
    expect(existsSync(path.join(out, 'checkpoint-4', 'optimizer.pt'))).toBe(true);
    expect(existsSync(path.join(out, 'final', 'model.safetensors'))).toBe(true);

    const report = await importFrom(out, path.join(home, `run-${processes}`));
    expect(report).toMatchObject({ importer: 'trl', groups: 4, rollouts: 32, steps: 4, faults: 0 });
    const columns = await openColumns(report.folder);
    for (const row of columns.countedRows) {
      const { rollouts } = await readGroup(report.folder, { ...columns.idOf(row), frame: columns.frameOf(row) });
      const texts = rollouts.map(({ text }) => text);
      const { clusters } = graderOf().judge(texts, null);
      expect(rollouts.map(({ reward }) => reward)).toEqual(
        texts.map((_, i) => Number(clusters[0]?.members.includes(i) ?? false)),
      );
      expect(rollouts.every(({ correct }) => correct !== null)).toBe(true);
    }
    // The same command resumes: there is nothing left to do.
    python3(...train, path.join(job, 'train.py'), '--out', out);
  });
});
