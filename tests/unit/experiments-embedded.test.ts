import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ChainFamily,
  chainProblem,
  chainProblems,
  rephrasings,
} from '../../engine/experiments/embedded/chains.ts';
import {
  arrangements,
  countdownProblems,
  evaluate,
  flawedCountdown,
  flawedJudgment,
  judgePrompt,
  judgment,
  knownCountdown,
  solutions,
  solves,
} from '../../engine/experiments/embedded/countdown.ts';
import { dualPrompt, dualSolution, flawedDual } from '../../engine/experiments/embedded/dual.ts';
import { chainSet, corpus, countdownSet } from '../../engine/experiments/embedded/problem-set.ts';
import { RECIPES } from '../../engine/experiments/embedded/recipes.ts';
import { CHARACTER_EOS, CHARACTERS, encodeCharacters } from '../../engine/model/character-tokenizer.ts';
import { generator } from '../../engine/rollout/philox.ts';
import { expectThrow } from '../support/refusals.ts';

const FAMILIES: readonly ChainFamily[] = ['E', 'H', 'M', 'O'];
const random = (seed = 1) => generator(seed, 'shuffle');
const worth = (prompt: string) => evaluate(prompt.slice(0, -1))!.value;

describe('chains', () => {
  test('rephrasings are different prompts with the same terms and the same answer', () => {
    const draw = random();
    for (let i = 0; i < 200; i++) {
      const chain = chainProblem(draw, FAMILIES[i % 4]!);
      const others = rephrasings(draw, chain, 3);
      expect(new Set([chain.prompt, ...others]).size).toBe(others.length + 1);
      for (const other of others) {
        expect(String(worth(other))).toBe(chain.answer);
        const terms = other.match(/\d+/g)!.map(Number);
        expect([...terms].sort()).toEqual([...chain.terms].sort());
        if (chain.family === 'M') expect(terms[0]).toBe(chain.terms[0]);
      }
    }
  });

  test('there are as many rephrasings as orders: five for three different terms, none for equal ones', () => {
    const sum = { family: 'E', terms: [1, 2, 3], prompt: '1+2+3=', answer: '6' } as const;
    expect(rephrasings(random(), { ...sum, terms: [...sum.terms] }, 9).sort()).toEqual(
      ['1+3+2=', '2+1+3=', '2+3+1=', '3+1+2=', '3+2+1='].sort(),
    );
    expect(rephrasings(random(), { family: 'E', terms: [7, 7, 7], prompt: '7+7+7=', answer: '21' }, 3)).toEqual([]);
    const difference = { family: 'M', terms: [20, 3, 4], prompt: '20-3-4=', answer: '13' } as const;
    expect(rephrasings(random(), { ...difference, terms: [...difference.terms] }, 3)).toEqual(['20-4-3=']);
  });

  test('a set excludes the problems of another, and fails when a family is exhausted', () => {
    const first = chainProblems(random(), 50, ['E']);
    const without = new Set(first.map(({ prompt }) => prompt));
    const second = chainProblems(random(), 50, ['E'], without);
    expect(second.some(({ prompt }) => without.has(prompt))).toBe(false);
    // nine terms of one digit: 729 sums of three and 6,561 of four
    const facts = { reason: 'too-few-problems', family: 'E', count: 7291 };
    expectThrow(() => chainProblems(random(), 7291, ['E']), 'usage', facts);
  });
});

