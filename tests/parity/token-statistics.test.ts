/**
 * The token statistics that a model computes for an imported run are those that the engine records when it samples the same
 * texts with the same model; what the trainer recorded stays; what is stopped halfway continues to the same result.
 */
import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { importFile } from '../../engine/cli/commands/import.ts';
import { rescore } from '../../engine/cli/commands/rescore.ts';
import { statistics } from '../../engine/cli/commands/statistics.ts';
import { addStatistics } from '../../engine/cli/statistics/add.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { openJournalAtEnd } from '../../engine/journal/open.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { repairRun } from '../../engine/journal/repair.ts';
import type { GroupDetail } from '../../engine/protocol/group.ts';
import { LossConfig, OptimizerConfig, type PolicyRollout, SamplingConfig } from '../../engine/protocol/index.ts';
import { listRuns } from '../../engine/runs/list.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { Policy } from '../../engine/training/policy/policy.ts';
import { TokenReader } from '../../engine/training/token-reader.ts';
import { importFrom } from '../support/import.ts';
import { keepPrinted } from '../support/printed.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

const MODEL = 'embedded';
const PROMPTS = ['1+2+3=', '9-4+1=', '2+2+2+2='];
const TEMPERATURE = 0.8;
const MAX_TOKENS = 24;
const NAMES = ['logprob', 'entropy', 'logsumexp', 'meanLogit', 'top1', 'top2'] as const;
/** Nats, and shares: the sampler decodes token by token, the reader reads a whole response at once. */
const TOLERANCE = 4;

const home = temporaryFolder();
const printed = keepPrinted();
let sampled: PolicyRollout[][];

beforeAll(async () => {
  sampled = await sample();
});

async function sample(): Promise<PolicyRollout[][]> {
  const hooks = { tick: () => {} };
  const policy = await Policy.open(
    {
      ...{ model: MODEL, lora: null, device: 'cpu', threads: 1, memoryLimit: null, seed: 3 },
      loss: LossConfig.parse({ measureKl: false }),
      optimizer: OptimizerConfig.parse({}),
      prompts: PROMPTS.map((user) => ({ user })),
      ...{ temperature: TEMPERATURE, maxTokens: MAX_TOKENS, trains: false, truncates: false },
      ...{ date: '2026-01-01T00:00:00Z', questionTokens: null, otherPolicies: [] },
    },
    hooks,
  );
  try {
    const found: PolicyRollout[][] = [];
    const problems = PROMPTS.map((_, i) => i);
    const sampling = SamplingConfig.parse({ temperature: TEMPERATURE, maxTokens: MAX_TOKENS });
    await policy.sample({ problems, rows: 4, sampling, stream: 'rollout', step: 1 }, hooks, (problem, rollouts) => {
      found[problem] = rollouts;
    });
    return found;
  } finally {
    await policy.release();
  }
}

/** Two steps of the sampled texts, as a log without tokens has them, or with what `more` gives. */
async function imported(name: string, more: (rollout: PolicyRollout) => object = () => ({})): Promise<string> {
  const rows = [1, 2].flatMap((step) =>
    sampled.flatMap((rollouts, problem) =>
      rollouts.map((rollout) => ({
        ...{ prompt: PROMPTS[problem], step, reward: 1 },
        response: rollout.text,
        finish_reason: rollout.finish,
        ...more(rollout),
      })),
    ),
  );
  const file = path.join(home, `${name}.jsonl`);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return (await importFrom(file, path.join(home, name))).folder;
}

async function groupsOf(folder: string): Promise<GroupDetail[]> {
  const columns = await openColumns(folder);
  return Promise.all(
    columns.countedRows.map((row) => readGroup(folder, { ...columns.idOf(row), frame: columns.frameOf(row) })),
  );
}

async function compute(folder: string): Promise<Record<string, unknown>> {
  printed.text = '';
  const options = { scoreWith: MODEL, temperature: `${TEMPERATURE}`, device: 'cpu', threads: '1', json: true };
  expect(await statistics(folder, options)).toBe(0);
  return JSON.parse(printed.text.trim().split('\n').at(-1)!) as Record<string, unknown>;
}

