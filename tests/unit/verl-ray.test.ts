/** What is said to a Ray cluster and read from it: addresses, packages, jobs, logs; which problem a rollout answers. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { presetForEngine } from '../../engine/protocol/presets.ts';
import { clusterOf } from '../../engine/verl/cluster.ts';
import { consoleMetrics } from '../../engine/verl/console-metrics.ts';
import { JobLog } from '../../engine/verl/job-log.ts';
import { JobProblems } from '../../engine/verl/problems.ts';
import { isUnreachable, RayJobs } from '../../engine/verl/ray-jobs.ts';
import { zipFolder } from '../../engine/verl/zip.ts';
import { temporaryFolder } from '../support/processes.ts';
import { RayServer, unzipped } from '../support/ray-server.ts';
import { expectRejection, expectThrow, refusalOf } from '../support/refusals.ts';
import { until } from '../support/wait.ts';

const NO_TOKEN = { RAY_AUTH_MODE: 'disabled' };

describe('the address of a cluster', () => {
  test.each([
    ['http://head:8265', 'http://head:8265', false],
    ['http://head:8265/', 'http://head:8265', false],
    ['https://ray.example.org/cluster/', 'https://ray.example.org/cluster', false],
    ['head', 'http://head:8265', false],
    ['head:9000', 'http://head:9000', false],
    ['localhost:8265', 'http://localhost:8265', true],
    ['http://[::1]:8265', 'http://[::1]:8265', true],
    [undefined, 'http://127.0.0.1:8265', true],
  ])('%s', (given, url, isLocal) => {
    expect(clusterOf(given, NO_TOKEN)).toEqual({ url, isLocal, headers: {} });
  });

  test('is read from the environment, as by ray job submit', () => {
    const named = { ...NO_TOKEN, RAY_API_SERVER_ADDRESS: 'http://a:1', RAY_ADDRESS: 'http://b:2' };
    expect(clusterOf(undefined, named).url).toBe('http://a:1');
    expect(clusterOf(undefined, { ...NO_TOKEN, RAY_ADDRESS: 'http://b:2' }).url).toBe('http://b:2');
    expect(clusterOf(undefined, { ...NO_TOKEN, RAY_ADDRESS: 'b:6379' }).isLocal).toBe(true);
    expect(clusterOf('c', named).url).toBe('http://c:8265');
  });

  test.each(['ray://head:10001', 'ftp://head', 'http://a b', 'http://me:secret@head:8265'])(
    '%s is refused',
    (given) => {
      expectThrow(() => clusterOf(given, NO_TOKEN), 'config', { reason: 'bad-address', field: '--address' });
    },
  );

  test('uses a token from the environment, its file, or the headers, and a password is not repeated', () => {
    const file = path.join(temporaryFolder(), 'token');
    writeFileSync(file, 'of-the-file\n');
    const headers = (env: NodeJS.ProcessEnv) => clusterOf('head', env).headers;
    expect(headers({ RAY_AUTH_TOKEN: 'abc' })).toEqual({ authorization: 'Bearer abc' });
    expect(headers({ RAY_AUTH_TOKEN_PATH: file })).toEqual({ authorization: 'Bearer of-the-file' });
    expect(headers({ RAY_AUTH_TOKEN_PATH: `${file}.none` })).toEqual({});
    expect(headers({ RAY_AUTH_TOKEN: 'abc', RAY_JOB_HEADERS: '{"Authorization": "Basic x"}' })).toEqual({
      Authorization: 'Basic x',
    });
    expectThrow(() => headers({ RAY_JOB_HEADERS: 'no JSON' }), 'config', { reason: 'bad-headers' });
    expectThrow(() => headers({ RAY_JOB_HEADERS: '{"a": 1}' }), 'config', { reason: 'bad-headers' });
    const refusal = (() => {
      try {
        clusterOf('http://me:secret@head', NO_TOKEN);
      } catch (error) {
        return String(error);
      }
      return '';
    })();
    expect(refusal).not.toContain('secret');
  });
});

test('a folder is packed: the same files, and the same bytes each time', async () => {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'sub'));
  const files = { 'train.py': 'print(1)\n'.repeat(100), 'sub/ümlaut.txt': 'ä', 'sub/empty': '' };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  const zip = await zipFolder(folder);
  const found = [...unzipped(zip)].map(([name, data]) => [name, data.toString()]);
  expect(Object.fromEntries(found)).toEqual(files);
  expect((await zipFolder(folder)).equals(zip)).toBe(true);
});

describe('the job server', () => {
  const jobsOf = (url: string) => new RayJobs(clusterOf(url, { RAY_AUTH_TOKEN: 'abc' }));

  test('stores files once, accepts a job, and reports its status', async () => {
    const server = await RayServer.start();
    const jobs = jobsOf(server.url);
    expect(await jobs.version()).toBe('2.60.0');
    const stored = await jobs.upload(Buffer.from('zip'));
    expect(await jobs.upload(Buffer.from('zip'))).toBe(stored);
    expect(server.asked.filter(({ what }) => what.startsWith('PUT'))).toHaveLength(1);
    await jobs.submit({ id: 'one', entrypoint: 'python train.py', package: stored, metadata: { name: 'run' } });
    expect(server.job.request).toEqual({
      ...{ submission_id: 'one', entrypoint: 'python train.py', metadata: { name: 'run' } },
      runtime_env: { working_dir: stored },
    });
    expect(await jobs.info('one')).toEqual({ status: 'PENDING', message: '' });
    expect(await jobs.info('other')).toBeNull();
    await jobs.stop('one');
    expect(await jobs.info('one')).toMatchObject({ status: 'STOPPED' });
    expect(new Set(server.asked.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer abc']));
  });

  test('that is invalid or unreachable is named in the error', async () => {
    const server = await RayServer.start();
    await expectRejection(jobsOf(`${server.url}/elsewhere`).version(), 'engine-stopped', {
      reason: 'cluster-refused',
      status: 404,
    });
    await server.leave();
    const gone = await refusalOf(jobsOf(server.url).version());
    expect(gone).toMatchObject({
      code: 'engine-stopped',
      details: { reason: 'cluster-unreachable', server: server.url },
    });
    expect(isUnreachable(gone)).toBe(true);
    await server.listen();
  });
});

test('a log is kept and read across a lost connection, each part once', async () => {
  const server = await RayServer.start();
  const cluster = clusterOf(server.url, NO_TOKEN);
  await new RayJobs(cluster).submit({ id: 'one', entrypoint: 'x', package: 'gcs://x', metadata: {} });
  server.job.status = 'RUNNING';
  const log = new JobLog(path.join(temporaryFolder(), 'job.log'));
  const kept = () => readFileSync(log.file, 'utf8');
  await log.follow(cluster, 'one');
  server.print('begun\n(TaskRunner pid=1) step:1 - actor/lr:1e-06 - crit');
  await until('the first piece', () => kept().includes('crit'));
  expect(log.step).toBeNull();
  server.print('ic/score/mean:np.float64(0.5)\n');
  await until('the step', () => log.step === 1);
  await server.leave();
  await server.listen();
  const long = 'x'.repeat(70_000);
  server.print(`${long}\nstep:2 - a:2`);
  server.end('SUCCEEDED');
  await log.end(60_000);
  expect(kept()).toBe(server.job.log);
  expect(log.metrics).toEqual([
    { step: 1, values: { 'actor/lr': 1e-6, 'critic/score/mean': 0.5 } },
    { step: 2, values: { a: 2 } },
  ]);
  expect(log.lastLines.at(-1)).toBe('step:2 - a:2');
});

test.each([
  ['\u001b[36m(TaskRunner pid=7)\u001b[0m step:12 - a/b:0.25 - c:np.int64(3)', 12, { 'a/b': 0.25, c: 3 }],
  ['step:0 - val-core/gsm8k:x/acc/mean@4:np.float64(1.0) - n:nan', 0, { 'val-core/gsm8k:x/acc/mean@4': 1, n: null }],
  ['step:3 - t:1_000 - b:True - bad:text - e:-1.5e-07', 3, { t: 1000, b: 1, e: -1.5e-7 }],
])('%j is a line of metrics', (line, step, values) => {
  expect(consoleMetrics(line)).toEqual({ step, values });
});

test.each(['step:1', 'global_step:1 - a:1', 'step:1 - nothing here', 'Training Progress: 3%', ''])(
  '%j is not a line of metrics',
  (line) => {
    expect(consoleMetrics(line)).toBeNull();
  },
);

test('a rollout belongs to the problem that its id names, or else to the one in its prompt', () => {
  const problem = (index: number, id: string, text: string) => {
    return { index, id, text, answer: String(index), source: 'p.jsonl', row: index, line: index + 1 };
  };
  const texts = [
    'How many apples are there in all?',
    'How many pears are there in all?',
    'What is 1 + 1?',
    'What is 3?',
  ];
  const all = texts.map((text, i) => problem(i, ['a', 'b', 'same', 'same'][i]!, text));
  const given = new JobProblems(all, texts);
  const take = (prompt: string, id?: string) =>
    given.register({ prompt, source: '1.jsonl', line: 1, ...(id !== undefined && { id }) });
  expect(take('user\nwhatever\nassistant\n', 'b')).toBe(1);
  expect(take(`user\n${texts[0]} Think.\nassistant\n`)).toBe(0);
  expect(take(`user\n${texts[3]}\nassistant\n`, 'same')).toBe(3);
  expect(take(`user\n${texts[2]}\nassistant\n`, 'same')).toBe(2);
  expect(given.get(3)).toMatchObject({ index: 3, reference: '3' });
  expect(() => take('user\nSomething else entirely, which nobody asked\nassistant\n')).toThrow('not one of this run');
});

test('validation on verl has one mode', () => {
  expect(presetForEngine('verl')).toEqual({ evaluation: { greedy: false } });
  expect(presetForEngine('trl')).toEqual({});
});
