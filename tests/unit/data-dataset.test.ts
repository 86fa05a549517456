import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadDataset, type RewardColumns } from '../../engine/data/dataset.ts';
import { DatasetConfig } from '../../engine/protocol/index.ts';
import { expectRejection } from '../support/refusals.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rollscope-data-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Options = Partial<Omit<DatasetConfig, 'path'>>;

function file(name: string, content: string | Uint8Array): string {
  const full = path.join(folder, name);
  writeFileSync(full, content);
  return full;
}

function load(name: string, content: string | Uint8Array, options: Options = {}, kept?: RewardColumns) {
  return loadDataset(DatasetConfig.parse({ path: file(name, content), ...options }), kept);
}

/** Expects that loading a file is refused with these facts. */
async function expectFault(
  name: string,
  content: string | Uint8Array,
  options: Options,
  facts: Record<string, unknown>,
): Promise<void> {
  await expectRejection(load(name, content, options), 'dataset', { file: path.join(folder, name), ...facts });
}

const ROWS = [
  { id: 'a', prompt: '1+1=', answer: '2' },
  { id: 'b', prompt: '2+2=', answer: '4' },
];
const JSONL = ROWS.map((row) => JSON.stringify(row)).join('\n');

describe('formats', () => {
  const expected = [
    { index: 0, id: 'a', text: '1+1=', answer: '2', row: 0 },
    { index: 1, id: 'b', text: '2+2=', answer: '4', row: 1 },
  ];
  const lines = (problems: { line: number | null }[]) => problems.map(({ line }) => line);

  test('JSON Lines, with a byte order mark, blank lines and Windows line ends', async () => {
    const { problems, prompts } = await load(
      'a.jsonl',
      `\uFEFF\r\n${ROWS.map((r) => JSON.stringify(r)).join('\r\n\r\n')}\r\n`,
    );
    expect(problems).toMatchObject(expected);
    expect(lines(problems)).toEqual([2, 4]);
    expect(prompts.map(({ user }) => user)).toEqual(['1+1=', '2+2=']);
    expect(problems[0]!.source).toBe(path.join(folder, 'a.jsonl'));
  });

  test('Unicode line separators inside a string do not end a line', async () => {
    const { problems } = await load('u.jsonl', '{"prompt": "one\u2028two"}\n{"prompt": "three"}');
    expect(problems.map((p) => p.text)).toEqual(['one\u2028two', 'three']);
    expect(lines(problems)).toEqual([1, 2]);
  });

  test('JSON, pretty-printed', async () => {
    const { problems } = await load('a.json', JSON.stringify(ROWS, null, 2));
    expect(problems).toMatchObject(expected);
    expect(lines(problems)).toEqual([2, 7]);
  });

  test('JSON on one line, and inside an object', async () => {
    expect(lines((await load('b.json', JSON.stringify(ROWS))).problems)).toEqual([1, 1]);
    const { problems } = await load(
      'c.json',
      `{"version": 1, "meta": {"x": [1]},\n"data": ${JSON.stringify(ROWS, null, 1)}}`,
    );
    expect(problems).toMatchObject(expected);
    expect(lines(problems)).toEqual([3, 8]);
  });

  test('CSV, with quoted line breaks and blank lines', async () => {
    const csv = 'id,prompt,answer\na,"1+1=\nsay it",2\n\nb,"with ""quotes"", too",4\n';
    const { problems } = await load('a.csv', csv);
    const crlf = (await load('crlf.csv', `\uFEFF${csv.replaceAll('\n', '\r\n')}`)).problems;
    expect(crlf.map((problem) => ({ ...problem, source: '' }))).toEqual(
      problems.map((problem) => ({ ...problem, source: '' })),
    );
    expect(problems.map((p) => p.text)).toEqual(['1+1=\nsay it', 'with "quotes", too']);
    expect(lines(problems)).toEqual([2, 5]);
    expect(problems.map((p) => p.answer)).toEqual(['2', '4']);
  });

  test('CSV with semicolons or tabs', async () => {
    expect((await load('s.csv', 'id;prompt;answer\na;1, 2;2\n')).problems[0]).toMatchObject({
      text: '1, 2',
      answer: '2',
    });
    expect((await load('t.tsv', 'prompt\tanswer\n1+1\t2\n')).problems[0]).toMatchObject({ text: '1+1', answer: '2' });
  });

  test('Parquet', async () => {
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: 'id', data: ['a', 'b'], type: 'STRING' },
        { name: 'prompt', data: ['1+1=', '2+2='], type: 'STRING' },
        { name: 'answer', data: [2, 4], type: 'INT32' },
      ],
    });
    const { problems } = await load('a.parquet', new Uint8Array(buffer));
    expect(problems).toMatchObject(expected);
    expect(lines(problems)).toEqual([null, null]);
  });

  test('Parquet as verl writes it: chats, and labels inside a struct', async () => {
    const chat = (content: string) => [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content },
    ];
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: 'prompt', data: [chat('1+1='), chat('2+2=')], type: 'JSON' },
        { name: 'reward_model', data: [{ ground_truth: '2' }, { ground_truth: '4' }], type: 'JSON' },
      ],
    });
    const { problems, system } = await load('v.parquet', new Uint8Array(buffer));
    expect(problems.map(({ text, answer }) => [text, answer])).toEqual([
      ['1+1=', '2'],
      ['2+2=', '4'],
    ]);
    expect(system).toBe('Be brief.');
  });
});