function expectSampled(group: GroupDetail): void {
  for (const [i, rollout] of group.rollouts.entries()) {
    const own = sampled[group.problem]![i]!;
    expect([...rollout.ids!]).toEqual([...own.tokens]);
    for (const name of NAMES) {
      for (const [t, value] of rollout.statistics[name]!.entries()) {
        expect(value, `${name} ${t}`).toBeCloseTo(own[name][t]!, TOLERANCE);
      }
    }
  }
}

describe('statistics of a run without any', () => {
  test('are those that were recorded when its texts were sampled', async () => {
    const folder = await imported('bare');
    const before = await groupsOf(folder);
    expect(before[0]!.rollouts[0]).toMatchObject({ ids: null, logprob: null });
    const result = await compute(folder);
    expect(result).toMatchObject({ rollouts: 24, known: 0, left: {}, stopped: false, by: { model: 'embedded' } });
    const groups = await groupsOf(folder);
    expect(groups).toHaveLength(before.length);
    for (const group of groups) {
      expectSampled(group);
      expect(group.scoredBy).toMatchObject({ model: 'embedded', temperature: TEMPERATURE });
      expect(group.rollouts[0]!.computed).toEqual(['ids', ...NAMES]);
    }
    // Answers and votes are as they were.
    const bare = ({ clusters, majority }: GroupDetail) => ({ clusters, answer: majority?.answer });
    expect(groups.map(bare)).toEqual(before.map(bare));
  });

  test('count in views, curves and the list of runs, and are computed once', async () => {
    const folder = await imported('views');
    await compute(folder);
    const columns = await openColumns(folder);
    const { entropy, logprob } = columns.groups.columns;
    expect(columns.countedRows.every((row) => entropy[row]! > 0 && logprob[row]! < 0)).toBe(true);
    expect(columns.metricAt('entropy', 2)).toBeGreaterThan(0);
    expect(columns.head).toMatchObject({ end: { reason: 'completed' }, scoredBy: [{ model: 'embedded' }] });
    expect((await listRuns(home)).find((run) => run.folder === folder)).toMatchObject({ status: 'completed' });
    const { records } = await readRunFolder(folder);
    expect(await compute(folder)).toMatchObject({ rollouts: 0, known: 24 });
    const kinds = (await readRunFolder(folder)).records.slice(records.length).map(({ type }) => type);
    expect(kinds).toEqual(['end']);
  });

  test('enable rewards that need them', async () => {
    const folder = await imported('rewards');
    const options = { reward: ['self-certainty'], json: true };
    await expectRejection(rescore(folder, options), 'config', { reason: 'vocabulary-not-recorded' });
    await compute(folder);
    expect(await rescore(folder, options)).toBe(0);
  });
});

test('are computed during an import, once each while it follows, and continued', async () => {
  const folder = await imported('bare-for-import');
  const rows = readFileSync(path.join(home, 'bare-for-import.jsonl'), 'utf8');
  const lines = rows.trimEnd().split('\n');
  const text = (some: readonly string[]) => some.map((line) => `${line}\n`).join('');
  const [half, rest] = [text(lines.slice(0, lines.length / 2)), text(lines.slice(lines.length / 2))];
  const log = path.join(home, 'growing.jsonl');
  writeFileSync(log, half);
  const options = {
    out: home,
    name: 'growing',
    scoreWith: MODEL,
    temperature: `${TEMPERATURE}`,
    device: 'cpu',
    threads: '1',
  };
  expect(await importFile(log, options)).toBe(0);
  const first = await groupsOf(path.join(home, 'growing'));
  for (const group of first) expectSampled(group);
  writeFileSync(log, rest, { flag: 'a' });
  // Without a model, what was computed before stays.
  expect(await importFile(log, { out: home, name: 'growing' })).toBe(0);
  const later = await groupsOf(path.join(home, 'growing'));
  expect(later).toHaveLength((await groupsOf(folder)).length);
  expect(later.filter(({ scoredBy }) => scoredBy).length).toBeGreaterThanOrEqual(first.length - 1);
});

