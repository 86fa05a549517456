/** The panel's filter of problems. */
import { expect, test } from 'vitest';
import type { ProblemView } from '../../../engine/runs/problem-view.ts';
import { countsOfWords, matches, parseFilter } from '../../../webview/filter.ts';
import { completed, FILTER_TERMS } from '../../../webview/filter-completion.ts';
import type { ProblemRow } from '../../../webview/problem-row.ts';

const SINCE = { since: { answer: null, verdict: null } };
const row = (id: string, view: Partial<ProblemView>, before: Partial<ProblemView> = {}): ProblemRow =>
  ({
    problem: { id, text: `How many cars in ${id}?` },
    view: {
      share: null,
      status: 'unsampled',
      verdict: 'unknown',
      answer: null,
      prediction: null,
      rollouts: 0,
      ...SINCE,
      ...view,
    },
    before: { share: null, verdict: 'unknown', answer: null, ...before },
  }) as ProblemRow;

const ROWS = [
  row('right', { status: 'majority', verdict: 'correct', share: 0.9, answer: '5' }),
  row('wrong', { status: 'majority', verdict: 'wrong', share: 0.8, answer: '7' }),
  row('unlabeled', { status: 'majority', verdict: 'unknown', share: 0.6, answer: '7' }),
  row('tie', { status: 'tie', verdict: 'wrong', share: 0.5, answer: '1' }),
  row('single', { status: 'single', verdict: 'wrong', share: 0.25, answer: '1' }),
  row('silent', { status: 'unanswered', verdict: 'wrong' }),
  row('never', {}),
];

const MOVED = [
  row(
    'broke',
    { verdict: 'wrong', share: 0.9, answer: '7', since: { answer: 60, verdict: 60 } },
    { verdict: 'correct', share: 0.5, answer: '5' },
  ),
  row(
    'fixed',
    { verdict: 'correct', share: 0.6, answer: '5', since: { answer: 9, verdict: 9 }, lead: -0.2 },
    { verdict: 'wrong', share: 0.5, answer: '6' },
  ),
  row(
    'same',
    { verdict: 'correct', share: 0.6, answer: '5', rollouts: 8, unanswered: 5 },
    { verdict: 'correct', share: 0.6, answer: '5' },
  ),
  row('new', { verdict: 'wrong', share: 0.9, answer: '7', status: 'tie' }),
];

test.each([
  ['broke', ['broke']],
  ['fixed', ['fixed']],
  ['switched', ['broke', 'fixed']],
  ['gained>0.3', ['broke']],
  ['gained>=-1', ['broke', 'fixed', 'same']],
  ['since>50', ['broke']],
  ['tie', ['new']],
  ['noanswer>0.5', ['same']],
  ['broke since>50 share>0.8', ['broke']],
  ['lead<0', ['fixed']],
])('%j compares with cursor A and finds %j', (filter, ids) => {
  const terms = parseFilter(filter);
  expect(MOVED.filter((item) => matches(terms, item)).map(({ problem }) => problem.id)).toEqual(ids);
});

test('a term that needs a value is completed without a space', () => {
  for (const { term } of FILTER_TERMS) {
    expect(completed('share>0.5 x', { term, finds: '' }).endsWith(' '), term).toBe(!/[:<>]$/.test(term));
  }
});

test.each([
  ['', ROWS.map(({ problem }) => problem.id)],
  ['majority:correct', ['right']],
  // what has no majority is not a wrong one
  ['majority:wrong', ['wrong']],
  ['right:no', ['wrong']],
  ['majority:unknown', ['unlabeled']],
  ['vote:tie', ['tie']],
  ['vote:single', ['single']],
  ['vote:unanswered', ['silent']],
  ['vote:majority share>=0.8', ['right', 'wrong']],
  ['answer:7 share<0.7', ['unlabeled']],
  ['id:si', ['single', 'silent']],
  ['cars NEVER', ['never']],
  ['majority:perhaps', []],
  ['"many cars"', ROWS.map(({ problem }) => problem.id)],
  ['"cars many"', []],
  ['"cars in never?"', ['never']],
  ['answer:"7"', ['wrong', 'unlabeled']],
  ['answer:"7 or 8" x', []],
])('%j finds %j', (filter, ids) => {
  const terms = parseFilter(filter);
  expect(ROWS.filter((item) => matches(terms, item)).map(({ problem }) => problem.id)).toEqual(ids);
});

test('an answer with spaces is found with quotation marks', () => {
  const rows = [row('two', { answer: '7 or 8' }), row('one', { answer: '7' })];
  expect(rows.filter((item) => matches(parseFilter('answer:"7 or 8"'), item))).toEqual([rows[0]]);
});

test('each term of a filter without matches shows what it finds by itself', () => {
  expect(countsOfWords(' majority:correct  answer:7 majority:perhaps ', ROWS)).toEqual([
    { word: 'majority:correct', isText: false, count: 1 },
    { word: 'answer:7', isText: false, count: 2 },
    { word: 'majority:perhaps', isText: true, count: 0 },
  ]);
  expect(countsOfWords('  ', ROWS)).toEqual([]);
  expect(countsOfWords('"how many" answer:"7 or 8" "', ROWS).map(({ word }) => word)).toEqual([
    ...['"how many"', 'answer:"7 or 8"', '"'],
  ]);
});
