/** Tokens with their places, thoughts, what is surprising and what is searched in a response. */
import { expect, test } from 'vitest';
import { mostSurprising, occurrences, thoughts, tokenAt, tokenStarts } from '../../engine/runs/response-parts.ts';
import { partsOf, readingOf } from '../../webview/sections/rollout/response.ts';

test('each character belongs to one token', () => {
  const starts = tokenStarts(['ab', '', 'c']);
  expect([...starts]).toEqual([0, 2, 2, 3]);
  expect([0, 1, 2, 3, 9].map((offset) => tokenAt(starts, offset))).toEqual([0, 0, 2, 2, 2]);
  expect(tokenAt(tokenStarts([]), 0)).toBe(0);
});

test.each([
  ['<think>a</think>b', [[0, 16]]],
  ['a</think>b', [[0, 9]]],
  ['x<think>a', [[1, 9]]],
  ['<think>a<think>b</think>c</think>', [[0, 24]]],
  ['<THINKING>a</THINKING>b', [[0, 22]]],
  ['nothing', []],
])('the reasoning of %j', (text, expected) => {
  expect(thoughts(text).map(({ start, end }) => [start, end])).toEqual(expected);
});

test('the least probable tokens come first, and certain ones never', () => {
  const logprob = Float32Array.from([0.5, 1, 0.1, 0.995], Math.log);
  expect(mostSurprising(logprob, 20)).toEqual([2, 0]);
  expect(mostSurprising(logprob, 1)).toEqual([2]);
  expect(mostSurprising(null, 5)).toEqual([]);
});

test('a text is found in any case, and symbols are literal', () => {
  expect(occurrences('A (a) a.', '(A)', 9)).toEqual([{ start: 2, end: 5 }]);
  expect(occurrences('aaa', 'a', 2)).toHaveLength(2);
  expect(occurrences('aaa', '', 2)).toEqual([]);
});

test('a long response is divided into blocks, which contain each token once; reasoning is folded', () => {
  const texts = [
    '<think>',
    ...Array.from({ length: 1000 }, () => 'x'),
    '</think>',
    ...Array.from({ length: 700 }, () => 'y'),
  ];
  const reading = readingOf({ tokenTexts: texts, text: texts.join('') });
  const tokens = (folded: boolean) =>
    partsOf(reading, thoughts(texts.join('')), () => folded).flatMap(({ kind, start, end }) =>
      kind === 'block' ? Array.from({ length: end - start }, (_, i) => start + i) : [],
    );
  expect(tokens(false)).toEqual([...texts.keys()]);
  expect(tokens(true)).toEqual([...texts.keys()].slice(1002));
  // What ends with a line is laid out on its own.
  const lines = Array.from({ length: 900 }, (_, i) => (i % 10 === 9 ? 'x\n' : 'x'));
  const blocks = partsOf(readingOf({ tokenTexts: lines, text: lines.join('') }), [], () => true);
  expect(blocks.every(({ isLines, end }) => isLines && end % 10 === 0)).toBe(true);
  expect(
    partsOf(reading, [], () => true)
      .map(({ isLines }) => isLines)
      .filter(Boolean),
  ).toEqual([]);
  // Without tokens, words.
  expect(readingOf({ tokenTexts: null, text: ' a b\n' })).toMatchObject({ texts: [' a', ' b', '\n'], isTokens: false });
});
