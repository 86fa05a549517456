/**
 * A text written code unit by code unit: what becomes millions of pieces is slow to join. A piece of a few kilobytes at a time
 * stays in the fastest memory. Pure.
 */

const BUFFER_UNITS = 4096;
const UNITS_PER_QUAD = 4;
const DECODER = new TextDecoder('utf-16le', { ignoreBOM: true });

/** A short text that is written often, four code units at a time. */
export interface Stamp {
  length: number;
  /** Four code units each; the last is filled with zeros. Of characters below U+7FF0, so that none is a NaN, whose bits may change. */
  quads: Float64Array;
}

/** Longest text of a stamp. */
const MAX_STAMP_LENGTH = 16;
/** Length from which a part of a text is added as it is. */
const MIN_SLICE_LENGTH = 256;

/** A text as a stamp. @param text of at most 16 code units, none above U+7FEF */
export function stampOf(text: string): Stamp {
  const units = new Uint16Array(Math.ceil(text.length / UNITS_PER_QUAD) * UNITS_PER_QUAD);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return { length: text.length, quads: new Float64Array(units.buffer) };
}

/** Builds a text from code units, stamps and slices, in order. */
export class TextWriter {
  readonly #units: Uint16Array;
  readonly #view: DataView;
  readonly #most: number;
  #length = 0;
  #done = '';

  /** @param expected about how many code units; it may become more */
  constructor(expected: number) {
    this.#most = Math.min(BUFFER_UNITS, expected + MAX_STAMP_LENGTH);
    this.#units = new Uint16Array(this.#most + 2 * MAX_STAMP_LENGTH);
    this.#view = new DataView(this.#units.buffer);
  }

  /** Adds a code unit. Halves of a pair follow each other. */
  unit(code: number): void {
    this.#units[this.#length++] = code;
    if (this.#length >= this.#most && (code & 0xfc00) !== 0xd800) this.#flush();
  }

  stamp({ length, quads }: Stamp): void {
    for (let k = 0; k < quads.length; k++) this.#view.setFloat64((this.#length + 4 * k) * 2, quads[k]!, true);
    this.#length += length;
    if (this.#length >= this.#most) this.#flush();
  }

  /** Adds the part of a text between two positions. */
  slice(text: string, from: number, end: number): void {
    if (end - from < MIN_SLICE_LENGTH) for (let at = from; at < end; at++) this.unit(text.charCodeAt(at));
    else {
      this.#flush();
      this.#done += text.slice(from, end);
    }
  }

  text(): string {
    this.#flush();
    return this.#done;
  }

  #flush(): void {
    this.#done += DECODER.decode(this.#units.subarray(0, this.#length));
    this.#length = 0;
  }
}
