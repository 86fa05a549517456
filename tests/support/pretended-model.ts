/**
 * A simulated model: it solves sums, and training sharpens its most frequent answers. Its responses depend only on seed,
 * step and position, so its runs are deterministic.
 */
import type { PolicyRollout, Problem } from '../../engine/protocol/index.ts';

export interface PretendedProblems {
  problems: number;
  seed: number;
  /** Whether they have reference answers. */
  labels: boolean;
  /** Path of the dataset that they name. */
  dataset: string;
}

/** A problem with the simulated model's answers. */
export interface Task {
  problem: Problem;
  expression: string;
  right: string;
  answers: string[];
  /** Initial log-odds of each answer. */
  preference: number[];
}

/** The problems of a run. Every fourth one is confidently wrong. */
export function tasks({ problems, seed, labels, dataset }: PretendedProblems): Task[] {
  return Array.from({ length: problems }, (_, index) => {
    const random = generator(seed, 0x7a5c, index);
    const [a, b] = [12 + Math.floor(random() * 80), 11 + Math.floor(random() * 60)];
    const minus = random() < 0.4 && a > b;
    const right = minus ? a - b : a + b;
    const expression = `${a} ${minus ? '-' : '+'} ${b}`;
    // Every fourth problem: the carry is forgotten, with high confidence.
    const confidentlyWrong = index % 4 === 3;
    const strength = 0.2 + 1.4 * random();
    return {
      problem: {
        index,
        id: `sum-${String(index + 1).padStart(2, '0')}`,
        text: `What is ${expression}?`,
        answer: labels ? String(right) : null,
        source: dataset,
        row: index,
        line: index + 1,
      },
      expression,
      right: String(right),
      answers: [right, right - 10, right + 1, right + 9].map(String),
      preference: confidentlyWrong ? [-0.4, 1.6, -0.8, -1.5] : [strength, -0.3, -0.6, -1.2],
    };
  });
}

/** Sharpening: each step multiplies the odds of the preferred answer by e^0.22. */
function answerMass(task: Task, step: number, temperature: number): number[] {
  const best = task.preference.indexOf(Math.max(...task.preference));
  const logits = task.preference.map((value, index) => (value + (index === best ? 0.22 * step : 0)) / temperature);
  const weights = logits.map(Math.exp);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

export type Phase = 'train' | 'evaluation' | 'greedy';
const PHASE_SALT = { train: 1, evaluation: 2, greedy: 3 };

export interface Drawn {
  stored: PolicyRollout;
  answer: string | null;
}

/** One rollout of a problem at a step; deterministic. */
export function draw(task: Task, seed: number, step: number, phase: Phase, rollout: number): Drawn {
  const random = generator(seed, PHASE_SALT[phase], step, task.problem.index, rollout);
  const mass = answerMass(task, step, phase === 'train' ? 1 : 0.6);
  let choice = mass.indexOf(Math.max(...mass));
  if (phase !== 'greedy') {
    let left = random();
    for (choice = 0; choice < mass.length - 1 && left >= mass[choice]!; choice++) left -= mass[choice]!;
  }
  const answer = task.answers[choice]!;
  // Sometimes the model talks until the limit and never answers; less often the longer it trains.
  const truncated = phase !== 'greedy' && random() < 0.06 * Math.exp(-step / 8);
  const opening = ['', 'Let me see. ', 'Step by step: '][Math.floor(random() * 3)]!;
  const text = truncated
    ? `${opening}${task.expression} is ${task.expression}, and again ${task.expression} is`
    : `${opening}${task.expression} = ${answer}.\nThe answer is \\boxed{${answer}}.`;
  const stored = tokenizeResponse(text, truncated ? null : answer, mass[choice]!, step, random);
  return { stored, answer: truncated ? null : answer };
}

const VOCABULARY = 512;

/**
 * Splits a text into tokens and gives each a plausible distribution: confident in form, uncertain of the answer's digits.
 */
function tokenizeResponse(
  text: string,
  answer: string | null,
  mass: number,
  step: number,
  random: () => number,
): PolicyRollout {
  const tokenTexts: string[] = text.match(/ ?[A-Za-z]+|\\boxed|[\s\S]/g) ?? [];
  // The end token has no text.
  if (answer !== null) tokenTexts.push('');
  const count = tokenTexts.length;
  const column = () => new Float32Array(count);
  const rollout: PolicyRollout = {
    text,
    tokenTexts,
    finish: answer === null ? 'length' : 'stop',
    tokens: Int32Array.from(tokenTexts, tokenId),
    logprob: column(),
    entropy: column(),
    logsumexp: column(),
    meanLogit: column(),
    top1: column(),
    top2: column(),
  };
  const decisive = answer === null ? -1 : text.indexOf(`= ${answer}`) + 2;
  for (let at = 0, index = 0; index < count; at += tokenTexts[index]!.length, index++) {
    const decides = answer !== null && at >= decisive && at < decisive + answer.length;
    const sure = 1 - 0.12 * random() ** 2 * Math.exp(-step / 12);
    const p = Math.min(0.9995, decides ? mass ** (1 / answer.length) : sure);
    const top1 = p >= 0.5 ? p : p + (1 - p) * 0.5 * random();
    const top2 = Math.min(p >= 0.5 ? (1 - p) * (0.4 + 0.5 * random()) : p, 1 - top1);
    const logsumexp = 14 + 2 * random();
    rollout.logprob[index] = Math.log(p);
    rollout.entropy[index] = -p * Math.log(p) - (1 - p) * Math.log((1 - p) / 6);
    rollout.logsumexp[index] = logsumexp;
    // The self-certainty is mean_t [logsumexp - mean logit] - log V: it grows as training sharpens.
    rollout.meanLogit[index] = logsumexp - Math.log(VOCABULARY) - 3 - 4 * p;
    rollout.top1[index] = top1;
    rollout.top2[index] = top2;
  }
  return rollout;
}

function tokenId(tokenText: string): number {
  if (tokenText === '') return 0;
  let hash = 7;
  for (const character of tokenText) hash = (hash * 31 + character.codePointAt(0)!) % (VOCABULARY - 1);
  return hash + 1;
}

/** mulberry32, keyed by numbers: the same keys always draw the same numbers. */
export function generator(...keys: number[]): () => number {
  let state = 0x9e3779b9;
  for (const key of keys) state = Math.imul(state ^ key, 0x85ebca6b) ^ (state >>> 13);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
