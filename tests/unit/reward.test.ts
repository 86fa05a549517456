/** The registry of rewards, expressions over them, and what holds for all. */
import { describe, expect, test, vi } from 'vitest';
import { parseRunConfig } from '../../engine/config/layers.ts';
import { PHASES } from '../../engine/protocol/group-id.ts';
import {
  type Evidence,
  majorityOf,
  NO_STATISTICS,
  type Part,
  type Rollout,
  type RollscopeError,
  RunConfig,
} from '../../engine/protocol/index.ts';
import { parseReward, rewardsIn } from '../../engine/protocol/reward-expression.ts';
import { printParts, REWARDS, RewardOptions, type RunReward, rewardOf, rewards } from '../../engine/reward/index.ts';
import { saysRight } from '../../engine/reward/says-right.ts';
import { explanations, notRewarded } from '../../engine/runs/explanations.ts';
import { expectThrow } from '../support/refusals.ts';
import { explained, group, rollout, score } from '../support/reward-group.ts';
import { expectWords } from '../support/wording.ts';

const options = RewardOptions.parse({});
const NAMES = ['a', 'b', 'c-d', 'if-not'] as const;
const parse = (text: string) => parseReward(text, NAMES);
const a = { kind: 'reward', name: 'a' } as const;
const b = { kind: 'reward', name: 'b' } as const;
const cd = { kind: 'reward', name: 'c-d' } as const;
const plus = (weight: number, of: unknown) => ({ weight, of });

/** A group that every reward can score: three rollouts, one of them without an answer. */
function everything(reference: string | null = null) {
  const checks = [0, 1, 2].map((i) => ({ score: i / 2, detail: `check ${i}` }));
  const evidence: Evidence = {
    'co-reward': { rephrasings: [{ prompt: 'Again?', answers: ['3+7', null] }] },
    rlccf: { policies: [{ name: 'this', weight: 0.5, answers: ['3+7', '3*7', null] }] },
    empo: { equal: [] },
    covo: { likeliest: [[0, 0], [1], []] },
    'self-verification': { verdicts: [[{ text: 'yes', verdict: true }], [], []] },
    'next-token': { boundaries: [3] },
    dual: { hidden: '3', question: 'Which?', reconstructions: [['3'], ['4'], []] },
    program: { checks },
    lean: { checks },
    custom: { checks },
  };
  const rollouts = ['3+7', '3*7', null].map((answer, i) =>
    rollout(['So', ` \\boxed{${answer ?? ''}`, '}'], {
      logprob: [-0.5, -1, -0.25 * (i + 1)],
      entropy: [0.5, 1, 2],
      logsumexp: [10, 9, 8],
      meanLogit: [1, 2, 3],
      top1: [0.75, 0.5, 0.5],
      top2: [0.25, 0.25, 0.5],
    }),
  );
  const columns = { numbers: [3, 7], target: 10, integrand: 'x', continuation: '3+7=10', tests: 'x' };
  return group(['3+7', '3*7', null], { rollouts, evidence, columns, reference });
}

