/** Exports in the forms of other tools; what those tools make of them is in `tests/interop/exports.test.ts`. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { exportInspect } from '../../engine/runs/export/inspect.ts';
import { exportRolloutsJsonl } from '../../engine/runs/export/jsonl.ts';
import { exportRolloutsParquet } from '../../engine/runs/export/parquet.ts';
import { exportRlLoggingBoard } from '../../engine/runs/export/rl-logging-board.ts';
import { type RolloutRow, rolloutRows, stepRows } from '../../engine/runs/export/rows.ts';
import { metricsByStep, runScalars } from '../../engine/runs/export/scalars.ts';
import { exportTrackio } from '../../engine/runs/export/trackio.ts';
import { exportVerl } from '../../engine/runs/export/verl.ts';
import { exportWandb } from '../../engine/runs/export/wandb.ts';
import { importFrom } from '../support/import.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

let run: string;
let rows: RolloutRow[];
let out: string;

beforeAll(async () => {
  run = join(temporaryFolder(), 'run');
  await writeRunFixture(run, { problems: 4, votes: 4, steps: 3, every: 2 });
  rows = [];
  for await (const row of rolloutRows(run, { perToken: true })) rows.push(row);
});

beforeEach(() => {
  out = temporaryFolder();
});

function linesOf(path: string): Record<string, unknown>[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('rows are grouped by step and phase, each once', async () => {
  const steps: string[] = [];
  let count = 0;
  for await (const { phase, step, rows: some } of stepRows(run)) {
    steps.push(`${step} ${phase}`);
    for await (const row of some) {
      expect(row).toMatchObject({ phase, step });
      count++;
    }
  }
  expect(count).toBe(rows.length);
  expect(steps).toEqual([...new Set(steps)]);
  const numbers = steps.map((item) => Number.parseInt(item, 10));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
});

describe("verl's dumps", () => {
  test('have its columns, and those next to the score', async () => {
    const dumped = rows.filter(({ phase }) => phase !== 'greedy');
    expect(await exportVerl(run, out)).toBe(dumped.length);
    expect(readdirSync(join(out, 'rollouts')).sort()).toEqual(['1.jsonl', '2.jsonl', '3.jsonl']);
    const first = dumped.find((row) => row.phase === 'train' && row.step === 2)!;
    expect(linesOf(join(out, 'rollouts', '2.jsonl'))[0]).toEqual({
      input: first.prompt,
      output: first.text,
      gts: first.reference,
      score: first.reward,
      step: 2,
      acc: first.correct,
      pred: first.answer,
      advantage: first.advantage,
      uid: first.problemId,
    });
    const evaluated = linesOf(join(out, 'validation', '0.jsonl'));
    expect(evaluated.map(({ score }) => score)).toEqual(evaluated.map(({ acc }) => Number(acc)));
  });

  test('are read back as the same groups', async () => {
    await exportVerl(run, join(out, 'dumps'));
    const folder = join(out, 'again');
    await importFrom(join(out, 'dumps'), folder);
    const key = (row: RolloutRow) => [row.phase, row.step, row.problemText.trim(), row.rollout].join(' ');
    const again = new Map<string, RolloutRow>();
    for await (const row of rolloutRows(folder)) again.set(key(row), row);
    const dumped = rows.filter(({ phase }) => phase !== 'greedy');
    expect(again.size).toBe(dumped.length);
    for (const row of dumped) {
      const { text, answer, correct, majorityAnswer, majorityShare } = row;
      expect(again.get(key(row))).toMatchObject({ text, answer, correct, majorityAnswer, majorityShare });
    }
  });
});

describe('the file of RLLoggingBoard', () => {
  test('contains the rollouts used for training, with their tokens', async () => {
    const trained = rows.filter(({ phase }) => phase === 'train');
    expect(await exportRlLoggingBoard(run, out)).toBe(trained.length);
    const lines = linesOf(join(out, 'rollouts_rank0.jsonl'));
    expect(lines).toHaveLength(trained.length);
    lines.forEach((line, index) => {
      const { prompt, text, tokenTexts, tokenLogprobs, reward, step, reference } = trained[index]!;
      expect(line).toMatchObject({ prompt, response: text, reward, step, ground_truth: reference });
      expect(line.response_tokens).toEqual(tokenTexts);
      expect((line.response_tokens as string[]).join('')).toBe(text);
      expect(line.logprobs).toEqual(tokenLogprobs);
      expect(line.logprobs).toHaveLength(tokenTexts!.length);
    });
  });

  test('is refused if nothing has a reward', async () => {
    const empty = join(temporaryFolder(), 'run');
    await writeRunFixture(empty, { problems: 2, votes: 2, steps: 0 });
    await expectRejection(exportRlLoggingBoard(empty, out), 'usage', { reason: 'no-rewards' });
    expect(readdirSync(out)).toEqual([]);
  });
});

test.each([
  ['rollouts.jsonl', exportRolloutsJsonl],
  ['rollouts.parquet', exportRolloutsParquet],
])(
  'rollouts in %s are imported back without naming columns: same problems, phases, steps and votes',
  async (name, write) => {
    const file = join(out, name);
    await write(run, file, { perToken: false });
    const folder = join(out, 'run');
    await importFrom(file, folder);
    const back: RolloutRow[] = [];
    for await (const row of rolloutRows(folder, {})) back.push(row);
    const facts = (some: readonly RolloutRow[]) =>
      some
        .map(({ problemId, phase, step, rollout, text, answer, correct, reward, majorityAnswer }) =>
          JSON.stringify([problemId, phase, step, rollout, text, answer, correct, reward, majorityAnswer]),
        )
        .sort();
    expect(facts(back)).toEqual(facts(rows));
  },
);

test("Inspect's logs have one sample per rollout, and the means of its scores", async () => {
  expect(await exportInspect(run, out)).toBe(rows.length);
  const names = readdirSync(out).sort();
  expect(names).toEqual(
    names.map(() => expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d_run-\w+-\d{6}_\w+\.json$/)),
  );
  let samples = 0;
  for (const name of names) {
    const log = JSON.parse(readFileSync(join(out, name), 'utf8'));
    samples += log.samples.length;
    const { phase, step } = log.eval.metadata;
    const mine = rows.filter((row) => row.phase === phase && row.step === step);
    expect(log.samples).toHaveLength(mine.length);
    expect(log.samples[0]).toMatchObject({
      id: mine[0]!.problemId,
      epoch: 1,
      input: mine[0]!.problemText,
      target: mine[0]!.reference,
      output: { completion: mine[0]!.text },
      scores: { correct: { value: Number(mine[0]!.correct), answer: mine[0]!.answer } },
    });
    const { value } = log.results.scores.find((candidate: { name: string }) => candidate.name === 'correct').metrics
      .mean;
    expect(value).toBeCloseTo(mine.filter(({ correct }) => correct).length / mine.length, 12);
    expect(log.results.scores.some((item: { name: string }) => item.name === 'reward')).toBe(phase === 'train');
  }
  expect(samples).toBe(rows.length);
});

describe('metrics', () => {
  test('of a step are in one row, in the order of the steps', async () => {
    const steps = await metricsByStep(run);
    expect(steps.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
    let scalars = 0;
    for await (const { kind, step, values } of runScalars(run)) {
      for (const [name, value] of Object.entries(values)) {
        if (value === null) continue;
        scalars++;
        expect(steps[step]!.values[`${kind}/${name}`], `${kind}/${name} of step ${step}`).toBe(value);
      }
    }
    expect(steps.flatMap(({ values }) => Object.keys(values))).toHaveLength(scalars);
  });

  test('for Weights & Biases are one line per step', async () => {
    const path = join(out, 'metrics.jsonl');
    const steps = await metricsByStep(run);
    expect(await exportWandb(run, path)).toBe(steps.length);
    expect(linesOf(path)).toEqual(steps.map(({ step, values }) => ({ step, ...values })));
  });
});

describe('Trackio', () => {
  type Request = {
    url?: string | undefined;
    token: unknown;
    body: { kwargs: { logs: { step: number; log_id: string }[] } };
  };

  async function dashboard(answer: { status?: number; body: string }): Promise<{ address: string; asked: Request[] }> {
    const asked: Request[] = [];
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const token = request.headers['x-trackio-write-token'];
      asked.push({ url: request.url, token, body: JSON.parse(Buffer.concat(chunks).toString()) });
      response.writeHead(answer.status ?? 200).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    const { port } = server.address() as AddressInfo;
    return { address: `http://127.0.0.1:${port}/?write_token=secret`, asked };
  }

  const servers: ReturnType<typeof createServer>[] = [];
  beforeEach(() => () => {
    for (const server of servers.splice(0)) server.close();
  });

  test('receives one entry per step, which a second export repeats under the same ids', async () => {
    const { address, asked } = await dashboard({ body: '{"data": null}' });
    const steps = await metricsByStep(run);
    expect(await exportTrackio(run, address)).toBe(steps.length);
    await exportTrackio(run, address);
    expect(asked.map(({ url, token }) => ({ url, token }))).toEqual(
      [0, 1].map(() => ({ url: '/api/bulk_log', token: 'secret' })),
    );
    const [first, second] = asked.map(({ body }) => body.kwargs.logs);
    expect(first).toMatchObject(
      steps.map(({ step, values }) => ({ project: 'rollscope', run: 'run', step, metrics: values })),
    );
    expect(second).toEqual(first);
    expect(new Set(first!.map(({ log_id }) => log_id)).size).toBe(steps.length);
  });

  test('that refuses is named, and so is an invalid address', async () => {
    const denied = await dashboard({ status: 403, body: 'no write access' });
    await expectRejection(exportTrackio(run, denied.address), 'usage', { reason: 'trackio-refused' });
    const failed = await dashboard({ body: '{"error": "write token required"}' });
    await expectRejection(exportTrackio(run, failed.address), 'usage', { reason: 'trackio-refused' });
    await expectRejection(exportTrackio(run, 'http://127.0.0.1:9/'), 'usage', { reason: 'trackio-refused' });
    await expectRejection(exportTrackio(run, join(out, 'metrics')), 'usage', { reason: 'not-an-address' });
  });
});
