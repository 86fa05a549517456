/** Grading against real data: the labels of published solutions, and every reference answer of four benchmarks. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equivalent, extractAnswer, referenceAnswer } from '../../engine/grading/index.ts';
import { understand } from '../../engine/grading/understand.ts';
import { requireOrSkip } from '../support/skip.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../../shared/datasets');
const present = requireOrSkip('data sets', existsSync(FOLDER), '../shared/datasets is not on this machine');

function lines<T>(name: string): T[] {
  return readFileSync(path.join(FOLDER, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

function list<T>(name: string): T[] {
  return JSON.parse(readFileSync(path.join(FOLDER, name), 'utf8')) as T[];
}

interface Labeled {
  answer: string;
  solution?: string;
}

type Rewriting = (answer: string) => string;

/** Whether an answer is one number, without unit, words or operations. */
const isNumber = (answer: string) => /^-?[\d,]+(?:\.\d+)?$/.test(answer);
const isInteger = (answer: string) => /^-?\d+$/.test(answer);
/** Whether brackets, commas or relations leave nothing at the top that a sum or a wrapping would change. */
const isValue = (answer: string) =>
  !/[,=<>]|\\(?:text|mbox|in|le|ge|cup|cap|pm|and|or|begin|%|\$)|[A-Za-z]{2}/.test(
    answer.replace(/\\[a-zA-Z]+/g, '\\'),
  );

/** Rewritten forms that mean the same, for the answers that they apply to; others are returned as they are. */
const REWRITINGS: Rewriting[] = [
  (a) => a.replaceAll('\\frac', '\\dfrac'),
  (a) => a.replaceAll('\\frac', '\\tfrac'),
  (a) => a.replaceAll('\\frac', '\\cfrac'),
  (a) => a.replaceAll('\\left', '').replaceAll('\\right', ''),
  (a) =>
    a
      .replace(/(?<!\\left ?)\(/g, '\\left(')
      .replace(/(?<!\\right ?)\)/g, '\\right)')
      .replaceAll('\\\\left(', '\\('),
  (a) => (/\d,\d{3}|\{,/.test(a) ? a : a.replace(/ *([+=,]) */g, ' $1  ')),
  (a) => a.replace(/(?<=\d)\\text/g, ' \\text').replaceAll('\\text{', '\\mbox{'),
  (a) => a.replace(/\\sqrt\{(\d)\}/g, '\\sqrt$1'),
  (a) => a.replace(/\\sqrt\{(\w+)\}/g, '√{$1}'),
  (a) => a.replaceAll('\\pi', 'π').replaceAll('\\infty', '∞').replaceAll('\\cup', '∪'),
  (a) => a.replace(/(?<=^|[ (,])-/g, '−'),
  (a) => a.replace(/(?<![\d}] ?)\\frac\{(-?\d+)\}\{(\d+)\}(?![\^\w\\])/g, '($1/$2)'),
  (a) => a.replace(/(?<![\d}] ?)\\frac\{(\d+)\}\{(\d+)\}/g, (_, n, d) => `\\frac{${7 * n}}{${7 * d}}`),
  (a) =>
    a.replace(/^\\frac\{(\d+)\}\{(\d+)\}$/, (s, n, d) => (n % d && n > d ? `${Math.floor(n / d)} ${n % d}/${d}` : s)),
  (a) => a.replace(/^(\d+)\\sqrt\{(\d+)\}/, (_, k, r) => `\\sqrt{${k * k * r}}`),
  (a) => (isInteger(a) && Math.abs(Number(a)) > 999 ? Number(a).toLocaleString('en-US') : a),
  (a) => (isInteger(a) && Math.abs(Number(a)) > 999 ? Number(a).toLocaleString('en-US').replaceAll(',', '{,}') : a),
  (a) => (isInteger(a) ? `${a}.00` : a.replace(/^(-?\d+\.\d+)$/, '$100')),
  (a) => (isInteger(a) ? `\\frac{${3n * BigInt(a)}}{3}` : a),
  (a) => (isValue(a) ? `(${a})` : a),
  (a) => (isValue(a) ? `0 + (${a})` : a),
  (a) => (isValue(a) ? `1 \\cdot (${a})` : a),
  (a) => (isValue(a) && !a.includes('i') ? `\\frac{2(${a})}{2}` : a),
  (a) =>
    /^[^()[\]{}]+(?:,[^()[\]{}]+)+$/.test(a) && !/\d,\d{3}/.test(a) && !/text|!/.test(a)
      ? a.split(',').reverse().join(', ')
      : a,
  (a) => a.replace(/^([a-z\d^]+) ?\+ ?([a-z\d^]+)$/, '$2 + $1'),
  (a) => a.replace(/^\\left\((.*)\\right\)$/, '($1)'),
  (a) => a.replace(/\^2(?!\d)/g, '^{ 2 }'),
];