describe('registry', () => {
  test('has every reward of the configuration, with a description', () => {
    expect(rewards.map(({ name }) => name)).toEqual([...REWARDS]);
    for (const { title, formula, tokens, temperature, shift, normalization, range, source, setup } of rewards) {
      for (const text of [title, formula, tokens, temperature, shift, normalization, source]) expect(text).not.toBe('');
      expect(range[0]).toBeLessThan(range[1]);
      if (setup !== undefined) expect(setup).toMatch(/^[A-Z].*\.$/);
    }
    expect(new Set(rewards.map(({ title }) => title)).size).toBe(rewards.length);
  });

  test.each(REWARDS)('%s scores a group within its range, and explains every rollout', (name) => {
    const [reward] = rewardOf(name, options).parts;
    const scores = score(name, everything('10'));
    expect(scores.rewards).toHaveLength(3);
    scores.rewards.forEach((value, i) => {
      expect(Number.isFinite(value)).toBe(true);
      expect(value).toBeGreaterThanOrEqual(reward!.range[0]);
      expect(value).toBeLessThanOrEqual(reward!.range[1]);
      const parts = scores.explain(i);
      expect(parts.at(-1)).toMatchObject({ kind: 'result', reward: value });
      expect(parts.length).toBeGreaterThan(1);
      for (const { text } of parts) expect(text).toMatch(/^\S(.*\S)?$/s);
      expect(JSON.parse(JSON.stringify(parts))).toEqual(parts);
    });
  });

  // What is said of a text, or of its tokens, does not depend on an answer.
  const ofTexts = ['self-certainty', 'token-entropy', 'trajectory-entropy', 'probability', 'program', 'lean', 'custom'];
  test.each(REWARDS.filter((name) => !ofTexts.includes(name)))(
    '%s pays a rollout without an answer no more than one with an answer',
    (name) => {
      const { rewards: values } = score(name, everything('10'));
      expect(values[2]).toBeLessThanOrEqual(Math.min(values[0]!, values[1]!));
    },
  );

  test('says which rewards run programs, read labels, or need evidence', () => {
    const that = (holds: (reward: RunReward) => boolean) => REWARDS.filter((name) => holds(rewardOf(name, options)));
    expect(that(({ executes }) => executes)).toEqual(['program', 'lean', 'custom']);
    expect(that(({ labels }) => labels)).toEqual(['ground-truth']);
    expect(rewardOf('custom', RewardOptions.parse({ custom: { labels: true } })).labels).toBe(true);
    expect(that(({ throughTemplate }) => throughTemplate)).toEqual(['co-reward']);
    expect(rewardOf('rlccf', RewardOptions.parse({ rlccf: { policies: ['base'] } })).policies).toEqual(['base']);
    expect(that(({ evidence }) => evidence.length > 0)).toEqual([
      'co-reward',
      'rlccf',
      'covo',
      'self-verification',
      'next-token',
      'dual',
      'program',
      'lean',
      'custom',
    ]);
    expect(rewardOf('empo', RewardOptions.parse({ empo: { clusters: 'model' } })).evidence).toEqual(['empo']);
  });

  test('says what each reward requires', () => {
    const lacking = REWARDS.filter((name) => {
      try {
        rewardOf(name, options).check();
        return false;
      } catch (error) {
        return (error as RollscopeError).code === 'config';
      }
    });
    expect(lacking).toEqual(['rlccf', 'custom']);
    const told = RewardOptions.parse({ rlccf: { policies: ['base'] }, custom: { command: ['reward.mjs'] } });
    for (const name of lacking) expect(() => rewardOf(name, told).check()).not.toThrow();
  });

  const gathering = REWARDS.map((name) => rewardOf(name, RewardOptions.parse({ empo: { clusters: 'model' } }))).filter(
    ({ evidence }) => evidence.length > 0,
  );
  test.each(gathering)('$text reports what it needs if it was not gathered', (reward) => {
    const of = { ...everything(), evidence: {} };
    expectThrow(() => reward.score(of), 'config', { reason: 'evidence-not-recorded', reward: reward.text });
  });
});

describe('labels', () => {
  test.each(REWARDS.filter((name) => name !== 'ground-truth'))('%s is the same with and without them', (name) => {
    const rewarded = (reference: string | null) => {
      const scores = score(name, everything(reference));
      return [scores.rewards, scores.basis, scores.rewards.map((_, i) => scores.explain(i))];
    };
    expect(rewarded('10')).toEqual(rewarded(null));
    expect(rewarded('21')).toEqual(rewarded(null));
  });

  test.each(REWARDS.filter((name) => name !== 'ground-truth'))('%s is handed a group without them', (name) => {
    const [reward] = rewardOf(name, options).parts;
    const compute = vi.spyOn(reward as unknown as { compute(given: object): unknown }, 'compute');
    score(name, everything('10'));
    const [given] = compute.mock.calls[0]!;
    compute.mockRestore();
    expect(Object.keys(given).sort().join(' ')).toBe('answers clusters evidence grader problem rollouts vocabulary');
    for (const cluster of (given as { clusters: object[] }).clusters) {
      expect(Object.keys(cluster)).toEqual(['answer', 'members']);
    }
  });

  test('never reach a label-free reward, even next to one that reads them', () => {
    const of = everything('10');
    const { correct, clusters } = of;
    // a label-free reward that reads a label runs into the trap
    const trap = () => {
      throw new Error('a label was read');
    };
    Object.defineProperty(of, 'correct', { get: trap, enumerable: true });
    for (const cluster of clusters) Object.defineProperty(cluster, 'correct', { get: trap, enumerable: true });
    for (const name of REWARDS) if (name !== 'ground-truth') expect(() => score(name, of).explain(0)).not.toThrow();
    expect(() => score('ground-truth', of)).toThrow('a label was read');
    expect(correct).toEqual([true, false, false]);
  });
});

