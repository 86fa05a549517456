/** Where the elements of a JSON list stand, also while the document is being edited and broken; and what is wrong. */

export interface Span {
  /** Offsets of the object's `{` and of the character after its `}`. */
  start: number;
  end: number;
}

/**
 * Spans of the objects in the top-level list, or in the first list that a top-level object holds (`{"data": [...]}`).
 * Tolerant: a string ends at its line's end, and an object that is not closed ends where the next one begins at the same
 * or a smaller indentation. Linear in the length of the text.
 */
export function scanObjects(text: string): Span[] {
  const spans: Span[] = [];
  const open = listStart(text);
  if (open < 0) return spans;
  let depth = 0;
  let start = -1;
  let indentation = -1;
  for (let i = open + 1; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"') {
      i = stringEnd(text, i);
    } else if (c === '{') {
      const column = indentationAt(text, i);
      if (start >= 0 && column !== null && indentation >= 0 && column <= indentation) {
        spans.push({ start, end: trimmedEnd(text, start, i) });
        depth = 0;
      }
      if (depth === 0) {
        start = i;
        indentation = column ?? -1;
      }
      depth++;
    } else if (c === '[') {
      if (depth > 0) depth++;
    } else if (c === '}' || c === ']') {
      if (depth === 0) {
        if (c === ']') break;
        continue;
      }
      depth--;
      if (depth === 0) {
        spans.push({ start, end: i + 1 });
        start = -1;
      }
    }
  }
  if (start >= 0) spans.push({ start, end: trimmedEnd(text, start, text.length) });
  return spans;
}

/** Offset of the `[` of the list of problems; -1 without one. */
function listStart(text: string): number {
  const head = /^\uFEFF?\s*/.exec(text)![0].length;
  if (text[head] === '[') return head;
  if (text[head] !== '{') return -1;
  let depth = 0;
  for (let i = head; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"') i = stringEnd(text, i);
    else if (c === '{') depth++;
    else if (c === '}') depth--;
    else if (c === '[' && depth === 1) return i;
  }
  return -1;
}

/** Offset of the quote that ends a string, or of the last character of its line. */
function stringEnd(text: string, quote: number): number {
  for (let i = quote + 1; i < text.length; i++) {
    const c = text[i];
    if (c === '\\') i++;
    else if (c === '"') return i;
    else if (c === '\n') return i - 1;
  }
  return text.length - 1;
}

/** Width of the white space before an offset; null when something else stands before it on its line. */
function indentationAt(text: string, at: number): number | null {
  let i = at - 1;
  while (text[i] === ' ' || text[i] === '\t') i--;
  return i < 0 || text[i] === '\n' ? at - 1 - i : null;
}

function trimmedEnd(text: string, start: number, end: number): number {
  let i = end;
  while (i > start + 1 && /[\s,[\]]/.test(text[i - 1]!)) i--;
  return i;
}

/** Lines (from 0) of ascending offsets. */
export function lineCounter(text: string): (offset: number) => number {
  let at = 0;
  let line = 0;
  return (offset) => {
    for (let next = text.indexOf('\n', at); next >= 0 && next < offset; next = text.indexOf('\n', at)) {
      at = next + 1;
      line++;
    }
    return line;
  };
}

export interface JsonFault {
  offset: number;
  message: string;
}

const MAX_DEPTH = 1000;

/** The first thing that is wrong with a JSON text, and where; null when nothing is. */
export function findFault(text: string): JsonFault | null {
  let at = 0;
  const fault = (message: string, offset = at): never => {
    throw { offset, message } satisfies JsonFault;
  };
  const space = () => {
    while (at < text.length && ' \t\n\r'.includes(text[at]!)) at++;
  };
  const shown = () => (at >= text.length ? 'the end' : JSON.stringify(text[at]));
  const string = () => {
    const start = at;
    for (at++; at < text.length; at++) {
      const c = text[at]!;
      if (c === '"') {
        at++;
        return;
      }
      if (c === '\n') fault('a string is not closed on its line', start);
      if (c < ' ') fault('a control character stands in a string');
      if (c === '\\') {
        at++;
        const escapes = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;
        escapes.lastIndex = at;
        const found = escapes.exec(text);
        if (!found) fault('a bad escape stands in a string (a backslash is written \\\\)', at - 1);
        at += found![0].length - 1;
      }
    }
    fault('a string is not closed', start);
  };
  const value = (depth: number): void => {
    if (depth > MAX_DEPTH) fault('nested too deeply');
    space();
    const c = text[at];
    if (c === '"') {
      string();
      return;
    }
    if (c === '{' || c === '[') {
      const close = c === '{' ? '}' : ']';
      at++;
      space();
      if (text[at] === close) {
        at++;
        return;
      }
      for (;;) {
        space();
        if (c === '{') {
          if (text[at] !== '"') fault(`expected a name in quotes, found ${shown()}`);
          string();
          space();
          if (text[at] !== ':') fault(`expected ":" after a name, found ${shown()}`);
          at++;
        }
        value(depth + 1);
        space();
        if (text[at] === close) {
          at++;
          return;
        }
        if (text[at] !== ',') fault(`expected "," or "${close}", found ${shown()}`);
        at++;
      }
    }
    const literal = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    literal.lastIndex = at;
    const found = literal.exec(text);
    if (!found) fault(`expected a value, found ${shown()}`);
    at += found![0].length;
  };
  try {
    value(0);
    space();
    if (at < text.length) fault(`unexpected ${shown()} after the end`);
    return null;
  } catch (error) {
    if (error instanceof Error) throw error;
    return error as JsonFault;
  }
}
