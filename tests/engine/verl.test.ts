/**
 * Runs on verl as a program: submitted to a job server, followed while verl writes, killed, resumed, stopped. The job server is
 * of the tests; `tests/trainers/verl-ray.test.ts` has Ray's own.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { RunConfig, type RunConfigInput } from '../../engine/protocol/index.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { resumeVerl, startVerl } from '../../engine/verl/index.ts';
import { runCli, startCli, temporaryFolder } from '../support/processes.ts';
import { RayServer } from '../support/ray-server.ts';
import { expectRejection, refusalOf } from '../support/refusals.ts';
import { UNCANCELED, until } from '../support/wait.ts';

const home = temporaryFolder();
const env = { RAY_AUTH_MODE: 'disabled' };
const dataset = path.join(home, 'problems.jsonl');
const PROBLEMS = [
  { id: 'a', question: 'What is 1 + 2?', answer: '3' },
  { id: 'b', question: 'What is 2 + 5?', answer: '7' },
];
writeFileSync(dataset, PROBLEMS.map((item) => `${JSON.stringify(item)}\n`).join(''));

const options = ['--engine', 'verl', '--model', 'Qwen/Qwen3-0.6B', '--gpus', '2', '--nodes', '1', '--batch', '2'];
const args = (server: RayServer, name: string, ...more: string[]) => [
  ...['train', dataset, ...options, '--group', '4', '--votes', '4', '--steps', '3', '--address', server.url],
  ...['--name', name, ...more],
];
const folderOf = (name: string) => path.join(home, 'runs', name);
const outputsOf = (name: string) => path.join(folderOf(name), 'verl', 'outputs');
const recordsOf = async (name: string) => (await readRunFolder(folderOf(name))).records;

/** As verl writes a step, with what the reward manager of a job adds. */
function writeStep(outputs: string, step: number, answers: readonly string[], kind = 'rollouts'): void {
  mkdirSync(path.join(outputs, kind), { recursive: true });
  const rows = PROBLEMS.flatMap(({ id, question, answer }) =>
    answers.map((said) => ({
      ...{ input: `user\n${question}\nassistant\n`, output: `\\boxed{${said}}`, gts: answer, step },
      ...{ score: said === answers[0] ? 1 : 0, acc: Number(said === answer), pred: said, problem_id: id },
    })),
  );
  writeFileSync(path.join(outputs, kind, `${step}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

function writeMetrics(outputs: string, step: number): void {
  mkdirSync(path.join(outputs, 'metrics'), { recursive: true });
  const line = { step, data: { 'actor/grad_norm': step / 10, 'critic/score/mean': 0.5 } };
  appendFileSync(path.join(outputs, 'metrics', 'metrics-1.jsonl'), `${JSON.stringify(line)}\n`);
}

async function submitted(server: RayServer, count = 1): Promise<void> {
  await until('the job', () => server.jobs.length === count);
  server.job.status = 'RUNNING';
}

const stepsOf = async (name: string) =>
  (await recordsOf(name)).flatMap((item) => (item.type === 'step' ? item.step : []));

async function untilStep(name: string, step: number): Promise<void> {
  await until(`step ${step}`, async () => existsSync(folderOf(name)) && (await stepsOf(name)).includes(step));
}

describe('a run on verl', () => {
  test('is submitted, followed live, killed, followed again, and complete', async () => {
    const server = await RayServer.start();
    const first = startCli(args(server, 'live', '--override', "trainer.device='cuda'"), { home, env });
    await submitted(server);
    const outputs = outputsOf('live');
    expect(server.job.request.entrypoint).toBe(`python train.py --out '${outputs}' -- 'trainer.device='\\''cuda'\\'''`);
    const files = server.files();
    for (const name of ['train.py', 'overrides.json', 'train.parquet', 'reward.py', 'score/cli.js'])
      expect(files.get(name)?.length, name).toBeGreaterThan(0);
    expect(JSON.parse(files.get('overrides.json')!.toString())).toContain('trainer.n_gpus_per_node=2');

    writeStep(outputs, 0, ['3', '3'], 'validation');
    writeStep(outputs, 1, ['3', '3', '4', '3']);
    writeStep(outputs, 2, ['7', '7', '7', '3']);
    writeMetrics(outputs, 1);
    server.print('(TaskRunner pid=1) step:1 - actor/grad_norm:0.1 - timing_s/step:12.5\n');
    await untilStep('live', 1);
    first.kill('SIGKILL');
    await first.ended;
    expect(server.job.status).toBe('RUNNING');

    const second = startCli(['resume', 'live'], { home, env });
    await untilStep('live', 2);
    expect(server.jobs).toHaveLength(1);
    writeStep(outputs, 3, ['7', '3', '3', '3']);
    server.print('step:3 - actor/lr:1e-06\n');
    server.end('SUCCEEDED', 'Job finished successfully.');
    expect((await second.ended).code, second.stderr).toBe(0);

    const records = await recordsOf('live');
    expect(records.at(-1)).toMatchObject({ type: 'end', reason: 'completed', step: 3 });
    expect(await stepsOf('live')).toEqual([1, 2, 3]);
    const groups = records.flatMap((record) => (record.type === 'group' ? [record] : []));
    expect(groups.filter(({ phase }) => phase === 'train').map(({ problem }) => problem)).toEqual([0, 1, 0, 1, 0, 1]);
    expect(groups.find(({ phase, problem, step }) => phase === 'train' && problem === 1 && step === 2)).toMatchObject({
      majority: { share: 0.75 },
    });
    const columns = await openColumns(folderOf('live'));
    expect(columns.head.run).toMatchObject({ device: `verl on ${server.url}`, config: { steps: 3 } });
    expect(readFileSync(path.join(folderOf('live'), 'verl', 'job.log'), 'utf8')).toBe(server.job.log);
    const shown = await runCli(['show', 'live', '--problem', 'a', '--step', '3', '--rollout', '1'], { home });
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.stdout).toContain('reference   3 (wrong)');
    expect((await runCli(['resume', 'live'], { home, env })).stderr).toContain('already complete');
  });

  test('stops its job when it is stopped, and resumes as a new job in the same folder', async () => {
    const server = await RayServer.start();
    const first = startCli(args(server, 'stopped'), { home, env });
    await submitted(server);
    const outputs = outputsOf('stopped');
    writeStep(outputs, 1, ['3', '3', '4', '3']);
    writeStep(outputs, 2, ['3', '3', '4', '3']);
    await untilStep('stopped', 1);
    first.kill('SIGINT');
    expect((await first.ended).code).toBe(3);
    expect(server.job.status).toBe('STOPPED');
    expect((await recordsOf('stopped')).at(-1)).toMatchObject({ type: 'end', reason: 'stopped' });

    const second = startCli(['resume', 'stopped'], { home, env });
    await submitted(server, 2);
    const [one, two] = server.jobs;
    expect(two!.request.entrypoint).toBe(one!.request.entrypoint);
    expect(two!.request.submission_id).not.toBe(one!.request.submission_id);
    // verl makes the step after its checkpoint again.
    writeStep(outputs, 2, ['7', '7', '7', '3']);
    server.print('Traceback\nRuntimeError: CUDA out of memory\n');
    server.end('FAILED', 'Job entrypoint command failed with exit code 1');
    const ended = await second.ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('RuntimeError: CUDA out of memory');
    // Of a step that comes again the later one counts.
    expect(await stepsOf('stopped')).toEqual([1, 2, 2]);
    expect((await recordsOf('stopped')).at(-1)).toMatchObject({ type: 'end', reason: 'failed' });
  });

  test('whose files are elsewhere has the curves from the log, and says what is missing', async () => {
    const server = await RayServer.start();
    const mount = path.join(home, 'mounted');
    const program = startCli(args(server, 'elsewhere', '--outputs', '/shared/outputs', '--mount', mount), {
      home,
      env,
    });
    await submitted(server);
    expect(server.job.request.entrypoint).toBe("python train.py --out '/shared/outputs/elsewhere'");
    server.print('step:1 - actor/grad_norm:0.5\nstep:2 - actor/grad_norm:0.4\n');
    const metrics = async () =>
      (await recordsOf('elsewhere')).flatMap((item) => (item.type === 'metrics' ? [[item.step, item.metrics]] : []));
    await until('the curves', async () => existsSync(folderOf('elsewhere')) && (await metrics()).length === 2);
    expect(await metrics()).toEqual([
      [1, { gradientNorm: 0.5 }],
      [2, { gradientNorm: 0.4 }],
    ]);
    const warning = (await recordsOf('elsewhere')).find(
      (candidate) => candidate.type === 'warning' && candidate.code === 'import',
    );
    expect(warning).toMatchObject({ message: expect.stringContaining(path.join(mount, 'elsewhere')) });
    // Then somebody mounts it.
    for (const step of [1, 2, 3]) writeStep(path.join(mount, 'elsewhere'), step, ['3', '3', '4', '3']);
    await untilStep('elsewhere', 2);
    server.end('SUCCEEDED');
    expect((await program.ended).code).toBe(0);
    expect(await stepsOf('elsewhere')).toEqual([1, 2, 3]);
  });
});

describe('is refused, and leaves nothing', () => {
  const config = (engine: RunConfigInput['engine'], more: Partial<RunConfigInput> = {}) =>
    RunConfig.parse({
      ...{ dataset: { path: dataset }, model: 'Qwen/Qwen3-0.6B', votes: 4, group: 4, batch: 2, steps: 3, ...more },
      ...{ evaluation: { greedy: false }, engine: { kind: 'verl', gpus: 2, ...engine } },
    });
  const start = (engine: RunConfigInput['engine'], more?: Partial<RunConfigInput>) =>
    startVerl({ signal: UNCANCELED, config: config(engine, more), folder: folderOf('refused') });

  test('without a cluster, without a folder, and with what verl cannot honor', async () => {
    const server = await RayServer.start();
    const { url: address } = server;
    await expectRejection(start({ address }, { watch: 'stop' }), 'config', { reason: 'not-on-verl', field: '--watch' });
    await expectRejection(start({ address, outputs: 'outputs' }), 'config', { reason: 'outputs-not-absolute' });
    await expectRejection(start({ address: 'http://head:8265' }), 'config', { reason: 'outputs-missing' });
    await server.leave();
    const gone = await refusalOf(start({ address }));
    expect(gone.details).toMatchObject({ reason: 'cluster-unreachable', server: address });
    await server.listen();
    expect(server.jobs).toHaveLength(0);
    expect(existsSync(folderOf('refused'))).toBe(false);
  });

  test('from elsewhere, if its job was not allowed', async () => {
    rmSync(path.join(folderOf('live'), 'own.mark'), { force: true });
    const refusal = await refusalOf(resumeVerl({ signal: UNCANCELED, folder: folderOf('live') }));
    expect(refusal.details).toMatchObject({ reason: 'command-not-allowed', run: 'live' });
    expect(refusal.message).toContain('verl: a job on http://127.0.0.1');
  });
});
