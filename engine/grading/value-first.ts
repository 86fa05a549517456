/** Statements that begin with the answer: `12 is the answer`, `option C is correct`, `I would choose B`. */
import { isConditional } from './denial.ts';
import { type Found, trimmedSpan } from './span.ts';

const LETTER = '\\(?[A-J]\\)?';
const FORMULA = '\\$[^$\\n]{1,200}\\$|\\\\\\((?:[^\\\\\\n]|\\\\[^()\\n]){1,200}\\\\\\)';
const NUMBER = '-?\\d[\\d,./]{0,40}(?<=\\d)%?';
const BE =
  '(?:is|are|must be|would be|has to be)(?: (?:clearly|therefore|thus|indeed|definitely|then|hence|all|both))?';
const CORRECT =
  '(?:correct|right)(?: (?:answers?|options?|choices?|ones?))?|(?:the|our|my) (?:only )?(?:final |correct |right |best |required ){1,2}(?:answers?|options?|choices?|ones?)';
const THE_ANSWER = '(?:the|our|my) (?:(?:final|correct|right|required) ){0,2}answer';
const BOLD = '\\*{0,2}';

/** Each pattern's answer is in the first group that participated. */
const STATEMENTS = new RegExp(
  `(?<![\\p{L}\\p{N}_\\\\$*.,-])(?:${[
    `${BOLD}(?:[Oo]ption|[Cc]hoice|[Aa]nswer)? ?${BOLD}(${LETTER})${BOLD} ${BE} ${BOLD}(?:${CORRECT}|${THE_ANSWER})`,
    `${BOLD}(?:[Oo]ptions|[Cc]hoices|[Aa]nswers) ${BOLD}(${LETTER}(?:(?:, ?|,? and )${LETTER}){1,8})${BOLD} ${BE} ${BOLD}(?:${CORRECT})`,
    `${BOLD}(${FORMULA}|${NUMBER})${BOLD} ${BE} ${BOLD}${THE_ANSWER}`,
    `I(?: would|['\\u2019]d| will|['\\u2019]ll)? (?:choose|pick|select|go with|answer with)(?: option| choice| answer)? ${BOLD}(${LETTER})${BOLD}(?=\\s*(?:[.,;!)]|$))`,
  ].join('|')})${BOLD}`,
  'gu',
);

/** Each statement contains one of these. */
const WORDS = /correct|right|answer|choose|pick|select|go with/;

/** What may precede the statement in its clause. */
const BEFORE =
  /^[\s*_>#(\u2705-]*(?:(?:so|thus|hence|therefore|then|and|clearly|indeed|finally|now|only|that|which means|this means|we (?:conclude|see|find|know)|it follows|I (?:think|believe)|in conclusion|as a result|(?:the )?conclusion:?)[\s*,]*)*$/i;
const AFTER = /^(?:\*\*)?\s{0,3}(?:[.!;)\n]|,(?! (?:but|if|unless|only))|$|because |since |as )/;
/** Characters of the clause before a statement that are examined. */
const CONTEXT_LENGTH = 120;
/** Maximum number of statements that are tried, from the end. */
const MAX_STATEMENTS = 40;

/** The answer of the last such statement that is neither a question nor a condition. */
export function lastValueFirst(text: string): Found | null {
  if (!WORDS.test(text)) return null;
  const statements = Array.from(text.matchAll(STATEMENTS));
  for (const found of statements.slice(-MAX_STATEMENTS).reverse()) {
    const { index, 0: all } = found;
    const value = found.slice(1).find((group) => group !== undefined)!;
    if (!AFTER.test(text.slice(index + all.length, index + all.length + 20)) || !beginsClause(text, index)) continue;
    const start = index + all.indexOf(value);
    const marks = /^(?:\$|\\\()/.exec(value)?.[0].length ?? 0;
    const place = trimmedSpan(text, start + marks, start + value.length - marks);
    if (place) return place;
  }
  return null;
}

/** Whether a clause, or words that lead to a conclusion, begin at this position. */
function beginsClause(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - CONTEXT_LENGTH), at);
  const clause = before.slice(Math.max(...[...'.!?;:,\n'].map((mark) => before.lastIndexOf(mark))) + 1);
  return BEFORE.test(clause) && !isConditional(text, at);
}
