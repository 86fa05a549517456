/** Grading against real data: the labels of published solutions, and every reference answer of four benchmarks. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
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

interface Labelled {
  answer: string;
  solution?: string;
}

const JSON_SETS = ['ttrl-aime', 'ttrl-amc', 'ttrl-math', ...[1, 2, 3, 4, 5].map((level) => `ttrl-math-l${level}`)];

describe.runIf(present)('published GSM8K solutions', () => {
  interface Solution {
    is_correct: boolean;
    solution: string;
  }

  // Solutions on which we and the published label differ, each with the reason. There are none.
  const EXPLAINED: Record<string, string> = {};

  test('every label of the 5,276 solutions is given again', () => {
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
      ...JSON_SETS.flatMap((name) => list<Labelled>(`${name}.json`).map(({ answer }) => answer)),
      ...lines<Labelled>('gsm8k-test.jsonl').map(({ answer }) => referenceAnswer(answer)!),
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
      list<Labelled>(`${name}.json`).filter(({ solution, answer }) => {
        const found = solution === undefined ? answer : extractAnswer(solution, 'strict');
        return found === null || !equivalent(found, answer);
      }),
    );
    expect(failures).toEqual([]);
  });
});
