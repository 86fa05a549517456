/** Files of other trainers become run folders: what is read from them, what is refused, and that every reader opens them. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { analyze } from '../../engine/cli/commands/analyze.ts';
import { exportRun } from '../../engine/cli/commands/export.ts';
import { importFile } from '../../engine/cli/commands/import.ts';
import { rescore } from '../../engine/cli/commands/rescore.ts';
import { runs } from '../../engine/cli/commands/runs.ts';
import { show } from '../../engine/cli/commands/show.ts';
import { rollouts } from '../../engine/importers/formats/rollouts.ts';
import { IMPORTERS } from '../../engine/importers/index.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { problemView } from '../../engine/runs/problem-view.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import { importFrom } from '../support/import.ts';
import { keepPrinted } from '../support/printed.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

/** As TRL logs completions: chat prompts, one column per reward function, Python's NaN; the second step comes first. */
const TRL_DUMP = [
  line(2, '7 * 8', '\\boxed{56}', '"accuracy_reward": 1.0, "advantage": 0.5, "solution": "56"'),
  line(1, '2 + 3', 'It is \\boxed{5}.', '"accuracy_reward": 1.0, "advantage": 0.7, "kl": NaN, "solution": "#### 5"'),
  line(
    1,
    '2 + 3',
    'NaN? \\boxed{4}',
    '"accuracy_reward": 0.0, "advantage": -Infinity, "kl": 0.25, "solution": "#### 5"',
  ),
  line(1, '2 + 3', '', '"accuracy_reward": NaN, "advantage": -0.7, "masked": true, "solution": "#### 5"'),
  line(1, '7 * 8', '\\boxed{54}', '"accuracy_reward": 0.0, "advantage": 0.0, "tools": ["python"], "solution": "56"'),
];

function line(step: number, question: string, completion: string, rest: string): string {
  const prompt = [
    { role: 'system', content: 'Think\u2028first.' },
    { role: 'user', content: question },
  ];
  const chat = [{ role: 'assistant', content: completion }];
  const message = completion === '' ? '""' : JSON.stringify(chat);
  return `{"step": ${step}, "prompt": ${JSON.stringify(prompt)}, "completion": ${message}, ${rest}}`;
}

let root: string;
beforeEach(() => {
  root = path.join(temporaryFolder(), 'runs');
  mkdirSync(root);
});

function file(text: string, name = 'completions.jsonl'): string {
  const at = path.join(root, name);
  writeFileSync(at, text);
  return at;
}

