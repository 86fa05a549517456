/** Reads the judgment in a judge's response. */
import { locateAnswer } from '../grading/index.ts';

/** Characters before an answer in which marks are searched for. */
export const MARK_SEARCH_LENGTH = 100;

/** What is before a marked answer; `answer is` alone is not a mark, since a judge also says it about the solution. */
const JUDGMENT_MARK = /(?:\\(?:boxed|fbox)\s*\{|\\boxed\s*\$?|####(?:[^\S\n]|[*:]|the|final|answer|is)*)\s*$/i;

/** The content of the last `\boxed{}` or after the last `####`, whichever is later; null without one. */
function lastMarked(text: string): string | null {
  const place = locateAnswer(text, 'strict');
  if (!place || !JUDGMENT_MARK.test(text.slice(Math.max(0, place.start - MARK_SEARCH_LENGTH), place.start)))
    return null;
  return lastMarked(text.slice(place.end)) ?? text.slice(place.start, place.end);
}

/**
 * What a judge says: its last marked answer, or else its whole response, if that is one of the two texts and nothing
 * else; null otherwise.
 */
export function judgmentOf(text: string, { accept, reject }: { accept: string; reject: string }): boolean | null {
  const said = (lastMarked(text) ?? text)
    .trim()
    .replace(/^\\text\s*\{([^{}]*)\}$/, '$1')
    .trim()
    .toLowerCase();
  if (said === accept.toLowerCase()) return true;
  return said === reject.toLowerCase() ? false : null;
}
