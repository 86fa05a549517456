/**
 * Texts of a megabyte that could take long to process, and everything that reads text of a model or dataset. Covers all
 * rules and comparisons, so that new ones are measured too.
 */
import { bareAnswer, predictedAnswer } from '../../engine/cli/answers.ts';
import { promptOf, valueOfText } from '../../engine/data/chat.ts';
import { choiceColumns } from '../../engine/data/choices.ts';
import { LabelFault, labelOf } from '../../engine/data/labels.ts';
import { splitReply } from '../../engine/data/reply.ts';
import { lastCodeBlock } from '../../engine/external/code-blocks.ts';
import { fileFor } from '../../engine/external/proof-file.ts';
import { type GradingRules, graderOf, referenceAnswer } from '../../engine/grading/index.ts';
import { withStepLimit } from '../../engine/grading/meter.ts';
import { understand } from '../../engine/grading/understand.ts';
import { withoutPadding } from '../../engine/importers/padding.ts';
import { userText } from '../../engine/importers/prompt-text.ts';
import { answerRuleError } from '../../engine/protocol/answer-rule.ts';
import { code, markdown } from '../../engine/protocol/markdown.ts';
import { GRADING } from '../../engine/protocol/settings/grading.ts';
import { cellText } from '../../engine/protocol/values.ts';
import { visible, visibleJson, visibleLine } from '../../engine/protocol/visible.ts';
import { wellFormed } from '../../engine/protocol/well-formed.ts';
import { answerPlaces } from '../../engine/reward/answer-place.ts';
import { judgeCountdown } from '../../engine/reward/countdown-expression.ts';
import { prefixes } from '../../engine/reward/covo.ts';
import { expressionIn, findIntegral } from '../../engine/reward/integral-problem.ts';
import { judgmentOf } from '../../engine/reward/judgment.ts';
import { testsIn } from '../../engine/reward/program.ts';
import { FIND_STEPS, searchesOf } from '../../engine/runs/find.ts';
import { answerHint } from '../../engine/training/answer-hint.ts';
import { completionFinder } from '../../engine/training/policy/completion.ts';

/** Rules that take a value, with examples that are costly. */
const VALUES: Readonly<Record<string, string[]>> = {
  tag: ['tag:result'],
  choice: ['choice:A-E', 'choice:ABCDEFGHIJKLMNOPQRSTUVWXYZ'],
  regex: [
    'regex:is ([^.]+)\\.',
    'regex:(\\w+ )+is (.*)x',
    'regex:(a|b|ab)*c',
    'regex:(?i)(.*)(.*)(.*)=(.*)$',
    'regex:(\\d+[,.]?)+(?!\\d)',
    'regex:((x{0,20}){0,10}y?)+z',
  ],
};

/** Every rule, by the names that the error about an invalid one lists. */
export const RULES: readonly string[] = answerRuleError('?')!
  .hint!.replace(/^Use |\.$/g, '')
  .split(/, | or /)
  .flatMap((name) => {
    if (!name.includes(':')) return [name];
    const values = VALUES[name.slice(0, name.indexOf(':'))];
    if (!values) throw new Error(`There is no example of the rule ${name}.`);
    return values;
  });

const { kind } = GRADING.fields.compare;
export const COMPARISONS = Object.keys(kind.type === 'choice' ? kind.choices : {}) as GradingRules['compare'][];

