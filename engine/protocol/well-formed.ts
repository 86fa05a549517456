/** Lone surrogates in texts: JavaScript and JSON allow them; links, command lines and other readers do not. Pure. */

/** A text as ES2024 has it, which Node 20 and browsers do. */
type WellFormable = string & { toWellFormed(): string };

/**
 * The text with U+FFFD in place of lone surrogates: JSON can contain them, but readers in other languages refuse the
 * file, or fail when they write the text.
 */
export function wellFormed(text: string): string {
  return (text as WellFormable).toWellFormed();
}

/**
 * The item with a given id, otherwise the one that differs only in lone surrogates, which no link and no command line
 * can contain.
 */
export function findById<T extends { id: string }>(all: readonly T[], name: string): T | undefined {
  return all.find(({ id }) => id === name) ?? all.find(({ id }) => wellFormed(id) === name);
}

/** `JSON.stringify` with well-formed texts. */
export function portableJson(value: unknown): string {
  return JSON.stringify(value, (_, item) => (typeof item === 'string' ? wellFormed(item) : item));
}
