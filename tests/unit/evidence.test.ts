/** What is asked for a reward, and what is made of the responses: with a policy whose words are written down here. */

import { describe, expect, test } from 'vitest';
import { graderOf } from '../../engine/grading/index.ts';
import { type Problem, RunConfig } from '../../engine/protocol/index.ts';
import { prefixes } from '../../engine/reward/covo.ts';
import { dualTask } from '../../engine/reward/dual.ts';
import {
  type AskOptions,
  type Responses,
  type RewardOptions,
  rewardOptionsOf,
  type ScoreOptions,
} from '../../engine/reward/index.ts';
import { judgmentOf } from '../../engine/reward/judgment.ts';
import { generator } from '../../engine/rollout/philox.ts';
import { gatherEvidence, questionTokens } from '../../engine/training/evidence.ts';
import { type Judged, judge } from '../../engine/training/stages.ts';
import { type KnownEvidence, storedEvidence } from '../support/evidence.ts';
import { rollout } from '../support/reward-group.ts';

type Settings = { [Name in keyof RewardOptions]?: Partial<RewardOptions[Name]> };

function configOf(rewardOptions: Settings = {}, more: object = {}): RunConfig {
  return RunConfig.parse({ dataset: { path: 'problems.jsonl' }, votes: 3, rewardOptions, ...more });
}

/** A group of a problem whose responses are these texts, each cut into characters. */
function groupOf(prompt: string, texts: string[], { index = 0, columns }: Partial<Problem> = {}): Judged {
  const problem: Problem = {
    ...{ index, id: `p${index}`, text: prompt, answer: null, source: 'problems.jsonl', line: index + 1, row: index },
    ...(columns && { columns }),
  };
  const rollouts = texts.map((text) => rollout([...text]));
  return judge({ problem, rollouts }, graderOf());
}

interface Asked extends AskOptions {
  /** The users' texts of the questions, or the numbers of the problems. */
  texts: (string | number)[];
}

/** A policy that answers by a function of the question, and keeps what it was asked. */
function fakePolicy(answer: (text: string | number, row: number, options: AskOptions) => string | null = () => '') {
  const asked: Asked[] = [];
  const scored: ScoreOptions[] = [];
  const bounded: string[][] = [];
  return {
    asked,
    scored,
    bounded,
    ask: async (options: AskOptions): Promise<Responses[]> => {
      const texts = options.questions.map(({ prompt }) => ('problem' in prompt ? prompt.problem : prompt.user));
      asked.push({ ...options, texts });
      return texts.map((text) => {
        const rows = Array.from({ length: options.rows }, (_, row) => answer(text, row, options));
        return rows.includes(null) ? null : (rows as string[]);
      });
    },
    scoreCandidates: async (options: ScoreOptions) => {
      scored.push(options);
      // The candidate that is as long as the prefix is the likeliest.
      return options.items.map(({ prefix, candidates }) => candidates.map((c) => -Math.abs(c.length - prefix.length)));
    },
    boundaries: async (texts: string[]) => {
      bounded.push(texts);
      return texts.map((text) => [...text].map((_, i) => i + 1));
    },
  };
}

async function gather<K extends keyof KnownEvidence>(
  kind: K,
  groups: Judged[],
  policy: ReturnType<typeof fakePolicy>,
  config = configOf(),
  step = 7,
): Promise<KnownEvidence[K][]> {
  const context = { config, step, compute: policy, signal: new AbortController().signal };
  const found = await gatherEvidence([kind], groups, context);
  return found.map((evidence) => {
    expect(Object.keys(evidence)).toEqual([kind]);
    return storedEvidence(evidence, kind);
  });
}

/** What templates must leave as it is: LaTeX, braces, placeholders, and what `String.replace` gives a meaning. */
const ODD = 'Let $f(x)=\\frac{1}{2}x^{2}$ on {1, {2}}, {{solution}} {{problem}} {{x}} $& $1 $$.';

/** What is hidden in a problem at a step. */
function hiddenIn(problem: Pick<Problem, 'text' | 'columns' | 'index'>, config: RunConfig, step: number) {
  return dualTask(problem, rewardOptionsOf(config).dual, generator(config.seed, 'dual', step, problem.index));
}

