/**
 * A run on verl over the real Ray: submitted to its job server, followed, stopped and resumed. A stand-in takes the place of
 * verl's training step (`verl_standin.py`), which needs GPUs; the rest is verl's and Ray's.
 * `node tests/interop/environments.mjs .cache/interop verl` installs them, 6 GB with PyTorch; CI leaves this suite out.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readGroup } from '../../engine/journal/groups.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { RunConfig } from '../../engine/protocol/index.ts';
import { clusterOf } from '../../engine/verl/cluster.ts';
import { resumeVerl, startVerl } from '../../engine/verl/index.ts';
import { RayJobs } from '../../engine/verl/ray-jobs.ts';
import { interpreter } from '../support/interop.ts';
import { isAlive, Program, ROOT, temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';
import { UNCANCELED, until, within } from '../support/wait.ts';

const python = interpreter('verl');
const there = requireOrSkip(
  'verl',
  python !== null,
  'node tests/interop/environments.mjs .cache/interop verl installs it',
);
/** An address of a cluster that runs already (`verl_cluster.py`), to save its start. */
const given = process.env.ROLLSCOPE_TEST_RAY;
const TOKEN = given === undefined ? 'a'.repeat(64) : process.env.RAY_AUTH_TOKEN;
const PROBLEMS = [
  { id: 'a', question: 'What is 1 + 2?', answer: '3' },
  { id: 'b', question: 'What is 2 + 5?', answer: '7' },
  { id: 'c', question: 'What is 4 + 5?', answer: '9' },
  { id: 'd', question: 'What is 6 + 5?', answer: '11' },
];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a cluster; it ends with the test. */
async function startCluster(): Promise<string> {
  if (given !== undefined) return given;
  const port = await freePort();
  // Ray's own ports: ten that are free together are likelier above those that systems give away.
  const first = 24_000 + (process.pid % 800) * 10;
  const script = path.join(ROOT, 'tests', 'trainers', 'verl_cluster.py');
  const folder = path.join(temporaryFolder(), 'r');
  const env = { RAY_AUTH_TOKEN: TOKEN, PYTHONDONTWRITEBYTECODE: '1' };
  const cluster = new Program(python!, [script, folder, `${port}`, `${first}`], { env });
  onTestFinished(() => cluster.end(30_000));
  await cluster.printed(/Ray runtime started/);
  return `http://127.0.0.1:${port}`;
}

/** Its job ends with the test, before the cluster does: it has a session of its own. */
function endWithTest<T extends { stop(): Promise<unknown> }>(run: T): T {
  onTestFinished(() => within(30_000, run.stop()));
  return run;
}

const stepsIn = async (folder: string) =>
  (await readRunFolder(folder)).records.flatMap((record) => (record.type === 'step' ? record.step : []));

test.runIf(there)('a run is submitted to Ray, followed, stopped and resumed from its checkpoint', async () => {
  process.env.RAY_AUTH_TOKEN = TOKEN;
  onTestFinished(() => {
    if (given === undefined) delete process.env.RAY_AUTH_TOKEN;
  });
  const address = await startCluster();
  const home = temporaryFolder();
  const dataset = path.join(home, 'problems.jsonl');
  writeFileSync(dataset, PROBLEMS.map((item) => `${JSON.stringify(item)}\n`).join(''));
  const config = RunConfig.parse({
    ...{ dataset: { path: dataset }, model: 'Qwen/Qwen3-0.6B', votes: 4, group: 4, batch: 2, steps: 4, lora: null },
    ...{ evaluation: { greedy: false, samples: 2, every: 2 }, checkpoint: { every: 2 } },
    engine: { kind: 'verl', address, gpus: 2 },
  });
  const folder = path.join(home, 'runs', 'on-ray');
  const outputs = path.join(folder, 'verl', 'outputs');

  const first = endWithTest(await startVerl({ signal: UNCANCELED, config, folder }));
  // Its third step ends when it may.
  mkdirSync(outputs, { recursive: true });
  writeFileSync(path.join(outputs, 'pace'), '3');
  const print = () => readFileSync(path.join(folder, 'verl', 'job.log'), 'utf8');
  let ended = false;
  void first.done.then(() => {
    ended = true;
  });
  await until('its workers', () => ended || print().includes('Training from scratch'));
  for (const step of [1, 2]) {
    await until(`step ${step}, or its end`, async () => ended || (await stepsIn(folder)).includes(step));
  }
  expect(ended, print().slice(-3000)).toBe(false);
  await first.stop();
  expect(await first.done).toMatchObject({ reason: 'stopped' });
  const { id } = JSON.parse(readFileSync(path.join(folder, 'verl', 'job.json'), 'utf8')) as { id: string };
  expect(await new RayJobs(clusterOf(address)).info(id)).toMatchObject({ status: 'STOPPED' });

  rmSync(path.join(outputs, 'pace'));
  const second = endWithTest(await resumeVerl({ signal: UNCANCELED, folder }));
  const end = await second.done;
  expect(end, print().slice(-3000)).toMatchObject({ reason: 'completed', step: 4 });
  expect(print()).toContain('Resuming from step 2');

  const { records } = await readRunFolder(folder);
  const groups = records.flatMap((record) => (record.type === 'group' && record.phase === 'train' ? [record] : []));
  expect(new Set(groups.map(({ problem }) => problem))).toEqual(new Set([0, 1, 2, 3]));
  // The reward is the vote of the whole group, however its rollouts were spread over workers.
  for (const group of groups) {
    const { rollouts, clusters } = await readGroup(folder, group);
    const rewarded = rollouts.reduce((sum, { reward }) => sum + reward!, 0);
    expect(rewarded).toBe(Math.max(...clusters.map(({ members }) => members.length)));
  }
  expect(records.some((record) => record.type === 'evaluation' && record.step === 4)).toBe(true);
  const metrics = records.flatMap((record) => (record.type === 'metrics' ? [record] : []));
  expect(metrics.find(({ step }) => step === 4)?.metrics).toMatchObject({ loss: 0.125, gradientNorm: 1 });
  expect(records.some((record) => record.type === 'warning')).toBe(false);
});

test.runIf(there)('a job ends with its cluster, however it ends: it has a session that nobody signals', async () => {
  const sleeping = 'import time\nwhile True: time.sleep(60)';
  const cluster = new Program(python!, ['-c', sleeping]);
  const watching =
    'import sys; sys.path.insert(0, sys.argv[1]); from verl_watch import end_with; end_with(int(sys.argv[2]))';
  const code = `import os\nos.setsid()\n${watching}\nprint("watches", os.getpid(), flush=True)\n${sleeping}`;
  // The shell between them ends with its own group.
  const script = 'cd "$0" && "$1" -c "$2" "$0" "$3" & wait';
  const shell = new Program('sh', [
    '-c',
    script,
    path.join(ROOT, 'tests', 'trainers'),
    python!,
    code,
    `${cluster.pid}`,
  ]);
  const [, job] = await shell.printed(/watches (\d+)/);
  await shell.end(0);
  expect(isAlive(Number(job))).toBe(true);
  await cluster.end();
  // The job holds the other end of its output.
  await shell.ended;
});
