/** What is read from the dumps of trainers whose files have a form of their own. The dumps were written by the trainers' code. */
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findDumps } from '../../engine/importers/find.ts';
import { entriesOf } from '../../engine/importers/formats/verifiers.ts';
import type { LoggedGroup, LoggedProblem, ReadContext } from '../../engine/importers/importer.ts';
import { IMPORTERS } from '../../engine/importers/index.ts';
import { groupsOfLines } from '../../engine/importers/line-entries.ts';
import { LoggedProblems } from '../../engine/importers/problems.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { readProblems, readRunFolder } from '../../engine/journal/reader.ts';
import type { GroupDetail, Phase } from '../../engine/protocol/group.ts';
import { exportTensorboard } from '../../engine/runs/export/tensorboard.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { importFrom } from '../support/import.ts';
import { temporaryFolder } from '../support/processes.ts';
import { until } from '../support/wait.ts';

const DUMPS = path.join(import.meta.dirname, '../fixtures/dumps');
const dump = (name: string) => path.join(DUMPS, name);
const runIn = (folder = temporaryFolder()) => path.join(folder, 'run');

async function groupsIn(folder: string, phase: Phase, step: number): Promise<GroupDetail[]> {
  const { records } = await readRunFolder(folder);
  const found = records.filter((record) => record.type === 'group' && record.phase === phase && record.step === step);
  return Promise.all(found.map((item) => readGroup(folder, item as never)));
}

test.each(readdirSync(DUMPS).filter((name) => !name.includes('.md')))(
  '%s is recognized as what it is',
  async (name) => {
    const found = [];
    for (const importer of IMPORTERS) if (await importer.detect(dump(name), { map: {} })) found.push(importer.name);
    expect(found).toHaveLength(1);
    expect(name.startsWith(found[0]!)).toBe(true);
  },
);

test('other data is not offered: problems with answers, prompts with one response, events alone', async () => {
  const root = temporaryFolder();
  const write = (name: string, row: object) => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), JSON.stringify(row));
  };
  write('sft/train.jsonl', { prompt: 'What?', completion: 'This.' });
  write('problems/train.jsonl', { question: 'What?', answer: '1' });
  write('checkpoints/step_100/config.json', {});
  write('checkpoints/iteration_3/weights.json', {});
  cpSync(dump('trl-1.16.0'), path.join(root, 'project/output'), { recursive: true });
  cpSync(dump('tensorboard-2.21.0'), path.join(root, 'project/output/runs/first'), { recursive: true });
  cpSync(dump('tensorboard-2.21.0'), path.join(root, 'curves'), { recursive: true });
  // next to which others may lie
  writeFileSync(path.join(root, 'project', 'log.jsonl'), '{"prompt": "a?", "response": "1", "reward": 1, "step": 1}');
  const found = await findDumps(root);
  expect(found.filter(({ part }) => !part).map((item) => [path.relative(root, item.path), item.format])).toEqual([
    ['project', 'rollouts'],
    [path.join('project', 'output'), 'trl'],
  ]);
});