describe('fields', () => {
  test.each([
    ['question', 'ground_truth', 'unique_id'],
    ['problem', 'solution', 'problem_id'],
    ['Prompt', 'Answer', 'ID'],
    ['query', 'expected_answer', 'uid'],
  ])('common names: %s, %s, %s', async (prompt, answer, id) => {
    const { problems } = await load('f.jsonl', JSON.stringify({ [id]: 'x', [prompt]: 'p', [answer]: '7' }));
    expect(problems[0]).toMatchObject({ id: 'x', text: 'p', answer: '7' });
  });

  test('an answer column takes precedence over a solution; a solution contains its answer', async () => {
    const both = JSON.stringify({ prompt: 'p', solution: 'so \\boxed{5}', answer: '6' });
    expect((await load('f.jsonl', both)).problems[0]!.answer).toBe('6');
    const solution = JSON.stringify({ prompt: 'p', solution: 'so \\boxed{5}' });
    expect((await load('f.jsonl', solution)).problems[0]!.answer).toBe('5');
    const gsm = JSON.stringify({ question: 'p', answer: 'We add.\n#### 1,234' });
    expect((await load('f.jsonl', gsm)).problems[0]!.answer).toBe('1,234');
  });

  test("a user's mapping takes precedence, also for nested objects", async () => {
    const row = JSON.stringify({ prompt: 'no', q: 'yes', meta: { label: 3, key: 'k' } });
    const fields = { prompt: 'q', answer: 'meta.label', id: 'meta.key' };
    expect((await load('f.jsonl', row, { fields })).problems[0]).toMatchObject({ text: 'yes', answer: '3', id: 'k' });
  });

  test('without ids, rows are numbered from 0', async () => {
    const { problems } = await load('f.jsonl', '{"prompt": "a"}\n{"prompt": "b"}');
    expect(problems.map(({ id, answer }) => [id, answer])).toEqual([
      ['0', null],
      ['1', null],
    ]);
  });

  test('chats: the system message is separated, turns are kept', async () => {
    const row = (messages: object[]) => JSON.stringify({ prompt: messages });
    const one = await load(
      'f.jsonl',
      row([
        { role: 'system', content: 'S' },
        { role: 'user', content: 'U' },
      ]),
    );
    expect(one).toMatchObject({ system: 'S', prompts: [{ user: 'U' }] });
    const turns = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
    ];
    const { problems, prompts } = await load('f.jsonl', row(turns));
    expect(prompts).toEqual([{ system: undefined, before: turns.slice(0, 2), user: 'c' }]);
    expect(problems[0]).toMatchObject({ text: 'user: a\n\nassistant: b\n\nuser: c', messages: turns });
  });
});

