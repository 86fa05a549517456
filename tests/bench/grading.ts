/**
 * Rollscope's side of the grading benchmark:
 *   pairs <folder of datasets> <pairs.json>   writes the pairs that both sides grade
 *   grade <pairs.json>                        grades them: prints one JSON line with seconds and verdicts (0 or 1 each)
 * A pair is a response and a reference: the published GSM8K solutions with their labels, and the reference answers of
 * MATH, rewritten and boxed. The peer is `peers/grading.py`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { equivalent, extractAnswer, referenceAnswer } from '../../engine/grading/index.ts';

interface Pair {
  response: string;
  reference: string;
  /** Whether the answer is correct: the published label; true for rewritten references. */
  right: boolean;
}

/** Every fourth GSM8K solution is used, so that a round takes the peer seconds, not minutes. */
const SOLUTION_STRIDE = 4;

function solutions(folder: string): Pair[] {
  const lines = readFileSync(path.join(folder, 'gsm8k-example-model-solutions.jsonl'), 'utf8').trim().split('\n');
  const pairs = lines.flatMap((line) => {
    const { question: _, ground_truth, ...models } = JSON.parse(line) as Record<string, unknown>;
    const reference = referenceAnswer(String(ground_truth))!;
    return Object.values(models as Record<string, { solution: string; is_correct: boolean }>).map((model) => ({
      response: model.solution,
      reference,
      right: model.is_correct,
    }));
  });
  return pairs.filter((_, i) => i % SOLUTION_STRIDE === 0);
}

/** Rewritings that preserve an answer's meaning. */
const REWRITINGS: ((answer: string) => string)[] = [
  (a) => a,
  (a) => a.replaceAll('\\frac', '\\dfrac').replaceAll(' ', '  '),
  (a) => a.replaceAll('\\left', '').replaceAll('\\right', ''),
  (a) => a.replace(/^\\frac\{(\d+)\}\{(\d+)\}$/, (_, n, d) => `\\frac{${2 * n}}{${2 * d}}`),
  (a) => a.replace(/^(-?\d+)$/, '$1.0'),
  (a) => a.replace(/^(-?\d+)$/, 'x = $1'),
];

function references(folder: string): Pair[] {
  const problems = JSON.parse(readFileSync(path.join(folder, 'ttrl-math.json'), 'utf8')) as { answer: string }[];
  return problems.map(({ answer }, i) => ({
    response: `Therefore the answer is $\\boxed{${REWRITINGS[i % REWRITINGS.length]!(answer)}}$.`,
    reference: answer,
    right: true,
  }));
}

function grade(pairs: readonly Pair[]): string {
  return pairs
    .map(({ response, reference }) => {
      const answer = extractAnswer(response, 'lenient');
      return answer !== null && equivalent(answer, reference) ? 1 : 0;
    })
    .join('');
}

const [command, from, to] = process.argv.slice(2) as [string, string, string?];
if (command === 'pairs') writeFileSync(to!, JSON.stringify([...solutions(from), ...references(from)]));
else {
  const pairs = JSON.parse(readFileSync(from, 'utf8')) as Pair[];
  grade(pairs.slice(0, 100));
  const begin = performance.now();
  const verdicts = grade(pairs);
  console.log(JSON.stringify({ seconds: (performance.now() - begin) / 1000, verdicts }));
}