/** Prefix, repeated part, suffix. */
const REPEATED: readonly (readonly [string, string, string])[] = [
  ...[
    ' ',
    '\n',
    ' \n\t',
    '\r\n',
    'a',
    'a ',
    '1',
    '1 ',
    '1,',
    '1, ',
    '-1',
    '.',
    '1.',
    '0.',
    'é',
    'ß',
    'İ',
    '中',
    '一',
  ].map((piece) => ['', piece, ''] as const),
  ...[
    '$',
    '$1$ ',
    '{',
    '}',
    '{}',
    '(',
    ')',
    '[',
    ']',
    '\\',
    '\\\\',
    '"',
    "'",
    '`',
    '```\n',
    '~~~',
    '**',
    '<',
    '<|',
    '<|a|>',
  ].map((piece) => ['', piece, ''] as const),
  ...[
    '^',
    '_',
    '!',
    '%',
    '|',
    '=',
    '&',
    '#',
    '####',
    '#### ',
    '#### 1\n',
    '#### Answer\n',
    '/-',
    '--',
    '-- \n',
    '-/',
  ].map((piece) => ['', piece, ''] as const),
  ...[
    '\\boxed{',
    '\\boxed{1}',
    '\\boxed{1}, ',
    '\\boxed{1} and \\boxed{2} ',
    '\\boxed{}',
    '\\boxed 5 ',
    '\\text{',
    '\\text{a}',
  ].map((piece) => ['', piece, ''] as const),
  ...[
    'answer is ',
    'answer is 5. ',
    'The answer is not ',
    'Answer:\n',
    'answer to the ',
    'the ',
    'The is ',
    '"answer": "',
    '"answer": 5, ',
  ].map((piece) => ['', piece, ''] as const),
  ...[
    '<think>',
    '</think>',
    '<think></think>',
    '<answer>',
    '<answer>a',
    '</answer>',
    '<answer>a</answer>',
    '<result>',
    '<result>1</result>',
  ].map((piece) => ['', piece, ''] as const),
  ...['</s>', '<|im_end|>', '<pad>', '[PAD]', '[INST]', '[/INST]', 'user\n', '<|im_start|>user\n'].map(
    (piece) => ['', piece, ''] as const,
  ),
  ...['A', 'A ', 'A,', 'A and ', '(A) ', '(a)', 'I a', 'A. ', 'Dr. ', 'U.S.A. ', 'five ', 'and ', ';', ' ; '].map(
    (piece) => ['', piece, ''] as const,
  ),
  ...[
    '\u202e',
    '\u200b',
    '\u200d',
    '\u001b',
    '\ud800',
    '👩‍👩‍👧',
    '👍🏽',
    'क्‍',
    '\u{e0041}',
    '|',
    '\\`',
    '\u0301',
    'a\u0301',
    '️',
  ].map((piece) => ['', piece, ''] as const),
  ['[', '"a", ', '"a"]'],
  ['[', "'a', ", "'a']"],
  ['[', '1, ', '1]'],
  ['["a",', '[', ''],
  ["['a',", '[', ''],
  ["['", 'a', "']"],
  ["['", '\\n', "']"],
  ["[['a'],", ' ', ']'],
  ['["a",', ' ', ']'],
  ['array(["a"', ', dtype=object', '])'],
  ['[{"role": "user", "content": "', 'a', '"}]'],
  ['[{"role": "user", "content": "', '\\n', '"}]'],
  ["[{'role': 'user', 'content': '", 'a ', "'}]"],
  ["[{'role': 'user', 'content': '", "\\'", "'}]"],
  ['[', "{'role': 'user', 'content': 'a'}, ", "{'role': 'user', 'content': 'a'}]"],
  ['[', "{'role': 'user', 'content': 'a'} ", "{'role': 'user', 'content': 'a'}]"],
  ['[', '{"role": "user", "content": "a"}, ', '{"role": "user", "content": "a"}]'],
  ['[{"role": "user", "content": [', '{"type": "text", "text": "a"}, ', '{"type": "text", "text": "a"}]}]'],
  ['[{"role": "user", "content": 1', '2', '}]'],
  ['[{"role": "user", "content": [', '1e5, ', '1]}]'],
  ["[{'role': 'user', 'content': [", 'nan, ', 'nan]}]'],
  ['{"ground_truth": "', '\\"', '"}'],
  ['\\boxed{', '1', '}'],
  ['\\boxed{', '{', '}'],
  ['\\boxed{', '\\frac{1}{2}', '}'],
  ['#### 1', ' ', 'x'],
  ['The answer is 1', ' ', '5'],
  ['The answer is ', 'very ', 'large.'],
  ['<answer>', ' ', '</answer>'],
  ['```python\n', 'x = 1\n', '```'],
  ['```', '`', '\n'],
  ['theorem a : 1 = 1 := by\n', '  simp\n', ''],
  ['theorem a : 1 = 1 := by\n', '@[', ''],
  ['namespace a\n', 'namespace a\n', 'theorem b : 1 = 1 := rfl'],
  ['\\int ', 'd', 'x'],
  ['\\int ', 'x dx', ''],
  ['\\int_{0}', '^{1', '} x dx'],
  ['∫', '₀', ' x dx'],
  ['\\int x ', '\\, ', 'dx'],
  ['\\int \\', 'mathrm{d} ', 'x'],
  ['<s> [INST] ', 'hi ', '[/INST]'],
  ['x', '<pad>', ''],
  ['', '3+', '5'],
  ['{', '1, ', '2}'],
  ['{', 'a;', 'b}'],
];

export interface LongText {
  name: string;
  /** The text with at least this length. */
  of(length: number): string;
}

export const TEXTS: readonly LongText[] = REPEATED.map(([begin, piece, end]) => ({
  name: JSON.stringify(`${begin}${piece}…${end}`),
  // Flattened here: a concatenated string would be flattened on first read, which is not the reader's work.
  of: (length) =>
    Buffer.from(begin + piece.repeat(Math.ceil(length / piece.length)) + end, 'utf16le').toString('utf16le'),
}));

