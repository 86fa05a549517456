/** Detects answers that a text denies: `The answer is not 42`, `42 is wrong`. Pure. */
import type { Span } from './span.ts';

/** `not`, and words between it and the denied answer: `cannot be`, `is definitely not equal to`. */
const BEFORE =
  /(?:\b(?:not|never|cannot|neither|nor|no longer|hardly)|n['’]t)(?: (?:be|equal(?: to)?|just|[a-z]{2,12}ly|an?|the)){0,4} ?[$*("“]{0,3}$/i;
/** `It is not true that ...`, `that is wrong: ...`: a whole statement is denied. */
const DENIED_STATEMENT =
  /(?:\b(?:not|never|hardly)|n['’]t) (?:be )?(?:the case|true|correct|right) (?:to say )?that\b|\b(?:false|wrong|incorrect|untrue) (?:to say )?that\b/i;
const UNBELIEVED = /(?:\b(?:not|never|cannot)|n['’]t) (?:think|believe|say|agree|mean|claim)\b/i;
/** `is wrong`, `is clearly not the answer`, `can't be right`. */
const BEHIND_WRONG = /^[$*)"”%]{0,3} (?:is|was|would be|must be) (?:[a-z]{2,12}ly )?(?:wrong|incorrect|false)\b/i;
const BEHIND_NOT =
  /^[$*)"”%]{0,3} (?:is|was|would|can|could|must)(?:n['’]t| ?not| [a-z]{2,12}ly not) (?:be )?(?:(?:the|a|an|our|my) )?(?:final |correct |right )?(?:answer|solution|result|correct|right|it)\b/i;

/** Characters of context before and after an answer. */
const CONTEXT_LENGTH = 120;

/** Whether the statement that begins at this position is denied as a whole: `I don't think that ...`. */
export function isStatementDenied(text: string, at: number): boolean {
  const clause = clauseBefore(text, at);
  const before = clause.slice(clause.lastIndexOf(',') + 1);
  return DENIED_STATEMENT.test(before) || UNBELIEVED.test(before);
}

/** Whether a text says that an answer is not the answer. */
export function isDenied(text: string, { start, end }: Span): boolean {
  const behind = text.slice(end, end + CONTEXT_LENGTH).replace(/\s+/g, ' ');
  return (
    BEFORE.test(clauseBefore(text, start)) ||
    isStatementDenied(text, start) ||
    BEHIND_WRONG.test(behind) ||
    BEHIND_NOT.test(behind)
  );
}

/** `if the answer is`, `suppose that the answer is`, `the wrong answer is`, directly before the cue. */
const HYPOTHETICAL =
  /\b(?:(?:if|whether|unless|suppos(?:e|ing)|assum(?:e|ing)|imagine)(?: that)?(?: (?:the|this|that|our|my|your|his|her|their|an?))?(?: (?:final|correct|right|real|true|actual|exact|required))*|wrong|incorrect|false) ?$/i;
/** `You might think that the answer is`, `a common mistake is to say`: what others might claim. */
const ATTRIBUTED =
  /\b(?:you|one|they|some(?:one|body)?|people|many|students?) (?:(?:might|may|could|would|will|can|often) )?(?:be tempted to )?(?:think|believe|say|guess|expect|assume|conclude|argue)s?\b|\b(?:mistake|error) (?:is|would be) to\b|\b(?:tempting|wrong|incorrect|mistaken) to\b|\b(?:wrongly|mistakenly|incorrectly|erroneously)\b/i;

/** Whether the statement that begins at this position is only hypothetical, or attributed to somebody else. */
export function isHypothetical(text: string, at: number): boolean {
  const clause = clauseBefore(text, at);
  return HYPOTHETICAL.test(clause) || ATTRIBUTED.test(clause.slice(clause.lastIndexOf(',') + 1));
}

/** Whether the sentence, before this position, states a condition or marks itself as hypothetical. */
export function isConditional(text: string, at: number): boolean {
  return /\b(?:if|whether|unless|suppos(?:e|ing)|assum(?:e|ing)|imagine|either|neither)\b/i.test(
    clauseBefore(text, at),
  );
}

/** The text before a position within its clause, with single spaces and without emphasis. */
function clauseBefore(text: string, at: number): string {
  let begin = at;
  while (begin > 0 && at - begin < CONTEXT_LENGTH && !'.!?;:\n'.includes(text[begin - 1]!)) begin--;
  return text
    .slice(begin, at)
    .replace(/[*_]{1,3}/g, '')
    .replace(/\s+/g, ' ');
}
