/**
 * Problems that are easier to check than to solve: Countdown with three numbers. `2,5,7:17=` asks for an expression
 * that uses each of 2, 5 and 7 once and makes 17; the response is ` #### 5*2+7`. The same model also judges: the problem
 * with a proposed solution after it, `2,5,7:17= #### 5*2+7=`, is answered by the numbers that were used, the running
 * evaluation and the judgment, `5,2,7:10,17 #### 1`. Pre-training makes it a poor solver with a bad habit, and a fairly
 * good judge, as self-verification needs.
 */
import { EMBEDDED_QUESTIONS } from '../../protocol/embedded.ts';
import { shuffled } from '../../protocol/values.ts';
import { judgeCountdown } from '../../reward/countdown-expression.ts';
import { generator } from '../../rollout/philox.ts';
import type { Random } from './chains.ts';

export interface Countdown {
  /** Three numbers from 1 to 9, in the order of the prompt. */
  numbers: readonly number[];
  /** 1 to 99. */
  target: number;
  /** Such as `2,5,7:17=`. */
  prompt: string;
}

const MARK = ' #### ';
const MAX_TARGET = 99;
/** Share of problems held out from pre-training. */
const HELD_OUT = 0.2;
const SPLIT_SEED = 2603;

const ascending = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}

/** All orders of three numbers. */
function orders([a, b, c]: readonly [number, number, number]): [number, number, number][] {
  return [
    [a, b, c],
    [a, c, b],
    [b, a, c],
    [b, c, a],
    [c, a, b],
    [c, b, a],
  ];
}

/** The evaluation of an expression. */
export interface Evaluation {
  /** Numbers from left to right. */
  used: number[];
  /** Results of its operations, in order of evaluation; the last is the value. */
  totals: number[];
  value: number;
}

