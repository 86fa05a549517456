/** The forecast of a run: made of rollouts and evidence, never of labels; scored by the last votes. */

import { describe, expect, test } from 'vitest';
import { forecastSet } from '../../engine/analysis/forecast.ts';
import { forecastSection, noForecastReason } from '../../engine/cli/forecast.ts';
import { graderOf } from '../../engine/grading/index.ts';
import { fallbackText, forecastExplanation } from '../../engine/protocol/forecast-text.ts';
import { type Evidence, Forecast, type Problem, RunConfig } from '../../engine/protocol/index.ts';
import { asProbedProblem, forecastRun, readsLabels, scoreOf } from '../../engine/training/forecast.ts';
import { judge, type WithEvidence } from '../../engine/training/stages.ts';
import { rollout } from '../support/reward-group.ts';
import { expectWords } from '../support/wording.ts';

const VOCABULARY = 50;

function configOf(reward: string, rewardOptions: RunConfig['rewardOptions'] | object = {}): RunConfig {
  return RunConfig.parse({ dataset: { path: 'p' }, reward, rewardOptions });
}

/** A problem whose rollouts box these answers, in two tokens each. */
function sampled(
  index: number,
  answers: (string | null)[],
  label: string | null,
  evidence: Evidence = {},
): WithEvidence {
  const problem: Problem = {
    ...{ index, id: `p${index}`, text: '?', answer: label, source: 'p', line: index + 1, row: index },
  };
  const rollouts = answers.map((answer, i) =>
    rollout(['So ', answer === null ? 'what.' : `\\boxed{${answer}}`], {
      logprob: [-0.1, -0.2 * (i + 1)],
      logsumexp: [3, 5 + i],
      meanLogit: [1, 2],
      entropy: [0.5, 0.5],
      top1: [0.9, 0.8],
      top2: [0.05, 0.1],
    }),
  );
  return { ...judge({ problem, rollouts }, graderOf()), evidence };
}

const ANSWERS = ['1', '1', '2', null];

describe("the forecast's input", () => {
  test('is the reward of each rollout, and its self-certainty without the constant', () => {
    const found = asProbedProblem(sampled(4, ANSWERS, '2'), configOf('majority-vote'), VOCABULARY);
    expect(found.problem).toBe(4);
    expect(found.rewards).toEqual([1, 1, 0, 0]);
    // Means of (3 - 1, 5 + i - 2).
    expect(found.selfCertainty).toEqual([2.5, 3, 3.5, 4]);
    const empty = sampled(0, ['1'], null);
    const none = { ...empty, rollouts: [rollout([])] };
    expect(asProbedProblem(none, configOf('majority-vote'), VOCABULARY).selfCertainty).toEqual([null]);
  });

  test('is the basis of advantages, if that is something else', () => {
    const { rewards } = asProbedProblem(sampled(0, ANSWERS, null), configOf('probability'), VOCABULARY);
    // Far below anything that a probability could be told from 0 by, the ranking stays.
    expect(rewards).toHaveLength(4);
    expect([...rewards!].sort((a, b) => b - a)).toEqual(rewards);
  });

  test('uses evidence if it was gathered, and the vote otherwise', () => {
    const verdict = (value: boolean) => [{ text: '', verdict: value }];
    const evidence: Evidence = { 'self-verification': { verdicts: [false, false, true, false].map(verdict) } };
    const config = configOf('self-verification');
    expect(asProbedProblem(sampled(0, ANSWERS, null, evidence), config, VOCABULARY).rewards).toEqual([0, 0, 1, 0]);
    expect(asProbedProblem(sampled(0, ANSWERS, null), config, VOCABULARY).rewards).toBeNull();
    const both = configOf('self-verification + dual');
    expect(asProbedProblem(sampled(0, ANSWERS, null, evidence), both, VOCABULARY).rewards).toBeNull();
  });

  test('never contains labels', () => {
    expect(asProbedProblem(sampled(0, ANSWERS, '2'), configOf('ground-truth'), VOCABULARY).rewards).toBeNull();
    const mixed = configOf('majority-vote + 0.5*ground-truth');
    expect(asProbedProblem(sampled(0, ANSWERS, '2'), mixed, VOCABULARY).rewards).toBeNull();
    const evidence: Evidence = { custom: { checks: ANSWERS.map((_, i) => ({ score: i, detail: '' })) } };
    const own = (labels: boolean) => configOf('custom', { custom: { command: ['x.mjs'], labels } });
    expect(asProbedProblem(sampled(0, ANSWERS, '2', evidence), own(false), VOCABULARY).rewards).toEqual([0, 1, 2, 3]);
    // A program that was given labels may have used them.
    expect(asProbedProblem(sampled(0, ANSWERS, '2', evidence), own(true), VOCABULARY).rewards).toBeNull();
  });
});

