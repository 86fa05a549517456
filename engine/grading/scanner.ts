/** The parser's position in the answer, and the bounds of the tree that it builds. */
import type { MathNode } from './node.ts';

/** The text is not mathematics that this parser can read; it is then compared as text. */
export class Unreadable extends Error {}

export interface Reading {
  /** Whether `1,234` is one number (true) or two (false). */
  thousands: boolean;
}

export const MAX_DEPTH = 60;
const MAX_NODES = 1500;

/** The lowest layer of the parser: a text, a position in it, and node counts that end the parse beyond their bounds. */
export class Scanner {
  protected at = 0;
  private depth = 0;
  private nodes = 0;

  constructor(
    protected readonly text: string,
    protected readonly reading: Reading,
  ) {}

  protected space(): void {
    while (this.text[this.at] === ' ') this.at++;
  }

  /** Whether `token` comes next; a macro must not be followed by a letter. */
  protected sees(token: string): boolean {
    this.space();
    if (!this.text.startsWith(token, this.at)) return false;
    return !(/^\\?[a-zA-Z]+$/.test(token) && /[a-zA-Z]/.test(this.text[this.at + token.length] ?? ''));
  }

  protected takes(token: string): boolean {
    if (!this.sees(token)) return false;
    this.at += token.length;
    return true;
  }

  protected expect(token: string): void {
    if (!this.takes(token)) throw new Unreadable(`expected ${token}`);
  }

  protected match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at += found[0].length;
    return found;
  }

  protected nested<T>(inner: () => T): T {
    if (++this.depth > MAX_DEPTH) throw new Unreadable('nested too deeply');
    const result = inner();
    this.depth--;
    return result;
  }

  protected count<T extends MathNode>(node: T): T {
    if (++this.nodes > MAX_NODES) throw new Unreadable('too long');
    return node;
  }
}
