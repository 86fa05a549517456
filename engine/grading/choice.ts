/** Letters of multiple-choice answers. */

export interface ChosenOption {
  /** Upper case. */
  letter: string;
  /** The text next to the letter, as in `(B) 12 apples`; null for the letter alone. */
  content: string | null;
}

const BARE_OPTION =
  /^(?:(?:the )?(?:(?:correct|right|best|final) )?(?:answer )?(?:option|choice|answer|letter)(?: (?:is|would be|should be))?:? ?){0,2}(?:\(([A-Ja-j])\)|\[([A-J])\]|([A-Ja-j]))[.):]?$/i;
const LEADING_OPTION =
  /^(?:(?:option|choice|answer|letter) )?(?:\(([A-Ja-j])\)[.:]? ?|([A-J])(?: ?[.):] ?| - |, (?=[a-z\d](?:(?!\\?(?:and|or)\b)[^,]){2,120}$)(?=[^,]{0,60}[a-z]{3})))(?=\S)/i;
const TRAILING_OPTION = / \(([A-J])\)$/;
/** `C is the correct option`, `(C) is right`. */
const CORRECT_OPTION =
  / (?:is|would be|must be) (?:(?:the|my|our) (?:final )?(?:answer|option|choice)|(?:(?:the|my|our) )?(?:(?:only|final) )?(?:correct|right|best)(?: (?:answer|option|choice|one))?)$/i;
/** `(C) is wrong`: text about a letter is not the option's content. */
const STATEMENT_ABOUT_OPTION =
  /^(?:is|are|was|were|has|does|do|did|can|could|would|must|may|might|seems?|isn't|doesn't|can't)(?![a-z])/i;
/** Another letter in the content, so the answer names several choices. */
const ANOTHER_OPTION = /\([A-J]\)|(?:^|[ ,])[A-J][.):](?: |$)/;

/** The choice that a cleaned answer names; null for all others. Letters range from A to J. */
export function choiceOf(cleaned: string): ChosenOption | null {
  if (cleaned.length > 300) return null;
  const text = cleaned
    .replace(/\\text\{([^{}]*)\}/g, ' $1 ')
    .replace(/ +/g, ' ')
    .trim()
    .replace(/^\{([^{}]*)\}$/, '$1');
  const alone = BARE_OPTION.exec(text);
  const chosen = alone ? null : BARE_OPTION.exec(text.replace(CORRECT_OPTION, ''));
  if (chosen && CORRECT_OPTION.test(text))
    return { letter: (chosen[1] ?? chosen[2] ?? chosen[3])!.toUpperCase(), content: null };
  // a bare lower-case letter may be a variable; e and i are numbers
  if (alone) {
    const letter = (alone[1] ?? alone[2] ?? alone[3])!;
    return /^[ei]$/.test(text) ? null : { letter: letter.toUpperCase(), content: null };
  }
  const leading = LEADING_OPTION.exec(text);
  const trailing = leading ? null : TRAILING_OPTION.exec(text);
  const found = leading ?? trailing;
  if (!found) return null;
  const content = (leading ? text.slice(leading[0].length) : text.slice(0, trailing!.index)).trim();
  if (
    !/^(?:[-\p{L}\d$"'([{]|\\)/u.test(content) ||
    ANOTHER_OPTION.test(content) ||
    STATEMENT_ABOUT_OPTION.test(content) ||
    /^(?:\\?(?:and|or)\b|[-^_*/+=,]\D)/.test(content)
  )
    return null;
  // `(a)b` and `(A)(x + 1)` are products
  if (leading && /^\([A-Ja-j]\)$/.test(leading[0]) && /^[a-zA-Z(]/.test(content)) return null;
  const letter = (found[1] ?? found[2])!;
  // `a, sin x` is a list
  if (leading && /^[a-j],/.test(leading[0])) return null;
  if (leading?.[1] && letter === letter.toLowerCase() && /^[a-z]$/.test(content)) return null;
  return { letter: letter.toUpperCase(), content };
}