describe("prime-rl's run folder", () => {
  const RUN = dump('prime-rl-0.8.0');

  test('has the training batches, what was sampled if no batch was made, and evaluations', async () => {
    const folder = runIn();
    const report = await importFrom(RUN, folder);
    // The fourth step has no batch, and an episode in which nothing was said.
    expect(report).toMatchObject({ importer: 'prime-rl', problems: 2, steps: 4, rollouts: 34, faults: 1 });
    expect(report.named[0]).toMatchObject({
      place: 'rollouts/step_4/train/all/traces.jsonl:9',
      why: 'no response: SandboxError: the sandbox went away',
    });
    const { runFile } = await readRunFolder(folder);
    expect(runFile.foreign).toMatchObject({ model: 'tiny/sums', dataset: 'sums', settings: { temperature: 1 } });
    const problems = await readProblems(folder);
    expect(problems.map(({ text, answer }) => [text, answer])).toEqual([
      ['What is 2 + 3?', '5'],
      ['What is 7 x 8?', '56'],
    ]);
    const { head, series } = await openColumns(folder);
    expect(head.evaluations.map(({ step, accuracy }) => [step, accuracy?.mean])).toEqual([[3, 1]]);
    expect(series.at('loss', 2)).toBeCloseTo(0.2);
    expect(series.at('gradientNorm', 3)).toBe(1.5);
    expect(series.at('foreign/train/agg/effective/reward/mean', 1)).toBe(0.85);
  });

  test("has each reward, the weighted sum, advantages, and the grader's verdict", async () => {
    const folder = runIn();
    const report = await importFrom(RUN, folder);
    expect(report).toMatchObject({ disagreements: 1, compared: 34 });
    const [first, second] = await groupsIn(folder, 'train', 3);
    expect(first!.rollouts[0]).toMatchObject({ rewards: { correct: 0, brevity: 0.5 }, reward: 0.1, correct: true });
    expect(second!.rollouts.map(({ reward, advantage, correct }) => [reward, advantage, correct])).toEqual(
      Array(4).fill([0.1, 0, false]),
    );
    expect(first!.rollouts[3]).toMatchObject({ finish: 'length', foreign: { env: 'sums', words: 6 } });
  });

  test('has the sampled tokens with their log-probabilities and entropies', async () => {
    const folder = runIn();
    await importFrom(RUN, folder);
    const [group] = await groupsIn(folder, 'train', 1);
    const { ids, tokens, logprob, statistics } = group!.rollouts[0]!;
    expect(ids).toHaveLength(7);
    expect(tokens).toBe(7);
    expect(logprob).toBeCloseTo(-0.4);
    expect(statistics.entropy).toEqual(new Float32Array(7).fill(0.25));
    expect(statistics.top1).toBeNull();
    // Nobody computed entropies of what was sampled for the evaluation.
    const [measured] = await groupsIn(folder, 'evaluation', 3);
    expect(measured!.rollouts[0]!.entropy).toBeNull();
  });

  test('shows several turns as a chat and takes the answer from the last assistant turn', async () => {
    const folder = runIn();
    await importFrom(RUN, folder);
    const [group] = await groupsIn(folder, 'train', 1);
    const { text, answer, foreign } = group!.rollouts[1]!;
    expect(text).toBe(
      [
        'assistant: Is it \\boxed{1}?\n[call of calculator: {"sum": "2 + 3"}]',
        'tool: \\boxed{2}',
        'assistant: Step 1. The answer is \\boxed{5}',
      ].join('\n\n'),
    );
    expect(answer).toBe('5');
    expect(foreign.turns).toBe(2);
  });

  test('has the rewards of traces of verifiers 0.2, whose weights are included', () => {
    const [entry] = entriesOf({
      task: { type: 'SumTask', data: { idx: 0, prompt: 'What is 2 + 3?', answer: '5' } },
      nodes: [
        { message: { role: 'user', content: 'What is 2 + 3?' }, sampled: false },
        { parent: 0, message: { role: 'assistant', content: '\\boxed{5}' }, sampled: true },
      ],
      rewards: { correct: 1, brevity: 0.125 },
      metrics: { words: 1 },
      stop_condition: 'agent_completed',
    });
    expect(entry!.problem).toMatchObject({ prompt: 'What is 2 + 3?', label: '5' });
    expect(entry!.rollout()).toMatchObject({ reward: 1.125, rewards: { correct: 1, brevity: 0.125 }, tokens: null });
  });

  test('gives the same groups when it is too large for memory', async () => {
    const file = path.join(DUMPS, 'prime-rl-0.8.0', 'rollouts', 'step_1', 'train', 'all', 'traces.jsonl');
    const read = async (whole?: number) => {
      const [asked, faults]: [LoggedProblem[], string[]] = [[], []];
      const problems = new LoggedProblems();
      const context: ReadContext = {
        problems: {
          register(problem) {
            asked.push(problem);
            return problems.register(problem);
          },
        },
        faults: { add: (place) => faults.push(place) },
        check: () => {},
      };
      const groups: LoggedGroup[] = [];
      for await (const group of groupsOfLines(file, 'traces.jsonl', context, entriesOf, whole)) groups.push(group);
      return { groups, faults, lines: [...new Set(asked.map(({ line }) => line))].filter((line) => line !== null) };
    };
    const held = await read();
    expect(held.groups.map(({ rollouts }) => rollouts.length)).toEqual([4, 4]);
    expect(held.faults).toEqual(['traces.jsonl:9']);
    expect(await read(0)).toEqual(held);
  });

  test('has metrics of complete steps only', async () => {
    const root = temporaryFolder();
    const source = path.join(root, 'output');
    cpSync(dump('verl-0.9.1'), source, { recursive: true });
    const rows = [0.5, 1e300, -1, 2].map((step) => JSON.stringify({ step, data: { 'actor/pg_loss': 0.5 } }));
    writeFileSync(path.join(source, 'metrics.jsonl'), `${rows.join('\n')}\n`);
    const { folder } = await importFrom(source, runIn(root));
    const { series } = await openColumns(folder);
    expect(series.steps.map((step) => series.at('loss', step))).toEqual([null, 0.5, null]);
  });

  test('is followed: a step waits for its batch', async () => {
    const root = temporaryFolder();
    const source = path.join(root, 'output');
    cpSync(RUN, source, { recursive: true });
    const late = path.join(source, 'rollouts/step_3/train/effective');
    for (const step of ['step_3/eval', 'step_4']) rmSync(path.join(source, 'rollouts', step), { recursive: true });
    renameSync(late, path.join(root, 'later'));
    const end = new AbortController();
    let steps = 0;
    const report = importFrom(source, runIn(root), {
      follow: true,
      interval: 5,
      signal: end.signal,
      onProgress: (progress) => {
        steps = progress.steps;
      },
    });
    await until('two steps', () => steps === 2);
    renameSync(path.join(root, 'later'), late);
    await until('the third', () => steps === 3);
    end.abort();
    expect(await report).toMatchObject({ steps: 3, rollouts: 24, faults: 0 });
  });

  test('may be a separate evaluation of verifiers', async () => {
    const folder = runIn();
    const file = path.join(RUN, 'rollouts/step_3/eval/effective/traces.jsonl');
    expect(await importFrom(file, folder)).toMatchObject({ importer: 'prime-rl', rollouts: 2, steps: 0 });
    const [group] = await groupsIn(folder, 'evaluation', 3);
    expect(group!.rollouts).toMatchObject([{ correct: true }]);
  });
});