describe('columns for the reward', () => {
  const COUNTDOWN = { required: ['numbers', 'target'], optional: [] };
  const ALL = { required: [], optional: ['*'] };
  const only = async (row: object, kept: RewardColumns, options: Options = {}) => {
    const { answer, columns, text } = (await load('r.jsonl', JSON.stringify(row), options, kept)).problems[0]!;
    return { answer, columns, text };
  };

  test.each([
    ['numbers and target', { numbers: [3, 5, 7], target: 22 }],
    ['numbers, target and an answer', { numbers: [3, 5, 7], target: 22, answer: '22' }],
    ['TinyZero’s names', { nums: [3, 5, 7], target: 22 }],
    [
      'TinyZero’s table for verl',
      {
        ...{ nums: [3, 5, 7], target: 22 },
        reward_model: { style: 'rule', ground_truth: { target: 22, numbers: [3, 5, 7] } },
      },
    ],
    ['verl’s layout alone', { reward_model: { ground_truth: { target: 22, numbers: [3, 5, 7] } } }],
  ])('Countdown states its problem by the target, which is also the label: %s', async (_, row) => {
    const problem = { answer: '22', columns: { numbers: [3, 5, 7], target: 22 }, text: 'p' };
    expect(await only({ prompt: 'p', ...row }, COUNTDOWN)).toEqual(problem);
  });

  test('Countdown with named columns, and with a template without a problem column', async () => {
    const row = { nums: [3, 5, 7], goal: 22, target: 1 };
    const kept = { required: ['nums', 'goal'], optional: [] };
    expect((await only({ prompt: 'p', ...row }, kept)).columns).toEqual({ nums: [3, 5, 7], goal: 22 });
    const template = 'Make {{target}} of {{nums}}.';
    const raw = await load(
      'r.jsonl',
      '{"nums": [3, 5], "target": 8}',
      { fields: { prompt: 'target' }, template },
      COUNTDOWN,
    );
    expect(raw.prompts.map(({ user }) => user)).toEqual(['Make 8 of [3,5].']);
    expect(raw.problems[0]).toMatchObject({ answer: '8', columns: { numbers: [3, 5], target: 8 } });
  });

  test('a required column that a row lacks is an error', async () => {
    const lacking = (field: string) => ({ reason: 'missing-cell', file: path.join(folder, 'r.jsonl'), line: 1, field });
    const named = only({ prompt: 'p' }, { required: ['constructor'], optional: [] });
    await expectRejection(named, 'dataset', lacking('constructor'));
    await expectRejection(only({ prompt: 'p', numbers: [3], target: null }, COUNTDOWN), 'dataset', lacking('target'));
  });

  test.each([
    ['verl', { reward_model: { ground_truth: '4' } }, {}],
    [
      'verl, with more next to it',
      { reward_model: { style: 'rule', ground_truth: '4' } },
      { reward_model: { style: 'rule' } },
    ],
    ['a second label', { answer: '4', Solution: '2+2=4', level: 3 }, { level: 3 }],
    ['a flat path', { answer: '4', 'extra_info.answer': '4', 'extra_info.index': 7 }, { 'extra_info.index': 7 }],
    [
      'a second label within an object',
      { answer: '4', extra_info: { answer: '2+2=4', index: 7, more: { gold: 4 } } },
      { extra_info: { index: 7 } },
    ],
    [
      'what only looks like a label',
      { answer: '4', signs: { text: ['3', '4'], label: ['A', 'B'] }, tests: [{ input: '2', output: '4' }], meta: {} },
      { signs: { text: ['3', '4'], label: ['A', 'B'] }, tests: [{ input: '2', output: '4' }], meta: {} },
    ],
  ])('all columns exclude labels: %s', async (_, row, columns) => {
    const expected = Object.keys(columns).length > 0 ? columns : undefined;
    expect(await only({ prompt: 'p', ...row }, ALL)).toEqual({ answer: '4', columns: expected, text: 'p' });
  });

  test('a label named by the mapping is excluded everywhere', async () => {
    const row = { prompt: 'p', meta: { key: { value: 4, unit: 'cm' } }, list: ['4', '5'] };
    const { list } = row;
    const key = { meta: { key: { unit: 'cm' } }, list };
    expect(await only(row, ALL, { fields: { answer: 'meta.key.value' } })).toMatchObject({ answer: '4', columns: key });
    const meta = await only(row, { required: [], optional: ['meta'] }, { fields: { answer: 'meta.key.value' } });
    expect(meta.columns).toEqual({ meta: key.meta });
    expect((await only(row, ALL, { fields: { answer: 'list.0' } })).columns).toEqual({ meta: row.meta });
  });

  test('a required label is included, an optional one only if the template shows it', async () => {
    const row = { prompt: 'p', target: 4, solution: 's', level: 3 };
    const all = await only(row, { required: ['target'], optional: ['*'] });
    expect(all.columns).toEqual({ target: 4, level: 3 });
    const named = { required: [], optional: ['solution', 'target', 'prompt'] };
    expect((await only(row, named, { fields: { answer: 'target' } })).columns).toEqual({ solution: 's' });
    const shown = { fields: { answer: 'target' }, template: '{{prompt}} {{target}}' };
    expect((await only(row, named, shown)).columns).toEqual({ solution: 's', target: 4 });
    expect((await only(row, ALL, shown)).columns).toEqual({ level: 3 });
  });

  test('an object is not an answer: the next common name is used', async () => {
    const row = { prompt: 'p', answer: { value: 4 }, solution: 'so \\boxed{5}' };
    expect(await only(row, ALL)).toEqual({ answer: '5', columns: undefined, text: 'p' });
  });
});