describe('the forecast of a run', () => {
  const verdict = (value: boolean) => [{ text: '', verdict: value }];
  const evidence: Evidence = { 'self-verification': { verdicts: [false, false, true, false].map(verdict) } };
  const made = (reward: string, ...groups: WithEvidence[]) => {
    const config = configOf(reward);
    return forecastRun(
      groups.map((group) => asProbedProblem(group, config, VOCABULARY)),
      config,
    );
  };

  test('names the reward that it is based on', () => {
    expect(made('self-verification', sampled(0, ANSWERS, null, evidence))).toMatchObject({
      reward: 'self-verification',
      by: 'self-verification',
      problems: [{ answer: '2', majority: false }],
    });
    expect(made('empo', sampled(0, ANSWERS, null))).toMatchObject({ reward: 'empo', by: 'empo' });
  });

  test('says that majority voting replaces a reward without evidence, for all problems', () => {
    const found = made('self-verification', sampled(0, ANSWERS, null), sampled(1, ANSWERS, null, evidence))!;
    expect(found).toMatchObject({ reward: 'self-verification', by: 'majority-vote' });
    expect(found.problems.map(({ answer, majority }) => [answer, majority])).toEqual([
      ['1', true],
      ['1', true],
    ]);
    expect(fallbackText(found)).toMatch(/majority-vote.*self-verification/);
    for (const said of [forecastExplanation(found), forecastSection(found, [])])
      expect(said).toContain(fallbackText(found));
  });

  test('does not exist if the reward reads labels', () => {
    for (const reward of ['ground-truth', 'majority-vote + 0.5*ground-truth', 'empo if ground-truth']) {
      expect(made(reward, sampled(0, ANSWERS, '1')), reward).toBeNull();
      const said = noForecastReason(configOf(reward));
      expect(said).toContain(reward);
      expectWords('warnings', 'forecast', said!.replace(reward, 'ground-truth'));
    }
    const own = (labels: boolean) => configOf('custom', { custom: { command: ['x.mjs'], labels } });
    expect([readsLabels(own(true)), readsLabels(own(false))]).toEqual([true, false]);
    expect(noForecastReason(configOf('dual'))).toBeNull();
  });

  test('of an older version is read, and mentions no replacement', () => {
    const { by: _, ...older } = made('self-verification', sampled(0, ANSWERS, null))!;
    expect(Forecast.parse(older)).toEqual(older);
    expect(fallbackText(older)).toBeNull();
    expect(forecastExplanation(older)).toContain(older.reward);
    expect(forecastExplanation(older)).not.toContain('majority-vote');
  });
});

const SETS: (string | null)[][] = [ANSWERS, ['3', '3', '3', '3'], ['4', '5', '6', null], [null, null, null, null]];

test.each([
  'majority-vote',
  'ground-truth',
  'self-certainty',
  'empo + 0.1*trajectory-entropy',
  'self-certainty if majority-vote',
  'self-verification',
])('the forecast under %s is the same with right, wrong and missing labels', (reward) => {
  const forecast = (label: (i: number) => string | null) =>
    forecastSet(
      reward,
      SETS.map((answers, i) => asProbedProblem(sampled(i, answers, label(i)), configOf(reward), VOCABULARY)),
    );
  const none = forecast(() => null);
  expect(none.problems).toHaveLength(4);
  expect(none.accuracy!.mean).toBeGreaterThan(0);
  expect(forecast((i) => SETS[i]![0] ?? '0')).toEqual(none);
  expect(forecast(() => '99')).toEqual(none);
});

describe('the score', () => {
  const forecast = forecastSet(
    'majority-vote',
    SETS.map((answers, i) => asProbedProblem(sampled(i, answers, null), configOf('majority-vote'), VOCABULARY)),
  );
  const probability = (i: number) => forecast.problems[i]!.right;
  const votesOf = (groups: readonly WithEvidence[]) =>
    groups.map((group) => asProbedProblem(group, configOf('majority-vote'), VOCABULARY));

  test('is that of the last votes, by hand', () => {
    // Right, wrong, no label, and no answer: which is wrong where there is a label.
    const last = [
      sampled(0, ['2', '2', '2', '1'], '2'),
      sampled(1, ['3', '3', '3', '3'], '4'),
      sampled(2, ['4', '4', '4', '4'], null),
      sampled(3, [null, null, null, null], '7'),
    ];
    const score = scoreOf(forecast, votesOf(last))!;
    const [p, q, r] = [probability(0), probability(1), probability(3)];
    expect(score.problems).toBe(3);
    expect(score.actual.mean).toBeCloseTo(1 / 3, 12);
    expect(score.expected).toBeCloseTo((p + q + r) / 3, 12);
    expect(score.brier.mean).toBeCloseTo(((1 - p) ** 2 + q ** 2 + r ** 2) / 3, 12);
    expect(score.baseBrier).toBeCloseTo(2 / 9, 12);
    // The confident and wrong one is ranked above the right one, the one without an answer below.
    expect(score.auroc!.mean).toBe(0.5);
  });

  test('does not exist without labels', () => {
    const last = SETS.map((answers, i) => sampled(i, answers, null));
    expect(scoreOf(forecast, votesOf(last))).toBeNull();
    expect(scoreOf(forecast, [])).toBeNull();
  });
});