describe('rollouts with token data', () => {
  test("from RLLoggingBoard's files: the processes of a trainer together, without padding, tokens as text", async () => {
    const folder = runIn();
    const report = await importFrom(dump('rollouts-rlloggingboard'), folder);
    expect(report).toMatchObject({ importer: 'rollouts', problems: 2, groups: 4, rollouts: 16, steps: 2, faults: 0 });
    expect((await readProblems(folder)).map(({ text }) => text)).toEqual(['What is 2 + 3?', 'Wie viel ist 7 × 8?']);
    const [first, second] = await groupsIn(folder, 'train', 1);
    expect(first!.clusters).toMatchObject([
      { answer: '5', members: [0, 2] },
      { answer: '4', members: [1, 3] },
    ]);
    const { tokenTexts, tokens, logprob, entropy, statistics, text } = second!.rollouts[0]!;
    expect(text).toBe('Größe: The answer is \\boxed{56}<EOD><PAD><PAD>');
    expect(tokenTexts!.join('')).toBe('Größe: The answer is \\boxed{56}<EOD>');
    expect(tokens).toBe(tokenTexts!.length);
    expect(statistics.logprob).toHaveLength(tokens!);
    expect(logprob).toBeLessThan(0);
    expect([entropy, statistics.entropy, statistics.top1]).toEqual([null, null, null]);
  });

  test.each([
    ['lists of one length', { logprobs: [-1, -2], entropies: [0.5, 1.5], response_ids: [7, 8] }, [2, -1.5, 1]],
    ['texts of a table', { logprobs: '[-1.0, -2.0]', entropies: '[0.5, 1.5]' }, [2, -1.5, 1]],
    ['padded ids', { logprobs: [-1, -2], response_ids: [7, 8, 0, 0] }, [2, -1.5, null]],
    ['a list that is too short', { logprobs: [-1, -2], entropies: [0.5] }, [2, -1.5, null]],
    ['a list with a hole', { logprobs: [null, -2], tokens: ['a', 'b'] }, [2, null, null]],
    ['ids only', { completion_ids: [7, 8, 9] }, [3, null, null]],
    ['a number of tokens and a mean', { response_length: 5, entropy: 0.5 }, [5, null, null]],
    [
      "OpenAI's answer",
      {
        logprobs: {
          content: [
            { token: 'a', logprob: -1 },
            { token: 'b', logprob: -2 },
          ],
        },
      },
      [2, -1.5, null],
    ],
    [
      'a list of objects',
      {
        logprobs: [
          { token: 'a', logprob: -1 },
          { token: 'b', logprob: -2 },
        ],
      },
      [2, -1.5, null],
    ],
    ['an answer of completions', { logprobs: { tokens: ['a', 'b'], token_logprobs: [-1, -2] } }, [2, -1.5, null]],
  ])('%s', async (_, columns, expected) => {
    const root = temporaryFolder();
    const file = path.join(root, 'log.jsonl');
    writeFileSync(file, JSON.stringify({ prompt: 'Which?', response: 'ab', ...columns }));
    const { folder } = await importFrom(file, runIn(root));
    const [group] = await groupsIn(folder, 'train', 1);
    const { tokens, logprob, entropy } = group!.rollouts[0]!;
    expect([tokens, logprob, entropy]).toEqual(expected);
  });

  test('leave out tokens of something other than the response', async () => {
    const root = temporaryFolder();
    const file = path.join(root, 'log.jsonl');
    const row = { prompt: 'Which?', response: 'ab', logprobs: [-1, -2], token_texts: ['Which', '?'] };
    writeFileSync(file, JSON.stringify(row));
    const { folder } = await importFrom(file, runIn(root));
    const [group] = await groupsIn(folder, 'train', 1);
    expect(group!.rollouts[0]).toMatchObject({ tokens: 2, tokenTexts: null, logprob: -1.5 });
  });

  test('of a later file complete the step, and nothing is imported twice', async () => {
    const root = temporaryFolder();
    const source = path.join(root, 'log');
    mkdirSync(source);
    const row = (said: number) =>
      JSON.stringify({ prompt: 'Which?', response: `\\boxed{${said}}`, step: 1, reward: 0 });
    writeFileSync(path.join(source, 'rank0.jsonl'), row(1));
    const folder = runIn(root);
    expect(await importFrom(source, folder)).toMatchObject({ steps: 1, rollouts: 1 });
    expect(await importFrom(source, folder)).toMatchObject({ resumed: true, rollouts: 1 });
    writeFileSync(path.join(source, 'rank1.jsonl'), row(2));
    await importFrom(source, folder);
    const groups = await groupsIn(folder, 'train', 1);
    expect(groups.at(-1)!.rollouts).toHaveLength(2);
    expect((await openColumns(folder)).series.steps).toEqual([1]);
  });

  test('of several files form a step once every file has begun the next', async () => {
    const root = temporaryFolder();
    const source = path.join(root, 'log');
    mkdirSync(source);
    const rows = (step: number) =>
      `${JSON.stringify({ prompt: 'Which?', response: `\\boxed{${step}}`, step, reward: 0 })}\n`;
    writeFileSync(path.join(source, 'rank0.jsonl'), rows(1) + rows(2) + rows(3));
    writeFileSync(path.join(source, 'rank1.jsonl'), rows(1));
    const end = new AbortController();
    const seen = { steps: 0, looks: 0 };
    const report = importFrom(source, runIn(root), {
      follow: true,
      interval: 5,
      signal: end.signal,
      onProgress: ({ steps, waiting }) => {
        seen.steps = steps;
        if (waiting) seen.looks++;
      },
    });
    await until('a look', () => seen.looks > 1);
    expect(seen.steps).toBe(0);
    writeFileSync(path.join(source, 'rank1.jsonl'), rows(1) + rows(2));
    await until('the first step', () => seen.steps === 1);
    end.abort();
    expect(await report).toMatchObject({ steps: 1, rollouts: 2 });
  });
});