describe('countdown', () => {
  test('expressions are evaluated with precedence, in the order of the work', () => {
    expect(evaluate('5*2+7')).toEqual({ used: [5, 2, 7], totals: [10, 17], value: 17 });
    expect(evaluate('9-3*2')).toEqual({ used: [9, 3, 2], totals: [6, 3], value: 3 });
    expect(evaluate('2*(3+8)')).toEqual({ used: [2, 3, 8], totals: [11, 22], value: 22 });
    expect(evaluate('2-9-1')).toEqual({ used: [2, 9, 1], totals: [-7, -8], value: -8 });
    for (const text of ['', '5+', '5++2', '(5+2', '5)', '5/2', '5 2', '*5']) expect(evaluate(text)).toBeNull();
  });

  test('every problem has a solution, and the verifier agrees', () => {
    const { known, unseen } = countdownProblems();
    expect([known.length, unseen.length]).toEqual([1491, 373]);
    expect(new Set([...known, ...unseen].map(({ prompt }) => prompt)).size).toBe(1864);
    for (const problem of [...known, ...unseen]) {
      const right = solutions(problem);
      expect(right.length).toBeGreaterThan(0);
      for (const expression of right) expect(solves(problem, expression)).toBe(true);
    }
  });

  test('the verifier accepts what the work shows to be right', () => {
    const draw = random(2);
    for (let i = 0; i < 500; i++) {
      const problem = knownCountdown(draw);
      const expression = flawedCountdown(draw, problem).slice(6);
      const work = evaluate(expression)!;
      const usesEach = work.used.toSorted().join() === problem.numbers.toSorted().join();
      expect(solves(problem, expression)).toBe(usesEach && work.value === problem.target);
    }
  });

  test('rearrangements are the same problem, each prompt once', () => {
    const problem = countdownProblems().known.find(({ numbers }) => new Set(numbers).size === 2)!;
    const all = arrangements(problem);
    expect(new Set(all.map(({ prompt }) => prompt)).size).toBe(3);
    for (const other of all) expect(solutions(other)).toEqual(solutions(problem));
  });

  test('judging writes the numbers, the work and the verdict', () => {
    const problem = { numbers: [2, 5, 7], target: 17, prompt: '2,5,7:17=' };
    expect(judgment(problem, '5*2+7')).toBe('5,2,7:10,17 #### 1');
    expect(judgment(problem, '5+2+7')).toBe('5,2,7:7,14 #### 0');
    // the target with a number used twice
    expect(judgment(problem, '5+5+7')).toBe('5,5,7:10,17 #### 0');
    expect(judgment(problem, '5*+2')).toBe(' #### 0');
    expect(judgePrompt(problem.prompt, ' #### 5*2+7')).toBe('2,5,7:17= #### 5*2+7=');
  });

  test('about half of the demonstrations solve the problem; half of the judged solutions are right; few verdicts are wrong', () => {
    const draw = random(3);
    let solved = 0;
    let right = 0;
    let mistaken = 0;
    const n = 4000;
    for (let i = 0; i < n; i++) {
      const problem = knownCountdown(draw);
      if (solves(problem, flawedCountdown(draw, problem).slice(6))) solved++;
      const { prompt, response } = flawedJudgment(draw, problem);
      const expression = prompt.slice(problem.prompt.length + 6, -1);
      const truth = solves(problem, expression);
      if (truth) right++;
      if (response.endsWith('1') !== truth) mistaken++;
    }
    // five standard errors or more on either side of what long runs give: 0.54, 0.58, 0.03
    expect(solved / n).toBeGreaterThan(0.5);
    expect(solved / n).toBeLessThan(0.58);
    expect(right / n).toBeGreaterThan(0.54);
    expect(right / n).toBeLessThan(0.62);
    expect(mistaken / n).toBeGreaterThan(0.015);
    expect(mistaken / n).toBeLessThan(0.045);
  });
});

