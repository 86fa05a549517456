/** The job `probe`: what it records, and that a problem's rollouts are not kept once they are recorded. */

import { expect, test } from 'vitest';
import { graderOf } from '../../engine/grading/index.ts';
import {
  type GroupDetail,
  type NewRecord,
  type PolicyRollout,
  type Problem,
  RunConfig,
} from '../../engine/protocol/index.ts';
import { rewardOf } from '../../engine/reward/index.ts';
import type { RunContext } from '../../engine/training/context.ts';
import { asProbedProblem, forecastRun } from '../../engine/training/forecast.ts';
import { probeAll } from '../../engine/training/probe.ts';
import { RunForecast } from '../../engine/training/run-forecast.ts';
import { judge } from '../../engine/training/stages.ts';
import { rollout } from '../support/reward-group.ts';

const VOCABULARY = 50;
const SETS = [
  ['1', '1', '2'],
  ['3', null, '4'],
  ['5', '5', '5'],
];
const problems = SETS.map(
  (_, index): Problem => ({ index, id: `p${index}`, text: '?', answer: '1', source: 'p', line: index + 1, row: index }),
);

function rolloutsOf(index: number): PolicyRollout[] {
  return SETS[index]!.map((answer) => rollout(['So ', answer === null ? 'what.' : `\\boxed{${answer}}`]));
}

test('each group is recorded as it arrives, then the evaluation and the forecast of all of them', async () => {
  const config = RunConfig.parse({ job: 'probe', dataset: { path: 'p' }, reward: 'majority-vote', votes: 3, group: 3 });
  const recorded: (GroupDetail | NewRecord)[] = [];
  const journal = {
    append: (record: NewRecord) => recorded.push(record),
    appendGroup: (group: GroupDetail) => recorded.push(group),
  };
  const waiting: number[] = [];
  const compute = {
    sample: async (
      { problems: asked }: { problems: number[] },
      onGroup: (index: number, of: PolicyRollout[]) => void,
    ) => {
      for (const index of asked) {
        onGroup(index, rolloutsOf(index));
        waiting.push(recorded.length);
      }
    },
  };
  await probeAll({
    ...{ config, reward: rewardOf(config.reward, {}), training: problems, vocabulary: VOCABULARY, journal, compute },
    ...{ clock: { seconds: 0 }, meter: { samplesFor: () => {} } },
    forecast: new RunForecast(config, journal as unknown as RunContext['journal']),
  } as unknown as RunContext);
  expect(waiting).toEqual([1, 2, 3]);
  const [evaluation, forecast] = recorded.slice(3) as [NewRecord, NewRecord];
  expect(evaluation).toMatchObject({
    type: 'evaluation',
    problems: 3,
    samples: 3,
    majorityShare: expect.closeTo(2 / 3),
  });
  const groups = problems.map((problem) => ({
    ...judge({ problem, rollouts: rolloutsOf(problem.index) }, graderOf()),
    evidence: {},
  }));
  expect(forecast).toEqual({
    type: 'forecast',
    step: 0,
    forecast: forecastRun(
      groups.map((group) => asProbedProblem(group, config, VOCABULARY)),
      config,
    ),
  });
});
