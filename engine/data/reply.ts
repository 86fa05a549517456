/** What an assistant says after a question: the solution, or the beginning that a response continues. Pure. */
import { extractAnswer } from '../grading/extract.ts';
import { type Label, labelOrNone } from './labels.ts';

/** Columns of conversations that are complete, as a model is fine-tuned on them. */
const COMPLETE = /^(?:messages|conversations?|chat|dialog(?:ue)?)$/i;
/** An open thought, a code block, a cue: nothing that is complete ends like this. */
const OPEN = /(?:<think(?:ing)?>|```\w*|:)\s*$/;
/** A longer text is more than a beginning. */
const LONGEST_BEGINNING = 200;
/** A longer reply without a marked answer gives no label. */
const LONGEST_LABEL = 60;

/**
 * A reply is the solution where it has an answer, the label, or is in a column of complete conversations; then it may
 * give the label. Else it is a beginning (`prefill`).
 */
export function splitReply(
  reply: string,
  column: string,
  label: Label | null,
): { prefill: string | null; label: Label | null } {
  const answer = extractAnswer(reply, 'strict');
  const named = answer !== null || says(reply, label);
  if (!named && OPEN.test(reply)) return { prefill: reply, label: null };
  if (!named && !COMPLETE.test(column) && reply.length <= LONGEST_BEGINNING) return { prefill: reply, label: null };
  const short = reply.trim().length <= LONGEST_LABEL && !reply.trim().includes('\n');
  return { prefill: null, label: answer !== null || short ? labelOrNone(reply) : null };
}

/** A longer label is only compared with the whole text: to look for it at each place of a long one takes their product. */
const LONGEST_SOUGHT = 200;

/** Whether a label occurs in a text, as a word of its own. */
function says(text: string, label: Label | null): boolean {
  if (label === null) return false;
  return (label.accepted ?? [label.answer]).some((answer) => {
    if (answer.length > LONGEST_SOUGHT) return text.trim() === answer.trim();
    const isWord = isInWord(answer, 0);
    for (let at = text.indexOf(answer), next = 0; at >= 0; at = text.indexOf(answer, next)) {
      if (!isInWord(text, at - 1) && !isInWord(text, at + answer.length)) return true;
      next = at + 1;
      // a word begins in no other one
      while (isWord && isInWord(text, next)) next++;
    }
    return false;
  });
}

/** Whether a letter or a digit is at a place. */
function isInWord(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 128) return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
  return code >= 128 && /[\p{L}\p{N}]/u.test(text[at]!);
}
