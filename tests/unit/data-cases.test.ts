/** Inputs that came out wrong once, with what they should be; each is one of its kind. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadDataset } from '../../engine/data/dataset.ts';
import { locateProblems } from '../../engine/data/locate.ts';
import { DatasetConfig } from '../../engine/protocol/index.ts';
import { HEAD_LENGTH, isTruncated, LONG_HEAD_LENGTH, looksLikeProblems } from '../../extension/editor/detect.ts';
import { requireOrSkip } from '../support/skip.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../../shared/cases');
const present = requireOrSkip('cases', existsSync(FOLDER), '../shared/cases is not on this machine');

function load(name: string, options: Partial<Omit<DatasetConfig, 'path'>> = {}) {
  return loadDataset(DatasetConfig.parse({ path: path.join(FOLDER, name), ...options }));
}

/** Two rows of the usual content. */
const SUMS = [
  { text: '1+1=', answer: '2' },
  { text: '2+3=', answer: '5' },
];

describe.runIf(present)('labels', () => {
  test('integers beyond 2^53 keep their digits', async () => {
    const { problems } = await load('data-json-numbers/bigint.jsonl');
    expect(problems.map(({ answer }) => answer)).toEqual(['9007199254740993', '12345678901234567890']);
  });

  test.each([
    ['lists.jsonl', [['1/2', '0.5'], undefined]],
    ['list.parquet', [['2', 'two'], undefined]],
    ['searchr1.parquet', [['Paris', 'City of Paris'], undefined]],
  ])('any of several answers counts: %s', async (name, accepted) => {
    const { problems, warnings } = await load(`data-answer-lists/${name}`);
    expect(problems.map((problem) => problem.accepted)).toEqual(accepted);
    expect(problems.every(({ answer }) => answer !== null && !answer.startsWith('['))).toBe(true);
    expect(warnings).toHaveLength(1);
  });
});

describe.runIf(present)('columns', () => {
  test("an instruction's input is shown", async () => {
    const { prompts, reading } = await load('data-columns-dropped/alpaca.jsonl');
    expect(prompts.map(({ user }) => user)).toEqual(['Add the two numbers.\n\n1 and 1']);
    expect(reading).toMatchObject({ answer: 'output', shown: ['input'], left: [] });
  });

  test('choices are shown, and an index of one of them is the label', async () => {
    const { problems, prompts } = await load('data-columns-dropped/mmlu.jsonl');
    expect(prompts.map(({ user }) => user)).toEqual(['2+3?\n\nA. 4\nB. 5\nC. 6\nD. 7']);
    expect(problems[0]).toMatchObject({ answer: 'B', accepted: ['B', '5'] });
  });

  test('answers under other names are found', async () => {
    const { problems, reading } = await load('data-columns-dropped/correct_answer.jsonl');
    expect(problems).toMatchObject(SUMS);
    expect(reading).toMatchObject({ prompt: 'question', answer: 'correct_answer', left: [] });
  });

  test('a template of other columns needs no problem column', async () => {
    const options = { template: 'Make {{target}} of {{nums}}.' };
    const { problems, reading } = await load('data-columns-dropped/countdown.jsonl', options);
    expect(problems).toMatchObject([
      { text: 'Make 24 of [4,6].', answer: '24' },
      { text: 'Make 10 of [4,6].', answer: '10' },
    ]);
    expect(reading).toMatchObject({ prompt: null, shown: ['target', 'nums'] });
  });
});

describe.runIf(present)('chats', () => {
  test('the last assistant turn is not part of the problem', async () => {
    const { prompts, problems, warnings } = await load('data-chat/messages.jsonl', { fields: { prompt: 'messages' } });
    expect(prompts).toEqual([{ system: 'You add.', user: '1+1=' }]);
    expect(problems).toMatchObject([{ text: '1+1=', answer: '2' }]);
    expect(warnings).toHaveLength(1);
  });

  test('several turns stay turns, and the beginning of an assistant turn is continued', async () => {
    const { prompts } = await load('data-chat/turns.jsonl');
    expect(prompts).toMatchObject([
      {
        before: [
          { role: 'user', content: '1+1=' },
          { role: 'assistant', content: '2' },
        ],
        user: '2+3=',
      },
      { user: '2+2=', prefill: '<think>' },
    ]);
  });

  test.each([
    ['json-string.jsonl', [{ system: 'Be brief.', user: '1+1=' }], ['2']],
    ['hf-to-csv.csv', [{ user: '1+1=' }, { user: '2+3=' }], ['$2$', '$5$']],
    ['content-parts.jsonl', [{ user: '1+1=' }], ['2']],
    ['sharegpt.jsonl', [{ user: '1+1=' }], ['2']],
  ])('%s', async (name, expected, answers) => {
    const { prompts, problems } = await load(`data-chat/${name}`);
    expect(prompts).toMatchObject(expected);
    expect(problems.map(({ answer }) => answer)).toEqual(answers);
  });
});