describe('selection and layout', () => {
  test('templates insert columns unchanged', async () => {
    const rows = '{"prompt": "{{answer}} $& x", "answer": "2", "level": 5}';
    const { prompts, problems } = await load('t.jsonl', rows, { template: 'Level {{level}}: {{ prompt }}\n' });
    expect(prompts.map(({ user }) => user)).toEqual(['Level 5: {{answer}} $& x\n']);
    expect(problems[0]!.text).toBe('{{answer}} $& x');
  });

  test('limit and ids', async () => {
    const rows = Array.from({ length: 5 }, (_, i) => JSON.stringify({ id: `p${i}`, prompt: String(i) })).join('\n');
    const ids = async (options: Options) =>
      (await load('l.jsonl', rows, options)).problems.map((p) => [p.index, p.id, p.row]);
    expect(await ids({ limit: 2 })).toEqual([
      [0, 'p0', 0],
      [1, 'p1', 1],
    ]);
    expect(await ids({ ids: ['p4', 'p2'] })).toEqual([
      [0, 'p2', 2],
      [1, 'p4', 4],
    ]);
    expect(await ids({ ids: ['p4', 'p2'], limit: 1 })).toEqual([[0, 'p2', 2]]);
  });

  test("the fingerprint follows content and mapping, not the file's path", async () => {
    const print = async (name: string, content: string, options: Options = {}) =>
      (await load(name, content, options)).fingerprint;
    const first = await print('one.jsonl', JSONL);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await print('two.jsonl', JSONL)).toBe(first);
    const others = [
      await print('one.jsonl', JSONL.replace('2+2', '2+3')),
      await print('one.jsonl', JSONL.replace('"4"', '"5"')),
      await print('one.jsonl', JSONL, { template: '{{prompt}} ' }),
      await print('one.jsonl', JSONL, { system: 's' }),
      await print('one.jsonl', JSONL, { limit: 1 }),
      await print('one.jsonl', JSONL, { fields: { answer: 'id' } }),
    ];
    expect(new Set([first, ...others]).size).toBe(7);
  });

  test('unusual but possible data cause a warning', async () => {
    const { warnings } = await load('w.jsonl', '{"prompt": "a", "answer": "1"}\n{"prompt": "a"}\n');
    expect(warnings).toEqual([
      '1 of 2 problems have no reference answer: accuracy is measured on the others.',
      '1 of 2 problems are duplicates.',
    ]);
    expect((await load('w.jsonl', JSONL)).warnings).toEqual([]);
  });

  test('a text that problems refer to is not silently left out', async () => {
    const row = '{"context": "Paris is the capital.", "question": "Of what?", "answer": "France"}';
    const { warnings } = await load('c.jsonl', row);
    expect(warnings).toEqual([expect.stringContaining('Not shown to the model: "context".')]);
    expect((await load('c.jsonl', row, { template: '{{context}} {{problem}}' })).warnings).toEqual([]);
  });
});