/** What may stand around a value. */
const ADDITIONS: Rewriting[] = [
  (a) => (isNumber(a) ? `${a} \\text{ of them}` : a),
  (a) => (isNumber(a) ? `${a} apples` : a),
  (a) => (isNumber(a) ? `x = ${a}` : a),
  (a) => (isNumber(a) ? `\\text{${a}}` : a),
];

/** What may stand around an answer. */
const WRAPPINGS: Rewriting[] = [
  (a) => `$${a.replace(/^\\\$/, '').replace(/^\$([^$]*)\$$/, '$1')}$`,
  (a) => (a.includes('$') ? a : `\\(${a}\\)`),
  (a) => `  ${a} `,
  (a) => (/[.$]$/.test(a) ? a : `${a}.`),
  (a) => `\\boxed{${a}}`,
  (a) => (/\$/.test(a) ? a : `\\displaystyle ${a}`),
];

const JSON_SETS = ['ttrl-aime', 'ttrl-amc', 'ttrl-math', ...[1, 2, 3, 4, 5].map((level) => `ttrl-math-l${level}`)];

describe.runIf(present)('published GSM8K solutions', () => {
  interface Solution {
    is_correct: boolean;
    solution: string;
  }

  // Solutions on which we and the published label differ, each with the reason. There are none.
  const EXPLAINED: Record<string, string> = {};

  test('every label of the 5,276 solutions is found', () => {
    const differing: string[] = [];
    let count = 0;
    lines<Record<string, Solution> & { question: string; ground_truth: string }>(
      'gsm8k-example-model-solutions.jsonl',
    ).forEach(({ question: _, ground_truth, ...models }, row) => {
      const reference = referenceAnswer(String(ground_truth))!;
      for (const [model, { solution, is_correct }] of Object.entries(models as Record<string, Solution>)) {
        count++;
        const answer = extractAnswer(solution, 'lenient');
        if ((answer !== null && equivalent(answer, reference)) !== is_correct) differing.push(`${row} ${model}`);
      }
    });
    expect(count).toBe(5276);
    expect(differing).toEqual(Object.keys(EXPLAINED));
  });
});