describe('judgments', () => {
  const words = { accept: 'yes', reject: 'no' };
  test.each([
    ['It is right. \\boxed{yes}', true],
    ['\\boxed{no}', false],
    ['\\boxed{Yes}', true],
    ['\\boxed{ NO }', false],
    ['\\boxed{\\text{yes}}', true],
    ['\\boxed{\\text{ No }}', false],
    ['#### yes', true],
    ['First \\boxed{no}, but then \\boxed{yes}', true],
    ['First \\boxed{no}, but then #### yes', true],
    ['The student says \\boxed{22}.\n#### no', false],
    ['#### no, or rather \\boxed{yes}', true],
    ['#### The answer is: yes', true],
    ['yes', true],
    [' No\n', false],
    ['\\text{yes}', true],
    ['yes, it is', null],
    ['It is right: yes', null],
    ['The answer is yes', null],
    ['The student’s answer is: yes. But 7*8 is 56, so it is wrong.', null],
    ['The answer is: yes. \\boxed{no}', false],
    ['\\boxed{no} The answer is: yes', false],
    ['#### Verification: the answer is yes', null],
    ['####\nThe answer is yes', null],
    ['It is not \\boxed{no', null],
    ['\\boxed{yes, no}', null],
    ['\\boxed{yes and no}', null],
    ['\\boxed{yes!}', null],
    ['\\boxed{not}', null],
    ['\\boxed{}', null],
    ['', null],
  ])('%s', (text, verdict) => {
    expect(judgmentOf(text, words)).toBe(verdict);
  });

  test('with other words', () => {
    const digits = { accept: '1', reject: '0' };
    expect(judgmentOf('5,2,7:10,17 #### 1', digits)).toBe(true);
    expect(judgmentOf('5,2,7:10,17 #### 0', digits)).toBe(false);
    expect(judgmentOf('5,2,7:10,17 #### 10', digits)).toBeNull();
    expect(judgmentOf('1', digits)).toBe(true);
    expect(judgmentOf('5,2,7:10,17', digits)).toBeNull();
    expect(judgmentOf('The answer is 1', digits)).toBeNull();
    expect(judgmentOf('\\boxed{RIGHT}', { accept: 'right', reject: 'wrong' })).toBe(true);
  });
});

describe('self-verification', () => {
  test('asks about every solution, whatever it contains', async () => {
    const policy = fakePolicy((_, row) => ['so \\boxed{yes}', '\\boxed{no}', 'hm'][row]!);
    const config = configOf({ selfVerification: { samples: 3, temperature: 0.25, maxTokens: 99 } });
    const groups = [
      groupOf(ODD, ['\\boxed{1}', `{{problem}} ${ODD}`], { index: 4 }),
      groupOf('Two?', ['no mark'], { index: 9 }),
    ];
    const [first, second] = await gather('self-verification', groups, policy, config);
    expect(policy.asked).toHaveLength(1);
    expect(policy.asked[0]).toMatchObject({ rows: 3, stream: 'judge', step: 7, policy: null });
    expect(policy.asked[0]!.sampling).toEqual({
      ...{ temperature: 0.25, maxTokens: 99, topP: 1, topK: 0, stop: [], stopAtAnswer: true },
    });
    const put = (problem: string, solution: string) =>
      `Problem:\n${problem}\n\nProposed solution:\n${solution}\n\nIs the proposed solution correct? Check it step by step, then finish with \\boxed{yes} or \\boxed{no}.`;
    expect(policy.asked[0]!.texts).toEqual([
      put(ODD, '\\boxed{1}'),
      put(ODD, `{{problem}} ${ODD}`),
      put('Two?', 'no mark'),
    ]);
    // No two samples share their random numbers.
    const numbers = policy.asked[0]!.questions.map(({ problem, first = 0 }) => [problem, first]);
    expect(numbers).toEqual([
      [4, 0],
      [4, 64],
      [9, 0],
    ]);
    const verdicts = [
      { text: 'so \\boxed{yes}', verdict: true },
      { text: '\\boxed{no}', verdict: false },
      { text: 'hm', verdict: null },
    ];
    expect(first).toEqual({ verdicts: [verdicts, verdicts] });
    expect(second).toEqual({ verdicts: [verdicts] });
  });

  test('keeps the order of groups and rollouts, and skips questions that are too long', async () => {
    const policy = fakePolicy((text) => {
      const solution = /solution:\n(.*)/.exec(String(text))![1]!;
      return solution === 'long' ? null : `${solution} \\boxed{${solution === 'b' ? 'yes' : 'no'}}`;
    });
    const found = await gather('self-verification', [groupOf('1', ['a', 'long']), groupOf('2', ['b', 'c'])], policy);
    expect(found).toEqual([
      { verdicts: [[{ text: 'a \\boxed{no}', verdict: false }], []] },
      { verdicts: [[{ text: 'b \\boxed{yes}', verdict: true }], [{ text: 'c \\boxed{no}', verdict: false }]] },
    ]);
  });

  test('keeps the end of a long judgment, which contains the verdict', async () => {
    const policy = fakePolicy(() => `${'x'.repeat(5000)}\\boxed{yes}`);
    const [found] = await gather('self-verification', [groupOf('1', ['a'])], policy);
    expect(found!.verdicts[0]![0]).toEqual({ text: `${'x'.repeat(1989)}\\boxed{yes}`, verdict: true });
  });

  test("asks with its own template and words, and with the dataset's system message", async () => {
    const policy = fakePolicy(() => '3:7 #### 1');
    const options = { selfVerification: { template: '{{problem}}{{solution}}=', accept: '1', reject: '0' } };
    const config = configOf(options, { dataset: { path: 'p', system: 'Be brief.', template: 'Solve: {{prompt}}' } });
    const [found] = await gather('self-verification', [groupOf('3,4:7=', [' #### 3+4'])], policy, config);
    expect(policy.asked[0]!.questions[0]!.prompt).toEqual({ system: 'Be brief.', user: '3,4:7= #### 3+4=' });
    expect(found!.verdicts[0]![0]!.verdict).toBe(true);
  });
});