describe.runIf(present)('file layouts', () => {
  test.each([['lines.json'], ['list.jsonl'], ['meta-first.json'], ['first-list-is-no-rows.json'], ['zstd.parquet']])(
    '%s',
    async (name) => {
      const { problems } = await load(`data-file-shapes/${name}`);
      expect(problems).toMatchObject(SUMS);
    },
  );

  test('shards of a folder are one dataset, numbered consecutively', async () => {
    const { problems, prompts } = await load('data-file-shapes/shards');
    expect(problems).toMatchObject([...SUMS, ...SUMS]);
    expect(problems.map(({ id }) => id)).toEqual(['0', '1', '2', '3']);
    expect(prompts[3]).toEqual({ system: 'Be brief.', user: '2+3=' });
  });

  test.each([
    ['hf-to-json.json', ['1+1=', '2+3='], ['$2$', '$5$']],
    ['pandas-columns.json', ['1+1=', '2+3='], ['2', null]],
    ['nan.jsonl', ['1+1='], [null]],
    ['inch.csv', ['A 2" pipe and a 3" pipe'], ['5']],
    ['backslash-quote.csv', ['a 2" seam, blue'], ['2']],
    ['excel-sep.csv', ['1+1='], ['2']],
  ])('%s', async (name, texts, answers) => {
    const { problems } = await load(`data-file-shapes/${name}`);
    expect(problems.map(({ text }) => text)).toEqual(texts);
    expect(problems.map(({ answer }) => answer)).toEqual(answers);
  });

  test.each([['same-id.jsonl'], ['ids-mixed.jsonl'], ['verl-two-sources.jsonl']])(
    'repeated ids are replaced by numbers: %s',
    async (name) => {
      const { problems, warnings, reading } = await load(`data-ids/${name}`);
      expect(problems).toMatchObject(SUMS);
      expect(problems.map(({ id }) => id)).toEqual(['0', '1']);
      expect(warnings).toHaveLength(1);
      expect(reading.id).toBeNull();
      const asked = await load(`data-ids/${name}`, { fields: { id: 'none' } });
      expect(asked.warnings).toEqual([]);
      expect(asked.problems.map(({ id }) => id)).toEqual(['0', '1']);
    },
  );
});

describe.runIf(present)('in the editor', () => {
  test.each([
    ['lines.json', 'json'],
    ['list.jsonl', 'jsonl'],
    ['meta-first.json', 'json'],
    ['first-list-is-no-rows.json', 'json'],
  ] as const)('the rows of %s are at the lines that the engine reads', async (name, format) => {
    const text = readFileSync(path.join(FOLDER, 'data-file-shapes', name), 'utf8');
    const { problems } = await load(`data-file-shapes/${name}`);
    const located = locateProblems(text, format);
    expect(located.map(({ row, line, id }) => [row, line + 1, id])).toEqual(
      problems.map(({ row, line, id }) => [row, line, id]),
    );
  });
});

describe('detection', () => {
  const seen = (text: string, format: 'jsonl' | 'json') => {
    const head = text.slice(0, HEAD_LENGTH);
    return looksLikeProblems(isTruncated(head, format) ? text.slice(0, LONG_HEAD_LENGTH) : head, format, {});
  };

  test.each([
    ['a long context before the question', { context: 'word '.repeat(1800), question: '1+1?', answer: '2' }],
    ['a chat with a long first turn', { prompt: [{ role: 'user', content: 'word '.repeat(1800) }] }],
    [
      'messages first',
      {
        messages: [
          { role: 'system', content: 'word '.repeat(2500) },
          { role: 'user', content: 'x' },
        ],
        answer: '2',
      },
    ],
    ['ShareGPT', { conversations: [{ from: 'human', value: '1+1=' }] }],
  ])('%s', (_, row) => {
    expect(seen(`${JSON.stringify(row)}\n`, 'jsonl')).toBe(true);
    expect(seen(JSON.stringify([row, row]), 'json')).toBe(true);
  });

  test.each([
    ['Excel', 'sep=;\r\nproblem;answer\r\n1+1=;2\r\n'],
    ['a database', "'question'|'answer'\n'1+1='|'2'\n"],
  ])('a table of %s', (_, text) => {
    expect(looksLikeProblems(text, 'csv')).toBe(true);
  });

  test.each([
    ['tasks of VS Code', { tasks: [{ label: 'a', task: 'build' }] }],
    ['tasks of npm', { version: '2.0.0', tasks: [{ type: 'npm', script: 'test', task: 'x', problemMatcher: [] }] }],
    ['a list of inputs', { inputs: [{ id: 'x', type: 'promptString', input: 'a' }] }],
  ])('not %s', (_, document) => {
    expect(seen(JSON.stringify(document), 'json')).toBe(false);
  });
});
