/** How a vote stands is decided by one set of rules; metrics, reports and views go by it. */
import { expect, test, vi } from 'vitest';
import { quadrants } from '../../engine/analysis/alignment.ts';
import { majorityRight } from '../../engine/analysis/metrics.ts';
import { analyze } from '../../engine/cli/commands/analyze.ts';
import type { JudgedGroup } from '../../engine/protocol/group.ts';
import { PLACES, quadrantOf, verdictAsBoolean, verdictOf, voteStatusOf } from '../../engine/protocol/verdict.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { problemView } from '../../engine/runs/problem-view.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

test('a majority is right, wrong or unknown; no answer is wrong if there is a reference', () => {
  expect([true, false, null].map((correct) => verdictOf({ correct }, correct !== null))).toEqual([
    'correct',
    'wrong',
    'unknown',
  ]);
  expect([verdictOf(null, true), verdictOf(null, false)]).toEqual(['wrong', 'unknown']);
  expect((['correct', 'wrong', 'unknown'] as const).map(verdictAsBoolean)).toEqual([true, false, null]);
});

test('a majority of unknown correctness is not wrong, whatever the other rollouts are', () => {
  const means = { reward: null, correct: 0.5, tokens: null, logprob: null, entropy: null };
  const majority = { answer: 'a', share: 0.5, rawShare: 0.5, correct: null };
  expect(majorityRight({ clusters: [], rollouts: 4, unanswered: 0, means, majority })).toBeNull();
});

test('a vote is a majority, a tie, a single vote or no answer', () => {
  const votes = [null, { tied: true, share: 0.125 }, { tied: false, share: 0.25 }, { tied: false, share: 0.125 }];
  expect(votes.map((vote) => voteStatusOf(vote, 8))).toEqual(['unanswered', 'tie', 'majority', 'single']);
  expect(voteStatusOf({ tied: false, share: 1 }, 1)).toBe('single');
});

test('a single vote is not confident, whatever its share', () => {
  const majority = { answer: 'a', share: 1, rawShare: 1, correct: true };
  const cluster = { answer: 'a', correct: true, members: [0] };
  const group = { clusters: [cluster], majority, rollouts: [{ correct: true }] } as unknown as JudgedGroup;
  expect(quadrants([{ problem: 0, group }])['uncertain-correct']).toEqual([0]);
});

test('only a share above 0.8 is confident', () => {
  expect([0.81, 0.8].map((share) => quadrantOf('majority', share, 'wrong'))).toEqual([
    'confident-wrong',
    'uncertain-wrong',
  ]);
  expect(quadrantOf('majority', 0.9, 'unknown')).toBe('confident');
  expect(quadrantOf('single', 1, 'correct')).toBe('uncertain-correct');
  for (const verdict of ['wrong', 'unknown'] as const) {
    expect(quadrantOf('unanswered', null, verdict)).toBe('unanswered');
  }
});

test('analyze has the same problems in each quadrant as the panel', async () => {
  const { folder, problems } = await writeRunFixture(`${temporaryFolder()}/run`, { problems: 16, votes: 8, steps: 9 });
  let text = '';
  const quiet = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  await analyze(folder, { step: '7', json: true }).finally(() => {
    write.mockRestore();
    quiet.mockRestore();
  });
  const { quadrants } = JSON.parse(text);
  const columns = await openColumns(folder);
  const views = problems.map(({ id, index }) => ({ id, view: problemView(columns, index, 7) }));
  const seen = (name: string) => views.filter(({ view }) => view.quadrant === name).map(({ id }) => id);
  expect(quadrants).toEqual(Object.fromEntries(PLACES.map((name) => [name, seen(name)])));
  expect(Object.values(quadrants).flat()).toHaveLength(problems.length);
});