describe('co-reward', () => {
  const written = (text: string | number) => String(text).startsWith('Rewrite');

  test("samples the dataset's rephrasings, rendered like problems", async () => {
    const policy = fakePolicy((text, row) => `${text}: \\boxed{${row}}`);
    const config = configOf(
      { coReward: { count: 2 } },
      { dataset: { path: 'p', template: '{{prompt}} ({{unit}})' }, sampling: { temperature: 0.7, topP: 0.9 } },
    );
    const groups = [
      groupOf('a', ['x'], { index: 1, columns: { rephrasings: ['b', 'c', 'd'], unit: 'cm' } }),
      groupOf('e', ['x'], { index: 2, columns: { rephrasings: [ODD, 'f'] } }),
    ];
    const found = await gather('co-reward', groups, policy, config);
    // No more than two of each vote; nothing is left to be written.
    const [write, ask] = policy.asked;
    expect(write!.questions).toEqual([]);
    expect(ask!.texts).toEqual(['b (cm)', 'c (cm)', `${ODD} ()`, 'f ()']);
    expect(ask).toMatchObject({ rows: 3, stream: 'rephrasing', policy: null, sampling: config.sampling });
    expect(ask!.questions.map(({ problem, first = 0 }) => [problem, first])).toEqual([
      [1, 0],
      [1, 4096],
      [2, 0],
      [2, 4096],
    ]);
    const answers = ['0', '1', '2'];
    expect(found).toEqual([
      {
        rephrasings: [
          { prompt: 'b', answers },
          { prompt: 'c', answers },
        ],
      },
      {
        rephrasings: [
          { prompt: ODD, answers },
          { prompt: 'f', answers },
        ],
      },
    ]);
  });

  test('has the model write missing rephrasings, all or some', async () => {
    let number = 0;
    const policy = fakePolicy((text) => (written(text) ? `\n In other words ${++number} ` : `\\boxed{${text}}`));
    const config = configOf({ coReward: { count: 2, temperature: 0.8, maxTokens: 77 } }, { votes: 1, group: 1 });
    const groups = [groupOf(ODD, ['x']), groupOf('b', ['x'], { index: 1, columns: { rephrasings: 'B' } })];
    const found = await gather('co-reward', groups, policy, config);
    const [write] = policy.asked;
    const instruction =
      'Rewrite the following problem in other words, without changing its meaning, its numbers or its answer, and without solving it. Write the rewritten problem only.\n\n';
    expect(write!.texts).toEqual([instruction + ODD, instruction + ODD, `${instruction}b`]);
    expect(write).toMatchObject({ rows: 1, stream: 'rephrase' });
    expect(write!.sampling).toMatchObject({ temperature: 0.8, maxTokens: 77, stopAtAnswer: false });
    expect(write!.questions.map(({ problem, first = 0 }) => [problem, first])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
    ]);
    expect(found).toEqual([
      {
        rephrasings: [
          { prompt: 'In other words 1', answers: ['In other words 1'] },
          { prompt: 'In other words 2', answers: ['In other words 2'] },
        ],
      },
      {
        rephrasings: [
          { prompt: 'B', answers: ['B'] },
          { prompt: 'In other words 3', answers: ['In other words 3'] },
        ],
      },
    ]);
  });

  test('continues without rephrasings that were not written, and without answers to those that are too long', async () => {
    const policy = fakePolicy((text) => {
      if (written(text))
        return String(text).endsWith('too long') ? null : String(text).endsWith('empty') ? ' ' : 'long';
      return text === 'long' ? null : 'never';
    });
    const groups = [groupOf('too long', ['x']), groupOf('empty', ['x']), groupOf('c', ['x'])];
    expect(await gather('co-reward', groups, policy)).toEqual([
      { rephrasings: [] },
      { rephrasings: [] },
      { rephrasings: [{ prompt: 'long', answers: [] }] },
    ]);
  });
});

