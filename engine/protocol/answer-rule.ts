/** How the user specifies where the answer is in a response: `auto`, `tag:result`, `regex:is ([^.]+)`. Pure. */

/** Rules that are a name alone. */
const NAMES = ['auto', 'boxed', 'hash', 'last-number', 'last-line', 'last-sentence', 'whole'] as const;

export type AnswerRule =
  | { kind: (typeof NAMES)[number] }
  | { kind: 'tag'; name: string }
  /** Upper case. */
  | { kind: 'choice'; letters: string }
  | { kind: 'regex'; pattern: string };

const HINT = `Use ${NAMES.join(', ')}, tag:<name>, choice:<letters> or regex:<pattern>.`;

/** The rule that a text specifies; null for anything else. `engine/grading` checks whether a pattern is valid. */
export function parseAnswerRule(text: string): AnswerRule | null {
  const name = NAMES.find((candidate) => candidate === text);
  if (name) return { kind: name };
  const at = text.indexOf(':');
  const value = text.slice(at + 1);
  if (at < 0 || value === '') return null;
  switch (text.slice(0, at)) {
    case 'tag':
      return /^[\w-]{1,40}$/.test(value) ? { kind: 'tag', name: value } : null;
    case 'choice': {
      const letters = value.toUpperCase().replace(/[,\s]/g, '');
      const range = /^([A-Z])-([A-Z])$/.exec(letters);
      if (range) return { kind: 'choice', letters: between(range[1]!, range[2]!) };
      return /^[A-Z]{2,26}$/.test(letters) ? { kind: 'choice', letters } : null;
    }
    case 'regex':
      return value.length <= 500 ? { kind: 'regex', pattern: value } : null;
    default:
      return null;
  }
}

function between(first: string, last: string): string {
  let letters = '';
  for (let code = first.charCodeAt(0); code <= last.charCodeAt(0); code++) letters += String.fromCharCode(code);
  return letters;
}

/** Why a rule is invalid; null if it is valid. */
export function answerRuleError(text: string): { message: string; hint?: string } | null {
  return parseAnswerRule(text) ? null : { message: `'${text.slice(0, 60)}' is not an answer rule`, hint: HINT };
}