describe('whether a reward judges correctness', () => {
  test('follows from its scale, which goes from 0 to 1', () => {
    expect(rewards.filter(({ scale }) => scale === 'correctness').length).toBeGreaterThan(5);
    for (const { name, scale, range } of rewards) {
      expect(rewardOf(name, RewardOptions.parse({})).saysRight, name).toBe(scale === 'correctness');
      if (scale === 'correctness') expect(range, name).toEqual([0, 1]);
    }
  });

  test.each([
    ['majority-vote if self-certainty > 2', true],
    ['(countdown if empo) if majority-vote', true],
    ['probability if majority-vote', false],
    ['majority-vote + 0.1*trajectory-entropy', false],
    ['2*majority-vote', false],
    ['0.5*majority-vote + 0.5*self-verification', false],
  ])('%s: %s', (text, judges) => {
    expect(rewardOf(text, RewardOptions.parse({})).saysRight).toBe(judges);
  });

  test('is no for rewards of other versions and trainers', () => {
    expect(['accuracy_reward', 'vibes', ''].map(saysRight)).toEqual([false, false, false]);
  });
});

describe('expressions', () => {
  test('are names, sums and gates', () => {
    expect(parse('a')).toEqual(a);
    expect(parse(' ( a ) ')).toEqual(a);
    expect(parse('1*a')).toEqual(a);
    expect(parse('a + 0.5*b')).toEqual({ kind: 'sum', terms: [plus(1, a), plus(0.5, b)] });
    expect(parse('a - 2e-1 * c-d')).toEqual({ kind: 'sum', terms: [plus(1, a), plus(-0.2, cd)] });
    expect(parse('-a')).toEqual({ kind: 'sum', terms: [plus(-1, a)] });
    expect(parse('a if b')).toEqual({ kind: 'gate', of: a, by: b, above: 0.5 });
    expect(parse('a if c-d > -0.25')).toEqual({ kind: 'gate', of: a, by: cd, above: -0.25 });
    expect(parse('if-not')).toEqual({ kind: 'reward', name: 'if-not' });
  });

  test('bind products before sums, sums before gates, parentheses first', () => {
    expect(parse('a + b if c-d - a')).toEqual({
      kind: 'gate',
      of: { kind: 'sum', terms: [plus(1, a), plus(1, b)] },
      by: { kind: 'sum', terms: [plus(1, cd), plus(-1, a)] },
      above: 0.5,
    });
    expect(parse('a + 2*(b if c-d)')).toEqual({
      kind: 'sum',
      terms: [plus(1, a), plus(2, { kind: 'gate', of: b, by: cd, above: 0.5 })],
    });
    expect(parse('a - (b - c-d)')).toEqual({
      kind: 'sum',
      terms: [plus(1, a), plus(-1, { kind: 'sum', terms: [plus(1, b), plus(-1, cd)] })],
    });
  });

  test('use each reward once', () => {
    expect(rewardsIn(parse('b + (a if b) + 2*b'))).toEqual(['b', 'a']);
  });

  const unexpected = (found: string | null, expected?: string) => ({
    reason: 'bad-expression',
    fault: 'unexpected',
    ...{ found, ...(expected && { expected }) },
  });
  const unknown = { reason: 'unknown-reward' };

  test.each([
    ['', unexpected(null, 'reward')],
    ['vibes', unknown],
    ['toString', unknown],
    ['a-b', unknown],
    ['a b', unexpected('b', 'end')],
    ['a +', unexpected(null, 'reward')],
    ['2 a', unexpected('a', '*')],
    ['2', unexpected(null, '*')],
    ['a * 2', unexpected('*', 'end')],
    ['a if', unexpected(null, 'reward')],
    ['a if b >', unexpected(null, 'number')],
    ['a if b > c-d', unexpected('c-d', 'number')],
    ['a > 0.5', unexpected('>', 'end')],
    ['a if b if c-d', unexpected('if', 'end')],
    ['a + if b', unexpected('if', 'reward')],
    ['(a', unexpected(null, ')')],
    ['a)', unexpected(')', 'end')],
    ['a & b', unexpected('&')],
    ['1e999*a', { reason: 'bad-expression', fault: 'too-large', found: '1e999' }],
    [`${'('.repeat(60)}a`, { reason: 'bad-expression', fault: 'too-deep' }],
  ])('%j is refused with what was found and what was expected', (text, facts) => {
    expectThrow(() => parse(text), 'config', { value: text, ...facts });
  });

  test('are validated with the configuration', () => {
    const of = (reward: string) => parseRunConfig({ dataset: { path: '/x.jsonl' }, reward });
    expect(of('majority-vote + 0.1*trajectory-entropy').reward).toBe('majority-vote + 0.1*trajectory-entropy');
    const value = 'majority-vote + vibes';
    expectThrow(() => of(value), 'config', { reason: 'bad-value', field: '--reward', value });
    // The protocol checks the form only: a run of another version may know other names.
    const form = (reward: string) => RunConfig.safeParse({ dataset: { path: '/x.jsonl' }, reward }).success;
    expect([form('majority-vote + vibes'), form('majority-vote +')]).toEqual([true, false]);
  });
});