describe("miles' dump", () => {
  const DUMP = dump('miles-2026.08');

  test('has conversations with the sampled tokens; what is only in pickles is reported', async () => {
    const folder = runIn();
    const report = await importFrom(DUMP, folder);
    expect(report).toMatchObject({ importer: 'miles', problems: 2, steps: 2, rollouts: 18, faults: 1 });
    expect(report.named[0]).toMatchObject({ place: 'dashboard_columns/rollout_2.parquet', reason: 'no-texts' });
    const [first] = await groupsIn(folder, 'train', 1);
    expect(first!.rollouts.map(({ answer, reward, finish }) => [answer, reward, finish])).toEqual([
      ['5', 1, 'stop'],
      ['5', 1, 'stop'],
      ['5', 1, 'stop'],
      ['1', 0, 'length'],
    ]);
    // Two of its five tokens are the tool's.
    expect(first!.rollouts[1]).toMatchObject({ tokens: 3, logprob: -1, entropy: null });
    expect([...first!.rollouts[1]!.ids!]).toEqual([10, 13, 14]);
    expect(first!.rollouts[1]!.text).toContain('[call of calculator: {"sum": "2 + 3"}]\n\ntool: \\boxed{8}');
    const { head, series } = await openColumns(folder);
    // The third has metrics only.
    expect(series.steps).toEqual([1, 2, 3]);
    expect(series.at('foreign/rollout/truncated_ratio', 2)).toBe(0.5);
    // Nobody knows which update of which rollout this is.
    expect(series.at('loss', 1)).toBeNull();
    expect(head.evaluations.map(({ step, accuracy }) => [step, accuracy])).toEqual([[2, null]]);
  });

  test('that has only pickles is refused with the reason', async () => {
    const root = temporaryFolder();
    mkdirSync(path.join(root, 'dump/rollout_data'), { recursive: true });
    writeFileSync(path.join(root, 'dump/rollout_data/0.pt'), '');
    await expect(importFrom(path.join(root, 'dump'), runIn(root))).rejects.toThrow(
      /rollout_data\/0\.pt: the texts of this step are only in its pickle, and pickles are not read/,
    );
  });
});

