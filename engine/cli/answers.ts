/** Finds and compares the answers in texts given to `grade` and `vote`. */
import { AUTOMATIC, equivalent, extractAnswer, type Grader, type GradingRules, graderOf } from '../grading/index.ts';

/** Maximum length of a text that can be a bare answer, in characters. */
const BARE_LENGTH = 300;

/** Options of `grade` and `vote`. */
export interface AnswerOptions {
  strict?: boolean;
  /** An extraction rule, used exclusively; without one, answer marks and whatever `strict` permits besides. */
  answer?: string;
  compare?: GradingRules['compare'];
}

/** A grader for the options. Throws RollscopeError `config` for an invalid rule. */
export function graderFor({ answer, compare }: AnswerOptions): Grader {
  return graderOf({ answer: answer ?? AUTOMATIC.answer, compare: compare ?? AUTOMATIC.compare });
}

/**
 * The answer with which a response votes: a marked one (`\boxed{...}`, `#### x`, `answer is x`), or the whole text if
 * it is a bare answer. `strict`: only marked ones, as in training.
 */
export function votingAnswer(text: string, strict: boolean, rule: string | undefined): string | null {
  if (rule !== undefined && rule !== AUTOMATIC.answer) return graderOf({ ...AUTOMATIC, answer: rule }).extract(text);
  return extractAnswer(text, 'strict') ?? (strict ? null : bareAnswer(text));
}

/**
 * The answer of a prediction: as for a vote; else the whole text if it is short and equals the reference (`all real
 * numbers`); else the last number. `strict`: only marked ones.
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

/** Words that can be part of an expression or a list, or an answer by themselves. */
const WORDS = new Set(
  'and or sin cos tan cot sec csc arcsin arccos arctan log ln exp sqrt pi inf infinity mod gcd lcm max min yes no true false'.split(
    ' ',
  ),
);
/** A number with a unit or the things counted: `5 apples`, `3 cubic meters`. */
const COUNTED_THINGS =
  /^[-+]?[$€£]? ?(?:\d[\d.,/]*(?: [\d.,/]+)*|\\d?frac\{\d+\}\{\d+\}) ?[a-zA-Z]+(?:(?: |\. ?)[a-zA-Z]+){0,2}\.?$/;

/** Strips the math delimiters around a text. */
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

/** The text if it is a bare answer (a number, an expression, a set, a choice) and not a sentence; else null. */
export function bareAnswer(text: string): string | null {
  const trimmed = text.trim();
  if (trimmed.length > BARE_LENGTH + 20) return null;
  const answer = withoutDollars(trimmed);
  if (answer === '' || answer.length > BARE_LENGTH || answer.includes('\n')) return null;
  if (!/[\p{L}\p{N}\\]/u.test(answer)) return null;
  // Nothing could be extracted from the box: it is empty or was truncated.
  if (/\\(?:boxed|fbox)/.test(answer)) return null;
  if (COUNTED_THINGS.test(answer.replace(/\s+/g, ' '))) return answer;
  // Letters in LaTeX commands are not prose.
  const plain = answer
    .replace(/\\(?:text|mathrm|mathbf|textbf|mbox)\s*\{[^{}]*\}/g, ' 0 ')
    .replace(/\\[a-zA-Z]+/g, ' ');
  const words = plain.split(/[\s,;:.!?()[\]{}]+/).filter((word) => /^[\p{L}'’]{2,}$/u.test(word));
  return words.every((word) => WORDS.has(word.toLowerCase())) ? answer : null;
}
