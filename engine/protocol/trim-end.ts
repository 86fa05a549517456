/** Ends of texts, cut in time that is linear in the text: `/x+$/` tries every place at which a run of x starts. */

/** The text without the characters at its end that match `character`, a pattern of one character. */
export function withoutEnd(text: string, character: RegExp): string {
  let end = text.length;
  while (end > 0 && character.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}