describe('TensorBoard events', () => {
  const EVENTS = dump('tensorboard-2.21.0');
  const FIRST = path.join(EVENTS, 'events.out.tfevents.1000.trainer.0');

  test('alone are a run of curves, in which a later start takes precedence', async () => {
    const folder = runIn();
    const report = await importFrom(EVENTS, folder);
    expect(report).toMatchObject({ importer: 'tensorboard', rollouts: 0, faults: 0 });
    const { series } = await openColumns(folder);
    expect(series.steps).toEqual([1, 2, 3, 4, 5]);
    expect(series.steps.map((step) => series.at('loss', step))).toEqual([0.5, 0.25, 2 ** -3, 2 ** -4, 2 ** -5]);
    expect(series.steps.map((step) => series.at('foreign/train/reward', step))).toEqual([0.25, 0.5, 0.75, 1, null]);
    expect(series.at('gradientNorm', 2)).toBeNull();
  });

  test("next to a dump are curves of its run; the dump's own log takes precedence", async () => {
    const root = temporaryFolder();
    const source = path.join(root, 'output');
    cpSync(dump('trl-1.16.0'), source, { recursive: true });
    cpSync(EVENTS, path.join(source, 'runs'), { recursive: true });
    const bare = path.join(root, 'bare');
    cpSync(source, bare, { recursive: true });
    rmSync(path.join(bare, 'trainer_state.json'));
    const { folder } = await importFrom(source, runIn(root));
    const both = await openColumns(folder);
    const { folder: plain } = await importFrom(dump('trl-1.16.0'), path.join(root, 'plain'));
    expect(both.series.at('loss', 2)).toBe((await openColumns(plain)).series.at('loss', 2));
    expect(both.series.at('foreign/train/loss', 2)).toBeNull();
    // While it trains, nothing but the events tells of the loss.
    const { folder: early } = await importFrom(bare, path.join(root, 'early'));
    expect((await openColumns(early)).series.at('loss', 2)).toBe(0.25);
  });

  test('are followed: an incomplete record waits', async () => {
    const root = temporaryFolder();
    const source = path.join(root, 'logs');
    mkdirSync(source);
    const bytes = readFileSync(FIRST);
    const file = path.join(source, path.basename(FIRST));
    writeFileSync(file, bytes.subarray(0, bytes.length - 700));
    const folder = runIn(root);
    const end = new AbortController();
    let looks = 0;
    const report = importFrom(source, folder, {
      follow: true,
      interval: 5,
      signal: end.signal,
      onProgress: ({ waiting }) => {
        if (waiting) looks++;
      },
    });
    await until('a look', () => looks > 0);
    writeFileSync(file, bytes);
    const seen = looks;
    await until('more looks', () => looks > seen + 2);
    end.abort();
    expect(await report).toMatchObject({ faults: 0, stopped: true });
    const { series } = await openColumns(folder);
    expect(series.steps).toEqual([1, 2, 3, 4]);
    // The same command continues.
    expect(await importFrom(source, folder)).toMatchObject({ resumed: true, faults: 0 });
  });

  test('that are broken are reported, and read up to there', async () => {
    const root = temporaryFolder();
    const bytes = Buffer.from(readFileSync(FIRST));
    bytes[bytes.length - 40]! ^= 1;
    writeFileSync(path.join(root, path.basename(FIRST)), bytes);
    const report = await importFrom(root, runIn(temporaryFolder()));
    expect(report.named[0]).toMatchObject({ place: path.basename(FIRST), reason: 'broken-events' });
    expect((await openColumns(report.folder)).series.at('loss', 3)).toBeCloseTo(0.5 / 3);
  });

  test('exported by Rollscope are read back', async () => {
    const root = temporaryFolder();
    const { folder } = await importFrom(dump('trl-1.16.0'), runIn(root));
    const { path: file } = await exportTensorboard(folder, root);
    const back = await importFrom(file, path.join(root, 'back'));
    const [before, after] = [await openColumns(folder), await openColumns(back.folder)];
    for (const step of [1, 2, 3, 4])
      expect(after.series.at('foreign/train/majorityShare', step)).toBeCloseTo(
        before.series.at('majorityShare', step)!,
        6,
      );
  });
});

