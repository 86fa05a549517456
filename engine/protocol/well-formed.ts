/** JSON that every reader takes. Pure. */

/**
 * The text with U+FFFD in place of half characters (lone surrogates): JSON can write them, but readers in other languages
 * refuse the file, or fail when they write the text again.
 */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** Whether somebody who names an id means this one: half characters get through no link and no command line. */
export function isNamed(id: string, name: string): boolean {
  return id === name || wellFormed(id) === name;
}

/** `JSON.stringify` with well-formed texts. */
export function portableJson(value: unknown): string {
  return JSON.stringify(value, (_, item) => (typeof item === 'string' ? wellFormed(item) : item));
}
