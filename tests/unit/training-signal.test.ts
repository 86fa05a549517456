/** What a run that cannot learn says after its first steps. */

import { describe, expect, test } from 'vitest';
import { stepMetrics } from '../../engine/analysis/index.ts';
import { graderOf } from '../../engine/grading/index.ts';
import type { JournalRecord, StepRecord } from '../../engine/protocol/index.ts';
import { RunConfig } from '../../engine/protocol/index.ts';
import { signalWarningIn } from '../../engine/protocol/warnings.ts';
import { type RecordedSignal as Measured, signalText } from '../../engine/runs/run-signal.ts';
import { configWarning, RunSignal, truncationWarning } from '../../engine/training/signal.ts';
import { judge, judgedGroup } from '../../engine/training/stages.ts';
import { inEditor } from '../../extension/remedies.ts';
import { rollout } from '../support/reward-group.ts';
import { expectWarnings } from '../support/wording.ts';

function configOf(given: Partial<RunConfig> = {}): RunConfig {
  const sampling = { maxTokens: 8 };
  return RunConfig.parse({ dataset: { path: 'p' }, votes: 8, group: 8, steps: 60, sampling, ...given });
}

/** A step with these shares. */
function stepOf(
  step: number,
  { truncated = 0, noAnswer = 0, skippedGroups = 0 }: Partial<StepRecord['metrics']>,
): StepRecord {
  return { type: 'step', step, metrics: { truncated, noAnswer, skippedGroups } } as StepRecord;
}

/** The warnings of steps with two groups each. */
function warnings(config: RunConfig, metrics: Partial<StepRecord['metrics']>, steps = config.steps) {
  const signal = new RunSignal(config);
  return Array.from({ length: Math.min(steps, 10) }, (_, i) => signal.step(stepOf(i + 1, metrics), 2)).filter(
    (warning) => warning !== null,
  );
}

describe('after the first steps', () => {
  test.each<[string, Partial<StepRecord['metrics']>, string, RegExp[]]>([
    [
      'all cut, none with an answer',
      { truncated: 1, noAnswer: 1, skippedGroups: 2 },
      'no-signal',
      [/each of 6 groups/, /All 48 responses/, /8 tokens/, /any response/, /--max-tokens/],
    ],
    ['no answers', { noAnswer: 1, skippedGroups: 2 }, 'no-signal', [/each of 6 groups/, /--answer/]],
    ['equal rewards', { skippedGroups: 2 }, 'no-signal', [/each of 6 groups/, /--temperature/]],
    ['most cut', { truncated: 0.75, noAnswer: 0.625 }, 'truncated', [/75% of 48/, /63%/, /--max-tokens/]],
  ])('%s', (_, metrics, code, words) => {
    const found = warnings(configOf(), metrics);
    expect(found).toMatchObject([{ type: 'warning', code, step: 3, problem: null }]);
    expectWarnings(found as never);
    const { message } = found[0] as { message: string };
    for (const word of words) expect(message).toMatch(word);
    // The editor has settings instead.
    expect(inEditor(message)).not.toMatch(/--[a-z]/);
  });

  test('a shorter run warns after its last step', () => {
    expect(warnings(configOf({ steps: 1 }), { skippedGroups: 2 })).toMatchObject([{ code: 'no-signal', step: 1 }]);
  });

  test.each([{}, { truncated: 0.5 }, { noAnswer: 0.9, skippedGroups: 1 }])('%j causes no warning', (metrics) => {
    expect(warnings(configOf(), metrics)).toEqual([]);
  });

  test('a resumed run warns in the same way', () => {
    const config = configOf();
    const signal = new RunSignal(config);
    const metrics = { truncated: 1, noAnswer: 1, skippedGroups: 2 };
    const group = { type: 'group', phase: 'train' } as JournalRecord;
    for (const record of [group, group, stepOf(1, metrics), group, group, stepOf(2, metrics)]) signal.restore(record);
    expect(signal.step(stepOf(3, metrics), 2)).toEqual(warnings(config, metrics)[0]);
  });
});

test('a probe warns that most responses were truncated', () => {
  const found = truncationWarning({ rollouts: 10, truncated: 10, unanswered: 2 }, configOf());
  expect(found).toMatchObject({ code: 'truncated' });
  expect(truncationWarning({ rollouts: 10, truncated: 5, unanswered: 10 }, configOf())).toBeNull();
});

test('one rollout per problem has nothing to be compared with', () => {
  expect(configWarning(configOf({ group: 1 }))).toMatch(/Raise --group\./);
  expect(configWarning(configOf({ votes: 1, group: 1 }))).toMatch(/--votes and --group/);
  expect(configWarning(configOf({ job: 'probe', votes: 1, group: 1 }))).toBeNull();
  expect(configWarning(configOf())).toBeNull();
  const loss = { ...configOf().loss, advantage: 'reinforce++' as const };
  expect(configWarning(configOf({ group: 1, loss }))).toBeNull();
});

test('without any answer a reward has no accuracy', () => {
  const problem = { index: 0, id: 'a', text: '?', answer: '2', source: 'p', line: 1, row: 0 };
  const metrics = (texts: string[]) => {
    const group = judgedGroup(judge({ problem, rollouts: texts.map((text) => rollout([text])) }, graderOf()));
    const rollouts = group.rollouts.map((item) => ({ ...item, reward: item.cluster === 0 ? 1 : 0 }));
    return stepMetrics([{ ...group, rollouts }], { saysRight: true });
  };
  expect(metrics(['so', 'and'])).toMatchObject({ rewardAccuracy: null, groundTruthReward: 0, noAnswer: 1 });
  expect(metrics(['so', '\\boxed{2}'])).toMatchObject({ rewardAccuracy: 1, noAnswer: 0.5 });
});

test.each<[Measured['equal'], number | null, number | null, RegExp | null]>([
  [
    3,
    1,
    1,
    /^all rewards were equal in every group of all 3 steps.*100% of the responses truncated.*100% without an answer$/,
  ],
  [3, 0, 0, /^all rewards were equal/],
  [1, 0.75, 0.2, /^75% of the responses truncated at the length limit$/],
  [0, 0, 0.6, /^60% of the responses without an answer$/],
  [2, 0.5, 0.5, null],
  [null, null, null, null],
])('a run of 3 steps with %j flat ones, %j truncated and %j unanswered', (equal, truncated, noAnswer, text) => {
  const said = signalText({ steps: 3, equal, truncated, noAnswer });
  if (text === null) expect(said).toBeNull();
  else expect(said).toMatch(text);
});

test('the most serious warning is kept in the summary of the run', () => {
  const warnings = [{ code: 'no-answers' }, { code: 'no-signal' }, { code: 'dataset' }];
  expect(signalWarningIn(warnings)).toEqual({ code: 'no-signal' });
  expect(signalWarningIn([{ code: 'dataset' }])).toBeNull();
});