describe('rlccf', () => {
  test('weighs each policy by its mean majority share', async () => {
    const said: Record<string, Record<number, string[]>> = {
      base: { 5: ['1', '1', '2'], 6: ['3', '3.0', '6/2'] },
      other: { 5: ['1', '2', '3'], 6: ['-', '4', '-'] },
    };
    const policy = fakePolicy((problem, row, { policy: asked }) => {
      const answer = said[asked!]![problem as number]![row]!;
      return answer === '-' ? 'none' : `\\boxed{${answer}}`;
    });
    const config = configOf({ rlccf: { policies: ['base', 'other'] } });
    const groups = [
      groupOf('a', ['\\boxed{7}', '\\boxed{7}', '\\boxed{7}', '\\boxed{8}'], { index: 5 }),
      groupOf('b', ['none', 'none', '\\boxed{9}', '\\boxed{10}'], { index: 6 }),
    ];
    const found = await gather('rlccf', groups, policy, config);
    expect(policy.asked.map(({ policy, texts, rows, stream }) => ({ policy, texts, rows, stream }))).toEqual([
      { policy: 'base', texts: [5, 6], rows: 3, stream: 'other-policy' },
      { policy: 'other', texts: [5, 6], rows: 3, stream: 'other-policy' },
    ]);
    expect(policy.asked.map(({ questions }) => questions.map(({ first }) => first))).toEqual([
      [0, 0],
      [4096, 4096],
    ]);
    // (3/4 + 1/4) / 2; (2/3 + 3/3) / 2; (1/3 + 1/3) / 2
    const weights = [1 / 2, 5 / 6, 1 / 3];
    const names = ['the policy being trained', 'base', 'other'];
    const answers = [
      [
        ['7', '7', '7', '8'],
        ['1', '1', '2'],
        ['1', '2', '3'],
      ],
      [
        [null, null, '9', '10'],
        ['3', '3.0', '6/2'],
        [null, '4', null],
      ],
    ];
    found.forEach(({ policies }, g) => {
      policies.forEach((voter, v) => {
        expect(voter).toEqual({ name: names[v], weight: expect.closeTo(weights[v]!, 12), answers: answers[g]![v] });
      });
      expect(policies).toHaveLength(3);
    });
  });
});

