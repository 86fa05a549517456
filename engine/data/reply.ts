/** An assistant's reply to a question: the solution, or a beginning that the response continues. Pure. */
import { extractAnswer } from '../grading/extract.ts';
import { type Label, labelOrNone } from './labels.ts';

/** Columns of complete conversations, as used for fine-tuning. */
const COMPLETE = /^(?:messages|conversations?|chat|dialog(?:ue)?)$/i;
/** The end of an incomplete reply: an open thought, an open code block, or a colon. */
const INCOMPLETE_END = /(?:<think(?:ing)?>|```\w*|:)\s*$/;
/** Maximum length of a beginning. */
const MAX_BEGINNING_LENGTH = 200;
/** Maximum length of a reply that is a label without a marked answer. */
const MAX_LABEL_LENGTH = 60;

/**
 * A reply is the solution if it contains an answer or the label, or is in a column of complete conversations; it may then
 * provide the label. Otherwise it is a beginning (`prefill`).
 */
export function splitReply(
  reply: string,
  column: string,
  label: Label | null,
): { prefill: string | null; label: Label | null } {
  const answer = extractAnswer(reply, 'strict');
  const named = answer !== null || containsLabel(reply, label);
  if (!named && INCOMPLETE_END.test(reply)) return { prefill: reply, label: null };
  if (!named && !COMPLETE.test(column) && reply.length <= MAX_BEGINNING_LENGTH) return { prefill: reply, label: null };
  const short = reply.trim().length <= MAX_LABEL_LENGTH && !reply.trim().includes('\n');
  return { prefill: null, label: answer !== null || short ? labelOrNone(reply) : null };
}

/** Longer labels are compared with the whole text only: searching for them could take quadratic time. */
const MAX_SEARCHED_LENGTH = 200;

/** Whether a label occurs in a text as a separate word. */
function containsLabel(text: string, label: Label | null): boolean {
  if (label === null) return false;
  return (label.accepted ?? [label.answer]).some((answer) => {
    if (answer.length > MAX_SEARCHED_LENGTH) return text.trim() === answer.trim();
    const isWord = isWordCharacter(answer, 0);
    for (let at = text.indexOf(answer), next = 0; at >= 0; at = text.indexOf(answer, next)) {
      if (!isWordCharacter(text, at - 1) && !isWordCharacter(text, at + answer.length)) return true;
      next = at + 1;
      // no match begins inside a word
      while (isWord && isWordCharacter(text, next)) next++;
    }
    return false;
  });
}

/** Whether there is a letter or a digit at a position. */
function isWordCharacter(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 128) return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
  return code >= 128 && /[\p{L}\p{N}]/u.test(text[at]!);
}
