/** A table of texts: each is kept once and known by its number. Pure. */

/** The number of no text. */
export const NO_TEXT = -1;

/** Numbers for texts, from 0 in order of arrival; `NO_TEXT` stands for null. */
export class Strings {
  private readonly texts: string[] = [];
  /** Made when the first text is added: a view that only reads does without. */
  private numbers: Map<string, number> | null = null;

  get length(): number {
    return this.texts.length;
  }

  /** The number of a text, which is added if it is new; `NO_TEXT` for null. */
  intern(text: string | null): number {
    if (text === null) return NO_TEXT;
    this.numbers ??= new Map(this.texts.map((known, i) => [known, i]));
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.numbers.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }

  at(number: number): string | null {
    return this.texts[number] ?? null;
  }

  pack(from = 0): string[] {
    return this.texts.slice(from);
  }

  append(texts: readonly string[]): void {
    for (const text of texts) {
      this.numbers?.set(text, this.texts.length);
      this.texts.push(text);
    }
  }
}