describe('empo', () => {
  const boxed = (...answers: string[]) => answers.map((answer) => `\\boxed{${answer}}`);

  test('asks about each pair of clusters, and accepts only a clear yes', async () => {
    const policy = fakePolicy((text) => {
      const [, first, second] = /First: (.*)\nSecond: (.*)\n/.exec(String(text))!;
      const pair = `${first} ${second}`;
      return pair === 'a b' ? '\\boxed{yes}' : pair === 'a c' ? 'The answer is: yes' : '\\boxed{no}';
    });
    const groups = [
      groupOf(ODD, boxed('a', 'a', 'b', 'c'), { index: 3 }),
      groupOf('q', boxed('d')),
      groupOf('r', ['']),
    ];
    const found = await gather('empo', groups, policy, configOf({ empo: { maxTokens: 33 } }));
    const put = (first: string, second: string) =>
      `Problem:\n${ODD}\n\nDo these two answers mean the same?\nFirst: ${first}\nSecond: ${second}\n\nFinish with \\boxed{yes} or \\boxed{no}.`;
    expect(policy.asked).toHaveLength(1);
    expect(policy.asked[0]!.texts).toEqual([put('a', 'b'), put('a', 'c'), put('b', 'c')]);
    expect(policy.asked[0]).toMatchObject({ rows: 1, stream: 'equality', sampling: { temperature: 0, maxTokens: 33 } });
    expect(found).toEqual([{ equal: [[0, 1]] }, { equal: [] }, { equal: [] }]);
  });

  test('compares at most the twelve largest clusters', async () => {
    const policy = fakePolicy(() => '\\boxed{yes}');
    const names = Array.from({ length: 15 }, (_, i) => String.fromCharCode(97 + i));
    const [found] = await gather('empo', [groupOf('q', boxed(...names, 'o'))], policy);
    expect(policy.asked[0]!.texts).toHaveLength((12 * 11) / 2);
    expect(new Set(policy.asked[0]!.questions.map(({ first }) => first)).size).toBe((12 * 11) / 2);
    expect(Math.max(...found!.equal.flat())).toBe(11);
    // The largest is among them although its answer came last.
    expect(policy.asked[0]!.texts[0]).toContain('First: o\n');
  });

  test('does not take an answer for a no', async () => {
    const found = await gather(
      'empo',
      [groupOf('q', boxed('a', 'b'))],
      fakePolicy(() => null),
    );
    expect(found).toEqual([{ equal: [] }]);
  });
});

