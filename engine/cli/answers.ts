/** The answers of texts that outsiders feed to `grade` and `vote`. */
import { AUTOMATIC, equivalent, extractAnswer, type Grader, type GradingRules, graderOf } from '../grading/index.ts';

/** Longest text that can be nothing but an answer. */
const BARE_LENGTH = 300;

/** Options of `grade` and `vote`. */
export interface AnswerOptions {
  strict?: boolean;
  /** A rule, which is all that counts; without one, the marks and what `strict` allows beyond them. */
  answer?: string;
  compare?: GradingRules['compare'];
}

/** Finds the answers of responses and compares them as the options say. Throws RollscopeError `config` for a bad rule. */
export function graderFor({ answer, compare }: AnswerOptions): Grader {
  return graderOf({ answer: answer ?? AUTOMATIC.answer, compare: compare ?? AUTOMATIC.compare });
}

/**
 * The answer of a response that may vote: one that is marked (`\boxed{...}`, `#### x`, `answer is x`), or a text that is
 * nothing but an answer. `strict`: only marked ones, as in training.
 */
export function votingAnswer(text: string, strict: boolean, rule: string | undefined): string | null {
  if (rule !== undefined && rule !== AUTOMATIC.answer) return graderOf({ ...AUTOMATIC, answer: rule }).extract(text);
  return extractAnswer(text, 'strict') ?? (strict ? null : bareAnswer(text));
}

/**
 * The answer of a prediction: as for a vote; then a whole short text that says the same as the reference (`all real
 * numbers`); then the last number. `strict`: only marked ones.
 */
export function predictedAnswer(
  text: string,
  reference: string,
  strict: boolean,
  rule: string | undefined,
): string | null {
  const answer = votingAnswer(text, strict, rule);
  if (answer !== null || strict || (rule !== undefined && rule !== AUTOMATIC.answer)) return answer;
  const whole = text.trim();
  if (whole.length <= BARE_LENGTH && !whole.includes('\n') && equivalent(whole, reference)) return whole;
  return extractAnswer(text, 'lenient');
}

/** Words that belong to an expression, a list, or are an answer of their own. */
const WORDS = new Set(
  'and or sin cos tan cot sec csc arcsin arccos arctan log ln exp sqrt pi inf infinity mod gcd lcm max min yes no true false'.split(
    ' ',
  ),
);
/** A number with the name of its unit or of what was counted: `5 apples`, `3 cubic meters`. */
const COUNTED =
  /^[-+]?[$€£]? ?(?:\d[\d.,/]*(?: [\d.,/]+)*|\\d?frac\{\d+\}\{\d+\}) ?[a-zA-Z]+(?:(?: |\. ?)[a-zA-Z]+){0,2}\.?$/;

/** Without the signs of a formula around it. */
function withoutDollars(text: string): string {
  let start = 0;
  let end = text.length;
  while (text[start] === '$') start++;
  if (start === 0 && !/^\\[([]/.test(text)) return text;
  if (start === 0) start = 2;
  while (end > start && text[end - 1] === '$') end--;
  if (end === text.length) end = /\\[)\]]$/.test(text) ? end - 2 : 0;
  return end > start ? text.slice(start, end).trim() : text;
}

/** A text that is nothing but an answer (a number, an expression, a set, a choice), not a sentence; else null. */
export function bareAnswer(text: string): string | null {
  const trimmed = text.trim();
  if (trimmed.length > BARE_LENGTH + 20) return null;
  const answer = withoutDollars(trimmed);
  if (answer === '' || answer.length > BARE_LENGTH || answer.includes('\n')) return null;
  if (!/[\p{L}\p{N}\\]/u.test(answer)) return null;
  // A box from which nothing could be extracted: empty, or cut off before it closed.
  if (/\\(?:boxed|fbox)/.test(answer)) return null;
  if (COUNTED.test(answer.replace(/\s+/g, ' '))) return answer;
  // Letters in LaTeX commands are not prose.
  const plain = answer
    .replace(/\\(?:text|mathrm|mathbf|textbf|mbox)\s*\{[^{}]*\}/g, ' 0 ')
    .replace(/\\[a-zA-Z]+/g, ' ');
  const words = plain.split(/[\s,;:.!?()[\]{}]+/).filter((word) => /^[\p{L}'’]{2,}$/u.test(word));
  return words.every((word) => WORDS.has(word.toLowerCase())) ? answer : null;
}