describe("tinker-cookbook's log folder", () => {
  const LOG = dump('tinker-cookbook-0.6.1');

  test('has the groups with texts, joined with their summaries; groups without texts are reported', async () => {
    const folder = runIn();
    const report = await importFrom(LOG, folder);
    expect(report).toMatchObject({ importer: 'tinker-cookbook', problems: 2, steps: 2, groups: 4, rollouts: 13 });
    expect(report.named.map(({ place, why }) => `${place}: ${why}`)).toEqual([
      expect.stringMatching(/^iteration_000000\/train_rollout_summaries\.jsonl: 1 of 3 groups have no text/),
      expect.stringMatching(/^iteration_000001\/eval_sums_rollout_summaries\.jsonl: 2 of 3 groups/),
      expect.stringMatching(/^iteration_000001\/train_rollout_summaries\.jsonl: 2 of 3 groups/),
    ]);
    const groups = await groupsIn(folder, 'train', 1);
    const [first] = groups;
    expect(groups.map(({ majority }) => majority)).toMatchObject([
      { answer: '5', correct: true },
      { answer: '56', correct: true },
    ]);
    // In the order in which they were finished; `correct` and `format` are of the environment.
    const known = first!.rollouts.map(({ text, reward, tokens, foreign }) => [
      text,
      reward,
      tokens,
      foreign.correct,
      foreign.format,
    ]);
    expect(known.toSorted()).toEqual(
      [
        ['I do not know.', -0.1, 22, 0, 0],
        ['Iteration 0: \\boxed{1}', 0, 30, 0, 1],
        // Two have this reward, and which of them has how many tokens is not said.
        ['Surely \\boxed{5}', 1, null, 1, 1],
        ['The answer is \\boxed{5}', 1, null, 1, 1],
      ].toSorted(),
    );
    const { head, series } = await openColumns(folder);
    expect(head.evaluations.map(({ step, accuracy }) => [step, accuracy?.mean])).toEqual([[1, 1]]);
    expect(series.at('learningRate', 2)).toBe(1e-4);
    const { runFile } = await readRunFolder(folder);
    expect(runFile.foreign).toMatchObject({ model: 'tiny/sums', settings: { max_tokens: 64 } });
  });

  test('without texts is refused with the reason', async () => {
    const root = temporaryFolder();
    const source = path.join(root, 'log');
    cpSync(LOG, source, { recursive: true, filter: (file) => !file.endsWith('_logtree.json') });
    await expect(importFrom(source, runIn(root))).rejects.toThrow(
      /no text: there is no iteration_000000\/train_logtree\.json/,
    );
  });

  test('is read without summaries', async () => {
    const root = temporaryFolder();
    const source = path.join(root, 'log');
    cpSync(LOG, source, { recursive: true, filter: (file) => !file.endsWith('_rollout_summaries.jsonl') });
    const folder = runIn(root);
    expect(await importFrom(source, folder)).toMatchObject({ rollouts: 13, faults: 0 });
    const [first] = await groupsIn(folder, 'train', 1);
    expect(first!.rollouts.map(({ reward }) => reward).toSorted()).toEqual([-0.1, 0, 1, 1]);
    expect(first!.rollouts.map(({ tokens }) => tokens)).toEqual([null, null, null, null]);
  });
});

