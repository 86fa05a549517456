/** Rows of a log that hold more than one rollout, or prompt and response in one conversation; calls of tools; verdicts as text. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { responseOf } from '../../engine/importers/conversation.ts';
import { findDumps } from '../../engine/importers/find.ts';
import { importerFor } from '../../engine/importers/index.ts';
import { RowReader } from '../../engine/importers/rows.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { readProblems, readRunFolder } from '../../engine/journal/reader.ts';
import type { GroupDetail } from '../../engine/protocol/group.ts';
import { trainerVerdict } from '../../engine/protocol/trainer-verdict.ts';
import { importFrom } from '../support/import.ts';
import { temporaryFolder } from '../support/processes.ts';

type Row = Record<string, unknown>;

function logOf(rows: readonly Row[]): string {
  const file = path.join(temporaryFolder(), 'log.jsonl');
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  return file;
}

async function groupsOf(file: string, map = {}): Promise<GroupDetail[]> {
  const folder = path.join(temporaryFolder(), 'run');
  await importFrom(file, folder, { map });
  const { records } = await readRunFolder(folder);
  return Promise.all(
    records.filter(({ type }) => type === 'group').map((record) => readGroup(folder, record as never)),
  );
}

const chat = (answer: string, thinks = 'Let me see.'): Row[] => [
  { role: 'user', content: 'What is 2 + 3?' },
  { role: 'assistant', content: thinks, tool_calls: [{ function: { name: 'sum', arguments: { x: 2 } } }] },
  { role: 'tool', content: '\\boxed{9}' },
  { role: 'assistant', content: `\\boxed{${answer}}` },
];

test('a row may have all responses to a prompt, with lists of the same length for their values', async () => {
  const row = {
    question: 'What is 2 + 3?',
    samples: ['\\boxed{5}', '\\boxed{6}', '\\boxed{5}'],
    scores: [1, 0, 1],
    rewards: [0.5, 0.25, 1],
    format_reward: [1, null, 0],
    // as long as there are responses, but of the problem
    target: ['5', 'five', 'V'],
    iteration: 4,
  };
  const [group] = await groupsOf(logOf([row]));
  expect(group!.step).toBe(4);
  expect(group!.rollouts.map(({ text, correct, reward, rewards }) => [text, correct, reward, rewards])).toEqual([
    ['\\boxed{5}', true, 0.5, { format_reward: 1 }],
    ['\\boxed{6}', false, 0.25, { format_reward: null }],
    ['\\boxed{5}', true, 1, { format_reward: 0 }],
  ]);
  // by names of one's own
  const named = { ...row, samples: undefined, scores: undefined, rewards: undefined, mine: row.samples, R: row.scores };
  const [other] = await groupsOf(logOf([named]), { response: 'mine', reward: 'R' });
  expect(other!.rollouts.map(({ reward }) => reward)).toEqual([1, 0, 1]);
});

test('a conversation with a reward is a prompt up to its first assistant turn, and a response', async () => {
  const rows = [1, 2].flatMap((step) => ['5', '6'].map((answer) => ({ messages: chat(answer), reward: 1, step })));
  const file = logOf(rows);
  const [first, second] = await groupsOf(file);
  expect([first!.rollouts.length, second!.rollouts.length, second!.problem]).toEqual([2, 2, 0]);
  expect(first!.rollouts.map(({ answer }) => answer)).toEqual(['5', '6']);
  expect(first!.rollouts[0]!.text).toContain('[call of sum: {"x":2}]');
  // Without a reward it is data to train on.
  await expect(importerFor(logOf([{ messages: chat('5') }]), 'auto', { map: {} })).rejects.toThrow('not recognized');
  mkdirSync(path.join(path.dirname(file), 'sub'));
  writeFileSync(path.join(path.dirname(file), 'sub', 'sft.jsonl'), JSON.stringify({ messages: chat('5'), reward: 1 }));
  expect((await findDumps(path.dirname(file))).map((item) => path.basename(item.path))).toEqual([
    path.basename(path.dirname(file)),
  ]);
});

test('steps may be given by names of files and folders only', async () => {
  const root = temporaryFolder();
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  };
  const row = (answer: string) => ({
    prompt: 'What is 2 + 3?',
    response: `\\boxed{${answer}}`,
    reward: 1,
    answer: '5',
  });
  const lines = (...answers: string[]) => answers.map((answer) => `${JSON.stringify(row(answer))}\n`).join('');
  write('step_2/rank0.jsonl', lines('5', '6'));
  write('step_2/rank1.jsonl', lines('7'));
  write('step_10/all.csv', 'prompt,response,reward\nWhat is 2 + 3?,\\boxed{5},1\n');
  write('rollouts_step1.jsonl', lines('5'));
  write('eval/step-00010.json', JSON.stringify([row('5'), row('5')]));
  // no rollouts
  write('step_10/config.json', '{}');
  write('step_10/metrics.jsonl', '{"loss": 1}');
  const folder = path.join(temporaryFolder(), 'run');
  expect(await importFrom(root, folder)).toMatchObject({ importer: 'rollouts', rollouts: 7, steps: 3, faults: 1 });
  const { records } = await readRunFolder(folder);
  const groups = records.flatMap((record) =>
    record.type === 'group' ? [[record.phase, record.step, record.rollouts]] : [],
  );
  expect(groups).toEqual([
    ['train', 1, 1],
    ['train', 2, 3],
    ['train', 10, 1],
    ['evaluation', 10, 2],
  ]);
  expect((await findDumps(root)).filter(({ part }) => !part).map((item) => item.path)).toEqual([root]);
  // A folder of checkpoints is none.
  const checkpoints = temporaryFolder();
  mkdirSync(path.join(checkpoints, 'global_step_5'));
  writeFileSync(path.join(checkpoints, 'global_step_5', 'data.jsonl'), '{"prompt": "a?", "response": "b"}');
  expect(await findDumps(checkpoints)).toEqual([]);
});

test('a step of several files is followed as one, once none of them changes', async () => {
  const root = temporaryFolder();
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  };
  const line = '{"prompt": "a?", "response": "1", "reward": 1}\n';
  write('step_1/rank0.jsonl', line);
  write('step_1/rank1.jsonl', line);
  write('step_2/rank0.jsonl', line);
  const dump = await (await importerFor(root, 'auto', { map: {} })).open(root, { map: {} });
  const context = { problems: { register: () => 0 }, faults: { add: () => {} }, check: () => {} };
  const look = async () => (await dump.scan(context, true)).parts.map(({ step }) => step);
  expect(await look()).toEqual([1]);
  write('step_2/rank1.jsonl', `${line}{"prompt"`);
  expect(await look()).toEqual([1]);
  // no whole line
  expect(await look()).toEqual([1]);
  write('step_2/rank1.jsonl', line);
  expect(await look()).toEqual([1]);
  write('step_2/rank0.jsonl', line + line);
  expect(await look()).toEqual([1]);
  expect(await look()).toEqual([1, 2]);
});

test('a folder of rewarded rollouts without steps is imported if the user names it, but not offered', async () => {
  const file = logOf([{ prompt: 'a?', completion: '1', reward: 1, example_id: 0, correct_answer: 1 }]);
  const root = path.dirname(file);
  expect(await importFrom(root, path.join(temporaryFolder(), 'run'))).toMatchObject({ rollouts: 1, steps: 1 });
  expect(await findDumps(root)).toEqual([]);
});

test('a single broken list of responses is an error', async () => {
  const file = logOf([
    { prompt: 'a?', responses: ['1', '2'], step: 1 },
    { prompt: 'b?', responses: [], step: 1 },
    { prompt: 'c?', responses: [1, 2], step: 1 },
  ]);
  const folder = path.join(temporaryFolder(), 'run');
  const report = await importFrom(file, folder);
  expect(report).toMatchObject({ rollouts: 2, groups: 1, faults: 2 });
  expect(report.named.map(({ why }) => why)).toEqual(['no response', 'no response']);
  expect((await readProblems(folder)).map(({ text }) => text)).toEqual(['a?']);
});

test('a table has conversations as text, and numbers', () => {
  const rows = new RowReader();
  const said = (response: unknown) => {
    try {
      return rows.response({ response }).text;
    } catch (error) {
      return (error as Error).message;
    }
  };
  // as pandas writes a column of TRL's completions to CSV, and as JSON
  expect(said("[{'content': 'So \\\\boxed{5}', 'role': 'assistant'}]")).toBe('So \\boxed{5}');
  expect(said('[{"role": "assistant", "content": "a"}, {"role": "tool", "content": "b"}]')).toBe(
    'assistant: a\n\ntool: b',
  );
  for (const text of ['[{"role": ', '[1, 2]', '[]', '{"role": "assistant", "content": "a"}'])
    expect(said(text)).toBe(text);
  expect([said(42), said(7n), said(0.5)]).toEqual(['42', '7', '0.5']);
  for (const none of [null, undefined, true, Number.NaN]) expect(said(none)).toMatch(/^(no|the) /);
});

test('arguments of a tool may be whole numbers of a Parquet file, next to those of other tools', () => {
  const call = { function: { name: 'add', arguments: { a: 1n, parts: [2n], city: null } } };
  expect(responseOf([{ role: 'assistant', content: null, tool_calls: [call] }])).toEqual({
    text: '[call of add: {"a":1,"parts":[2]}]',
  });
});

test('a verdict may be written as text, as in tables and verl', () => {
  const verdict = (acc: string) => trainerVerdict({ foreign: { acc }, rewards: {}, reward: 0.5 });
  for (const text of ['True', 'true', '1.0', '1']) expect(verdict(text)).toEqual({ name: 'acc', right: true });
  for (const text of ['False', '0.0', '-1']) expect(verdict(text)).toEqual({ name: 'acc', right: false });
  for (const text of ['0.5', 'yes', '']) expect(verdict(text)).toBe(null);
});
