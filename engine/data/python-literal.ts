/**
 * Values as Python prints them: pandas writes lists and dictionaries in cells this way (`[{'role': 'user'}]`), and numpy
 * omits the commas or writes `array([...], dtype=object)`. Pure.
 */

import { isSpace } from '../grading/span.ts';

/** Limits: longer texts and deeper values are not parsed. */
const MAX_LENGTH = 1_000_000;
const MAX_DEPTH = 64;

/** The value that a text represents; undefined if it is not a Python literal. */
export function parsePython(text: string): unknown {
  if (text.length > MAX_LENGTH) return undefined;
  try {
    return new Reader(text).readAll();
  } catch (error) {
    if (error instanceof NotPython) return undefined;
    throw error;
  }
}

class NotPython extends Error {}

const NAMES = new Map<string, unknown>([
  ['None', null],
  ['nan', null],
  ['True', true],
  ['False', false],
]);

/** Calls that wrap the value of their argument. */
const HOLDERS = /^(?:np\.|numpy\.)?(?:array|list|tuple|str_|bool_|float\d+|int\d+)$/;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
  ['a', '\x07'],
  ['0', '\0'],
  ['\n', ''],
]);

const BACKSLASH = 92;

const NUMBER = /[-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?/y;
const NAME = /[A-Za-z_][\w.]*/y;

class Reader {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  readAll(): unknown {
    const value = this.value();
    this.space();
    if (this.at < this.text.length) throw new NotPython();
    return value;
  }

  private value(): unknown {
    this.space();
    if (++this.depth > MAX_DEPTH) throw new NotPython();
    const value = this.readValue();
    this.depth--;
    return value;
  }

  private readValue(): unknown {
    const c = this.text[this.at];
    if (c === '[') return this.items(']');
    if (c === '(') return this.items(')');
    if (c === '{') return this.dictionary();
    if (c === "'" || c === '"') return this.string(false);
    if (c !== undefined && /[ubrUBR]/.test(c) && /['"]/.test(this.text[this.at + 1] ?? '')) {
      this.at++;
      return this.string(/[rR]/.test(c));
    }
    const number = this.match(NUMBER);
    if (number !== null) return numberOf(number);
    const name = this.match(NAME);
    if (name === null) throw new NotPython();
    if (NAMES.has(name)) return NAMES.get(name);
    this.space();
    if (this.text[this.at] !== '(' || !HOLDERS.test(name)) throw new NotPython();
    return this.call();
  }

  /** A call such as `array([...], dtype=object)`: its first argument. */
  private call(): unknown {
    this.at++;
    const value = this.value();
    for (;;) {
      this.space();
      if (this.accept(')')) return value;
      if (!this.accept(',')) throw new NotPython();
      this.space();
      const keyword = this.match(NAME);
      this.space();
      if (keyword === null || !this.accept('=')) throw new NotPython();
      this.space();
      if (this.match(NAME) === null) this.value();
    }
  }

  private items(closer: string): unknown[] {
    this.at++;
    const list: unknown[] = [];
    for (;;) {
      this.space();
      if (this.accept(closer)) return list;
      list.push(this.value());
      this.space();
      // numpy prints no commas
      this.accept(',');
    }
  }

  private dictionary(): Record<string, unknown> {
    this.at++;
    const entries: [string, unknown][] = [];
    for (;;) {
      this.space();
      if (this.accept('}')) return Object.fromEntries(entries);
      const key = this.value();
      this.space();
      if (!this.accept(':')) throw new NotPython();
      entries.push([String(key), this.value()]);
      this.space();
      if (!this.accept(',') && this.text[this.at] !== '}') throw new NotPython();
    }
  }

  private string(raw: boolean): string {
    const { text } = this;
    const quote = text.charCodeAt(this.at++);
    const parts: string[] = [];
    for (let from = this.at; ; ) {
      if (this.at >= text.length) throw new NotPython();
      const c = text.charCodeAt(this.at);
      const isEscape = c === BACKSLASH && !raw;
      if (c !== quote && !isEscape) {
        this.at++;
        continue;
      }
      if (this.at > from) parts.push(text.slice(from, this.at));
      this.at++;
      if (!isEscape) return parts.join('');
      parts.push(this.escape());
      from = this.at;
    }
  }

  private escape(): string {
    const c = this.text[this.at++];
    if (c === undefined) throw new NotPython();
    const digits = c === 'x' ? 2 : c === 'u' ? 4 : c === 'U' ? 8 : 0;
    if (digits > 0) {
      const code = this.text.slice(this.at, this.at + digits);
      const point = Number.parseInt(code, 16);
      if (!/^[0-9a-fA-F]+$/.test(code) || code.length < digits || point > 0x10ffff) throw new NotPython();
      this.at += digits;
      return String.fromCodePoint(point);
    }
    // Python keeps the backslash of an unknown escape
    return ESCAPES.get(c) ?? (/['"\\]/.test(c) ? c : `\\${c}`);
  }

  private match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? null;
    if (found !== null) this.at += found.length;
    return found;
  }

  private accept(c: string): boolean {
    if (this.text[this.at] !== c) return false;
    this.at++;
    return true;
  }

  private space(): void {
    while (isSpace(this.text.charCodeAt(this.at))) this.at++;
  }
}

/** A number; the text of an integer that is not exact as a double. */
function numberOf(source: string): number | string {
  const value = Number(source.replaceAll('_', ''));
  return Number.isSafeInteger(value) || !/^[-+]?[\d_]+$/.test(source) ? value : source;
}
