/** Files as the usual tools write them: their shapes, labels, choices and chats. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { parseRunConfig } from '../../engine/config/layers.ts';
import { valueOfText } from '../../engine/data/chat.ts';
import { csvRows } from '../../engine/data/csv.ts';
import { loadDataset } from '../../engine/data/dataset.ts';
import { readJson } from '../../engine/data/json.ts';
import { labelOf } from '../../engine/data/labels.ts';
import { locateProblems } from '../../engine/data/locate.ts';
import { unpackLz4, unpackLz4Block } from '../../engine/data/lz4.ts';
import { parsePython } from '../../engine/data/python-literal.ts';
import { splitReply } from '../../engine/data/reply.ts';
import { chooseShards } from '../../engine/data/shards.ts';
import { DatasetConfig } from '../../engine/protocol/index.ts';
import { loadMaterial } from '../../engine/training/run/material.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

const folder = temporaryFolder();
type Options = Partial<Omit<DatasetConfig, 'path'>>;

function file(name: string, content: string | Uint8Array): string {
  const full = path.join(folder, name);
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, content);
  return full;
}

const lines = (...rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

function load(name: string, content: string | Uint8Array, options: Options = {}) {
  return loadDataset(DatasetConfig.parse({ path: file(name, content), ...options }));
}

test('a list of too many answers, and endless brackets, are refused quickly', async () => {
  const many = Array.from({ length: 10_001 }, (_, i) => `${i}`);
  for (const answer of [many, JSON.stringify(many)]) {
    await expectRejection(load('many.jsonl', lines({ question: '1?', answer })), 'dataset', {
      reason: 'bad-label',
      field: 'answer',
      line: 1,
    });
  }
  expect(labelOf(many.slice(1))?.accepted).toHaveLength(10_000);
  const open = '["a",'.repeat(200_000);
  expect(labelOf(open)).toEqual({ answer: open });
  expect(valueOfText(`{'a': ["[[${'['.repeat(2000)}"]}`)).toEqual({ a: [`[[${'['.repeat(2000)}`] });
});

test('an object as problem names its parts, and one of them can be the column', async () => {
  const row = lines({ question: { stem: '1+1=', choices: ['2', '3'] }, answer: 'A' });
  await expectRejection(load('parts.jsonl', row), 'dataset', { reason: 'no-prompt', field: 'question' });
  const { problems } = await load('parts.jsonl', row, { fields: { prompt: 'question.stem' } });
  expect(problems[0]!.text).toContain('1+1=');
  const small = Buffer.from('PAR1 is text PAR1');
  await expectRejection(load('small.jsonl', small), 'dataset', { reason: 'not-utf8', found: 'a Parquet file' });
  expect((await load('PAR1.csv', 'PAR1,question\n1,1+1=\n')).problems).toHaveLength(1);
});

describe("rows that do not match the file's extension", () => {
  const json = '{"question": "1+1=", "answer": "2"}';
  const python = "{'question': \"what's 1+1?\", 'answer': None}";

  test.each([
    ['a.txt', json],
    ['b.txt', `${json}\n${json}\n`],
    ['c.txt', `${json}${json}`],
    ['d.txt', `{\n  "question": "1+1="\n}\n{\n  "question": "2+3="\n}\n`],
    ['e.md', `[\n${json}, ${json}\n]`],
    ['f.txt', `[${python}, ${python}]`],
    ['g.txt', `${python}\n${python}\n`],
    ['h.txt', `${json},\n${json}\n`],
  ])('not text: %s', async (name, text) => {
    await expectRejection(load(`not/${name}`, text), 'dataset', { reason: 'not-a-text' });
  });

  test.each([
    ['i.json', `${json}${json}`],
    ['j.jsonl', `${json}${json}`],
    ['k.json', `${json},${json}`],
    ['l.json', `[${python}, ${python}]`],
    ['m.jsonl', `${python}\n${python}\n`],
    ['n.jsonl', `${json},\n${json},\n`],
  ])('not JSON, with a remedy that works: %s', async (name, text) => {
    await expectRejection(load(`not/${name}`, text), 'dataset', { reason: 'broken-json', line: 1 });
  });

  test('unsupported text stays refused, and broken JSON stays broken JSON', async () => {
    const words = 'a set of numbers is written like this in what follows';
    for (const text of [
      `{1, 2, 3} is ${words}`,
      `[1] ${words}`,
      `${json} is an object, as ${words}`,
      `{x: 1} ${words}`,
    ])
      expect((await load('words.txt', text)).problems).toHaveLength(1);
    await expectRejection(load('broken.json', '[{"question": "1+1=", answer: 2}]'), 'dataset', {
      reason: 'broken-json',
      column: 23,
    });
  });
});

describe('JSON', () => {
  test('a number that a double cannot represent keeps its text, any other is a number', () => {
    expect(readJson('[9007199254740993, 1e400, 0.1, 1.10, 100000000000000000000, -0.30000000000000004]')).toEqual([
      '9007199254740993',
      '1e400',
      ...[0.1, 1.1, 100000000000000000000, -0.30000000000000004],
    ]);
    expect(readJson('{"a": "12345678901234567890", "12345678901234567890": 1}')).toEqual({
      a: '12345678901234567890',
      '12345678901234567890': 1,
    });
    // with digits on both sides of the point
    expect(readJson('[123456789.12345678912, 1795964698.6056643]')).toEqual([
      '123456789.12345678912',
      1795964698.6056643,
    ]);
  });

  test('numbers of long lists are doubles if they are values of tokens', () => {
    const numbers = Array.from({ length: 60 }, () => '0.12345678901234567');
    const text = `{"id": 9007199254740993, "p": [${numbers.join(', ')}], "few": [[9007199254740993]], "n": [NaN, ${numbers.join(', ')}]}`;
    const doubles = numbers.map(Number);
    expect(readJson(text, 'doubles')).toEqual({
      id: '9007199254740993',
      p: doubles,
      few: [['9007199254740993']],
      n: [null, ...doubles],
    });
    expect((readJson(text) as { p: unknown[] }).p).toEqual(numbers);
    // brackets without end, in linear time
    for (const bracket of '[]') expect(() => readJson(bracket.repeat(1_000_000), 'doubles')).toThrow();
  });

  test('NaN is null, Infinity its name, but not inside a string', () => {
    expect(readJson('{"a": NaN, "b": -Infinity, "c": "NaN, \\"Infinity"}')).toEqual({
      a: null,
      b: '-Infinity',
      c: 'NaN, "Infinity',
    });
  });

  test('a number is found after strings with any content', () => {
    const strings = ['\\"', '\\\\', '\\\\\\"', 'a 1e5 b', '[{', '9007199254740993'];
    for (const string of strings) {
      expect(readJson(`{"${string}":"${string}","n":9007199254740993}`)).toEqual({
        [JSON.parse(`"${string}"`)]: JSON.parse(`"${string}"`),
        n: '9007199254740993',
      });
    }
    expect(() => readJson('{"a": "b, "n": 9007199254740993')).toThrow(SyntaxError);
  });

  test.each(['[', '{"a":'])('may be nested 1,000 levels deep at most: %s', (open) => {
    const close = open === '[' ? ']' : '}';
    const nested = (levels: number) => `${open.repeat(levels)}1${close.repeat(levels)}`;
    expect(typeof readJson(nested(1000))).toBe('object');
    for (const levels of [1001, 1_000_000]) expect(() => readJson(nested(levels))).toThrow('nested too deeply');
    expect(readJson(`["${'['.repeat(2000)}"]`)).toEqual(['['.repeat(2000)]);
  });

  test('agrees with JSON.parse on all numbers that doubles represent', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(readJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test.each([0, 1, 2, 3])('integers of any length keep their digits (%i)', (seed) => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), (value) => {
        const read = readJson(`{"x":${value}}`) as { x: number | string };
        expect(BigInt(read.x)).toBe(value);
      }),
      { seed, numRuns: 100 },
    );
  });
});

describe('labels', () => {
  test.each([
    ['4', { answer: '4' }],
    [4, { answer: '4' }],
    ['12345678901234567890', { answer: '12345678901234567890' }],
    [['1/2', '0.5'], { answer: '1/2', accepted: ['1/2', '0.5'] }],
    [['Paris'], { answer: 'Paris' }],
    [['a', 'a', ' ', null], { answer: 'a' }],
    ['["a", "b"]', { answer: 'a', accepted: ['a', 'b'] }],
    ["['a', 'b']", { answer: 'a', accepted: ['a', 'b'] }],
    ["array(['a', 'b'], dtype=object)", { answer: 'a', accepted: ['a', 'b'] }],
    ['[1, 2]', { answer: '[1, 2]' }],
    [
      { value: 'Rome', aliases: ['Roma'] },
      { answer: 'Rome', accepted: ['Rome', 'Roma'] },
    ],
    [Number.NaN, null],
    ['nan', null],
    [[], null],
    [null, null],
  ])('%j', (cell, label) => {
    expect(labelOf(cell)).toEqual(label);
  });
});

describe('choices', () => {
  const shown = 'Which?\n\nA. three\nB. four\nC. five';
  test.each([
    ['a list', { choices: ['three', 'four', 'five'], answer: 'B' }],
    ['an index from 0', { options: ['three', 'four', 'five'], answer: 1 }],
    ['ARC', { choices: { text: ['three', 'four', 'five'], label: ['A', 'B', 'C'] }, answerKey: 'B' }],
    [
      'objects',
      {
        choices: [
          { label: 'A', text: 'three' },
          { label: 'B', text: 'four' },
          { label: 'C', text: 'five' },
        ],
        answer: '(B)',
      },
    ],
    ['by letter', { options: { A: 'three', B: 'four', C: 'five' }, answer: 'b' }],
    ['columns of letters', { A: 'three', B: 'four', C: 'five', answer: 'B' }],
    ['MedMCQA', { opa: 'three', opb: 'four', opc: 'five', answer: 'four' }],
    ['a list as text', { choices: "['three' 'four' 'five']", answer: 'B.' }],
  ])('%s', async (_, columns) => {
    const { prompts, problems } = await load('c.jsonl', lines({ question: 'Which?', ...columns }));
    expect(prompts.map(({ user }) => user)).toEqual([shown]);
    expect(problems[0]).toMatchObject({ answer: 'B', accepted: ['B', 'four'] });
  });

  test('are counted from 1 if an index equals their number', async () => {
    const row = (answer: number) => ({ question: 'Which?', choices: ['three', 'four', 'five'], answer });
    const { problems } = await load('one.jsonl', lines(row(3), row(1)));
    expect(problems.map(({ answer }) => answer)).toEqual(['C', 'A']);
  });

  test('are not shown twice, nor if the template shows them', async () => {
    const row = { question: 'Which? (A) three (B) four', choices: ['three', 'four'], answer: 'A' };
    expect((await load('twice.jsonl', lines(row))).prompts.map(({ user }) => user)).toEqual([
      'Which? (A) three (B) four',
    ]);
    const own = await load('own.jsonl', lines({ ...row, question: 'Which?' }), { template: '{{problem}} {{choices}}' });
    expect(own.prompts.map(({ user }) => user)).toEqual(['Which? ["three","four"]']);
  });

  test('whose texts are names of others are referred to by letter only', async () => {
    const row = { question: 'Which letter comes first?', choices: ['B', 'A', 'C'], answer: 'B' };
    const { problems } = await load('letters.jsonl', lines(row));
    expect(problems[0]).not.toHaveProperty('accepted');
  });
});

describe('chats', () => {
  const user = { role: 'user', content: '1+1=' };
  test.each([
    ['a marked answer', 'prompt', 'It is \\boxed{2}', null, null],
    ['the label as a word', 'prompt', 'That makes 2.', { answer: '2' }, null],
    ['an open thought', 'prompt', '<think>', { answer: '2' }, '<think>'],
    ['a cue', 'prompt', 'The answer is:', null, 'The answer is:'],
    ['in a column of complete chats', 'messages', 'Two', null, null],
    ['the label within another number', 'prompt', 'There are 12 of', { answer: '2' }, 'There are 12 of'],
  ])('a reply with %s', (_, column, reply, label, prefill) => {
    expect(splitReply(reply, column, label).prefill).toBe(prefill);
  });

  test('a long label must be the whole reply, whatever both repeat', () => {
    const [reply, label] = ['a'.repeat(1_000_000), 'a'.repeat(500_000)];
    expect(splitReply(`${reply} <think>`, 'prompt', { answer: label }).prefill).toBe(`${reply} <think>`);
    expect(splitReply(` ${label}`, 'prompt', { answer: label }).prefill).toBeNull();
  });

  test('the reply of a complete chat gives the label if no column does', async () => {
    const chat = { messages: [user, { role: 'assistant', content: 'One and one: \\boxed{2}' }] };
    const { problems, prompts, reading } = await load('label.jsonl', lines(chat));
    expect(prompts).toEqual([{ system: undefined, user: '1+1=' }]);
    expect(problems[0]).toMatchObject({ answer: '2' });
    expect(reading).toMatchObject({ prompt: 'messages', answer: 'messages' });
  });

  test('each problem has its own system message', async () => {
    const row = (system: string) => ({ prompt: [{ role: 'system', content: system }, user] });
    const { prompts, system } = await load('systems.jsonl', lines(row('a'), row('b')));
    expect(prompts.map((prompt) => prompt.system)).toEqual(['a', 'b']);
    expect(system).toBeUndefined();
  });

  test.each([
    ['a picture', [{ role: 'user', content: [{ type: 'image_url', image_url: 'x' }] }], /image_url/],
    ['a tool', [user, { role: 'tool', content: '2' }], /tool/],
    ['no turn of the user', [{ role: 'assistant', content: '2' }], /user/],
    ['text that is cut off', "[{'role': 'user', 'content': '1+", /neither JSON nor Python/],
  ])('with %s is refused with its place', async (_, prompt, fault) => {
    const loading = load('bad.jsonl', lines({ prompt }));
    await expectRejection(loading, 'dataset', {
      reason: 'bad-chat',
      line: 1,
      field: 'prompt',
      fault: expect.stringMatching(fault),
    });
  });
});

describe('Python syntax', () => {
  test.each([
    [`[{'role': 'user', 'content': "it's"}]`, [{ role: 'user', content: "it's" }]],
    [`[{'a': 'x\\n\\'y\\' \\u00e9'} {'a': None}]`, [{ a: "x\n'y' é" }, { a: null }]],
    ['array([1, 2.5, nan], dtype=float64)', [1, 2.5, null]],
    ["{'a': (True, False), }", { a: [true, false] }],
    ['12345678901234567890', '12345678901234567890'],
    ["[{'a': __import__('os')}]", undefined],
    ["['open", undefined],
    ['['.repeat(1000), undefined],
  ])('%s', (text, value) => {
    expect(parsePython(text)).toEqual(value);
  });

  test('is never run, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."[]{}()'\\,: aN1u.=\n") }), (text) => {
        expect(() => parsePython(text)).not.toThrow();
      }),
    );
  });
});

describe('tables', () => {
  const rows = (text: string, name = 't.csv') => csvRows(name, text).map(({ values, line }) => [line, values]);

  test.each([
    ['semicolons with commas in cells', 'problem;answer\n"a, b";1,5\n', { problem: 'a, b', answer: '1,5' }],
    ['tabs', 'problem\tanswer\na, b\t2\n', { problem: 'a, b', answer: '2' }],
    ['bars', 'problem|answer\na;b|2\n', { problem: 'a;b', answer: '2' }],
    ['single quotes', "'problem','answer'\n'a, b','2'\n", { problem: 'a, b', answer: '2' }],
    ['old Macs', 'problem,answer\ra,2\r', { problem: 'a', answer: '2' }],
    ['doubled quotes', 'problem,answer\n"a ""b"", c",2\n', { problem: 'a "b", c', answer: '2' }],
  ])('%s', (_, text, values) => {
    expect(rows(text)).toEqual([[2, values]]);
  });

  test('the unnamed index of a pandas table gets a name', () => {
    expect(rows(',problem\n0,a\n1,b\n')).toEqual([
      [2, { 'Unnamed: 0': '0', problem: 'a' }],
      [3, { 'Unnamed: 0': '1', problem: 'b' }],
    ]);
  });

  test('UTF-16, as Excel saves it', async () => {
    const { problems } = await load('u16.csv', Buffer.from('\uFEFFproblem;answer\r\nÄ?;2\r\n', 'utf16le'));
    expect(problems).toMatchObject([{ text: 'Ä?', answer: '2' }]);
  });
});

describe('compressed files', () => {
  const BLOCK = Buffer.from(
    '3f616263030008f30a20736f6d65206c69746572616c20303132333435363738392034005062636162' + '63',
    'hex',
  );
  const TEXT = 'abcabcabcabcabcabcabcabcabcabc some literal 0123456789 abcabcabcabc';
  const hadoop = Buffer.concat([Buffer.from([0, 0, 0, TEXT.length, 0, 0, 0, BLOCK.length]), BLOCK]);

  test('LZ4 as Parquet stores it, bare and in Hadoop blocks', () => {
    expect(Buffer.from(unpackLz4Block(BLOCK, TEXT.length)).toString()).toBe(TEXT);
    expect(Buffer.from(unpackLz4(BLOCK, TEXT.length)).toString()).toBe(TEXT);
    expect(Buffer.from(unpackLz4(hadoop, TEXT.length)).toString()).toBe(TEXT);
  });

  test('damaged LZ4 data is an error', () => {
    const bytes = fc.uint8Array({ maxLength: 60 });
    fc.assert(
      fc.property(bytes, fc.nat(200), (input, length) => {
        try {
          expect(unpackLz4(input, length)).toHaveLength(length);
        } catch (error) {
          expect((error as Error).message).toBe('damaged LZ4 data');
        }
      }),
    );
    for (let end = 0; end < BLOCK.length; end++) {
      expect(() => unpackLz4Block(BLOCK.subarray(0, end), TEXT.length)).toThrow('damaged');
    }
  });

  test.each(['LZ4', 'LZ4_RAW'] as const)('Parquet with %s', async (codec) => {
    // one block of literals
    const pack = (bytes: Uint8Array) => {
      const head = bytes.length < 15 ? [bytes.length << 4] : [0xf0];
      for (let rest = bytes.length - 15; rest >= 0; rest -= 255) head.push(Math.min(rest, 255));
      return Buffer.concat([Buffer.from(head), bytes]);
    };
    const buffer = parquetWriteBuffer({
      columnData: [{ name: 'question', data: ['1+1=', '2+3='] }],
      codec,
      compressors: { [codec]: pack },
    });
    const { problems } = await load(`${codec}.parquet`, new Uint8Array(buffer));
    expect(problems.map(({ text }) => text)).toEqual(['1+1=', '2+3=']);
  });

  test('JSON Lines compressed with gzip and Zstandard', async () => {
    const rows = lines({ question: '1+1=', answer: '2' });
    expect((await load('p.jsonl.gz', gzipSync(rows))).problems).toMatchObject([{ text: '1+1=', answer: '2', line: 1 }]);
    const zstd = Buffer.from('KLUv/SRDLQEA4GFiYyBzb21lIGxpdGVyYWwgMDEyMzQ1Njc4OSACAFHFDUPnBlmSnrw=', 'base64');
    await expectRejection(load('p.jsonl.zst', zstd), 'dataset', { reason: 'broken-json', line: 1, column: 1 });
    await expectRejection(load('q.jsonl.zst', zstd.subarray(0, 20)), 'dataset', { reason: 'unreadable' });
    // A frame that says that it has 600 MB.
    const large = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0x46, 0xc3, 0x23, 1, 0, 0]);
    await expectRejection(load('r.jsonl.zst', large), 'dataset', { reason: 'too-large' });
  });

  test('a Parquet date has no time', async () => {
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: 'question', data: ['When?', 'And when?'] },
        { name: 'answer', data: [new Date('2024-03-01'), new Date('1969-12-31')] },
      ],
      schema: [
        { name: 'root', num_children: 2 },
        { name: 'question', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
        { name: 'answer', type: 'INT32', converted_type: 'DATE', repetition_type: 'REQUIRED' },
      ],
    });
    const { problems } = await load('days.parquet', new Uint8Array(buffer));
    expect(problems.map(({ answer }) => answer)).toEqual(['2024-03-01', '1969-12-31']);
  });

  test('64-bit integers and decimals of Parquet keep their digits', async () => {
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: 'question', data: ['a'] },
        { name: 'answer', data: [9007199254740993n], type: 'INT64' },
      ],
    });
    expect((await load('big.parquet', new Uint8Array(buffer))).problems[0]!.answer).toBe('9007199254740993');
  });
});

describe('folders', () => {
  const choose = (files: string[], split?: string) => chooseShards('set', files, split).files;

  test.each([
    [
      'shards in order',
      ['b/train-10.parquet', 'b/train-2.parquet'],
      undefined,
      ['b/train-2.parquet', 'b/train-10.parquet'],
    ],
    ['train before test', ['test.jsonl', 'train.jsonl', 'README.md'], undefined, ['train.jsonl']],
    ['the split that is asked for', ['data/test-0.parquet', 'data/train-0.parquet'], 'test', ['data/test-0.parquet']],
    ['dev is validation', ['dev.csv', 'train.csv'], 'validation', ['dev.csv']],
    [
      'a configuration and its split',
      ['main/test-0.parquet', 'socratic/test-0.parquet'],
      'socratic/test',
      ['socratic/test-0.parquet'],
    ],
    [
      'the main configuration',
      ['main/train-0.parquet', 'socratic/train-0.parquet'],
      undefined,
      ['main/train-0.parquet'],
    ],
    ['Parquet before JSON', ['a.json', 'a.parquet'], undefined, ['a.parquet']],
    ['no file about the set', ['dataset_infos.json', 'x.json'], undefined, ['x.json']],
  ])('%s', (_, files, split, expected) => {
    expect(choose(files, split)).toEqual(expected);
  });

  test.each([
    ['unknown-split', ['train.csv', 'test.csv'], 'dev', { splits: ['test', 'train'] }],
    ['several-splits', ['a/train.csv', 'b/train.csv'], undefined, { splits: ['a/train', 'b/train'] }],
    ['unsupported-type', ['train/data-00000.arrow', 'state.json'], undefined, { value: '.arrow' }],
    ['is-folder', ['README.md'], undefined, {}],
  ])('refused: %s', async (reason, files, split, facts) => {
    await expectRejection((async () => choose(files, split))(), 'dataset', { reason, file: 'set', ...facts });
  });

  test('with missing shards names those that are missing', () => {
    const notes = (...files: string[]) => chooseShards('set', files).notes;
    const shard = (i: number, of: number, hash = '') => `data/train-0000${i}-of-0000${of}${hash}.parquet`;
    expect(notes(shard(0, 2), shard(1, 2))).toEqual([]);
    expect(notes(shard(0, 2, '-0123456789abcdef'), shard(1, 2, '-fedcba9876543210'))).toEqual([]);
    const [missing, ...others] = notes(shard(0, 7, '-0123456789abcdef'), shard(2, 7, '-fedcba9876543210'));
    expect(others).toEqual([]);
    for (const i of [1, 3, 4]) expect(missing).toContain(shard(i, 7));
    expect(missing).toMatch(/\b5 of 7\b/);
    expect(missing).not.toContain(shard(5, 7));
    expect(notes('train-00000-of-99999.csv')[0]!.length).toBeLessThan(300);
  });

  test('report which part was read, and where each problem is', async () => {
    for (const split of ['train', 'test']) file(`set/${split}.jsonl`, lines({ question: split }));
    const source = path.join(folder, 'set');
    const { problems, warnings, reading } = await loadDataset(DatasetConfig.parse({ path: source }));
    expect(problems).toMatchObject([{ text: 'train', source: path.join(source, 'train.jsonl'), line: 1, row: 0 }]);
    expect(warnings[0]).toContain('test');
    expect(reading.source).toBe(source);
    const test = await loadDataset(DatasetConfig.parse({ path: source, split: 'test' }));
    expect(test.problems).toMatchObject([{ text: 'test' }]);
  });
});

test.each([
  ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1\n', /git lfs pull/],
  ['a page of a website', '\n<!DOCTYPE html>\n<html></html>', /Download the file itself/],
])('%s is reported as such', async (_, content, hint) => {
  for (const name of ['a.jsonl', 'a.json', 'a.txt'])
    await expect(load(name, content)).rejects.toMatchObject({ code: 'dataset', hint: expect.stringMatching(hint) });
});

describe('a file that contains its splits', () => {
  const row = (question: string) => ({ question, answer: '1' });
  const split = { train: [row('a'), row('b')], test: [row('c')], info: [1] };
  const texts = async (content: object, options: Options = {}, name = 'splits.json') => {
    const { problems, warnings } = await load(name, JSON.stringify(content, null, 1), options);
    return { texts: problems.map(({ text }) => text), lines: problems.map(({ line }) => line), warnings };
  };

  test.each([
    ['at the top', split],
    ['in an object', { version: '1', data: split }],
  ])('is read like other files with splits: %s', async (_, content) => {
    const read = await texts(content);
    expect(read.texts).toEqual(['a', 'b']);
    expect(read.lines.every((line) => line !== null && line > 1)).toBe(true);
    expect(read.warnings.join()).toMatch(/"(data\.)?train".*"(data\.)?test".*--split/);
    expect((await texts(content, { split: 'test' })).texts).toEqual(['c']);
    expect((await texts(content, { split: 'training' })).texts).toEqual(['a', 'b']);
    const names = content === split ? ['train', 'test'] : ['data.train', 'data.test'];
    await expectRejection(texts(content, { split: 'dev' }), 'dataset', { reason: 'unknown-split', splits: names });
    // The editor finds the same rows.
    const text = JSON.stringify(content, null, 1);
    expect(locateProblems(text, 'json').map(({ line }) => line + 1)).toEqual(read.lines);
  });

  test.each([
    ['by column', { train: { question: ['a', 'b'], answer: ['1', '2'] }, test: { question: ['c'], answer: ['3'] } }],
    ['by row', { train: { 0: row('a'), 1: row('b') }, test: { 0: row('c') } }],
  ])('splits that are tables %s are not mixed', async (_, content) => {
    const read = await texts(content);
    expect(read.texts).toEqual(['a', 'b']);
    expect(read.warnings.join()).toMatch(/"train".*"test".*--split/);
    expect((await texts(content, { split: 'test' })).texts).toEqual(['c']);
    await expectRejection(texts(content, { split: 'dev' }), 'dataset', { reason: 'unknown-split' });
  });

  test('top-level splits take precedence, and tables and chats are not splits', async () => {
    expect((await texts({ data: { train: [row('x')] }, rows: [row('y')] })).texts).toEqual(['y']);
    expect((await texts({ one: { question: 'q', choices: ['A', 'B'], answer: 'A' } })).texts).toHaveLength(1);
    await expectRejection(texts({ a: { b: { c: [row('x')] } } }), 'dataset', { reason: 'no-list' });
  });

  test('without splits counts as training data, or as what its name says', async () => {
    const refused = { reason: 'unknown-split', value: 'test', splits: [] };
    for (const [name, content] of [
      ['all.jsonl', lines(row('x'))],
      ['all.json', JSON.stringify([row('x')])],
      ['all.json', JSON.stringify({ data: [row('x')] })],
      ['all.csv', 'question,answer\nx,1\n'],
    ] as const) {
      expect((await load(name, content, { split: 'train' })).problems).toHaveLength(1);
      await expectRejection(load(name, content, { split: 'test' }), 'dataset', refused);
      expect((await load(`test-${name}`, content, { split: 'test' })).problems).toHaveLength(1);
    }
  });
});

describe('the report of columns', () => {
  test('names unused columns, and missing answers', async () => {
    const { reading, warnings } = await load('left.jsonl', lines({ question: 'x', result: '2', level: 3 }));
    expect(reading).toMatchObject({ prompt: 'question', answer: null, id: null, left: ['result', 'level'] });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('"result", "level"');
  });

  test.each(['<|im_start|>user\nx<|im_end|>\n', '<s>[INST] x [/INST]', '<start_of_turn>user\nx'])(
    'warns of problems with chat-template tokens: %j',
    async (question) => {
      const { warnings } = await load('marked.jsonl', lines({ question, answer: '1' }, { question: 'y', answer: '2' }));
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain('1 of 2 problems');
    },
  );

  test('accepts reward_model as text', async () => {
    const rows = lines({ prompt: 'x', reward_model: "{'style': 'rule', 'ground_truth': '2'}" });
    const { problems, reading } = await load('text.jsonl', rows);
    expect(problems[0]!.answer).toBe('2');
    expect(reading.answer).toBe('reward_model.ground_truth');
  });
});

describe('evaluation', () => {
  const sixty = lines(...Array.from({ length: 60 }, (_, i) => ({ question: `${i}`, answer: i < 30 ? 'a' : 'b' })));
  const material = (evaluation: object, more: object = {}) => {
    const dataset = { path: file('sixty.jsonl', sixty) };
    return loadMaterial(parseRunConfig({ model: 'o/m', dataset, evaluation, ...more }), null);
  };

  test("on some of the problems uses a sample that does not depend on the run's seed", async () => {
    const { evaluation, sampledFrom } = await material({ limit: 32, draw: 'random' });
    expect(sampledFrom).toBe(60);
    expect(evaluation).toHaveLength(32);
    const kinds = evaluation.filter(({ answer }) => answer === 'a').length;
    expect(kinds).toBeGreaterThan(10);
    expect(kinds).toBeLessThan(22);
    const rows = evaluation.map(({ row }) => row);
    expect(rows).toEqual(rows.toSorted((a, b) => a - b));
    const other = await material({ limit: 32, draw: 'random' }, { seed: 5 });
    expect(other.evaluation).toEqual(evaluation);
    const fewer = await material({ limit: 8, draw: 'random' });
    expect(rows).toEqual(expect.arrayContaining(fewer.evaluation.map(({ row }) => row)));
  });

  test('of runs without that setting uses the first problems, as before', async () => {
    const config = parseRunConfig({
      model: 'o/m',
      dataset: { path: file('sixty.jsonl', sixty) },
      evaluation: { limit: 32 },
    });
    const { draw: _, ...evaluation } = config.evaluation;
    const old = await loadMaterial({ ...config, evaluation }, null);
    expect(old.evaluation.map(({ row }) => row)).toEqual(Array.from({ length: 32 }, (_, i) => i));
    expect(old.sampledFrom).toBeNull();
  });

  test('on all problems is not sampled', async () => {
    expect((await material({ limit: 60, draw: 'random' })).sampledFrom).toBeNull();
  });

  test('on other problems samples from those, with their prompts', async () => {
    const { evaluation, prompts, problems } = await material({
      limit: 4,
      draw: 'random',
      dataset: { path: file('sixty.jsonl', sixty) },
    });
    expect(problems).toHaveLength(64);
    for (const { index, text } of evaluation) expect(prompts[index]!.user).toContain(text);
  });
});

describe('names and letters of choices in other datasets', () => {
  test('a column name with spaces matches the common name', async () => {
    const { problems } = await load('spaced.csv', 'Question,Correct Answer,Incorrect Answer 1\nWhat?,4,5\n');
    expect(problems).toMatchObject([{ text: 'What?', answer: '4' }]);
  });

  test('letters that choices already have are not doubled, and a letter is the label', async () => {
    const row = { question: 'What?', options: ['A)21', 'B) 22', '(C) 23'], rationale: '..', correct: 'B' };
    const { problems } = await load('lettered.jsonl', lines(row));
    expect(problems).toMatchObject([{ text: 'What?\n\nA. 21\nB. 22\nC. 23', answer: 'B', accepted: ['B', '22'] }]);
  });

  test('choices that only look lettered stay, and a correctness flag is not a label', async () => {
    const rows = lines({ question: 'What?', options: ['A. Lincoln', 'C. Darwin'], correct: true });
    const { problems, reading } = await load('initials.jsonl', rows);
    expect(problems).toMatchObject([{ text: 'What?\n\nA. A. Lincoln\nB. C. Darwin', answer: null }]);
    expect(reading.left).toEqual(['correct']);
  });
});

test.each([
  ['gzip.jsonl', gzipSync('{"prompt": "1+1=", "answer": "2"}\n'), 'compressed by gzip'],
  ['zstd.jsonl', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00]), 'compressed by zstd'],
  ['book.csv', Buffer.from([0x50, 0x4b, 0x03, 0x04, 0xff]), 'a ZIP archive or an Excel workbook'],
])('the hint for %s says what the file is', async (name, bytes, found) => {
  await expectRejection(load(name, bytes), 'dataset', { reason: 'not-utf8', file: path.join(folder, name), found });
});