describe('rollouts as JSON Lines', () => {
  test('count and report a line that is too long for memory, and read the others', async () => {
    const first = `${line(1, '2 + 3', '5', '"reward": 1')}\n`;
    const source = file(first);
    // Zeros that take no room on the disk.
    truncateSync(source, first.length + 260 * 2 ** 20);
    appendFileSync(source, `\n${line(1, '2 + 3', '6', '"reward": 0')}`);
    const report = await importFrom(source, path.join(root, 'run'), { format: 'rollouts' });
    expect(report).toMatchObject({
      rollouts: 2,
      faults: 1,
      named: [{ place: 'completions.jsonl:2', reason: 'long-line' }],
    });
  });

  test('become a run: steps in order, problems by prompt and reference, rewards and values by name', async () => {
    const source = file(TRL_DUMP.join('\n'));
    const folder = path.join(root, 'run');
    const counts = await importFrom(source, folder);
    expect(counts).toMatchObject({ importer: 'rollouts', problems: 2, groups: 3, rollouts: 5, steps: 2, faults: 0 });
    const { runFile, problems, records } = await readRunFolder(folder);
    expect(runFile).toMatchObject({ config: null, origin: { files: [source] }, foreign: { model: null, steps: null } });
    expect(problems.map(({ text, answer, line: at }) => [text, answer, at])).toEqual([
      ['7 * 8', '56', 1],
      ['2 + 3', '5', 2],
    ]);
    expect(records.map((record) => [record.type, 'step' in record ? record.step : null])).toEqual([
      ['run', null],
      ['problems', null],
      ...[
        ['group', 1],
        ['group', 1],
        ['step', 1],
        ['group', 2],
        ['step', 2],
        ['end', 2],
      ],
    ]);
    const group = records.find((record) => record.type === 'group' && record.problem === 1);
    const { rollouts: read } = await readGroup(folder, group as never);
    const facts = read.map(({ text, answer, correct, advantage, reward }) => [
      text,
      answer,
      correct,
      advantage,
      reward,
    ]);
    expect(facts).toEqual([
      ['It is \\boxed{5}.', '5', true, 0.7, null],
      ['NaN? \\boxed{4}', '4', false, null, null],
      ['', null, false, -0.7, null],
    ]);
    expect(read.map((rollout) => rollout.rewards.accuracy_reward)).toEqual([1, 0, null]);
    expect(read.map(({ foreign }) => foreign)).toEqual([{ kl: null }, { kl: 0.25 }, { masked: true }]);
    expect(problemView(await openColumns(folder), 0)).toMatchObject({
      status: 'single',
      verdict: 'correct',
      step: 2,
    });
  });

  test('accept the names of verl too, and need no step, reward or reference', async () => {
    const verl = { input: 'a?', output: 'b', gts: '3', score: 0.5, step: 4, acc: 1 };
    const folder = path.join(root, 'verl');
    await importFrom(file(`${JSON.stringify(verl)}\n`), folder);
    const { problems, records } = await readRunFolder(folder);
    expect(problems).toMatchObject([{ text: 'a?', answer: '3' }]);
    const group = records.find((record) => record.type === 'group');
    expect((await readGroup(folder, group as never)).rollouts).toMatchObject([{ reward: 0.5, foreign: { acc: 1 } }]);

    const bare = path.join(root, 'bare');
    await importFrom(file('{"prompt": "a?", "completion": "b"}\n\n'), bare);
    expect(await readRunFolder(bare)).toMatchObject({ problems: [{ answer: null }] });
    expect((await openColumns(bare)).step).toBe(1);
  });

  test('keep an `answer` next to a reference as a value, and use it as the reference without one', async () => {
    const base = { prompt: 'a?', completion: '\\boxed{1}', answer: '1' };
    const folders = await Promise.all(
      [base, { ...base, reference: '2' }].map(async (row, i) => {
        const folder = path.join(root, `run-${i}`);
        await importFrom(file(JSON.stringify(row), `${i}.jsonl`), folder);
        return folder;
      }),
    );
    const read = await Promise.all(folders.map((folder) => readRunFolder(folder)));
    expect(read.map(({ problems }) => problems[0]!.answer)).toEqual(['1', '2']);
  });

  const GOOD = '{"prompt": "a?", "completion": "b"}';
  test.each([
    [`${GOOD}\n{"prompt": "a?"`, { line: 2, reason: 'broken-json' }],
    [`[1]\n${GOOD}`, { line: 1, reason: 'not-an-object' }],
    [`${GOOD}\n{"prompt": "a?"}\n${GOOD}`, { line: 2, reason: 'bad-rollout' }],
    [`${GOOD}\n{"completion": "b"}`, { line: 2, reason: 'bad-rollout' }],
    [`${GOOD}\n{"prompt": "a?", "completion": "b", "step": -1}`, { line: 2, reason: 'bad-rollout' }],
  ])('count and report a broken line, and read the others: %s', async (text, { line: number, reason }) => {
    const folder = path.join(root, 'run');
    const report = await importFrom(file(text), folder);
    expect(report).toMatchObject({ faults: 1, named: [{ place: `completions.jsonl:${number}`, reason }] });
    expect(report.rollouts).toBe(text.split(GOOD).length - 1);
    const { records } = await readRunFolder(folder);
    expect(records.filter((record) => record.type === 'warning')).toMatchObject([{ code: 'import' }]);
  });

  test.each([
    ['{"question": "a?"}', { reason: 'no-importer' }],
    ['', { reason: 'no-importer' }],
    ['{"prompt": "a?", "completion": "b", "step": -1}', { reason: 'no-rollouts', faults: 1, why: 'bad-rollout' }],
  ])('without a single rollout are refused, and leave no folder: %s', async (text, details) => {
    const source = file(text);
    const folder = path.join(root, 'run');
    await expect(importFrom(source, folder)).rejects.toMatchObject({
      code: 'dataset',
      hint: expect.any(String),
      details: { file: source, ...details },
    });
    expect(existsSync(folder)).toBe(false);
  });
});