export interface Entry {
  name: string;
  /** The work that is measured, on texts prepared in advance. */
  prepare(text: string): () => unknown;
  /** Number of texts that this work reads (default: 1). */
  texts?: number;
}

const flat = (text: string) => Buffer.from(text, 'utf16le').toString('utf16le');
const simple = (name: string, work: (text: string) => unknown): Entry => ({
  name,
  prepare: (text) => () => work(text),
});

/** The time until a refusal counts too. */
const orFault = (work: (text: string) => unknown) => (text: string) => {
  try {
    return work(text);
  } catch (error) {
    if (error instanceof LabelFault) return null;
    throw error;
  }
};

const PROBLEM = { header: '', seconds: 1, megabytes: 1 } as never;

function comparisons(compare: GradingRules['compare']): Entry[] {
  const grader = graderOf({ answer: 'auto', compare });
  return [
    { name: `equal, ${compare}, long reference`, prepare: (text) => () => grader.equal('7', text) },
    {
      name: `equal, ${compare}, both long`,
      prepare: (text) => {
        const [a, b] = [flat(`${text}1`), flat(`${text}2`)];
        return () => grader.equal(a, b);
      },
    },
    {
      name: `equal, ${compare}, 1,990 characters`,
      prepare: (text) => {
        const [a, b] = [flat(text.slice(-1990)), flat(`${text.slice(-1989)}1`)];
        return () => grader.equal(a, b);
      },
    },
  ];
}

/** Everything that reads one text. */
export const ENTRIES: readonly Entry[] = [
  ...RULES.map((answer) => simple(`extract, ${answer}`, graderOf({ answer, compare: 'math' }).extract)),
  ...COMPARISONS.flatMap(comparisons),
  simple('understand', understand),
  simple('referenceAnswer', referenceAnswer),
  simple('bareAnswer', bareAnswer),
  simple('predictedAnswer', (text) => predictedAnswer(text, '7', false, undefined)),
  simple('answerPlaces', (text) => answerPlaces([{ text, answer: '1' }], {})),
  simple('answerHint', (text) => answerHint([text], { answer: 'boxed', compare: 'math' })),
  simple('judgmentOf', (text) => judgmentOf(text, { accept: 'yes', reject: 'no' })),
  simple('lastCodeBlock', (text) => lastCodeBlock(text, ['python', ''])),
  simple('Lean, response', (text) => fileFor(PROBLEM, { response: text } as never)),
  simple('Lean, statement', (text) => fileFor(PROBLEM, { response: text, statement: text } as never)),
  simple('judgeCountdown', (text) => judgeCountdown(text, [3n, 5n], 8n)),
  simple('findIntegral', findIntegral),
  simple('expressionIn', expressionIn),
  simple('testsIn', (text) => text.trim() === '' || testsIn(text, 'tests', 'p')),
  simple('prefixes', (text) =>
    prefixes({ text, tokenTexts: [text], tokens: new Int32Array(1) }, { separator: '\\n+', steps: 15 }, graderOf()),
  ),
  simple('completion', (text) => completionFinder({ stop: ['STOP'], stopAtAnswer: true }, () => text)!([1])),
  simple('labelOf', orFault(labelOf)),
  simple('cellText', cellText),
  simple('promptOf', promptOf),
  simple('valueOfText', valueOfText),
  simple('choiceColumns', (text) => choiceColumns([{ choices: text }])),
  simple('splitReply', (text) => splitReply(text, 'messages', { answer: 'a' })),
  simple('splitReply, prompt', (text) => splitReply(text, 'prompt', { answer: 'ab', accepted: ['ab', '11', '  '] })),
  simple('userText', userText),
  simple('withoutPadding', withoutPadding),
  ...['is ([^.]+)\\.', '(\\w+ )+is (.*)x', 'zebra', 'a+b', '(?:\\d+,)+x'].map((regex) => {
    const [search] = searchesOf({ regex });
    return simple(`find, ${regex}`, (text) =>
      withStepLimit(
        FIND_STEPS,
        () => search!(text),
        () => null,
      ),
    );
  }),
  simple('find text', searchesOf({ text: 'zebra' })[0]!),
  simple('visible', visible),
  simple('visibleLine', visibleLine),
  simple('visibleJson', visibleJson),
  simple('markdown', markdown),
  simple('code', code),
  simple('wellFormed', wellFormed),
];

/** Groups of equally long answers. */
export const GROUPS: readonly Entry[] = COMPARISONS.flatMap((compare) => {
  const grader = graderOf({ answer: 'auto', compare });
  return [
    {
      name: `cluster of 64, ${compare}`,
      texts: 64,
      prepare: (text) => {
        const texts = Array.from({ length: 64 }, (_, i) => flat(text + i));
        return () => grader.cluster(texts, '7');
      },
    },
  ];
});