describe('covo', () => {
  const { covo } = rewardOptionsOf(configOf());
  /** The texts of the prefixes of a response that is cut into these tokens. */
  const cut = (tokenTexts: string[], options: Partial<typeof covo> = {}) =>
    prefixes(rollout(tokenTexts), { ...covo, ...options }, graderOf()).map((tokens) =>
      tokenTexts.slice(0, tokens.length).join(''),
    );
  const characters = (text: string) => [...text];

  test('a prefix ends where a step ends; the answer and its mark belong to no prefix', () => {
    const text = 'first\nsecond\n\nthird \\boxed{7}';
    expect(cut(characters(text))).toEqual(['first\n', 'first\nsecond\n\n', 'first\nsecond\n\nthird']);
    expect(cut(characters('one\nso the final answer is: $7$.'))).toEqual(['one\n', 'one\nso']);
    expect(cut(characters('one\n#### The answer is 7'))).toEqual(['one']);
    expect(cut(characters('one\n#### 7\nand more'))).toEqual(['one']);
    // Without an answer the whole response is reasoning.
    expect(cut(characters('one\ntwo'))).toEqual(['one\n', 'one\ntwo']);
  });

  test('blank lines at the beginning are not a step', () => {
    expect(cut(characters('\n\none\ntwo \\boxed{7}'))).toEqual(['\n\none\n', '\n\none\ntwo']);
  });

  test('a long solution is split into K steps, evenly, including the last one', () => {
    const lines = Array.from({ length: 10 }, (_, i) => `${i}\n`);
    const ends = (steps: number) => cut([...lines, '\\boxed{7}'], { steps }).map((text) => text.length / 2);
    expect(ends(3)).toEqual([4, 7, 10]);
    expect(ends(4)).toEqual([3, 5, 8, 10]);
    expect(ends(1)).toEqual([10]);
    expect(ends(9)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(ends(10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(ends(15)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('a token is never split: one that crosses an end belongs to the next prefix', () => {
    expect(cut(['on', 'e\nt', 'wo\n', 'thr', 'ee \\', 'boxed{7}'])).toEqual(['on', 'one\ntwo\n', 'one\ntwo\nthr']);
    // Blanks after the end are no reason to leave a token out, but no token of blanks is taken in.
    expect(cut(['one', '\n', 'two.\n\n', ' ', '\\boxed{7}'])).toEqual(['one\n', 'one\ntwo.\n\n']);
    // Bytes of a character are tokens without a text of their own.
    expect(cut(['a', '', '\n', 'b', '\\boxed{7}', ''])).toEqual(['a\n', 'a\nb']);
  });

  test('accepts another separator, if it matches', () => {
    const running = { separator: '\\d(?=,)', steps: 15 };
    expect(cut(characters('12,16,20 #### 20'), running)).toEqual(['12', '12,16', '12,16,20']);
    expect(cut(characters('9,16 #### 16'), running)).toEqual(['9', '9,16']);
    expect(cut(characters('ab \\boxed{7}'), { separator: 'x*' })).toEqual(['ab']);
  });

  test('a response without reasoning has one empty prefix', () => {
    expect(cut(characters(' #### 9'))).toEqual(['']);
    expect(cut(['\\boxed{7}'])).toEqual(['']);
    expect(prefixes(rollout([]), covo, graderOf()).map((tokens) => [...tokens])).toEqual([[]]);
  });

  test('many blanks and marks cost almost no time', () => {
    const tokenTexts = [' '.repeat(200_000), '#### '.repeat(30), 'x \\boxed{7}'];
    expect(cut(tokenTexts)).toHaveLength(1);
  });

  test('scores the answers of all clusters after each prefix; responses without an answer have no scores', async () => {
    const policy = fakePolicy();
    const texts = ['ab\ncd \\boxed{333}', 'no answer\n', '\\boxed{1}', 'q \\boxed{333}'];
    const groups = [groupOf('p', texts, { index: 2 }), groupOf('q', ['\\boxed{4}'], { index: 8 })];
    const config = configOf({ covo: { cue: ' so ' } });
    const found = await gather('covo', groups, policy, config);
    expect(policy.scored).toHaveLength(1);
    expect(policy.scored[0]!.cue).toBe(' so ');
    const items = policy.scored[0]!.items.map(({ problem, prefix, candidates }) => [
      problem,
      prefix.length,
      candidates,
    ]);
    expect(items).toEqual([
      [2, 3, ['333', '1']],
      [2, 5, ['333', '1']],
      [2, 0, ['333', '1']],
      [2, 1, ['333', '1']],
      [8, 0, ['4']],
    ]);
    // The nearer length wins: 3 and 5 are nearer to three characters, 0 and 1 to one.
    expect(found).toEqual([{ likeliest: [[0, 0], [], [1], [1]] }, { likeliest: [[0]] }]);
  });

  test('skips a prefix after which no answer fits into the context', async () => {
    const policy = fakePolicy();
    const score = policy.scoreCandidates;
    policy.scoreCandidates = async (options) =>
      (await score(options)).map((of, k) => (k === 1 ? of.map(() => Number.NEGATIVE_INFINITY) : of));
    const found = await gather('covo', [groupOf('p', ['ab\ncd \\boxed{333}', 'q \\boxed{1}'])], policy);
    expect(found).toEqual([{ likeliest: [[0], [1]] }]);
  });
});

describe('dual', () => {
  const problem = (text: string, columns?: Problem['columns']) => ({ text, index: 3, ...(columns && { columns }) });

  test('hides a whole number, the same one each time, and another one at another step', () => {
    const text = 'From 1,250 at 3.5% over 12 years';
    const hidden = new Set<string>();
    for (let step = 1; step <= 40; step++) {
      const task = hiddenIn(problem(text), configOf(), step)!;
      expect(hiddenIn(problem(text), configOf(), step)).toEqual(task);
      expect(task.masked.replace('[X]', task.hidden)).toBe(text);
      hidden.add(task.hidden);
    }
    expect([...hidden].sort()).toEqual(['1,250', '12', '3.5']);
  });

  test('treats commas in a list as commas', () => {
    const hidden = Array.from({ length: 40 }, (_, step) => hiddenIn(problem('2,5,7:17='), configOf(), step)!.hidden);
    expect([...new Set(hidden)].sort()).toEqual(['17', '2', '5', '7']);
  });

  test('hides nothing if there is no number', () => {
    expect(hiddenIn(problem('What is a prime?'), configOf(), 1)).toBeNull();
  });

  test.each([
    ['13 pears and 3 plums', '3', '13 pears and ? plums'],
    ['13 pears and 3 plums', 3, '13 pears and ? plums'],
    ['3x + 13 = 4', 3, '?x + 13 = 4'],
    ['$\\frac{1}{2}$ of {a} $& 5', '$&', '$\\frac{1}{2}$ of {a} ? 5'],
    ['Tomas and Tom', 'Tom', 'Tomas and ?'],
    ['about 1.5 and 5.', '5', 'about 1.5 and ?.'],
  ])('of "%s" hides %s, as the dataset says', (prompt, hidden, masked) => {
    const config = configOf({ dual: { mask: '?', column: 'part' } });
    expect(hiddenIn(problem(prompt, { part: hidden }), config, 1)).toEqual({ hidden: String(hidden), masked });
  });

  test('hides nothing if the problem does not contain what the dataset says', () => {
    expect(hiddenIn(problem('1.5 of 25', { hidden: '5' }), configOf(), 1)).toBeNull();
  });

  test('asks once for each answer, and gives the result to all rollouts with that answer', async () => {
    const policy = fakePolicy((text, row) =>
      /answer to the problem is 9/.test(String(text)) ? `\\boxed{${row}}` : 'no',
    );
    const config = configOf({ dual: { samples: 2, temperature: 0.1, maxTokens: 55 } });
    const columns = { hidden: '4' };
    const groups = [
      groupOf('Nothing here', ['\\boxed{9}']),
      groupOf(`4 and ${ODD}`, ['\\boxed{9}', 'none', '#### 9.0', '\\boxed{8}'], { index: 6, columns }),
    ];
    const found = await gather('dual', groups, policy, config);
    const put = (answer: string) =>
      `In the following problem one number was replaced by [X]. The answer to the problem is ${answer}.\n\n[X] and ${ODD}\n\nWhich number is [X]? Reason step by step, and put it within \\boxed{}.`;
    expect(policy.asked[0]!.texts).toEqual([put('9'), put('8')]);
    expect(policy.asked[0]).toMatchObject({ rows: 2, stream: 'dual', sampling: { temperature: 0.1, maxTokens: 55 } });
    expect(policy.asked[0]!.questions.map(({ problem: of, first }) => [of, first])).toEqual([
      [6, 0],
      [6, 64],
    ]);
    expect(found).toEqual([
      { hidden: '', question: '', reconstructions: [[]] },
      {
        hidden: '4',
        question: `[X] and ${ODD}`,
        reconstructions: [['0', '1'], [], ['0', '1'], [null, null]],
      },
    ]);
  });

  test('has no reconstruction if the question is too long', async () => {
    const found = await gather(
      'dual',
      [groupOf('3+4=', ['#### 7'])],
      fakePolicy(() => null),
    );
    expect(found).toMatchObject([{ reconstructions: [[]] }]);
  });
});

describe('next tokens', () => {
  test('are the ends of the continuation’s tokens', async () => {
    const policy = fakePolicy();
    const groups = [
      groupOf('a', ['x', 'y'], { columns: { next: ' is' } }),
      groupOf('b', ['x'], { columns: { next: 'no' } }),
      groupOf('c', ['x']),
    ];
    const found = await gather('next-token', groups, policy, configOf({ nextToken: { column: 'next' } }));
    expect(policy.bounded).toEqual([[' is', 'no', '']]);
    expect(found).toEqual([{ boundaries: [1, 2, 3] }, { boundaries: [1, 2] }, { boundaries: [] }]);
  });
});

describe('several kinds of evidence', () => {
  test('are gathered one after the other, each under its name', async () => {
    const policy = fakePolicy((text) => (String(text).includes('Proposed solution') ? '\\boxed{yes}' : '#### 3'));
    const groups = [groupOf('3+4=', ['#### 7'], { columns: { hidden: '3' } }), groupOf('x', ['none'], { index: 1 })];
    const context = { config: configOf(), step: 1, compute: policy, signal: new AbortController().signal };
    const found = await gatherEvidence(['dual', 'self-verification'], groups, context);
    expect(policy.asked.map(({ stream }) => stream)).toEqual(['dual', 'judge']);
    const verdicts = [[{ text: '\\boxed{yes}', verdict: true }]];
    expect(found).toEqual([
      { dual: { hidden: '3', question: '[X]+4=', reconstructions: [['3']] }, 'self-verification': { verdicts } },
      { dual: { hidden: '', question: '', reconstructions: [[]] }, 'self-verification': { verdicts } },
    ]);
    expect(await gatherEvidence([], groups, context)).toEqual([{}, {}]);
  });

  test('report the longest response that is requested', () => {
    const config = configOf({
      selfVerification: { maxTokens: 300 },
      dual: { maxTokens: 400 },
      coReward: { maxTokens: 5 },
    });
    expect(questionTokens(['self-verification', 'dual'], config)).toBe(400);
    expect(questionTokens(['co-reward'], config)).toBe(5);
    expect(questionTokens(['program', 'next-token', 'rlccf'], config)).toBeNull();
    expect(questionTokens([], config)).toBeNull();
  });
});

test('a failing policy is not an answer', async () => {
  const policy = fakePolicy();
  policy.ask = () => Promise.reject(new Error('the device is gone'));
  await expect(gather('self-verification', [groupOf('a', ['x'])], policy)).rejects.toThrow('the device is gone');
});