describe('dumps of older versions', () => {
  test('verl 0.4: no references, a reward function that grades', async () => {
    const folder = runIn();
    expect(await importFrom(dump('verl-0.4.0'), folder)).toMatchObject({
      problems: 2,
      steps: 2,
      rollouts: 16,
      faults: 0,
    });
    const [sum, product] = await groupsIn(folder, 'train', 2);
    expect(sum!.rollouts.map(({ reward, advantage }) => [reward, advantage])).toEqual(
      [1, 1, 1, 0].map((reward) => [reward, null]),
    );
    expect([sum, product].map((group) => [group!.majority?.answer, group!.majority?.correct])).toEqual([
      ['5', null],
      ['54', null],
    ]);
  });

  test('TRL 0.28: completions without a log next to them', async () => {
    const folder = runIn();
    expect(await importFrom(dump('trl-0.28.0'), folder)).toMatchObject({
      problems: 2,
      steps: 2,
      rollouts: 16,
      faults: 0,
    });
    const [sum] = await groupsIn(folder, 'train', 2);
    expect(sum!.rollouts.map(({ reward, advantage }) => [reward, advantage])).toEqual(
      [1, 1, 1, 0].map((reward) => [reward, reward - 0.75]),
    );
    expect(sum!.clusters.map(({ answer, members }) => [answer, members.length])).toEqual([
      ['5', 3],
      ['54', 1],
    ]);
  });
});
