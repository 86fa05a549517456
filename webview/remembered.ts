/** A value that is computed again only when its parts have changed. */
export class Remembered<T> {
  private known: { parts: readonly unknown[]; value: T } | null = null;

  /** @param parts the parts of the value, compared by identity */
  of(parts: readonly unknown[], make: () => T): T {
    const { known } = this;
    const isSame =
      known && known.parts.length === parts.length && parts.every((part, i) => Object.is(part, known.parts[i]));
    if (!isSame) this.known = { parts: [...parts], value: make() };
    return this.known!.value;
  }
}