test('do not replace what the trainer recorded', async () => {
  const made = Float32Array.of(-0.25);
  const folder = await imported('partly', ({ tokens }) => ({
    completion_ids: [...tokens],
    logprobs: [...tokens].map(() => made[0]),
  }));
  await compute(folder);
  const [group] = await groupsOf(folder);
  for (const [i, { statistics: known, computed }] of group!.rollouts.entries()) {
    expect(known.logprob!.every((value) => value === made[0])).toBe(true);
    expect(known.entropy![0]).toBeCloseTo(sampled[0]![i]!.entropy[0]!, TOLERANCE);
    expect(computed).toEqual(['entropy', 'logsumexp', 'meanLogit', 'top1', 'top2']);
  }
});

test('skip token ids of another tokenizer, which are counted', async () => {
  const folder = await imported('other-ids', ({ tokens }) => ({ completion_ids: [...tokens].map((id) => id + 7) }));
  expect(await compute(folder)).toMatchObject({ rollouts: 0, left: { 'other-tokens': 24 } });
  const [group] = await groupsOf(folder);
  expect(group!.scoredBy).toBeUndefined();
  expect(group!.rollouts[0]!.statistics.logprob).toBeNull();
});

describe('after a stop or a kill', () => {
  /** Computes until a number of groups has been recorded; without an orderly end where `killed`. */
  async function begin(folder: string, groups: number, killed: boolean): Promise<void> {
    const reader = await TokenReader.open(MODEL, { device: 'cpu', threads: 1, memoryLimit: null });
    reader.temperature = TEMPERATURE;
    const journal = await openJournalAtEnd(folder);
    const giveUp = new AbortController();
    const columns = await openColumns(folder);
    const note = async () => {};
    const onProgress = (progress: { groups: number }) => {
      if (progress.groups >= groups) giveUp.abort();
    };
    const report = await addStatistics({ folder, journal, columns, reader, note, onProgress, signal: giveUp.signal });
    expect(report.stopped).toBe(true);
    await reader.release();
    await journal.close();
    // A kill leaves the beginning of a line behind.
    if (killed) writeFileSync(path.join(folder, 'events.jsonl'), '{"type":"statis', { flag: 'a' });
  }

  test.each([false, true])('they continue to the same result (killed: %s)', async (killed) => {
    const whole = await imported(`whole-${killed}`);
    const cut = path.join(home, `cut-${killed}`);
    cpSync(whole, cut, { recursive: true });
    await compute(whole);
    await begin(cut, 2, killed);
    expect((await listRuns(home)).find((run) => run.folder === cut)).toMatchObject({ status: 'completed' });
    const half = await groupsOf(cut);
    expect(half.filter(({ scoredBy }) => scoredBy)).not.toHaveLength(0);
    expect(half.filter(({ scoredBy }) => !scoredBy)).not.toHaveLength(0);
    await compute(cut);
    expect(await groupsOf(cut)).toEqual(await groupsOf(whole));
    const entropy = async (folder: string) => (await openColumns(folder)).series.of('entropy');
    expect(await entropy(cut)).toEqual(await entropy(whole));
  });
});

test('a repaired run keeps its rollouts if computed statistics are lost', async () => {
  const folder = await imported('torn');
  const { records } = await readRunFolder(folder);
  const kept = records.flatMap((record) => (record.type === 'group' ? [record.frame!] : [])).at(-1)!;
  await compute(folder);
  truncateSync(path.join(folder, 'rollouts-000.bin'), kept.offset + kept.length);
  const repaired = await repairRun(folder);
  const groups = await groupsOf(repaired.folder);
  expect(groups.every(({ scoredBy, rollouts }) => !scoredBy && rollouts.length === 4)).toBe(true);
});