describe('errors name file and place', () => {
  const csv = { reason: 'broken-csv' };
  const json = (line: number, column: number) => ({ reason: 'broken-json', line, column });
  const noPrompt = (line: number, state: string) => ({ reason: 'no-prompt', line, field: 'prompt', state });
  const columns = ['id', 'prompt', 'answer'];

  test.each([
    ['an empty file', 'e.jsonl', '', {}, { reason: 'empty' }],
    ['only blank lines', 'e.jsonl', '\n \n', {}, { reason: 'empty' }],
    ['an empty list', 'e.json', '[]', {}, { reason: 'empty' }],
    ['only a header', 'e.csv', 'prompt,answer\n', {}, { reason: 'empty' }],
    ['broken JSON in a line', 'b.jsonl', `${JSONL}\n{"prompt": "x",}`, {}, json(3, 16)],
    ['an open string', 'b.jsonl', '{"prompt": "x}', {}, json(1, 12)],
    ['a LaTeX backslash', 'b.jsonl', '{"prompt": "\\pi"}', {}, json(1, 13)],
    ['broken JSON', 'b.json', '[\n  {"prompt": "x"}\n  {"prompt": "y"}\n]', {}, json(3, 3)],
    ['JSON that ends', 'b.json', '[\n  {"prompt": "x"},', {}, json(2, 19)],
    ['a broken list as JSON Lines', 'b.jsonl', '[\n  {"prompt": "x"}\n', {}, json(1, 2)],
    ['no list', 'n.json', '{"name": "x"}', {}, { reason: 'no-list' }],
    ['no object in a line', 'n.jsonl', '{"prompt": "x"}\n["y"]', {}, { reason: 'not-an-object', line: 2 }],
    ['no object in a list', 'n.json', '[{"prompt": "x"}, "y"]', {}, { reason: 'not-an-object', element: 1 }],
    ['no problem', 'p.jsonl', '{"prompt": "x"}\n\n{"answer": "2"}', {}, noPrompt(3, 'missing')],
    ['an empty prompt', 'p.jsonl', '{"prompt": " "}', {}, noPrompt(1, 'empty')],
    [
      'a prompt that is not text',
      'p.jsonl',
      '{"prompt": {"a": 1}}',
      {},
      noPrompt(1, 'neither a string nor a chat ([{"role", "content"}])'),
    ],
    [
      'duplicate ids',
      'd.jsonl',
      '{"id": 1, "prompt": "x"}\n{"id": 2, "prompt": "y"}\n{"id": "1", "prompt": "z"}',
      { fields: { id: 'id' } },
      { reason: 'duplicate-id', line: 3, value: '1', firstLine: 1 },
    ],
    [
      'an unknown column in the mapping',
      'm.jsonl',
      JSONL,
      { fields: { answer: 'label' } },
      { reason: 'missing-column', field: 'answer', value: 'label', columns },
    ],
    [
      'an unknown column in the template',
      'm.jsonl',
      JSONL,
      { template: '{{prompt}} {{level}}' },
      { reason: 'missing-column', field: 'template', value: 'level', columns },
    ],
    [
      'a cell that the template lacks',
      'm.jsonl',
      '{"prompt": "x", "level": 1}\n{"prompt": "y"}',
      { template: '{{level}} {{prompt}}' },
      { reason: 'missing-cell', line: 2, field: 'level' },
    ],
    ['an unknown id', 'm.jsonl', JSONL, { ids: ['a', 'z'] }, { reason: 'unknown-id', value: ['z'] }],
    ['an unknown extension', 'x.docx', 'x', {}, { reason: 'unsupported-type', value: '.docx' }],
    ['no extension', 'x', 'x', {}, { reason: 'unsupported-type', value: '' }],
    ['a CSV row that is too short', 'c.csv', 'prompt,answer\nx,1\ny\n', {}, { ...csv, line: 3 }],
    ['a CSV quote that stays open', 'c.csv', 'prompt,answer\n"x,1\n', {}, { ...csv, line: 2 }],
    ['a column twice', 'c.csv', 'prompt,prompt\n1,2\n', {}, { reason: 'duplicate-column', line: 1, value: 'prompt' }],
    ['text as Parquet', 'q.parquet', 'prompt', {}, { reason: 'unreadable', system: expect.stringContaining('PAR1') }],
    ['no column of a usual name', 'k.jsonl', '{"foo": 1}', {}, { reason: 'no-problem-column', columns: ['foo'] }],
  ] satisfies [string, string, string, Options, Record<string, unknown>][])(
    '%s',
    async (_, name, content, options, facts) => {
      await expectFault(name, content, options, facts);
    },
  );

  test('for bytes that are not text', async () => {
    await expectFault('z.jsonl', new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), {}, { reason: 'not-utf8' });
  });

  test('for a missing file, and for a folder', async () => {
    const file = path.join(folder, 'none.jsonl');
    await expectRejection(loadDataset(DatasetConfig.parse({ path: file })), 'dataset', { reason: 'not-found', file });
    const inside = path.join(folder, 'folder.jsonl');
    mkdirSync(inside);
    const opening = loadDataset(DatasetConfig.parse({ path: inside }));
    await expectRejection(opening, 'dataset', { reason: 'is-folder', file: inside });
  });
});

test('reading many rows lets other events through: Ctrl+C works', async () => {
  let turns = 0;
  let over = false;
  const turn = () => {
    turns++;
    if (!over) setImmediate(turn);
  };
  const rows = Array.from({ length: 5000 }, (_, i) => `${JSON.stringify({ prompt: `${i}+1=`, answer: `${i + 1}` })}\n`);
  setImmediate(turn);
  const { problems } = await load('many.jsonl', rows.join(''));
  over = true;
  expect(problems).toHaveLength(5000);
  // of each pass over the rows several
  expect(turns).toBeGreaterThan(30);
});