test('importers are distinguished by name, and files by their contents', async () => {
  expect(new Set(IMPORTERS.map(({ name }) => name)).size).toBe(IMPORTERS.length);
  expect(await rollouts.detect(file('{"prompt": "a", "completion": "b"}'), { map: {} })).toBe(true);
  expect(await rollouts.detect(file('{"prompt": "a", "answer": "b"}'), { map: {} })).toBe(false);
  expect(await rollouts.detect(path.join(root, 'missing.jsonl'), { map: {} })).toBe(false);
  const missing = importFrom(path.join(root, 'missing.jsonl'), path.join(root, 'run'), { format: 'rollouts' });
  await expect(missing).rejects.toMatchObject({ code: 'dataset', details: { reason: 'not-found' } });
  const unknown = importFrom(file('{}'), path.join(root, 'run'), { format: 'wandb' });
  await expect(unknown).rejects.toMatchObject({ code: 'usage', details: { reason: 'unknown-importer' } });
});

test.each([
  ['prompt', 'questoin'],
  ['response', 'txet'],
])('a column for the %s that no row has is refused, and the existing ones are named', async (column, name) => {
  const source = file('{"question": "a", "text": "b"}');
  const map = { prompt: 'question', response: 'text', [column]: name };
  await expectRejection(importFrom(source, path.join(root, 'run'), { map }), 'usage', {
    ...{ reason: 'no-column', file: source, field: column, value: name, columns: ['question', 'text'] },
  });
});

describe('the command line', () => {
  const printed = keepPrinted();

  test('imports a file, and everything else opens it with dashes', async () => {
    expect(await importFile(file(TRL_DUMP.join('\n')), { out: root, json: true })).toBe(0);
    const { run, folder, rollouts: count } = JSON.parse(printed.text.trimEnd().split('\n').at(-1)!);
    expect([path.dirname(folder), count]).toEqual([root, 5]);
    expect(run).toMatch(/^import-completions-\d{8}-\d{6}$/);

    printed.text = '';
    await runs({ out: root });
    await show(run, { out: root });
    await show(run, { out: root, problem: '1' });
    await show(run, { out: root, problem: '2', rollout: '2' });
    await analyze(run, { out: root });
    await rescore(run, { out: root });
    const out = path.join(root, 'rollouts.json');
    await exportRun(run, { format: 'jsonl', out, runs: root });
    // One of the responses says NaN.
    if (process.env.DBG) console.log(printed.text);
    expect(printed.text.replaceAll('NaN?', '')).not.toMatch(/\b(NaN|undefined|null|Infinity)\b|\[object/);
    expect(readFileSync(out, 'utf8').trimEnd().split('\n')).toHaveLength(5);
    expect((await OpenRun.read(folder)).info).toMatchObject({ model: null, dataset: null, reward: null, steps: null });
  });

  test('refuses a name that no folder can have', async () => {
    const refused = importFile(file(TRL_DUMP.join('\n')), { out: root, name: '../x' });
    await expect(refused).rejects.toMatchObject({ details: { reason: 'bad-run-name' } });
  });
});
