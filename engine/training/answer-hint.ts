/** The hint when most responses have no answer: which rule would find one, and in how many of them. */
import { WINDOW } from '../grading/extract.ts';
import { type GradingRules, graderOf } from '../grading/index.ts';
import { answerPart } from '../grading/thought.ts';
import { percent } from '../protocol/format.ts';
import { MAJOR_SHARE } from '../protocol/warnings.ts';

/** The rules to try, the narrowest first; `last-line` finds something in nearly any text. */
const CANDIDATES = [
  'hash',
  'choice:A-E',
  'last-number',
  'regex:\\b(?:is|are|was|were) ([^.\\n]+)',
  'last-line',
] as const;

/** A rule is named that finds an answer in this share of the responses. */
const MIN_ANSWERED_SHARE = 0.3;

/** null if enough responses have an answer, or no rule finds more. */
export function answerHint(texts: readonly string[], rules: GradingRules): string | null {
  // All rules look at the same part of the text, which is extracted once.
  const said = texts.map((text) => {
    const part = answerPart(text);
    return part ? text.slice(Math.max(part.start, part.end - WINDOW), part.end) : '';
  });
  const found = (rule: string) => {
    const grader = graderOf({ ...rules, answer: rule });
    return said.filter((text) => grader.extract(text) !== null).length / texts.length;
  };
  const answered = texts.length === 0 ? 1 : found(rules.answer);
  if (1 - answered <= MAJOR_SHARE) return null;
  const better = CANDIDATES.map((rule) => ({ rule, part: found(rule) })).filter(
    ({ rule, part }) => rule !== rules.answer && part >= MIN_ANSWERED_SHARE && part > answered,
  );
  const where = answered === 0 ? `any of ${texts.length}` : `${percent(1 - answered)} of ${texts.length}`;
  const first = `The answer rule '${rules.answer}' found no answer in ${where} responses.`;
  if (better.length === 0) return `${first} No other rule finds more: check the prompt and --max-tokens.`;
  const others = better.map(({ rule, part }) => `--answer '${rule}' finds one in ${percent(part)} of them`).join(', ');
  return `${first} ${others}. 'rollscope rescore' (Rescore Run in the editor) applies another rule to the stored responses.`;
}