/** Evaluates an expression of integers, `+ - *` and brackets step by step, as the judge writes it; null for other texts. */
export function evaluate(text: string): Evaluation | null {
  const tokens = text.match(/\d+|[^\d]/g) ?? [];
  const used: number[] = [];
  const totals: number[] = [];
  let at = 0;
  const total = (value: number) => {
    totals.push(value);
    return value;
  };
  // NaN marks an invalid expression: it passes through every operation.
  const atom = (): number => {
    const token = tokens[at++];
    if (token === '(') {
      const inner = sum();
      return tokens[at++] === ')' ? inner : Number.NaN;
    }
    if (token === undefined || !/^\d+$/.test(token)) return Number.NaN;
    used.push(Number(token));
    return Number(token);
  };
  const product = (): number => {
    let value = atom();
    while (tokens[at] === '*') {
      at++;
      value = total(value * atom());
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (tokens[at] === '+' || tokens[at] === '-') {
      const sign = tokens[at++] === '+' ? 1 : -1;
      value = total(value + sign * product());
    }
    return value;
  };
  const value = sum();
  return at === tokens.length && Number.isFinite(value) ? { used, totals, value } : null;
}

/**
 * Expressions of three numbers as in the demonstrations, each kind in one order only: sums and differences (larger numbers
 * first, subtracted ones last), a product and a third number, a product of all, a bracket times a number.
 */
function expressions(numbers: readonly number[]): string[] {
  const found = new Set<string>();
  for (const [p, q, r] of orders(numbers as [number, number, number])) {
    if (p >= q && q >= r) found.add(`${p}+${q}+${r}`).add(`${p}*${q}*${r}`);
    if (p >= q) found.add(`${p}+${q}-${r}`).add(`${p}*${q}+${r}`).add(`${p}*${q}-${r}`).add(`(${p}+${q})*${r}`);
    if (p > q) found.add(`(${p}-${q})*${r}`);
    if (q >= r) found.add(`${p}-${q}-${r}`).add(`${p}-${q}*${r}`);
  }
  return [...found];
}

const expressionCache = new Map<string, { text: string; value: number }[]>();

/** The same with their values, computed once per set of numbers. */
function valuedExpressions(numbers: readonly number[]): { text: string; value: number }[] {
  const key = ascending(numbers).join();
  let list = expressionCache.get(key);
  if (!list) {
    list = expressions(numbers).map((text) => ({ text, value: evaluate(text)!.value }));
    expressionCache.set(key, list);
  }
  return list;
}

/** Expressions that solve a problem, each kind in one order; never empty for a problem of `countdownProblems`. */
export function solutions({ numbers, target }: Pick<Countdown, 'numbers' | 'target'>): string[] {
  return valuedExpressions(numbers).flatMap(({ text, value }) => (value === target ? [text] : []));
}

/** Whether an expression uses every number once and makes the target, as defined by the verifier. */
export function solves({ numbers, target }: Pick<Countdown, 'numbers' | 'target'>, expression: string): boolean {
  return judgeCountdown(expression, numbers.map(BigInt), BigInt(target)).outcome === 'hit';
}

function countdown(numbers: readonly number[], target: number): Countdown {
  return { numbers, target, prompt: `${numbers.join(',')}:${target}=` };
}

/** All different prompts for a problem, including its own, by the order of its numbers; in a fixed order. */
export function arrangements({ numbers, target }: Countdown): Countdown[] {
  const prompts = orders(numbers as [number, number, number]).map((order) => countdown(order, target));
  return prompts.filter(({ prompt }, i) => prompts.findIndex((other) => other.prompt === prompt) === i);
}

let problems: { known: Countdown[]; unseen: Countdown[] } | null = null;

/**
 * Every problem with a solution, its numbers ascending, in an order fixed by a seed: `known` ones (four in five) occur in
 * pre-training, `unseen` ones never do, in any arrangement, neither to solve nor to judge.
 */
export function countdownProblems(): { known: readonly Countdown[]; unseen: readonly Countdown[] } {
  if (problems) return problems;
  const all: Countdown[] = [];
  for (let a = 1; a <= 9; a++) {
    for (let b = a; b <= 9; b++) {
      for (let c = b; c <= 9; c++) {
        const numbers = [a, b, c];
        const targets = ascending([...new Set(valuedExpressions(numbers).map(({ value }) => value))]);
        for (const target of targets) {
          if (target >= 1 && target <= MAX_TARGET) all.push(countdown(numbers, target));
        }
      }
    }
  }
  const order = shuffled(all, generator(SPLIT_SEED, 'shuffle'));
  const held = Math.round(HELD_OUT * all.length);
  problems = { known: order.slice(held), unseen: order.slice(0, held) };
  return problems;
}

/** A random problem from pre-training, with its numbers in any order. */
export function knownCountdown(random: Random): Countdown {
  return pick(random, arrangements(pick(random, countdownProblems().known)));
}

/** Mixture of the demonstrations: a solution, the sum in the given order, any expression, else a number used twice. */
const SOLUTION_SHARE = 0.5;
const SUM_IN_ORDER_SHARE = 0.3;
const ANY_EXPRESSION_SHARE = 0.1;

/** Replaces one number by another of the three, and hits the target with these if possible. */
function hitWithWrongNumbers(random: Random, { numbers, target }: Countdown): string {
  const place = Math.floor(random() * 3);
  const other = (place + 1 + Math.floor(random() * 2)) % 3;
  const changed = numbers.map((n, i) => (i === place ? numbers[other]! : n));
  const list = valuedExpressions(changed);
  const hits = list.filter(({ value }) => value === target);
  return pick(random, hits.length > 0 ? hits : list).text;
}

const sumExpression = (numbers: readonly number[]) => numbers.join('+');

/** A flawed answer: often with a value other than the target, or with other numbers than given. */
function flawedAnswer(random: Random, problem: Countdown): string {
  const kind = random();
  if (kind < SOLUTION_SHARE) return pick(random, solutions(problem));
  if (kind < SOLUTION_SHARE + SUM_IN_ORDER_SHARE) return sumExpression(problem.numbers);
  if (kind < SOLUTION_SHARE + SUM_IN_ORDER_SHARE + ANY_EXPRESSION_SHARE)
    return pick(random, valuedExpressions(problem.numbers)).text;
  return hitWithWrongNumbers(random, problem);
}

/** A demonstration of solving. */
export function flawedCountdown(random: Random, problem: Countdown): string {
  return `${MARK}${flawedAnswer(random, problem)}`;
}

/** Three numbers in any order with any operations and brackets: more than in the demonstrations of solving, but the judge may see it. */
function anyExpression(random: Random, numbers: readonly number[]): string {
  const [p, q, r] = pick(random, orders(numbers as [number, number, number]));
  const [first, second] = [pick(random, ['+', '-', '*']), pick(random, ['+', '-', '*'])];
  const brackets = random();
  if (brackets < 0.25) return `(${p}${first}${q})${second}${r}`;
  if (brackets < 0.5) return `${p}${first}(${q}${second}${r})`;
  return `${p}${first}${q}${second}${r}`;
}

/** The same sum or product with its parts in another order and the same value. */
function reordered(random: Random, expression: string): string {
  const bracket = /^\((\d)([+-])(\d)\)\*(\d)$/.exec(expression);
  if (bracket) {
    const [, p, sign, q, r] = bracket;
    const inner = sign === '+' && random() < 0.5 ? `(${q}+${p})` : `(${p}${sign}${q})`;
    return random() < 0.5 ? `${r}*${inner}` : `${inner}*${r}`;
  }
  const product = /^(\d)\*(\d)([+-])(\d)$/.exec(expression);
  if (product) {
    const [, p, q, sign, r] = product;
    const inner = random() < 0.5 ? `${q}*${p}` : `${p}*${q}`;
    return sign === '+' && random() < 0.5 ? `${r}+${inner}` : `${inner}${sign}${r}`;
  }
  const [p, q, ...rest] = expression.split(/(?=[+-])/);
  return rest.length === 1 && q![0] === '+' && random() < 0.5 ? `${q!.slice(1)}+${p}${rest[0]}` : expression;
}

/** Omits, doubles or replaces one character. */
function corrupted(random: Random, expression: string): string {
  const place = Math.floor(random() * expression.length);
  const change = pick(random, ['', expression[place]!.repeat(2), pick(random, [...'123456789+-*()'])]);
  return expression.slice(0, place) + change + expression.slice(place + 1);
}

/** Solutions to judge: right ones, flawed ones, any expressions, and broken ones. */
function expressionToJudge(random: Random, problem: Countdown): string {
  const kind = random();
  if (kind < 0.3) {
    const right = pick(random, solutions(problem));
    return random() < 0.5 ? right : reordered(random, right);
  }
  if (kind < 0.8) return flawedAnswer(random, problem);
  if (kind < 0.93) return anyExpression(random, problem.numbers);
  return corrupted(random, pick(random, solutions(problem)));
}

/** Probability that a demonstrated judgment is the opposite of the correct one. */
const WRONG_JUDGMENT_PROBABILITY = 0.03;

/** Work and judgment on an expression: `5,2,7:10,17 #### 1`; an invalid expression gets only ` #### 0`. */
export function judgment(problem: Countdown, expression: string): string {
  const evaluation = evaluate(expression);
  if (!evaluation) return `${MARK}0`;
  const { used, totals } = evaluation;
  return `${used.join(',')}:${totals.join(',')}${MARK}${solves(problem, expression) ? 1 : 0}`;
}

/** A demonstration of judging. */
export function flawedJudgment(random: Random, problem: Countdown): { prompt: string; response: string } {
  const expression = expressionToJudge(random, problem);
  const said = judgment(problem, expression);
  const mark = random() < WRONG_JUDGMENT_PROBABILITY ? (said.endsWith('1') ? '0' : '1') : said.at(-1)!;
  return {
    prompt: judgePrompt(problem.prompt, `${MARK}${expression}`),
    response: said.slice(0, -1) + mark,
  };
}

/** The judge's prompt for a problem's prompt and a response to it, which keeps its leading space. */
export function judgePrompt(problem: string, response: string): string {
  return EMBEDDED_QUESTIONS.judge.replace('{{problem}}', () => problem).replace('{{solution}}', () => response);
}
