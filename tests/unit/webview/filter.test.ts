/** The panel's filter of problems. */
import { expect, test } from 'vitest';
import type { ProblemView } from '../../../engine/runs/problem-view.ts';
import { matches, parseFilter } from '../../../webview/filter.ts';
import type { ProblemRow } from '../../../webview/problem-row.ts';

const row = (id: string, view: Partial<ProblemView>): ProblemRow =>
  ({
    problem: { id, text: `How many cars in ${id}?` },
    view: { share: null, status: 'unsampled', verdict: 'unknown', answer: null, prediction: null, ...view },
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
])('%j finds %j', (filter, ids) => {
  const terms = parseFilter(filter);
  expect(ROWS.filter((one) => matches(terms, one)).map(({ problem }) => problem.id)).toEqual(ids);
});