describe('rewards of expressions', () => {
  const of = group(['1', '1', '2', null], { reference: '2' });

  test('a sum adds its weighted parts', () => {
    const scores = score('2*majority-vote - 0.5*empo + ground-truth', of);
    expect(scores.rewards).toEqual([1.75, 1.75, 0.875, 0]);
    const [first, , third] = explained(scores);
    expect(third!.map(({ kind }) => kind)).toEqual([
      ...['cluster', 'vote', 'component', 'cluster', 'number', 'component', 'correctness', 'component', 'result'],
    ]);
    expect(first!.filter(({ kind }) => kind === 'component')).toEqual([
      { kind: 'component', reward: 'majority-vote', weight: 2, value: 1 },
      { kind: 'component', reward: 'empo', weight: -0.5, value: 0.5 },
      { kind: 'component', reward: 'ground-truth', weight: 1, value: 0 },
    ]);
  });

  test('a gate is open above its bound', () => {
    expect(score('empo if ground-truth', of).rewards).toEqual([0, 0, 0.25, 0]);
    expect(score('ground-truth if empo > 0.25', of).rewards).toEqual([0, 0, 0, 0]);
    expect(score('ground-truth if empo > 0.2', of).rewards).toEqual([0, 0, 1, 0]);
    const [closed, , open] = explained(score('empo if ground-truth', of));
    expect(closed).toMatchObject([
      { correct: false },
      { kind: 'check', passed: false },
      { kind: 'number', value: 0 },
      { reward: 0 },
    ]);
    expect(open).toMatchObject([
      { correct: true },
      { kind: 'check', passed: true },
      { kind: 'cluster' },
      { kind: 'number' },
      { kind: 'component', reward: 'empo', value: 0.25 },
      { reward: 0.25 },
    ]);
  });

  test('a closed gate is never worth more than an open one', () => {
    const rollouts = [-1, -3, -2].map((each) => rollout(['x'], { logprob: [each] }));
    const gated = score('trajectory-entropy if majority-vote', group(['1', '1', '2'], { rollouts }));
    expect(gated.rewards).toEqual([-1, -3, -3]);
  });

  test('a part that excludes a group excludes it from the whole', () => {
    const apart = group(['1', '2', '3']);
    const settings = { empo: { entropyHigh: 0.9 } };
    for (const text of ['majority-vote + empo', 'majority-vote if empo', 'empo if majority-vote > 0']) {
      expect(score(text, apart, settings).skip).toBe(score('empo', apart, settings).skip);
    }
    expect(score('majority-vote + 0.5*ground-truth', apart, settings).skip).toBeUndefined();
  });

  test('a basis counts only if it is the whole reward', () => {
    expect(score('probability', everything()).basis).toHaveLength(3);
    expect(score('probability + majority-vote', everything()).basis).toBeUndefined();
    expect(score('probability if majority-vote', everything()).basis).toBeUndefined();
  });

  test('combine the columns, labels and programs of all their parts', () => {
    const reward = rewardOf('countdown + (dual if integral) - 0.1*countdown', options);
    expect(reward).toMatchObject({
      labels: false,
      executes: false,
      evidence: ['dual'],
      columns: { required: ['numbers', 'target'], optional: ['hidden', 'integrand'] },
      formula: 'countdown + (dual if integral) - 0.1*countdown',
    });
    expect(rewardOf('majority-vote if ground-truth', options)).toMatchObject({ labels: true, executes: false });
    expect(rewardOf('majority-vote + custom', options)).toMatchObject({ executes: true, evidence: ['custom'] });
    expect(rewardOf('empo', options).formula).toContain('/ N');
  });
});