describe.runIf(present)('reference answers of MATH, AMC, AIME and GSM8K', () => {
  const answers = () =>
    new Set([
      ...JSON_SETS.flatMap((name) => list<Labeled>(`${name}.json`).map(({ answer }) => answer)),
      ...lines<Labeled>('gsm8k-test.jsonl').map(({ answer }) => referenceAnswer(answer)!),
    ]);

  test('each is read as mathematics', () => {
    expect([...answers()].filter((answer) => understand(answer).readings.length === 0)).toEqual([]);
  });

  test('each equals itself and rewritten forms of itself', () => {
    const failures: string[] = [];
    for (const answer of answers()) {
      const forms = [
        answer,
        `$${answer.replace(/^\\\$/, '')}$`,
        `\\boxed{${answer}}`,
        ` ${answer}. `,
        `\\(${answer}\\)`,
        answer.replaceAll('\\frac', '\\dfrac'),
        answer.replaceAll(' ', '  '),
        answer.replaceAll('\\left', '').replaceAll('\\right', ''),
        answer.replace(/^\(/, '\\left('),
        answer.replace(/(?<!\d ?)\\frac\{(\w+)\}\{(\w+)\}/g, '{$1}/{$2}'),
        answer.replace(/(?<!\d ?)\\frac\{(\w+)\}\{(\w+)\}/g, '($1)/($2)'),
        answer.replaceAll('\\sqrt{', ' sqrt{'),
        answer.replaceAll('\\pi', 'π').replaceAll('\\infty', '∞').replaceAll('\\cup', '∪'),
        answer.replace(/(?<=^|[ (,])-/g, '−'),
        answer.replace(/^(\d+)$/, '$1.0'),
        answer.replace(/^(-?\d+)$/, 'x = $1'),
        answer.replace(/^(-?\d+)$/, '$1 units'),
        answer.replace(/^(\d+)$/, '\\frac{$10}{10}'),
      ];
      for (const form of forms) {
        if (!equivalent(form, answer)) failures.push(`${form} = ${answer}`);
        if (!equivalent(answer, form)) failures.push(`${answer} = ${form}`);
      }
    }
    expect(failures).toEqual([]);
  });

  test('each equals itself after any few rewritings, in both directions', () => {
    const all = [...answers()];
    const used = new Map<Rewriting, number>();
    fc.assert(
      fc.property(
        // most answers are integers; the others deserve as much
        fc.oneof(fc.constantFrom(...all), fc.constantFrom(...all.filter((answer) => !isInteger(answer)))),
        fc.uniqueArray(fc.constantFrom(...REWRITINGS), { maxLength: 3 }),
        fc.uniqueArray(fc.constantFrom(...ADDITIONS), { maxLength: 1 }),
        fc.uniqueArray(fc.constantFrom(...WRAPPINGS), { maxLength: 2 }),
        (answer, ...rewritings) => {
          let form = answer;
          for (const rewrite of rewritings.flat()) {
            const next = rewrite(form);
            if (next !== form) used.set(rewrite, (used.get(rewrite) ?? 0) + 1);
            form = next;
          }
          expect([form, answer, equivalent(form, answer)]).toEqual([form, answer, true]);
          expect([answer, form, equivalent(answer, form)]).toEqual([answer, form, true]);
        },
      ),
      { numRuns: 6000, seed: 41 },
    );
    const unused = [...REWRITINGS, ...ADDITIONS, ...WRAPPINGS].filter((rewrite) => !used.has(rewrite));
    expect(unused.map(String)).toEqual([]);
  });

  test('a tuple or an interval with swapped items differs', () => {
    const failures: string[] = [];
    let count = 0;
    for (const answer of answers()) {
      const found = /^(\\left)?([([])([^,()[\]]+),([^,()[\]]+)(\\right)?([)\]])$/.exec(answer);
      if (!found || equivalent(found[3]!, found[4]!)) continue;
      count++;
      if (equivalent(`${found[2]}${found[4]!.replace('\\right', '')},${found[3]}${found[6]}`, answer))
        failures.push(answer);
    }
    expect(failures).toEqual([]);
    expect(count).toBeGreaterThan(10);
  });

  test('each differs from a changed form of itself', () => {
    const failures: string[] = [];
    for (const answer of answers()) {
      if (!/^-?[\d./\\{}frac]+$/.test(answer)) continue;
      for (const form of [`${answer}+1`, `-(${answer})-1`, `2(${answer})+1`]) {
        const same = /^-1(?:\.0)?$/.test(answer) && form.startsWith('2(');
        if (equivalent(form, answer) && !same) failures.push(`${form} = ${answer}`);
      }
    }
    expect(failures).toEqual([]);
  });

  test('the solutions that come with MATH give their answers', () => {
    const failures = JSON_SETS.flatMap((name) =>
      list<Labeled>(`${name}.json`).filter(({ solution, answer }) => {
        const found = solution === undefined ? answer : extractAnswer(solution, 'strict');
        return found === null || !equivalent(found, answer);
      }),
    );
    expect(failures).toEqual([]);
  });
});