describe('duals', () => {
  const chain = (prompt: string) => {
    const family: ChainFamily = prompt.includes('-') ? 'M' : 'E';
    return { family, terms: prompt.match(/\d+/g)!.map(Number), prompt, answer: String(worth(prompt)) };
  };

  test('a right answer gives the hidden term, a wrong one another number', () => {
    expect(dualPrompt(chain('3+9+4='), 1, 16)).toBe('3+.+4=16:');
    expect(dualSolution(chain('3+9+4='), 1, 16)).toBe('7,9 #### 9');
    expect(dualSolution(chain('3+9+4='), 1, 14)).toBe('7,7 #### 7');
    expect(dualPrompt(chain('24-9-4='), 1, 11)).toBe('24-.-4=11:');
    expect(dualSolution(chain('24-9-4='), 1, 11)).toBe('20,9 #### 9');
    expect(dualSolution(chain('24-9-4='), 1, 37)).toBe('20,-17 #### -17');
    expect(dualSolution(chain('24-9-4='), 0, 11)).toBe('13,24 #### 24');
  });

  test('for every position in every chain', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.constantFrom(...FAMILIES), (seed, family) => {
        const problem = chainProblem(random(seed), family);
        problem.terms.forEach((term, place) => {
          expect(dualSolution(problem, place, Number(problem.answer)).split(' #### ')[1]).toBe(String(term));
        });
      }),
      { numRuns: 200 },
    );
  });

  test('at least nine in ten demonstrations are right', () => {
    const draw = random(4);
    let right = 0;
    for (let i = 0; i < 2000; i++) {
      const { prompt, response } = flawedDual(draw, chainProblem(draw, FAMILIES[i % 3]!), 'W');
      const term = response.split(' #### ')[1]!;
      const [, shown, answer] = /^(.*)=(-?\d+):$/.exec(prompt)!;
      if (evaluate(shown!.replace('.', `(0${term.startsWith('-') ? '' : '+'}${term})`))?.value === Number(answer))
        right++;
    }
    expect(right / 2000).toBeGreaterThan(0.9);
    expect(right / 2000).toBeLessThan(1);
  });
});

test('every recipe writes only what the tokenizer can encode and fits into the context', () => {
  for (const { example } of Object.values(RECIPES)) {
    const draw = random(5);
    for (let i = 0; i < 500; i++) {
      const { prompt, response } = example(draw, i);
      // the end, and what a user's judge may add
      expect(encodeCharacters(prompt + response).length + 1).toBeLessThan(64);
    }
  }
  expect(CHARACTERS[CHARACTER_EOS]).toBe('<eos>');
});

describe('problem sets of the experiments', () => {
  test('chains: the requested number, all different, disjoint from an excluded set, the same for the same seed', () => {
    const train = chainSet({ seed: 7, count: 2048 });
    expect(new Set(train.map(({ prompt }) => prompt)).size).toBe(2048);
    expect(new Set(train.map(({ id }) => id)).size).toBe(2048);
    expect(chainSet({ seed: 7, count: 2048 })).toEqual(train);
    expect(chainSet({ seed: 8, count: 8 })).not.toEqual(train.slice(0, 8));
    const without = new Set(train.map(({ prompt }) => prompt));
    const held = chainSet({ seed: 9, count: 128, families: ['E', 'H', 'M'], without });
    expect(held.some(({ prompt }) => without.has(prompt))).toBe(false);
    for (const { prompt } of chainSet({ seed: 1, count: 32, families: ['O'] }))
      expect(prompt.split('+')).toHaveLength(7);
  });

  test('countdown: each problem once before any is repeated in another order, known and unseen disjoint', () => {
    const key = ({ numbers, target }: { numbers: number[]; target: number }) => `${[...numbers].sort()}:${target}`;
    const train = countdownSet(1, 'known', 2048);
    expect(new Set(train.slice(0, 1491).map(key)).size).toBe(1491);
    expect(new Set(train.map(({ prompt }) => prompt)).size).toBe(2048);
    const validation = countdownSet(1, 'unseen', 256);
    expect(new Set(validation.map(key)).size).toBe(256);
    const known = new Set(train.map(key));
    expect(validation.some((row) => known.has(key(row)))).toBe(false);
    for (const { prompt, answer, numbers, target, rephrasings: others } of validation) {
      expect(prompt).toBe(`${numbers.join(',')}:${target}=`);
      expect(answer).toBe(String(target));
      expect(others.length).toBeGreaterThan(0);
    }
    expect(countdownSet(1, 'unseen', 1e6).length).toBeGreaterThan(373 * 4);
  });

  test('corpus: context and continuation form a correct equation', () => {
    const rows = corpus({ seed: 3, count: 200 });
    expect(new Set(rows.map(({ prompt }) => prompt)).size).toBe(200);
    for (const { prompt, continuation } of rows) {
      const [, terms, result] = /^(.*)=(\d+)\.$/.exec(prompt + continuation)!;
      expect(evaluate(terms!)!.value).toBe(Number(result));
      expect(prompt).toBe(`${terms}=`);
    }
  });
});