describe('recorded groups', () => {
  const config = RunConfig.parse({ dataset: { path: '/x.jsonl' }, reward: 'majority-vote' });
  const stored = (answer: string | null, cluster: number | null, reward: number | null, why: Part[]): Rollout => ({
    ...{ text: answer ?? '', answer, cluster, correct: null, reward, advantage: null, rewards: {}, why, foreign: {} },
    ...{ tokens: 1, logprob: null, entropy: null, repetition: null, finish: 'stop', ids: null, tokenTexts: null },
    statistics: NO_STATISTICS,
  });
  const explain = (phase: 'train' | 'evaluation', reward: number | null, why: Part[] = []) => {
    const clusters = [{ answer: '1', members: [0], correct: null }];
    const rollouts = [stored('1', 0, reward, why), stored(null, null, reward && 0, why)];
    const majority = majorityOf({ clusters, rollouts });
    const group = { phase, step: 1, problem: 0, clusters, majority, rollouts, evidence: {} };
    return explanations({ config, vocabulary: 10 }, group, { text: 'p' });
  };

  test('show what was recorded when the reward was computed, whatever it would be today', () => {
    const why: Part[] = [{ kind: 'result', reward: 0.5, text: 'half a point, by the rules of then' }];
    expect(explain('train', 0.5, why)[0]).toBe('half a point, by the rules of then');
  });

  test("say so if the recorded reward differs from today's", () => {
    const [said] = explain('train', 0.5);
    expect(said).toMatch(/\b1$/);
    expectWords('explanations', 'recorded groups', said!);
  });

  test('are explained by their reward', () => {
    const said = explain('train', 1);
    expect(said.map((line) => line.split(' ').at(-1))).toEqual(['1', '0']);
    for (const line of said) expectWords('explanations', 'recorded groups', line);
  });

  test('of evaluations have none', () => {
    expect(explain('evaluation', null)[0]).toBe(notRewarded('evaluation'));
    for (const phase of PHASES) expectWords('explanations', 'recorded groups', notRewarded(phase));
  });
});

test('parts are printed as one line', () => {
  expect(printParts([])).toBe('');
  expect(
    printParts([
      { kind: 'no-answer', text: 'none' },
      { kind: 'result', reward: 0, text: 'reward 0' },
    ]),
  ).toBe('none; reward 0');
});
