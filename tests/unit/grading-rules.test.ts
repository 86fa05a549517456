/** Rules that say where an answer stands, ways of comparing, and the patterns among the rules. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { predictedAnswer } from '../../engine/cli/answers.ts';
import { loadDataset } from '../../engine/data/dataset.ts';
import { graderOf } from '../../engine/grading/index.ts';
import { stepsSpent } from '../../engine/grading/meter.ts';
import { BadPattern, compilePattern } from '../../engine/grading/pattern.ts';
import { parseAnswerRule } from '../../engine/protocol/answer-rule.ts';
import { DatasetConfig } from '../../engine/protocol/config.ts';
import { rejudge } from '../../engine/reward/stored.ts';
import { answerHint } from '../../engine/training/answer-hint.ts';
import { judge } from '../../engine/training/stages.ts';
import { inEditor } from '../../extension/remedies.ts';
import { temporaryFolder } from '../support/processes.ts';
import { rollout } from '../support/reward-group.ts';

const finds = (answer: string, text: string) => graderOf({ answer, compare: 'math' }).extract(text);

describe('the rule', () => {
  const EGYPT = 'The capital of Egypt is Cairo.';
  test.each<[string, string, string | null]>([
    ['auto', EGYPT, null],
    ['auto', 'The answer is 5.', '5'],
    ['boxed', 'The answer is 5. \\boxed{6}', '6'],
    ['boxed', 'The answer is 5.', null],
    ['hash', '#### 7\nThe answer is 5.', '7'],
    ['hash', 'The answer is 5.', null],
    ['tag:result', 'So <result> Rome </result>.', 'Rome'],
    ['tag:result', '<answer>Rome</answer>', null],
    ['choice:A-D', 'I think (B), because A is wrong. So C', 'C'],
    ['choice:A-D', 'A cat sat there. The answer is B.', 'B'],
    ['choice:A-D', 'A cat sat there.', null],
    ['choice:A,B', 'It is C.', null],
    ['choice:A-D', 'I pick (b).', 'b'],
    ['choice:A-D', '(a) is wrong, so B', 'B'],
    ['choice:A-D', 'I pick (e).', null],
    ['choice:A-D', '\\boxed{\\text{(D) 12}}', 'D'],
    ['last-number', 'So 5 + 6 = 11. Nice!', '11'],
    ['last-number', EGYPT, null],
    ['last-line', 'One\nTwo \n\n', 'Two'],
    ['last-sentence', `It is old. ${EGYPT}`, 'The capital of Egypt is Cairo'],
    ['last-sentence', 'It is old.\nCairo', 'Cairo'],
    ['last-sentence', 'It is so. His name is Dr. Who.', 'His name is Dr. Who'],
    ['last-sentence', 'It is so. It was J. R. Smith vs. Mr. X.', 'It was J. R. Smith vs. Mr. X'],
    ['whole', ' Cairo \n', 'Cairo'],
    ['regex:is ([^.]+)\\.', EGYPT, 'Cairo'],
    ['regex:is ([^.]+)\\.', 'It is old. It is Cairo.', 'Cairo'],
    ['regex:\\d+', 'from 3 to 42', '42'],
    ['regex:(?i)THE (\\w+) OF', EGYPT, 'capital'],
    ['regex:\\d+(?=%)', '12 of 40% and 7', '40'],
    ['regex:(?<!-)\\b\\d+\\b(?!%)', '-5, 12, 40%', '12'],
    ['regex:(?<=\\$)\\d+', 'from $3 to 42', '3'],
    ['last-number', '<think>41</think>It is 42', '42'],
    ['whole', '<think>41', null],
  ])('%s finds in %j: %j', (rule, text, answer) => {
    expect(finds(rule, text)).toBe(answer);
    const place = graderOf({ answer: rule, compare: 'math' }).locate(text);
    expect(place && text.slice(place.start, place.end)).toBe(answer);
  });

  test.each(['', 'boxes', 'tag:', 'tag:a b', 'choice:', 'choice:A', 'regex:'])('%j is refused', (rule) =>
    expect(parseAnswerRule(rule)).toBeNull(),
  );

  test.each(['regex:(a', 'regex:a**', 'regex:a(?=bc)', 'regex:(?<n>a)', 'regex:(a)\\1', 'regex:[b-a]', 'nothing'])(
    '%s is refused',
    (rule) =>
      expect(() => graderOf({ answer: rule, compare: 'math' })).toThrow(
        expect.objectContaining({ code: 'config', details: expect.objectContaining({ reason: 'bad-answer-rule' }) }),
      ),
  );

  test('is the only one that counts in grade and vote, even if more would be accepted without it', () => {
    expect(predictedAnswer('5', '5', false, 'boxed')).toBeNull();
    expect(predictedAnswer('5', '5', false, undefined)).toBe('5');
  });
});

test.each<['text' | 'number' | 'choice' | 'set', string, string, boolean]>([
  ['text', 'The Nile.', 'nile', true],
  ['text', 'St. Paul’s', "st paul's", true],
  ['text', '\\text{New York}', 'new york', true],
  ['text', 'Rome', 'Paris', false],
  ['text', '3.5', '35', false],
  ['number', '5 apples', '5', true],
  ['number', 'x = 1/2', '0.5', true],
  ['number', 'about 12 of them', '12', true],
  ['number', '5', '6', false],
  ['choice', '(B) 12', 'b', true],
  ['choice', 'A and C', 'C, A', true],
  ['choice', 'B', 'C', false],
  ['set', '{1, 2, 3}', '3,2,1', true],
  ['set', 'red, blue and green', 'Green; Red; blue', true],
  ['set', '1, 2', '1, 3', false],
  ['set', '1, 2', '1, 2, 3', false],
])('compared as %s, %j and %j: %s', (compare, a, b, equal) => {
  const grader = graderOf({ answer: 'auto', compare });
  expect(grader.equal(a, b)).toBe(equal);
  expect(grader.cluster([a, b]).length).toBe(equal ? 1 : 2);
  expect(grader.cluster([a], b)[0]!.correct).toBe(equal);
});

test('facts: votes of whole sentences by a pattern, compared as words', () => {
  const grader = graderOf({ answer: 'regex:(?:is|are) ([^.]+)', compare: 'text' });
  const texts = ['The capital of Egypt is Cairo.', 'It is cairo.', 'That is Giza.', 'No idea'];
  const { clusters, rollouts } = grader.judge(texts, 'Cairo');
  expect(clusters).toMatchObject([
    { answer: 'Cairo', members: [0, 1], correct: true },
    { members: [2], correct: false },
  ]);
  expect(rollouts[3]).toEqual({ answer: null, cluster: null, correct: false });
});

test('a stored group can be judged again with another rule', () => {
  const detail = { rollouts: [{ text: 'It is 5' }, { text: 'It is 6' }, { text: '5, I think' }], clusters: [] };
  const again = rejudge(detail as never, { answer: '5' }, graderOf({ answer: 'last-number', compare: 'math' }));
  expect(again.clusters).toMatchObject([{ answer: '5', members: [0, 2], correct: true }, { members: [1] }]);
  expect(again.majority?.answer).toBe('5');
  expect(again.rollouts.map(({ answer }) => answer)).toEqual(['5', '6', '5']);
});

describe('if most responses have no answer', () => {
  const AUTO = { answer: 'auto', compare: 'math' } as const;
  test('the rules that find one are named', () => {
    const hint = answerHint(['The sum is 5.', 'It is 7.', 'We get 8', 'The answer is 9.'], AUTO);
    expect(hint).toMatch(/last-number.* 100%/);
    expect(hint).toMatch(/75%/);
    // Options of commands become settings in the editor: the sentence must read there too.
    expect(inEditor(hint!)).not.toMatch(/--[a-z]/);
  });
  test('nothing is reported otherwise', () => {
    expect(answerHint(['\\boxed{5}', 'It is 7.'], AUTO)).toBeNull();
    expect(answerHint([], AUTO)).toBeNull();
  });
});

describe('patterns', () => {
  test.each<[string, string]>([
    ['a|ab', 'xab'],
    ['(a|ab)(c|bcd)?', 'abcd'],
    ['a*?b', 'aab'],
    ['(a+?)a*', 'aaa'],
    ['(\\d+)-(\\d+)', '1-2 30-4'],
    ['^x(.*)$', 'y\nxabc\nz'],
    ['[^\\s,]+', 'one, two'],
    ['[a-c\\]-]+', 'x]a-b'],
    ['\\bto\\b', 'tom to'],
    ['(?:ab){2,3}', 'abababab'],
    ['x{0,2}y', 'xxxy'],
    ['(a)?b', 'b ab'],
    ['(?i)straße', 'STRAßE'],
    ['\\$(\\d+\\.\\d\\d)', 'cost $12.50'],
    ['(|a)b', 'ab'],
    ['.', '\n'],
  ])('%s in %j is what the language finds', (source, text) => {
    const insensitive = source.startsWith('(?i)');
    const native = new RegExp(insensitive ? source.slice(4) : source, insensitive ? 'gimd' : 'gmd');
    const expected = [...text.matchAll(native)]
      .map((match) => match.indices![match.length > 1 ? 1 : 0])
      .filter((place) => place !== undefined)
      .at(-1);
    expect(compilePattern(source).last(text)).toEqual(expected ? { start: expected[0], end: expected[1] } : null);
  });

  test('that are too large are refused', () => {
    expect(() => compilePattern('(a{100}){100}')).toThrow(BadPattern);
    expect(() => compilePattern('('.repeat(100))).toThrow(BadPattern);
    for (const times of ['{1000}', '{99999999}', '{2,1000}', '{1000,}'])
      expect(() => compilePattern(`x${times}`), times).toThrow(BadPattern);
    expect(compilePattern('x{2,}').last('xxx')).toMatchObject({ start: 0, end: 3 });
    expect(compilePattern('x{y}').last('x{y}')).toMatchObject({ start: 0, end: 4 });
  });

  test('take steps in proportion to the text, whatever they contain', () => {
    const cost = (source: string, length: number) => {
      const pattern = compilePattern(source);
      const before = stepsSpent();
      pattern.last(`${'a'.repeat(length)}!`);
      return stepsSpent() - before;
    };
    for (const source of ['(a+)+b', '(a|aa)*b', '(a*)*b', 'a{1,50}a{1,50}b', '(.*)(.*)(.*)b']) {
      expect(cost(source, 4000) / cost(source, 2000)).toBeLessThan(2.2);
    }
  });
});

describe('a column of the problem file', () => {
  const read = async (lines: object[]) => {
    const file = path.join(temporaryFolder(), 'problems.jsonl');
    writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
    return loadDataset(DatasetConfig.parse({ path: file }));
  };

  test('gives each problem its own rule, which its vote uses', async () => {
    const { problems } = await read([
      { problem: 'Capital of Egypt?', answer: 'Cairo', answer_rule: 'regex:is ([^.]+)' },
      { problem: '1+1', answer: '2' },
    ]);
    expect(problems.map(({ rule }) => rule)).toEqual(['regex:is ([^.]+)', undefined]);
    const rollouts = ['It is Cairo.', 'It is Giza.', 'It is Cairo.'].map((text) => rollout([text]));
    const judged = judge({ problem: problems[0]!, rollouts }, graderOf());
    expect(judged.majority).toMatchObject({ answer: 'Cairo' });
    expect(judge({ problem: problems[1]!, rollouts }, graderOf()).majority).toBeNull();
  });

  test('with an invalid rule is refused with the line', async () => {
    for (const bad of ['nope', 'regex:(a']) {
      const failed = read([{ problem: 'a', answer: '1', answer_rule: bad }]);
      await expect(failed).rejects.toMatchObject({ code: 'dataset', details: { line: 1, value: bad } });
    }
  });
});
