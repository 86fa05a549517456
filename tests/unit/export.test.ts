import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { crc32, crc32c } from '../../engine/journal/crc.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import type { GroupRecord, JournalRecord } from '../../engine/protocol/index.ts';
import { exportMetricsJsonl, exportRolloutsJsonl } from '../../engine/runs/export/jsonl.ts';
import { exportRolloutsParquet } from '../../engine/runs/export/parquet.ts';
import { type RolloutRow, rolloutRows } from '../../engine/runs/export/rows.ts';
import { exportTensorboard, fileVersion, scalarEvent, tfRecord } from '../../engine/runs/export/tensorboard.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';
import { createFixtureJournal, writeRunFixture } from '../support/run-fixture.ts';

let run: string;
let records: JournalRecord[];
let groups: GroupRecord[];
let rollouts: number;

beforeAll(async () => {
  run = join(temporaryFolder(), 'run');
  await writeRunFixture(run, { problems: 4, votes: 4, steps: 3, every: 2 });
  ({ records } = await readRunFolder(run));
  groups = records.filter((record) => record.type === 'group');
  rollouts = groups.reduce((sum, group) => sum + group.rollouts, 0);
});

let out: string;
beforeEach(() => {
  out = temporaryFolder();
});

function readLines<T>(path: string): T[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

describe('rollouts', () => {
  test('become one line each, with the data of records and frames', async () => {
    const path = join(out, 'new', 'folder', 'rollouts.jsonl');
    expect(await exportRolloutsJsonl(run, path)).toBe(rollouts);
    const rows = readLines<RolloutRow>(path);
    expect(rows).toHaveLength(rollouts);
    const group = groups.find(
      (candidate) => candidate.phase === 'train' && candidate.step === 2 && candidate.problem === 3,
    )!;
    const { rollouts: stored } = await readGroup(run, group);
    const mine = rows.filter((row) => row.phase === 'train' && row.step === 2 && row.problem === 3);
    expect(mine).toEqual(
      stored.map(
        ({ text, answer, correct, reward, advantage, tokens, logprob, entropy, repetition, finish }, index) => ({
          ...{ text, answer, correct, reward, advantage, tokens, logprob, entropy, repetition, finish },
          problem: 3,
          problemId: 'sum-04',
          step: 2,
          phase: 'train',
          rollout: index + 1,
          problemText: expect.stringMatching(/^What is \d+ . \d+\?$/),
          prompt: expect.stringMatching(/^What is \d+ . \d+\?\n$/),
          reference: expect.stringMatching(/^\d+$/),
          references: null,
          rewards: null,
          majorityAnswer: group.majority!.answer,
          majorityShare: group.majority!.share,
          voteStatus: group.majority!.tied ? 'tie' : 'majority',
          verdict: group.majority!.correct ? 'correct' : 'wrong',
          // Evaluated after this step.
          current: false,
          foreign: null,
        }),
      ),
    );
  });

  test('can be selected by phase, and include their tokens on request', async () => {
    const path = join(out, 'rollouts.jsonl');
    const count = await exportRolloutsJsonl(run, path, { phases: ['greedy'], perToken: true });
    const rows = readLines<RolloutRow>(path);
    expect(count).toBe(groups.filter((group) => group.phase === 'greedy').length);
    expect(new Set(rows.map((row) => row.phase))).toEqual(new Set(['greedy']));
    const [stored] = (await readGroup(run, groups.find((group) => group.phase === 'greedy')!)).rollouts;
    expect(rows[0]).toMatchObject({
      tokenIds: [...stored!.ids!],
      tokenLogprobs: [...stored!.statistics.logprob!],
      tokenEntropies: [...stored!.statistics.entropy!],
    });
  });

  test.each([false, true])('are the same in Parquet (each token: %s)', async (perToken) => {
    const path = join(out, 'rollouts.parquet');
    expect(await exportRolloutsParquet(run, path, { perToken })).toBe(rollouts);
    const expected: RolloutRow[] = [];
    for await (const row of rolloutRows(run, { perToken })) expected.push(row);
    expect(await parquetReadObjects({ file: await asyncBufferFromFile(path) })).toEqual(expected);
  });

  test('have no unpaired surrogates, which other readers refuse', async () => {
    const folder = join(temporaryFolder(), 'run');
    await writeRunFixture(folder, { problems: 1, votes: 2, steps: 1, every: 1 });
    const file = join(folder, 'problems.jsonl');
    const problem = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(
      file,
      `${JSON.stringify({ ...problem, text: 'half \ud83d, whole \u{1f600}', accepted: ['\udc00'] })}\n`,
    );
    await exportRolloutsJsonl(folder, join(out, 'rollouts.jsonl'));
    await exportRolloutsParquet(folder, join(out, 'rollouts.parquet'));
    const inParquet = await parquetReadObjects({ file: await asyncBufferFromFile(join(out, 'rollouts.parquet')) });
    for (const row of [readLines<RolloutRow>(join(out, 'rollouts.jsonl'))[0]!, inParquet[0]!]) {
      expect(row).toMatchObject({ problemText: 'half \ufffd, whole \u{1f600}', references: '["\ufffd"]' });
    }
    expect(readFileSync(join(out, 'rollouts.jsonl'), 'utf8')).not.toContain('\\ud83d');
  });

  test('of a run without any are an empty file', async () => {
    const empty = join(temporaryFolder(), 'run');
    await (await createFixtureJournal(empty)).close();
    expect(await exportRolloutsParquet(empty, join(out, 'rollouts.parquet'), { perToken: true })).toBe(0);
    expect(await parquetReadObjects({ file: await asyncBufferFromFile(join(out, 'rollouts.parquet')) })).toEqual([]);
    expect(await exportRolloutsJsonl(empty, join(out, 'rollouts.jsonl'))).toBe(0);
    expect(readFileSync(join(out, 'rollouts.jsonl'), 'utf8')).toBe('');
  });

  test('are read only as far as they are consumed', async () => {
    const rows = rolloutRows(run);
    await rows.next();
    // Were the run read ahead, this would be an error now.
    const damaged = join(temporaryFolder(), 'run');
    await writeRunFixture(damaged, { problems: 4, votes: 4, steps: 3, every: 2 });
    truncateSync(join(damaged, 'rollouts-000.bin'), groups[1]!.frame!.offset);
    const others = rolloutRows(damaged);
    for (let index = 0; index < 4; index++) expect((await others.next()).value).toEqual(expect.anything());
    await expectRejection(others.next(), 'run-broken', { reason: 'missing-rollouts' });
    await rows.return(undefined);
  });

  test.each([
    ['JSONL', exportRolloutsJsonl],
    ['Parquet', exportRolloutsParquet],
  ])('do not touch an earlier %s file if they cannot be exported', async (_, exportRollouts) => {
    const path = join(out, 'rollouts');
    writeFileSync(path, 'earlier');
    const damaged = join(temporaryFolder(), 'run');
    await writeRunFixture(damaged, { problems: 4, votes: 4, steps: 3, every: 2 });
    truncateSync(join(damaged, 'rollouts-000.bin'), groups.at(-1)!.frame!.offset);
    await expectRejection(exportRollouts(damaged, path), 'run-broken', { reason: 'missing-rollouts' });
    await expect(exportRollouts(run, path, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    expect(readdirSync(out)).toEqual(['rollouts']);
    expect(readFileSync(path, 'utf8')).toBe('earlier');
  });

  test('report the file that cannot be written', async () => {
    const path = join(out, 'taken');
    mkdirSync(join(path, 'by-a-folder'), { recursive: true });
    await expectRejection(exportRolloutsJsonl(run, path), 'disk', { reason: 'is-folder', file: path });
    expect(readdirSync(out)).toEqual(['taken']);
  });
});

describe('metrics', () => {
  test('become one line per step and per evaluation, estimates with their intervals', async () => {
    const path = join(out, 'metrics.jsonl');
    const measured = records.filter((record) => record.type === 'step' || record.type === 'evaluation');
    expect(await exportMetricsJsonl(run, path)).toBe(measured.length);
    const rows = readLines<Record<string, unknown>>(path);
    expect(rows.map((row) => [row.kind, row.step])).toEqual([
      ['evaluation', 0],
      ['train', 1],
      ['train', 2],
      ['evaluation', 2],
      ['train', 3],
      ['evaluation', 3],
    ]);
    const step = measured[1] as Extract<JournalRecord, { type: 'step' }>;
    expect(rows[1]).toEqual({ kind: 'train', step: 1, time: step.time, ...step.metrics, ...step.timing });
    const evaluation = measured[0] as Extract<JournalRecord, { type: 'evaluation' }>;
    expect(rows[0]).toMatchObject({
      accuracy: evaluation.accuracy!.mean,
      accuracyLow: evaluation.accuracy!.low,
      accuracyHigh: evaluation.accuracy!.high,
      samples: 4,
      seconds: 1.9,
    });
    expect(rows[0]).not.toHaveProperty('seq');
  });

  test('that do not exist are null, and omitted from TensorBoard', async () => {
    const unlabeled = join(temporaryFolder(), 'run');
    await writeRunFixture(unlabeled, { problems: 2, votes: 2, steps: 1, labels: false });
    await exportMetricsJsonl(unlabeled, join(out, 'metrics.jsonl'));
    expect(readLines(join(out, 'metrics.jsonl'))[1]).toMatchObject({ groundTruthReward: null, rewardAccuracy: null });
    const { path } = await exportTensorboard(unlabeled, out);
    const text = readFileSync(path, 'latin1');
    expect(text).toContain('train/proxyReward');
    expect(text).not.toContain('groundTruthReward');
  });
});

describe('TensorBoard', () => {
  test('uses standard checksums', () => {
    const digits = Buffer.from('123456789');
    expect(crc32(digits).toString(16)).toBe('cbf43926');
    expect(crc32c(digits).toString(16)).toBe('e3069283');
  });

  // Made with the Python package tensorboard 2.20: RecordWriter over Event messages.
  test.each([
    [fileVersion(1795548612.5), '1800000000000000a37f4b22090000207179c1da411a0d627261696e2e4576656e743a3274773845'],
    [
      scalarEvent(1795548612.75, 300, 'train/proxyReward', 0.625),
      '2800000000000000ff70164a090000307179c1da4110ac022a1a0a180a11747261696e2f70726f7879526577617264150000203fb0209bbe',
    ],
    [
      scalarEvent(1795548612.75, 0, 'evaluation/accuracy', 0),
      '2700000000000000bbe1b146090000307179c1da412a1c0a1a0a136576616c756174696f6e2f616363757261637915000000003a12a0af',
    ],
  ])('has the same records as the reference writer (%#)', (event, golden) => {
    expect(Buffer.from(tfRecord(event)).toString('hex')).toBe(golden);
  });

  test('receives every scalar, and writing again replaces the file', async () => {
    const first = await exportTensorboard(run, out);
    const bytes = readFileSync(first.path);
    const lengths: number[] = [];
    for (let at = 0; at < bytes.length; at += lengths.at(-1)! + 16) lengths.push(Number(bytes.readBigUInt64LE(at)));
    await exportMetricsJsonl(run, join(out, 'metrics.jsonl'));
    const rows = readLines<Record<string, unknown>>(join(out, 'metrics.jsonl'));
    const values = rows
      .flatMap(({ kind, step, time, ...rest }) => Object.values(rest))
      .filter((value) => value !== null);
    expect(first.scalars).toBe(values.length);
    expect(lengths).toHaveLength(values.length + 1);
    expect(await exportTensorboard(run, out)).toEqual(first);
    expect(readFileSync(first.path).equals(bytes)).toBe(true);
    expect(readdirSync(out).sort()).toEqual(['events.out.tfevents.1795548612.rollscope', 'metrics.jsonl']);
  });
});
